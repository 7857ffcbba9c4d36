"""What the processes ask of the conversations: finish a turn, hand a reply over exactly once, record what was sent. Nobody else may."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Result

_SYSTEM = (Grant(Role.SYSTEM),)
_WORDS = 200_000
"""Characters of a reply as JSON."""


class FinishTurn(Command):
    """Store the reply to a message and where the dialogue stands now, in one step.

    ``reply`` and ``aside`` are JSON lists of shapes; ``dialogue`` holds ids and codes only. ``conversation_version``: the version the turn
    started from. AlreadyAnswered when another process was faster.
    """

    name = "conversations.finish_turn"
    title = "答复"
    access = _SYSTEM
    message_id: Id
    conversation_version: int
    reply: str = Field(max_length=_WORDS)
    aside: str = Field(default="[]", max_length=_WORDS)
    dialogue: dict[str, Any]


class Settled(Result):
    value: Any


class Settle(Command):
    """Record what a message was found to mean before acting on it: the first value stays, whoever asks again gets that one."""

    name = "conversations.settle"
    title = "记下所指"
    access = _SYSTEM
    gives = Settled
    message_id: Id
    key: str = Field(max_length=60)
    value: Any


class KeepHeard(Command):
    """Keep the words that were recognised in a voice message, as ``body`` (the message as JSON, with them); empty: nothing was recognised.

    The first stays, so that a repeated turn hears the same. ``value`` of the answer: words or nothing.
    """

    name = "conversations.keep_heard"
    title = "记下语音的话"
    access = _SYSTEM
    gives = Settled
    message_id: Id
    body: str = Field(default="", max_length=_WORDS, repr=False)


class Won(Result):
    """Whether this process is the one that hands the reply over."""

    won: bool


class DeliverPart(Command):
    """The HTTP answer takes what fits of the reply (answered → delivered); ``rest`` (JSON shapes) did not fit and is pushed after it.

    A reply that fits whole is handed over without an order (``handing_over``): nothing is told of it."""

    name = "conversations.deliver_part"
    title = "当场答复一部分"
    access = _SYSTEM
    gives = Won
    message_id: Id
    rest: str = Field(min_length=3, max_length=_WORDS)


class PushLate(Command):
    """Nobody fetched the reply: it goes by push (answered → late)."""

    name = "conversations.push_late"
    title = "补发答复"
    access = _SYSTEM
    gives = Won
    message_id: Id


class PushAgain(Command):
    """The platform delivers a message again although its reply was handed over long ago: the answers do not arrive, the reply goes by push
    (delivered → late). ``reply``: JSON shapes of what the answers held. ``won`` is False for whoever is not the first to notice, and while
    something of the reply still waits to be pushed."""

    name = "conversations.push_again"
    title = "改为推送答复"
    access = _SYSTEM
    gives = Won
    message_id: Id
    reply: str = Field(max_length=_WORDS)


class MarkPushed(Command):
    """What became of a push."""

    name = "conversations.mark_pushed"
    title = "答复已推送"
    access = _SYSTEM
    message_id: Id
    part: Literal["rest", "aside"]
    outcome: Literal["sent", "failed"]


class UseResponse(Command):
    """Take the robot's one late answer to a message; ``won`` is False when it was taken before."""

    name = "conversations.use_response"
    title = "群内回话"
    access = _SYSTEM
    gives = Won
    message_id: Id


class RecordSent(Command):
    """Keep what the service said of itself (a notification), and what it was about (``shown``: kind → id), so that 接诊 in words finds it."""

    name = "conversations.record_sent"
    title = "记下已发"
    access = _SYSTEM
    gives = Done
    conversation_id: Id
    notification_id: Id
    kind: str = Field(max_length=20)
    text: str = Field(max_length=_WORDS)
    shown: dict[str, str] = Field(default_factory=dict)
    buttons: tuple[str, ...] = Field(default=(), max_length=40)
    """Keys of what can be tapped on it, in order: a bare number may mean one of them."""
