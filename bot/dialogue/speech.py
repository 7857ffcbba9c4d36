"""Voice without words from the platform: the audio goes to a recogniser, the words are kept with the message, and the talk goes on as if typed.

What was recognised is uncertain. Danger in it counts at once; what it would sign, cancel or change is asked back first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.channels.message import Incoming
from bot.channels.outgoing import Choice, Text
from bot.dialogue.amr import amr_seconds
from bot.dialogue.answering import picked
from bot.dialogue.state import Asked
from bot.dialogue.turn import MediaAway, Reply, Turn
from bot.phrases.definitions import TAPS
from bot.phrases.reader import read_phrase
from bot.phrases.reasons import called_off
from core.conversations import reading
from core.conversations.commands import KeepHeard
from core.conversations.models import Message
from core.foundation.actor import Actor
from core.foundation.orders import Command

KIND = "spoken"
"""The question whether what was heard shall be done. ``ref``: the message that was heard; ``detail``: the question that was open before."""
SECONDS, LARGEST, LONGEST_S = 20.0, 2 << 20, 60
"""Of fetching and recognising together; bytes and seconds of audio."""
NOT_HEARD = "语音没有听清,对不起。请打字告诉我,或者按住说话再说一遍,慢一点、离手机近一点。\n急的话不要等,马上打 **120**。"
CANNOT_HEAR = "语音我还听不了,对不起。请打字告诉我;不方便打字,点手机键盘上的话筒说,它会变成字。\n急的话不要等,马上打 **120**。"
TOO_LONG = "这段语音太长,没有听。请分成一分钟以内的几段说,或者打字。\n急的话不要等,马上打 **120**。"
_SYSTEM = Actor.system("worker")
_BEFORE = "before"
_SHOWN = 300
_TALK = frozenset({"intake", "whose", "who", "worse", KIND})
"""Questions whose answer is part of the talk: misheard, it can be said right in the next sentence."""
_AT_ONCE = frozenset({
    "worse", "correct", "change_subject",
    "opinion", "agree", "partly", "disagree", "propose", "revise", "dose", "sign", "review", "release", "return", "break_glass", "withdraw",
})
"""What must not wait, only begins the talk anew, or is shown as it was heard before anybody signs it."""
_CHANGES = frozenset({"review_access"})
"""Phrases that read, and with words after them do something."""


class SpeechRecogniser(Protocol):
    async def recognise(self, audio: bytes, media_type: str, format: str) -> str | None:
        """The words of ``audio`` (``format``: amr, speex, …), "" where nobody speaks; None when it could not be asked. Never raises."""
        ...


async def listened(turn: Turn) -> str:
    """Why the person must say it again; empty when the words are there (in ``turn.incoming``, from the first time this message was heard)."""
    if turn.speech is None or not turn.incoming.media:
        return CANNOT_HEAR
    if "heard" not in turn.settled:
        words, why = await _recognised(turn, turn.speech)
        body = _with(turn.incoming, words).model_dump_json() if words else ""
        turn.settled["heard"] = (await turn.practice.execute(_SYSTEM, KeepHeard(message_id=turn.message_id, body=body))).value
        if why:
            return why
    message = await Message.get(id=turn.message_id)
    turn.incoming = Incoming.model_validate_json(await reading.opened(turn.practice, message, "body"))
    return "" if turn.incoming.text else NOT_HEARD


def _with(incoming: Incoming, words: str) -> Incoming:
    return incoming.model_copy(update={"text": words, "detail": {**incoming.detail, "heard": "recogniser"}})


async def _recognised(turn: Turn, speech: SpeechRecogniser) -> tuple[str, str]:
    """The words, or why there are none."""
    try:
        async with asyncio.timeout(SECONDS):
            file = await turn.media.fetch(turn.incoming) if turn.media is not None else None
            if file is None or not file.content:
                return "", NOT_HEARD
            if len(file.content) > LARGEST or (amr_seconds(file.content) or 0) > LONGEST_S:
                return "", TOO_LONG
            form = turn.incoming.media[0].format.lower()
            words = await speech.recognise(file.content, file.media_type, form if form.isalnum() and form.isascii() else "amr")
    except (MediaAway, TimeoutError):
        return "", NOT_HEARD
    return (words, "") if words else ("", NOT_HEARD)


def is_uncertain(turn: Turn) -> bool:
    """Whether the words of this turn were recognised by us, and nobody has confirmed them yet."""
    return turn.incoming.detail.get("heard") == "recogniser" and not turn.confirmed


def told(turn: Turn, reply: Reply, *, danger: bool) -> Reply:
    """The reply with what was heard in front; in danger after what to do first."""
    heard = Text(text=f"听到:{_said(turn.incoming.text)}")
    shapes = (*reply.shapes[:1], heard, *reply.shapes[1:]) if danger else (heard, *reply.shapes)
    return Reply(shapes, reply.state, reply.aside)


def _said(words: str) -> str:
    words = " ".join(words.split()).replace("**", "")
    return f"「{words if len(words) <= _SHOWN else words[:_SHOWN] + '…'}」"


def would_change(turn: Turn, text: str) -> bool:
    """Whether ``text``, taken at its word, would sign, cancel or change something."""
    asked = turn.state.asked
    if turn.unseen:
        return False  # the open question is asked once more, and nothing is done
    if asked is not None and asked.kind == "cancel_reason" and not called_off(text):
        return True
    if asked is not None and (code := picked(asked, text)) is not None:
        order = TAPS.get(code.partition(":")[0])
        return asked.kind not in _TALK and (order is None or issubclass(order, Command))
    said = read_phrase(text, turn.actor, staff=turn.staff)
    if said is not None:
        key = said.phrase.key
        return key in _CHANGES or (issubclass(said.phrase.order, Command) and key not in _AT_ONCE)
    return False


def asked_back(turn: Turn, first: str = "") -> Reply:
    """Nothing is done yet: is this what was said? ``first``: what stands before the question (danger)."""
    before = turn.state.asked
    if before is not None and before.kind == KIND:
        before = _before(before)
    asked = Asked(kind=KIND, ref=turn.message_id, detail={} if before is None else {_BEFORE: before.model_dump_json()})
    choices = (Choice(code="yes", label="对,就这样办"), Choice(code="no", label="不对,不要办"))
    reply = turn.offer("语音可能听错,先问一句:就照上面听到的办吗?", choices, asked=asked)
    return Reply((Text(text=first), *reply.shapes) if first else reply.shapes, reply.state)


async def answered(turn: Turn, asked: Asked, code: str, go_on: Callable[[Turn, str], Awaitable[Reply]]) -> Reply:
    """对 or 不对. ``go_on`` takes the words as if they were typed now, with the question open that was open when they were said."""
    turn.state = turn.state.asking(_before(asked))
    if code != "yes":
        return Reply((Text(text="好的,没有办。请再说一遍,或者打字告诉我。"),), turn.state)
    message = await Message.get_or_none(id=asked.ref, conversation_id=turn.conversation_id)
    words = "" if message is None else Incoming.model_validate_json(await reading.opened(turn.practice, message, "body")).text
    if not words:
        return Reply((Text(text=NOT_HEARD),), turn.state)
    turn.confirmed, turn.incoming = True, turn.incoming.model_copy(update={"text": words})
    return await go_on(turn, words)


def _before(asked: Asked) -> Asked | None:
    kept = asked.detail.get(_BEFORE)
    return Asked.model_validate_json(kept) if kept else None
