"""Value rules of template and subscription messages, by the prefix of a value's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.channels.api.errors import ValueRefused

_NAME = re.compile(r"([a-z_]+?)\d*", re.ASCII)
_CHINESE = re.compile(r"[\u3400-\u9fff\u00b7]+")
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DAY = r"\d{4}(?:年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2})"
_MOMENT = rf"(?:{_DAY}(?: ?{_CLOCK})?|{_CLOCK})"
_TIME = re.compile(rf"{_MOMENT}(?: ?~ ?{_MOMENT})?")
_DATE = re.compile(rf"{_DAY}(?: ?{_CLOCK})?(?: ?~ ?{_MOMENT})?")
_PLATE = re.compile(r"[\u4e00-\u9fff]?[A-Z][0-9A-Z]{5,6}[\u4e00-\u9fff]?")


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _name(value: str) -> bool:
    if _CHINESE.fullmatch(value):
        return len(value) <= 10
    return len(value) <= 20 and not any(letter.isdigit() for letter in value) and not _CHINESE.search(value)


_RULES: dict[str, Callable[[str], bool]] = {
    "thing": lambda value: len(value) <= 20,
    "number": _matches(r"-?\d{1,32}(?:\.\d+)?"),
    "letter": _matches(r"[A-Za-z]{1,32}"),
    "symbol": _matches(r"[^0-9A-Za-z\s]{1,5}"),
    "character_string": _matches(r"[\x21-\x7e]{1,32}"),
    "time": lambda value: _TIME.fullmatch(value) is not None,
    "date": lambda value: _DATE.fullmatch(value) is not None,
    "amount": lambda value: re.fullmatch(r"[\u00a5\uffe5$€£]?\d{1,10}(?:\.\d{1,2})?元?", value) is not None,
    "phone_number": _matches(r"[0-9+\-*()]{1,17}"),
    "car_number": lambda value: len(value) <= 8 and _PLATE.fullmatch(value) is not None,
    "name": _name,
    "phrase": lambda value: len(value) <= 5 and _CHINESE.fullmatch(value) is not None,
    "enum": lambda value: len(value) <= 20,
    "const": lambda value: len(value) <= 20,
}


def fitting_values(data: Mapping[str, str], call: str) -> dict[str, dict[str, str]]:
    """The `data` of a message: `thing` is cut to its 20 characters, anything else that breaks its rule is refused.

    ValueRefused(field) names the value; the value itself is in no message. An unknown prefix is left to the platform.
    """
    fitted: dict[str, dict[str, str]] = {}
    for field, value in data.items():
        prefix = _NAME.fullmatch(field)
        if prefix is None or not value.strip():
            raise ValueRefused(call, 47003, field)
        text = " ".join(value.split())
        if prefix.group(1) == "thing" and len(text) > 20:
            text = text[:19] + "…"
        rule = _RULES.get(prefix.group(1))
        if rule is not None and not rule(text):
            raise ValueRefused(call, 47003, field)
        fitted[field] = {"value": text}
    return fitted
