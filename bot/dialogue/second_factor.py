"""动态码 in chat: the signature that was asked for waits, the six digits in the next message unlock it, and it goes on.

What waits is the button that was pressed, the message in which it was (its card is closed when the signature stands) and the question that was
open then: ids and codes only.
"""

from __future__ import annotations

import re

from bot.channels.message import ChannelName
from bot.channels.outgoing import Link, Text
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from core.people.commands_second_factor import UnlockSigning
from core.people.errors_second_factor import SecondFactorMissing

KIND = "second_factor"
PAGE = Link(title="绑定动态码", url="page:/h5/factor/", description="用手机验证器扫一次码,以后签名时看 6 位数字。")
ASKS = "签名前请发 6 位动态码(手机验证器上现在的数字)。发来就接着签,不用再点。"
_BEFORE, _PRESSED_IN = "before", "pressed_in"
_CODE = re.compile(r"(?:动态码|验证码|码)?\s*[::]?\s*([0-9]{3})\s*([0-9]{3})")


def code_in(text: str) -> str | None:
    """The six digits that ``text`` is, written in one or in two groups; None for any other words."""
    found = _CODE.fullmatch(text.strip())
    return None if found is None else found[1] + found[2]


def needed(turn: Turn, pressed: str) -> Reply:
    """Ask for the code; ``pressed`` is the button that signs."""
    before = turn.state.asked
    if before is not None and before.kind == KIND:
        before = _before(before)
    detail = {} if before is None else {_BEFORE: before.model_dump_json()}
    tap = turn.incoming.tap
    if tap is not None and tap.source == "card" and turn.incoming.channel is ChannelName.WECOM_APP:
        detail[_PRESSED_IN] = turn.message_id
    return Reply((Text(text=ASKS),), turn.state.asking(Asked(kind=KIND, ref=pressed, detail=detail)))


def missing(turn: Turn, refusal: SecondFactorMissing) -> Reply:
    """There is no factor yet: where it is made."""
    return Reply((Text(text=refusal.message), PAGE), turn.state)


async def given(turn: Turn, asked: Asked, code: str) -> str:
    """Unlock with ``code``; the button that goes on now, with the question open that was open when it was pressed."""
    await turn.execute(UnlockSigning(code=code))
    turn.state = turn.state.asking(_before(asked))
    turn.pressed_in = asked.detail.get(_PRESSED_IN, "")
    return asked.ref


def _before(asked: Asked) -> Asked | None:
    kept = asked.detail.get(_BEFORE)
    return Asked.model_validate_json(kept) if kept else None
