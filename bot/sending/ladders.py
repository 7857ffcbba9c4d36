"""Which ways a notification may take to a person, best first, as data. Reasons for each order: docs/decisions/032-channel-ladders.md.

A rung that the person has not (no WeCom, no mini program), that the house has not set up (no template, no SMS) or that the platform refuses for
good is passed over; busy ones are tried again later. WeCom stands first everywhere because only staff have it, and it is where they work.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.channels.message import ChannelName
from core.notifications.kinds import Priority


class Rung(StrEnum):
    """The values are what ``Notification.channel`` says afterwards (``core.notifications.mine.CHANNELS``)."""

    WECOM = "wecom_app"
    SERVICE = "official_account"
    """Customer-service message of the Official Account: the whole words, while its window is open."""
    MINI_SERVICE = "mini_program"
    """Customer-service message of the mini program."""
    TEMPLATE = "template"
    SUBSCRIPTION = "subscription"
    SMS = "sms"


CHANNEL_OF: dict[Rung, ChannelName | None] = {
    Rung.WECOM: ChannelName.WECOM_APP, Rung.SERVICE: ChannelName.OFFICIAL_ACCOUNT, Rung.TEMPLATE: ChannelName.OFFICIAL_ACCOUNT,
    Rung.MINI_SERVICE: ChannelName.MINI_PROGRAM, Rung.SUBSCRIPTION: ChannelName.MINI_PROGRAM, Rung.SMS: None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ladder:
    """``keeps``: customer-service messages that this leaves to the replies of the chat, if they are the last ones of the window. ``sms``: which of
    ``bot.sending.sms.SMS_TEMPLATES`` the SMS is."""

    rungs: tuple[Rung, ...]
    keeps: int = 0
    sms: str = "look"


ANSWER = Ladder((Rung.WECOM, Rung.SERVICE, Rung.MINI_SERVICE, Rung.TEMPLATE, Rung.SUBSCRIPTION))
"""The person has just done something there and looks at that chat: the whole words, in it. No SMS: he is not waiting by the telephone."""
CARE = Ladder((Rung.WECOM, Rung.SERVICE, Rung.MINI_SERVICE, Rung.TEMPLATE, Rung.SUBSCRIPTION))
"""A consultation that is running: the whole words matter (what to do next, when to call 120); two lines of a template only where they cannot go.
Nothing is kept of the window: whoever writes opens it anew, so that the reply to him finds five."""
ALARM = Ladder((Rung.WECOM, Rung.SERVICE, Rung.TEMPLATE, Rung.MINI_SERVICE, Rung.SUBSCRIPTION, Rung.SMS), sms="duty")
"""Somebody must act now: everything there is, and nothing is kept back."""
REMINDER = Ladder((Rung.WECOM, Rung.SUBSCRIPTION, Rung.TEMPLATE, Rung.SERVICE, Rung.MINI_SERVICE), keeps=2)
"""Nobody waits for it: what the person has allowed for this very purpose first; the window is kept for replies."""
MUST_KNOW = Ladder((Rung.WECOM, Rung.SERVICE, Rung.SUBSCRIPTION, Rung.TEMPLATE, Rung.MINI_SERVICE, Rung.SMS))
"""Who does not hear of it travels to the county for nothing, or takes a medicine that was taken back: the whole words first, an SMS last."""

LADDERS: dict[str, Ladder] = {
    "appointment.booked": ANSWER,
    "upload.accepted": ANSWER,
    "upload.refused": ANSWER,
    "picture.refused": ANSWER,
    "followup.trend": ANSWER,
    "followup.offer": ANSWER,
    "appointment.cancelled": MUST_KNOW,
    "prescription.stopped": MUST_KNOW,
    "prescription.withdrawn": MUST_KNOW,
    "followup.reminder": REMINDER,
    "offer.card": ALARM,
}
"""Kinds that go another way than their class."""
_OF_CLASS: dict[Priority, Ladder] = {Priority.EMERGENCY: ALARM, Priority.CARE: CARE, Priority.ROUTINE: CARE}

PATIENCE: dict[Priority, int] = {Priority.EMERGENCY: 2, Priority.CARE: 4, Priority.ROUTINE: 7}
"""On which try of an event a rung that is busy or does not answer is passed over for this time, so that another one is tried."""


def ladder_of(kind: str, priority: Priority) -> Ladder:
    """The ladder of one notification."""
    return LADDERS.get(kind, _OF_CLASS[priority])
