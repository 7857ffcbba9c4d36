"""What is always answered the same, whatever was said before: 帮助, a greeting, thanks. It needs no engine, no order and no look into the database.

The reply is made by the dialogue itself (``reply_to``), with a turn that may do nothing, and remembered: who does not need a worker for it has
the same reply without one. In none of these words does the engine hear anything (``tests/bot/dialogue/test_always.py`` asks it about each).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from bot.channels.message import ChannelName, Incoming
from bot.channels.outgoing import Outgoing
from bot.dialogue.dialogue import reply_to
from bot.dialogue.patients import GREETINGS, THANKS
from bot.dialogue.state import DialogueState
from bot.dialogue.turn import Turn
from bot.inbox.shapes import written
from bot.phrases.definitions import BY_KEY
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from nlp.interface.assessment import Alarm, Facts
from nlp.interface.reading import Reading

WORDS: frozenset[str] = frozenset({*BY_KEY["help"].names, *BY_KEY["more"].names, *GREETINGS, *THANKS})
CHANNELS = (ChannelName.OFFICIAL_ACCOUNT, ChannelName.WECOM_APP)


class NotAlways(Exception):
    """The reply to these words depends on something: a worker must give it."""


class NothingHeard:
    """What the engine says of words in which it hears nothing."""

    def read(self, _text: str) -> Reading:
        return Reading()

    def merge(self, facts: Facts, _reading: Reading) -> Facts:
        return facts

    def alarm(self, _facts: Facts) -> Alarm:
        return Alarm()


_ENGINE = NothingHeard()


class TurnWithoutMeans(Turn):
    """A turn in which nothing can be asked, ordered or settled."""

    @property
    def engine(self) -> Any:
        return _ENGINE

    async def execute(self, *_: Any, **__: Any) -> NoReturn:
        raise NotAlways

    execute_once = ask = settle = execute


def is_always(incoming: Incoming) -> bool:
    """Whether the message is nothing but such words, from a single chat."""
    return incoming.text.strip() in WORDS and incoming.channel in CHANNELS and not incoming.group and incoming.quote is None


def is_quiet(dialogue: dict[str, Any]) -> bool:
    """Whether the dialogue, as it is stored, has nothing open and nobody was told of danger in it."""
    return not any(dialogue.get(name) for name in ("asked", "danger"))


@dataclass(frozen=True, slots=True)
class Always:
    """A reply, and as it is stored."""

    shapes: tuple[Outgoing, ...]
    written: str


async def always_said(practice: Practice, actor: Actor, incoming: Incoming, *, elder: bool) -> Always | None:
    """The reply to such words of somebody who is no member of staff; None where there is none that holds always."""
    key = (incoming.text.strip(), incoming.channel, elder)
    if key not in _said:
        _said[key] = await _reply(practice, actor, incoming, elder=elder)
    return _said[key]


_said: dict[tuple[str, ChannelName, bool], Always | None] = {}
"""A few for each of ``WORDS``."""


async def _reply(practice: Practice, actor: Actor, incoming: Incoming, *, elder: bool) -> Always | None:
    before = DialogueState()
    turn = TurnWithoutMeans(
        practice=practice, actor=actor, incoming=incoming, message_id="", conversation_id="", state=before, elder=elder
    )
    try:
        reply = await reply_to(turn)
    except NotAlways:
        return None
    holds = reply.state == before and not reply.aside and reply.shapes
    return Always(reply.shapes, written(reply.shapes)) if holds else None
