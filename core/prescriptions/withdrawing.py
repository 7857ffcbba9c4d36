"""撤回: before the signature by either side, after it by who prescribed or who signed, until the drugs are in the patient's hands."""

from __future__ import annotations

from core.foundation.orders import handles
from core.foundation.work import Work
from core.prescriptions.commands import PrescriptionView, Withdraw
from core.prescriptions.errors import NotProposerOrSigner
from core.prescriptions.models import Prescription
from core.prescriptions.people_told import close_cards, nearest, tell_on_duty, tell_patient, tell_practitioner
from core.prescriptions.signing import EXPIRE
from core.prescriptions.steps import hold, is_own_signed, make_step, was_released
from core.prescriptions.views import view_of
from core.prescriptions.workflow import Event, State, step_of


@handles(Withdraw)
async def withdraw(work: Work, order: Withdraw) -> PrescriptionView:
    row = await hold(work, order.prescription_id)
    before = State(row.state)
    step_of(Event.WITHDRAW, before, work.role)
    if not is_own_signed(work, row):
        raise NotProposerOrSigner
    row = await make_step(work, row, Event.WITHDRAW, words=order.reason)
    await work.unschedule(EXPIRE, row.id)
    await close_cards(work, row, "prescription.to_sign")
    signed = before in (State.SIGNED, State.RELEASED)
    for practitioner_id in {row.expert_id, row.village_doctor_id, row.signer_id or row.expert_id} - {work.actor.practitioner_id}:
        await tell_practitioner(work, practitioner_id, "prescription.withdrawn", urgent=signed, prescription_id=row.id)
    if signed:
        await _stop_the_pharmacy(work, row, before)
    if await was_released(row):
        await tell_patient(work, row, "prescription.stopped", urgent=True)
    return await view_of(work, row)


async def _stop_the_pharmacy(work: Work, row: Prescription, before: State) -> None:
    """Who has it before him to review sees that it is gone; what lies ready is not handed out, whoever is at the counter."""
    on_duty = await nearest(work, "pharmacist", row.organisation_id)
    await close_cards(work, row, "prescription.to_review", *on_duty)
    if before is State.RELEASED:
        await tell_on_duty(work, on_duty, "prescription.withdrawn", prescription_id=row.id)
