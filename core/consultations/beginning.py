"""A consultation that an expert took is not left to itself: both sides are reminded to begin, and then the duty desk is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.consultations.commands import RemindBeginning
from core.consultations.hooks import call_forgotten, when_assigned
from core.consultations.models import Consultation
from core.consultations.timeline import BEGINNING, hold, note
from core.consultations.workflow import State
from core.consultations.working_hours import after_working_time
from core.foundation.due import due
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.notifications.service import tell
from core.people.cards import practitioner_card

URGENT_AFTER = timedelta(minutes=10)
ROUTINE_AFTER = timedelta(hours=4)
"""Of working time. This project's own proposal, to be signed by the hospital."""
SOON, REMINDER, DESK = "0", "1", "2"

due(BEGINNING, lambda row: RemindBeginning(consultation_id=row.ref, step=row.step))


def _next_at(row: Consultation, now: datetime) -> datetime:
    return after_working_time(now, ROUTINE_AFTER) if urgency(row.urgency).working_hours_only else now + URGENT_AFTER


@when_assigned
async def wait_for_beginning(work: Work, row: Consultation) -> None:
    """Plan the reminder of a consultation that an expert has just taken."""
    await work.schedule(BEGINNING, row.id, _next_at(row, work.now), step=REMINDER)


@handles(RemindBeginning)
async def remind_beginning(work: Work, order: RemindBeginning) -> Done:
    """Remind expert and village doctor; the second time tell the desk. With nobody at any desk it is tried again."""
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) is not State.ASSIGNED or row.expert_id is None:
        return Done(done=False)
    if order.step == SOON:
        await _tell_both(work, row, row.expert_id, "meets_soon")
        return Done()
    if order.step == REMINDER:
        await _tell_both(work, row, row.expert_id, "not_begun")
        await note(work, row.id, "begin.reminded")
    elif await call_forgotten(work, row):
        await note(work, row.id, "desk.told_not_begun")
        return Done()
    await work.schedule(BEGINNING, row.id, _next_at(row, work.now), step=DESK)
    return Done()


async def _tell_both(work: Work, row: Consultation, expert_id: str, step: str) -> None:
    expert = await practitioner_card(work, expert_id)
    for account_id in (row.requester_account_id, expert.account_id):
        await tell(work, account_id, "consultation.progress", urgent=True, consultation_id=row.id, step=step)
