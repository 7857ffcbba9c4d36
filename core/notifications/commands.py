"""What can be asked about being told: stop and resume reminders. Telling itself is ``notifications.service.tell``, in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result

TemplateId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""The platform's id of a subscription template."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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


class HoldNotification(Command):
    """The system: the night began before this one was out; it waits for the morning. Done is False where its class does not wait, or it is none."""

    name = "notifications.hold"
    title = "夜里先存提醒"
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


class SubscriptionAnswer(_Value):
    """What wx.requestSubscribeMessage gave for one template."""

    template: TemplateId
    answer: Literal["accept", "reject", "ban", "filter"]


class AnswerSubscriptions(Command):
    """The person answered the mini program's question which messages it may send. ``app``: the mini program's appid."""

    name = "notifications.answer_subscriptions"
    title = "允许提醒"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = Done
    app: str = Field(min_length=1, max_length=64)
    answers: tuple[SubscriptionAnswer, ...] = Field(min_length=1, max_length=3)


class SubscriptionState(Result):
    template: str
    open: bool


class SubscriptionStates(Result):
    states: tuple[SubscriptionState, ...]


class ReadSubscriptions(Query):
    """For which of ``templates`` a message may be sent to the person's mini program ``app`` now."""

    name = "notifications.subscriptions"
    title = "允许了哪些提醒"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = SubscriptionStates
    app: str = Field(min_length=1, max_length=64)
    templates: tuple[TemplateId, ...] = Field(max_length=10)


class SubscriptionChange(_Value):
    """``closes``: the person took the permission back; else he allowed one more message."""

    template: TemplateId
    closes: bool


class HearSubscriptions(Command):
    """The platform tells that a person allowed or refused templates. ``subject``: his openid in ``app``."""

    name = "notifications.hear_subscriptions"
    title = "订阅变动"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    app: str = Field(min_length=1, max_length=64)
    subject: str = Field(min_length=1, max_length=64)
    changes: tuple[SubscriptionChange, ...] = Field(max_length=50)


class HearDelivery(Command):
    """The platform tells that a message it had taken was not delivered: the notification goes on to its next rung, once.

    ``message_id``: the platform's, as it was given when the message was taken. Done is False where it belongs to none that counts as sent.
    """

    name = "notifications.hear_delivery"
    title = "没有送达"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    app: str = Field(min_length=1, max_length=64)
    subject: str = Field(min_length=1, max_length=64)
    message_id: str = Field(min_length=1, max_length=64)
    failure: str = Field(max_length=60)


class NoticeView(Result):
    """Something that was told, or was to be told. ``words``: what was sent, empty where nothing was or it is destroyed by now."""

    notification_id: Id
    label: str
    words: str
    at: datetime
    """Domain time: when it was sent, or when it came up."""
    state: Literal["sent", "waiting", "held", "stopped", "failed"]
    state_label: str
    channel_label: str


class NoticeList(Result):
    """Newest first. ``more``: what to ask ``before`` to get the next page, None at the end."""

    notices: tuple[NoticeView, ...]
    more: Id | None


class MyNotices(Query):
    """What was sent to one's own account (and what was not, and why), newest first."""

    name = "notifications.mine"
    title = "收到的通知"
    access = (Grant(Role.VISITOR),)
    no_relation = "只有他自己的"
    gives = NoticeList
    before: Id | None = None
    limit: int = Field(default=20, ge=1, le=50)
