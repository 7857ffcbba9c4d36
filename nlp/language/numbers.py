"""Numbers as people write and say them: 38.5, 三十八, 一百六 (160), 七八 (the larger, 8), 两, 半."""

from __future__ import annotations

import re

# bounded, so that no text makes matching slow
NUMBER = r"(?:\d{1,7}(?:\.\d{1,4}|点\d(?!\d))?|(?:[零〇一二两俩仨三四五六七八九十百]|点(?=[零〇一二三四五六七八九])){1,9})"

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "俩": 2, "仨": 3, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_RANGE = re.compile(r"([一二两三四五六七八])([二两三四五六七八九])")


def number(said: str) -> float | None:
    """The value of ``said`` (digits or Chinese numerals), or None when it is none.

    Of a range (七八次, 三四十) the larger is taken: the worse reading may raise a level, the milder may not lower it.
    """
    said = said.strip()
    if not said:
        return None
    if re.fullmatch(r"\d+(?:[.点]\d+)?", said):
        return float(said.replace("点", ".")) if len(said) < 16 else None
    whole, point, fraction = said.partition("点")
    value = _whole(whole)
    if value is None:
        return None
    if point:
        digits = [str(_DIGITS[character]) for character in fraction if character in _DIGITS]
        return float(f"{value}.{''.join(digits)}") if digits else None
    return float(value)


def _whole(said: str) -> int | None:
    said = _RANGE.sub(lambda m: m[2] if _DIGITS[m[2]] - _DIGITS[m[1]] == 1 else m[0], said)
    if not said or any(character not in _DIGITS and character not in "十百" for character in said):
        return None
    hundreds, has_hundred, rest = said.rpartition("百")
    total = 0
    if has_hundred:
        if len(hundreds) > 1:
            return None
        total = _DIGITS.get(hundreds, 1) * 100
        if len(rest) == 1 and rest in _DIGITS and rest != "零":
            return total + _DIGITS[rest] * 10  # 一百六 is 160
        rest = rest.lstrip("零〇")
    tens, has_ten, ones = rest.rpartition("十")
    if has_ten:
        if len(tens) > 1 or len(ones) > 1:
            return None
        return total + (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    if not rest:
        return total
    if len(rest) > 3:
        return None
    value = 0
    for character in rest:
        value = value * 10 + _DIGITS[character]
    return total + value
