"""Putting a notification on its way: in which lane, in which order, and whether its account wants reminders."""

from __future__ import annotations

from core.foundation.events import ALARM_LANE, CARE_LANE, SEND_LANE
from core.foundation.work import Work
from core.notifications.kinds import Priority
from core.notifications.models import ReminderChoice

QUEUED = "notification.queued"
_LANES = {Priority.EMERGENCY: ALARM_LANE, Priority.CARE: CARE_LANE, Priority.ROUTINE: SEND_LANE}


async def emit_queued(work: Work, notification_id: str, receiver_id: str, priority: Priority) -> None:
    """Tell whoever sends. Each class has its lane, so that none waits for those below it; within one, a receiver is told in order."""
    await work.emit(QUEUED, key=f"{priority.value}:{receiver_id}", lane=_LANES[priority], notification_id=notification_id)


async def wants_reminders(account_id: str) -> bool:
    """False while the account has 停止提醒."""
    return not await ReminderChoice.filter(account_id=account_id, stopped=True).exists()
