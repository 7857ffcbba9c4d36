"""Reading prescriptions and the drug list."""

from __future__ import annotations

from functools import partial

from tortoise.queryset import QuerySet

from core.foundation.actor import Role
from core.foundation.orders import answers
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.people.counties import counties_where
from core.people.houses import houses_above
from core.people.relations import spoken_for
from core.people.scopes import Scope
from core.prescriptions.commands import PrescriptionView, View
from core.prescriptions.commands_drugs import DrugList, Drugs, DrugView
from core.prescriptions.commands_lists import Mine, PrescriptionList
from core.prescriptions.drugs import catalogue
from core.prescriptions.errors import PrescriptionUnknown
from core.prescriptions.knowledge_base import knowledge
from core.prescriptions.models import Prescription
from core.prescriptions.signatures import require_rules
from core.prescriptions.steps import prescription_of
from core.prescriptions.views import view_of, views_of
from core.prescriptions.workflow import OPEN_STATES, State

SHOWN = 20
PATIENTS_STATES = (State.RELEASED.value, State.DISPENSED.value)
"""What a patient sees: a prescription takes effect with the pharmacist's review, not before."""


@answers(Drugs)
async def drug_list(work: Work, order: Drugs) -> DrugList:
    known = knowledge()
    shown = [one for one in catalogue().values() if order.text in one.name]
    return DrugList(
        drugs=tuple(
            DrugView(
                code=one.code, name=one.name, form=one.form, unit=one.unit, route=one.route, pack=one.pack, max_single=f"{one.max_single:f}",
                max_daily=f"{one.max_daily:f}", village=one.village, tier=one.tier, coverage=one.coverage, price_fen=one.price_fen,
            )
            for one in shown
        ),
        conditions=known.condition_labels,
        allergies=known.allergy_labels,
        rules_signed=await require_rules(work.practice),
    )


@answers(View)
async def view(work: Work, order: View) -> PrescriptionView:
    row = await prescription_of(order.prescription_id)
    work.concerns("patient", row.patient_id, prescription=row.code)
    if work.role is Role.VISITOR and row.state not in PATIENTS_STATES:
        raise PrescriptionUnknown
    return await view_of(work, row)


@answers(Mine)
async def mine(work: Work, order: Mine) -> PrescriptionList:
    """As :class:`Mine` says, for the role in which the actor asks."""
    work.concerns("account", work.actor.account_id)
    rows = await _rows(work, order, _asked_for(order))
    lines, withheld = await shown(work, rows, partial(views_of, work))
    return PrescriptionList(prescriptions=lines, withheld=withheld)


def _asked_for(order: Mine) -> QuerySet[Prescription]:
    rows = Prescription.filter(state__in=order.states) if order.states else Prescription.all()
    return rows.filter(code=order.code) if order.code is not None else rows


async def _rows(work: Work, order: Mine, asked_for: QuerySet[Prescription]) -> list[Prescription]:
    practitioner_id = work.actor.practitioner_id
    open_states = [state.value for state in OPEN_STATES]
    if work.role is Role.EXPERT:
        query = asked_for.filter(expert_id=practitioner_id)
    elif work.role is Role.VILLAGE_DOCTOR:
        query = asked_for.filter(village_doctor_id=practitioner_id, organisation_id__in=list(work.actor.organisations(Role.VILLAGE_DOCTOR)))
    elif work.role is Role.DUTY_DOCTOR:
        return await _below(work, await asked_for.filter(state=State.REFERRED.value).order_by("-id"))
    elif work.role is Role.PHARMACIST:
        counties = await counties_where(work.actor, Role.PHARMACIST)
        query = asked_for.filter(region_code__in=counties, signed_at__isnull=False)
        # One that he names he may see however it ended; the list is what is still to be done.
        query = query if order.code is not None else query.filter(state__in=open_states)
    else:
        patients = await spoken_for(work, Scope.RECORD)
        query = asked_for.filter(patient_id__in=patients, state__in=PATIENTS_STATES)
    return await query.order_by("-id").limit(SHOWN)


async def _below(work: Work, rows: list[Prescription]) -> list[Prescription]:
    """Those from clinics below the houses where the actor is duty doctor."""
    held = work.actor.organisations(Role.DUTY_DOCTOR)
    below = {one: not held.isdisjoint(await houses_above(one)) for one in {row.organisation_id for row in rows}}
    return [row for row in rows if below[row.organisation_id]][:SHOWN]
