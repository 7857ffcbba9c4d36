"""A consultation that waits for patient, consent or material is not forgotten: its village doctor is reminded, and in the end the desk is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.consultations.commands import RemindWaiting
from core.consultations.hooks import call_forgotten
from core.consultations.models import Consultation
from core.consultations.timeline import WAITING, hold, note
from core.consultations.views import missing
from core.consultations.workflow import State
from core.consultations.working_hours import after_working_time
from core.foundation.due import due
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.notifications.service import tell

REMINDERS = 3
URGENT_AFTER = timedelta(minutes=10)
ROUTINE_AFTER = timedelta(hours=4)
"""Of working time. This project's own proposal, to be signed by the hospital."""

due(WAITING, lambda row: RemindWaiting(consultation_id=row.ref, step=row.step))


async def wait_for_requirements(work: Work, row: Consultation) -> None:
    """Plan the first reminder of a draft that lacks something."""
    await work.schedule(WAITING, row.id, _next_at(row, work.now), step="1")


def _next_at(row: Consultation, now: datetime) -> datetime:
    return after_working_time(now, ROUTINE_AFTER) if urgency(row.urgency).working_hours_only else now + URGENT_AFTER


@handles(RemindWaiting)
async def remind_waiting(work: Work, order: RemindWaiting) -> Done:
    """Remind her; after the last reminder tell the desk, and say so on the timeline. With nobody at any desk it is tried again."""
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) is not State.DRAFT or not missing(row):
        return Done(done=False)
    step = int(order.step)
    if step <= REMINDERS:
        await tell(work, row.requester_account_id, "consultation.todo", urgent=not urgency(row.urgency).working_hours_only, consultation_id=row.id)
        await note(work, row.id, "requirements.reminded", ids={"count": str(step)})
        await work.schedule(WAITING, row.id, _next_at(row, work.now), step=str(step + 1))
    elif await call_forgotten(work, row):
        await note(work, row.id, "desk.told_of_waiting")
    else:
        await work.schedule(WAITING, row.id, _next_at(row, work.now), step=order.step)
    return Done()
