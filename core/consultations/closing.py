"""A consultation is called off: everybody who waits is told."""

from __future__ import annotations

from core.consultations.commands import CancelConsultation, ConsultationStatus
from core.consultations.models import Consultation
from core.consultations.timeline import consultation_of, make_step
from core.consultations.views import reader_of, status_of
from core.consultations.workflow import Event
from core.foundation.orders import handles
from core.foundation.work import Work
from core.notifications.service import tell, tell_chat
from core.people.service import patient_accounts, practitioner_card


@handles(CancelConsultation)
async def cancel_consultation(work: Work, order: CancelConsultation) -> ConsultationStatus:
    before = await consultation_of(order.consultation_id)
    work.concerns("patient", before.patient_id, consultation=before.code)
    row = await make_step(work, before, Event.CANCEL, words=order.reason)
    await tell_patient(work, row, "cancelled")
    await tell_group(work, row, "cancelled")
    if row.requester_account_id != work.actor.account_id:
        await tell_village_doctor(work, row, "cancelled")
    if row.expert_id is not None:
        expert = await practitioner_card(work, row.expert_id)
        await tell(work, expert.account_id, "consultation.progress", urgent=True, consultation_id=row.id, step="cancelled")
    return await status_of(work, row, reader_of(work, row))


async def tell_village_doctor(work: Work, row: Consultation, step: str) -> None:
    """In her single chat."""
    await tell(work, row.requester_account_id, "consultation.progress", urgent=_is_running(row), consultation_id=row.id, step=step)


async def tell_patient(work: Work, row: Consultation, step: str) -> None:
    """The patient's own account, or those who speak for him; nobody when he has no WeChat."""
    for account_id in (await patient_accounts(work, row.patient_id))[:1]:
        await tell(work, account_id, "consultation.progress_patient", urgent=_is_running(row), consultation_id=row.id, step=step)


async def tell_group(work: Work, row: Consultation, step: str) -> None:
    """The group in which it was asked for, if it was; never a name."""
    if row.conversation_id is not None:
        ids = {"message_id": row.message_id} if row.message_id is not None else {}
        await tell_chat(work, row.conversation_id, "consultation.group", consultation_id=row.id, step=step, **ids)


async def tell_everybody(work: Work, row: Consultation, step: str) -> None:
    """Village doctor, patient and group."""
    await tell_village_doctor(work, row, step)
    await tell_patient(work, row, step)
    await tell_group(work, row, step)


def _is_running(row: Consultation) -> bool:
    """Neither opt-out nor the night holds back what is told of an emergency."""
    return row.urgency in ("critical", "emergent", "urgent")
