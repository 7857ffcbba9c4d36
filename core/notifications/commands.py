"""What can be asked about being told: stop and resume reminders. Telling itself is ``notifications.service.tell``, in the same transaction."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

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


class ReportTrouble(Command):
    """The system: a platform refuses ``account`` for good. Administrators are told once for each account, code and day.

    ``call`` is the API's name; nothing is asked of it before ``until`` (real time)."""

    name = "notifications.trouble"
    title = "报告通道故障"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    account: str = Field(pattern=r"^[a-z_]{1,20}:[0-9A-Za-z_:-]{1,79}$")
    call: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    code: int = Field(ge=-1, le=10**9)
    until: AwareDatetime


class Trouble(Result):
    """Times are real ones."""

    trouble_id: Id
    account: str
    call: str
    code: int
    first_at: datetime
    until: datetime


class TroubleList(Result):
    troubles: tuple[Trouble, ...]


class Troubles(Query):
    """What platforms refused in the last seven days, newest first; one of them by ``trouble_id``."""

    name = "notifications.troubles"
    title = "通道故障"
    access = (Grant(Role.SYSTEM), Grant(Role.ADMINISTRATOR))
    no_relation = "只有平台账号和错误码,没有任何人的内容"
    gives = TroubleList
    trouble_id: Id | None = None
