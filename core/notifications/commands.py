"""What can be asked about being told: stop and resume reminders. Telling itself is ``notifications.service.tell``, in the same transaction."""

from __future__ import annotations

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result


class StopReminders(Command):
    """停止提醒: everything that is not about a running emergency stops at once."""

    name = "notifications.stop"
    title = "停止提醒"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = Done


class ResumeReminders(Command):
    name = "notifications.resume"
    title = "恢复提醒"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = Done


class ReminderChoiceView(Result):
    stopped: bool


class ReadReminders(Query):
    name = "notifications.reminders"
    title = "提醒开着吗"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = ReminderChoiceView


class ReleaseNotification(Command):
    """The system: the night is over, what was held goes out."""

    name = "notifications.release"
    title = "放行提醒"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    notification_id: Id
