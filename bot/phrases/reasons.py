"""A sentence where a reason was asked for: 算了 calls it off; 理由: before it says that it is the reason, whatever it tells of."""

from __future__ import annotations

import re

from bot.phrases.text import tidy

_OFF = r"(?:算了|不了|取消|先放着|先不(?:要|用)?(?:退|签|写|开|下|取消|办)?了?|不(?:退|签|写|开|下|办)了)"
_CALLED_OFF = re.compile(rf"{_OFF}(?:[\s,]*{_OFF})?[吧啊呀]?")
_MARK = re.compile(r"^\s*理由\s*[::]\s*")


def called_off(text: str) -> bool:
    """Whether ``text`` says no more than that it shall not be done: 算了, 取消, 算了,先不退."""
    return _CALLED_OFF.fullmatch(tidy(text)) is not None


def marked_reason(text: str) -> str | None:
    """What follows 理由: at the beginning; None where that does not stand there."""
    found = _MARK.match(text)
    return None if found is None else text[found.end() :].strip() or None
