"""A consultation begins, goes back to look for another expert, and is completed."""

from __future__ import annotations

from typing import Literal

from core.consultations.closing import tell_everybody, tell_group, tell_patient, tell_village_doctor
from core.consultations.commands import BeginConsultation, CompleteConsultation, ConsultationStatus, ReturnConsultation
from core.consultations.errors import ConsentNotOnRecord, NotDecided, WritingIsTheExperts
from core.consultations.hooks import call_returned
from core.consultations.models import Consultation
from core.consultations.opinions import latest_decision
from core.consultations.rules import REQUIREMENT_LABELS
from core.consultations.timeline import consultation_of, hold, make_step
from core.consultations.views import missing, reader_of, status_of
from core.consultations.workflow import Event, State
from core.foundation.actor import Role
from core.foundation.orders import handles
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.service import practitioner_card

_BEFORE_THE_END = ("patient", "consent")
Manner = Literal["call", "phone", "writing"]


async def begin(work: Work, row: Consultation, manner: Manner, *, role: Role | None = None) -> Consultation:
    """Make the step BEGIN; the row as it is then. For rooms that see both sides come together too."""
    return await make_step(work, row, Event.BEGIN, role=role, ids={"manner": manner})


@handles(BeginConsultation)
async def begin_consultation(work: Work, order: BeginConsultation) -> ConsultationStatus:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if work.role is Role.VILLAGE_DOCTOR and order.manner == "writing":
        raise WritingIsTheExperts
    row = await begin(work, row, order.manner)
    if work.role is Role.EXPERT:
        await tell_village_doctor(work, row, "begun")
    return await status_of(work, row, reader_of(work, row))


@handles(ReturnConsultation)
async def return_consultation(work: Work, order: ReturnConsultation) -> ConsultationStatus:
    before = await consultation_of(order.consultation_id)
    work.concerns("patient", before.patient_id, consultation=before.code)
    row = await make_step(
        work, before, Event.RETURN, practitioner_id=before.expert_id, words=order.reason, expert_id=None, busy_expert_id=None, assigned_at=None,
        alarmed_at=None,
    )
    await call_returned(work, row)
    await tell_everybody(work, row, "returned")
    if work.role is not Role.EXPERT and before.expert_id is not None:
        expert = await practitioner_card(work, before.expert_id)
        await tell(work, expert.account_id, "consultation.taken_back", urgent=True, consultation_id=row.id)
    return await status_of(work, await consultation_of(row.id), reader_of(work, row))


@handles(CompleteConsultation)
async def complete_consultation(work: Work, order: CompleteConsultation) -> ConsultationStatus:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) is State.IN_PROGRESS and await latest_decision(row.id) is None:
        raise NotDecided(code=row.code)
    wanted = [one for one in missing(row) if one in _BEFORE_THE_END]
    if State(row.state) is State.IN_PROGRESS and wanted and not order.without.strip():
        raise ConsentNotOnRecord(code=row.code, wanted="、".join(REQUIREMENT_LABELS[one] for one in wanted))
    row = await make_step(work, row, Event.COMPLETE, words=order.without.strip() or None)
    await tell_patient(work, row, "completed")
    await tell_group(work, row, "completed")
    if row.requester_account_id != work.actor.account_id:
        await tell_village_doctor(work, row, "completed")
    if row.expert_id is not None:
        expert = await practitioner_card(work, row.expert_id)
        await tell(work, expert.account_id, "consultation.progress", consultation_id=row.id, step="completed")
    return await status_of(work, row, reader_of(work, row))
