"""Text as phrases see it: one width, one kind of blank, no courtesy around it; numbers in figures or in Chinese."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = re.compile(r"\s+")
_EDGES = " \t\n,。.!?~…、;:\"'“”‘’()【】[]《》"
_COURTESY = re.compile(r"^(?:(?:请问|麻烦|麻烦你|麻烦您|帮我|帮忙|我想要|我想|我要|请帮我|助手|你好|您好)[,。\s]*)+(?=.)")
_DIGITS = {"零": 0, "〇": 0, "一": 1, "幺": 1, "二": 2, "两": 2, "俩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000}

NUMBER = r"(?:\d{1,4}|[零〇一幺二两俩三四五六七八九十百千]{1,8})"
"""A number in figures or Chinese, as a pattern without groups."""


def tidy(text: str) -> str:
    """``text`` in half width with single blanks and without what stands around it: "会诊 3号…" however it was typed."""
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cc", "Cf", "Cs") or letter in "\n\t")
    return _BLANKS.sub(" ", plain).strip(_EDGES)


def without_courtesy(text: str) -> str:
    """``text`` without 请问, 我想 … at its beginning."""
    return _COURTESY.sub("", text)


def number(text: str) -> int | None:
    """12, 十二, 一百零三, 二三 (read digit by digit) as a number; None for anything else."""
    if text.isascii():
        return int(text) if text.isdigit() and len(text) <= 6 else None
    if all(letter in _DIGITS for letter in text):
        return int("".join(str(_DIGITS[letter]) for letter in text)) if 0 < len(text) <= 4 else None
    return _with_units(text)


def _with_units(text: str) -> int | None:
    total, digit, last = 0, None, 10_000
    for letter in text:
        if letter in _DIGITS:
            if digit not in (None, 0):
                return None
            digit = _DIGITS[letter]
        elif letter in _UNITS:
            unit = _UNITS[letter]
            if unit >= last or digit == 0:
                return None
            total += (1 if digit is None else digit) * unit
            digit, last = None, unit
        else:
            return None
    return total + (digit or 0)
