"""What is always answered the same, whatever was said before: 帮助, a greeting, thanks of a patient. It needs no engine, no order and no worker.

The words stand in ``bot.phrases``, where the dialogue takes them from too; that they are the dialogue's own replies, and that the engine hears
nothing in any of these words, is what ``tests/bot/inbox/test_always.py`` asks of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.channels.message import ChannelName, Incoming, Kind
from bot.channels.outgoing import Outgoing, Text
from bot.inbox.shapes import written
from bot.phrases.courtesy import GREETINGS, THANKS, courtesy
from bot.phrases.definitions import BY_KEY
from bot.phrases.help import help_for_patients
from bot.phrases.shorter import shorter
from core.foundation.actor import Actor, HeldRole, Role

HELP, MORE = frozenset(BY_KEY["help"].names), frozenset(BY_KEY["more"].names)
WORDS = HELP | MORE | GREETINGS | THANKS
CHANNELS = (ChannelName.OFFICIAL_ACCOUNT, ChannelName.WECOM_APP)
_PATIENT = (HeldRole(Role.PATIENT, ""),)


@dataclass(frozen=True, slots=True)
class Always:
    """A reply, and as it is stored."""

    shapes: tuple[Outgoing, ...]
    written: str


def is_always(incoming: Incoming) -> bool:
    """Whether the message is nothing but such words, in a single chat."""
    return (
        incoming.kind is Kind.TEXT and incoming.text.strip() in WORDS and incoming.channel in CHANNELS and not incoming.group
        and incoming.quote is None
    )  # fmt: skip


def is_quiet(dialogue: dict[str, Any]) -> bool:
    """Whether the dialogue, as it is stored, has nothing open and nobody was told of danger in it."""
    return not any(dialogue.get(name) for name in ("asked", "danger"))


def always_said(incoming: Incoming, *, elder: bool) -> Always:
    """The reply to such words of somebody who is no member of staff. KeyError for other words."""
    return _said(incoming.text.strip(), incoming.channel, elder)


@cache
def _said(text: str, channel: ChannelName, elder: bool) -> Always:
    if text not in WORDS:
        raise KeyError
    if text in HELP or text in MORE:
        staffs = channel is ChannelName.WECOM_APP
        said = help_for_patients(Actor("", _PATIENT, channel.value), staffs_channel=staffs, elder=elder, everything=text in MORE)
    else:
        said = (courtesy(text),)
    shapes = tuple(Text(text=shorter(one) if elder else one) for one in said)
    return Always(shapes, written(shapes))
