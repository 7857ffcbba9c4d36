"""An open choice answered in words that stand on the screen: 去补, 王主任, 明天下午, 县医院. Numbers and yes and no are ``answering``'s."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.channels.outgoing import Choice, Menu
from bot.dialogue.again import shapes_before
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.text import tidy
from bot.phrases.when import Ambiguous, Read, read_when, take_when
from bot.phrases.who import Named, read_who

_LONGEST = 16
_EXACT_ONLY = frozenset({"cancel_reason", "decline_reason", "decision_reason", "rx_reason", "rx_confirm", "return_reason", "dose", "dose_confirm"})
"""Questions that a sentence answers, or that sign: a word out of a label is not taken for it."""


async def named(turn: Turn, asked: Asked, text: str) -> str | Reply | None:
    """The code of the option that ``text`` names; 哪一个? where it names several; None where it names none."""
    said = tidy(text)
    if asked.kind == "intake" or not asked.options or not said or len(said) > _LONGEST:
        return None
    menus = [shape for shape in await shapes_before(turn, asked) if isinstance(shape, Menu)]
    choices = [choice for menu in menus for choice in menu.choices if choice.code in asked.options]
    if not choices:
        return None
    exact = [choice for choice in choices if tidy(choice.label) == said]
    if asked.kind in _EXACT_ONLY:
        return exact[0].code if len(exact) == 1 else None
    fitting = exact or _by_time(choices, said, turn.practice.clock.now()) or _by_person(choices, said) or _by_part(choices, said)
    if len(fitting) > 1 and len(fitting) < len(choices):
        return turn.offer("是哪一个?", tuple(fitting), asked=asked)
    return fitting[0].code if len(fitting) == 1 else None


def _by_part(choices: Iterable[Choice], said: str) -> list[Choice]:
    """下午, 县医院: how a word of the label begins. What stands inside one (村医 in 请村医一起看) is not enough."""
    return [choice for choice in choices if len(said) >= 2 and any(word.startswith(said) for word in tidy(choice.label).split())]


def _by_time(choices: Iterable[Choice], said: str, now: datetime) -> list[Choice]:
    read = read_when(said, now)
    if read is None:
        return []
    times = read.choices if isinstance(read, Ambiguous) else (read,)
    return [choice for choice in choices if (start := _start(take_when(choice.label, now)[0])) is not None and any(one.holds(start) for one in times)]


def _start(read: Read) -> datetime | None:
    return None if read is None or isinstance(read, Ambiguous) else read.start


def _by_person(choices: Iterable[Choice], said: str) -> list[Choice]:
    """The options in whose words the person stands, by name alone: a title is not on the screen everywhere."""
    people = [Named(choice.code, word) for choice in choices for word in choice.label.split() if 2 <= len(Named("", word).bare) <= 4]
    who = read_who(said, people)
    keys = {one.key for one in who.people} if who is not None else set()
    return [choice for choice in choices if choice.code in keys]
