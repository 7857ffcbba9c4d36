"""A prescription's drugs as lines: what the patient is told it costs him, and the claim that follows when they are handed out."""

from __future__ import annotations

from core.coverage.commands import ItemLine, Quote, QuotePrescription, QuoteView, SubmitClaim
from core.coverage.memberships import quote_for
from core.coverage.policies import DrugClass, HouseLevel, Service
from core.foundation.actor import Actor, Role
from core.foundation.events import Event, listens
from core.foundation.orders import answers
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.models import Organisation
from core.prescriptions.errors import PrescriptionUnknown
from core.prescriptions.models import Prescription
from core.prescriptions.service import items_of
from core.prescriptions.steps import prescription_of
from core.prescriptions.workflow import State

_CLASSES = {"甲": DrugClass.A, "乙": DrugClass.B}
_EFFECTIVE = (State.RELEASED.value, State.DISPENSED.value)


async def lines_of(work: Work, row: Prescription) -> tuple[ItemLine, ...]:
    """One line a drug: whole packs for the course, in its class of the reimbursement list."""
    return tuple(
        ItemLine(
            ref=one.drug, name=one.name, service=Service.DRUG, fee_fen=one.fee_fen, drug_class=_CLASSES.get(one.coverage, DrugClass.NONE)
        )
        for one in await items_of(work, row)
    )


async def level_of(row: Prescription) -> HouseLevel:
    """The level of the house that prescribes: the inviting side's."""
    return HouseLevel((await Organisation.get(id=row.organisation_id)).kind)


@answers(QuotePrescription)
async def quote_prescription(work: Work, order: QuotePrescription) -> QuoteView:
    row = await prescription_of(order.prescription_id)
    if work.role is Role.VISITOR and row.state not in _EFFECTIVE:
        raise PrescriptionUnknown
    view = await quote_for(work, Quote(patient_id=row.patient_id, items=await lines_of(work, row), level=await level_of(row)))
    work.concerns("patient", row.patient_id, prescription=row.code)
    return view


@listens("prescription.dispensed")
async def claim_dispensed(practice: Practice, event: Event) -> None:
    """The drugs were handed out: claim them. Without insurance there is nothing to claim, and the order says so."""
    row = await prescription_of(event.body["prescription_id"])
    system = Actor.system("worker")
    work = Work(practice, system, QuotePrescription(prescription_id=row.id))
    order = SubmitClaim(
        patient_id=row.patient_id, ref=row.id, items=await lines_of(work, row), level=await level_of(row), consultation_id=row.consultation_id
    )
    await practice.execute(system, order, idempotency_key=f"dispensed:{row.id}")
