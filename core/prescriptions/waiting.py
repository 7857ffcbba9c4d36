"""What waits for a pharmacist or a signing doctor, the most urgent first, and what was done today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from functools import partial

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from core.consultations.models import Consultation
from core.foundation.actor import Role
from core.foundation.clock import SHANGHAI
from core.foundation.orders import answers
from core.foundation.withheld import Withheld, shown
from core.foundation.work import Work
from core.intake.urgency import UrgencyEntry, urgency
from core.people.cards import PatientCard, patient_card, patient_cards, practitioner_cards
from core.people.counties import counties_where
from core.people.houses import houses_above
from core.people.rules import local_date
from core.prescriptions.commands_waiting import Waiting, WaitingDose, WaitingPrescription, WaitingView
from core.prescriptions.dose_views import dose_view
from core.prescriptions.drugs import drug
from core.prescriptions.items import Body
from core.prescriptions.models import EmergencyDose, Prescription
from core.prescriptions.moments import since
from core.prescriptions.steps import body_of
from core.prescriptions.workflow import STATE_LABELS, State
from nlp.interface.urgency import Urgency

MOST = 100
"""Of each list; so many never wait in one county, and the oldest of the most urgent stay on it."""


_Shown = tuple[tuple[WaitingPrescription, ...], tuple[Withheld, ...]]


@answers(Waiting)
async def waiting(work: Work, order: Waiting) -> WaitingView:
    work.concerns("account", work.actor.account_id)
    if work.role is Role.DUTY_DOCTOR:
        return await _for_signing(work)
    return await _for_review(work)


async def _for_signing(work: Work) -> WaitingView:
    referred = Prescription.filter(state=State.REFERRED.value)
    to_sign = referred.filter(organisation_id__in=await _clinics_below(work, referred))
    signed = Prescription.filter(signer_id=work.actor.practitioner_id, signed_at__gte=_midnight(work)).order_by("-signed_at")
    lists = [await _queue(work, to_sign), await shown(work, await signed.limit(MOST), partial(_lines, work))]
    return WaitingView(now=work.now, to_sign=lists[0][0], done_today=lists[1][0], withheld=_once(lists))


async def _for_review(work: Work) -> WaitingView:
    counties = await counties_where(work.actor, Role.PHARMACIST)
    here = Prescription.filter(region_code__in=counties)
    midnight = _midnight(work)
    done = here.filter(Q(reviewed_at__gte=midnight) | Q(dispensed_at__gte=midnight)).order_by("-reviewed_at").limit(MOST)
    doses = EmergencyDose.filter(region_code__in=counties, seen_at__isnull=True).order_by("ordered_at").limit(MOST)
    given, unread = await shown(work, await doses, partial(_doses, work))
    lists = [await _queue(work, here.filter(state=one.value)) for one in (State.SIGNED, State.RELEASED)]
    lists.append(await shown(work, await done, partial(_lines, work)))
    return WaitingView(
        now=work.now, doses=given, to_review=lists[0][0], to_dispense=lists[1][0], done_today=lists[2][0], withheld=(*unread, *_once(lists)),
    )


def _once(lists: Iterable[_Shown]) -> tuple[Withheld, ...]:
    """One may wait and have been worked on today."""
    return tuple({one.id: one for _, withheld in lists for one in withheld}.values())


async def _clinics_below(work: Work, rows: QuerySet[Prescription]) -> list[str]:
    """Of the clinics that ``rows`` come from, those below a house where the actor is duty doctor."""
    held = work.actor.organisations(Role.DUTY_DOCTOR)
    clinics = await rows.distinct().values_list("organisation_id", flat=True)
    return [str(one) for one in clinics if not held.isdisjoint(await houses_above(str(one)))]


async def _queue(work: Work, waiting: QuerySet[Prescription]) -> _Shown:
    """The most urgent first, of equals the one that has waited longest. All are put in order before any is left off."""
    rows = await waiting.only("id", "state", "consultation_id", "proposed_at", "signed_at", "reviewed_at", "dispensed_at")
    urgencies = {one.id: one.urgency for one in await Consultation.filter(id__in={row.consultation_id for row in rows})}
    rows.sort(key=lambda row: (-Urgency(urgencies[row.consultation_id]).severity, since(row)))
    whole = {row.id: row for row in await Prescription.filter(id__in=[row.id for row in rows[:MOST]])}
    return await shown(work, [whole[row.id] for row in rows[:MOST] if row.id in whole], partial(_lines, work))


async def _lines(work: Work, rows: list[Prescription]) -> tuple[WaitingPrescription, ...]:
    urgencies = {one.id: one.urgency for one in await Consultation.filter(id__in={row.consultation_id for row in rows})}
    ids = {one for row in rows for one in (row.expert_id, row.signer_id, row.pharmacist_id) if one is not None}
    called = {one: card.called for one, card in (await practitioner_cards(work, ids)).items()}
    patients = await patient_cards(work, {row.patient_id for row in rows})
    return tuple([
        _line(row, await body_of(work, row), patients[row.patient_id], urgency(urgencies[row.consultation_id]), called) for row in rows
    ])


def _line(row: Prescription, body: Body, patient: PatientCard, level: UrgencyEntry, called: dict[str, str]) -> WaitingPrescription:
    return WaitingPrescription(
        prescription_id=row.id, code=row.code, consultation_id=row.consultation_id, revision=row.revision,
        state=State(row.state).value, state_label=STATE_LABELS[State(row.state)], urgency=level.code.value, urgency_label=level.label,
        patient=patient.full_name, sex=patient.sex, age=patient.age_spoken,
        drugs=tuple(drug(one.drug).name for one in body.items), waiting_since=since(row),
        overrides=row.override_count, expert=called[row.expert_id], signer=called.get(row.signer_id or ""),
        pharmacist=called.get(row.pharmacist_id or ""),
    )


async def _doses(work: Work, rows: list[EmergencyDose]) -> list[WaitingDose]:
    return [await _dose(work, row) for row in rows]


async def _dose(work: Work, row: EmergencyDose) -> WaitingDose:
    card = await patient_card(work, row.patient_id)
    return WaitingDose(dose=await dose_view(work, row), patient=card.full_name, sex=card.sex, age=card.age_spoken)


def _midnight(work: Work) -> datetime:
    """When this day began in China."""
    return datetime.combine(local_date(work.now), time(), SHANGHAI)
