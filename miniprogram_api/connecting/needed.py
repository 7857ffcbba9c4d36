"""Which templates an account should have, and which values we fill in each: what a template shows beside them would stay empty."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Product = Literal["official", "mini"]

_TABLE = "bot.sending.templates"
_REQUIRED = ("progress", "appointment")
"""Of the Official Account: what nobody gets without them. All others are stood in for, or have another way to people."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A template of ours. ``required``: without it people miss messages; else there is another way to them."""

    name: str
    about: str
    fields: frozenset[str]
    required: bool


_OWN: tuple[Needed, ...] = (
    Needed("progress", "会诊、取药、随访的进展", frozenset({"character_string1", "phrase2", "thing3"}), required=True),
    Needed("appointment", "预约与取消", frozenset({"character_string1", "phrase2", "thing3", "time4"}), required=True),
)


def needed(product: Product, renamed: Mapping[str, Mapping[str, str]]) -> tuple[Needed, ...]:
    """Those of one product. ``renamed``: our name of a template → our field → the account's, as the settings have it."""
    if importlib.util.find_spec(_TABLE) is None:
        return _OWN if product == "official" else ()
    table: dict[str, Any] = importlib.import_module(_TABLE).TEMPLATES
    return tuple(
        Needed(
            one.name, one.title, frozenset(renamed.get(one.name, {}).get(field.name, field.name) for field in getattr(one, product)),
            required=product == "official" and one.name in _REQUIRED,
        )
        for one in table.values()
    )  # fmt: skip
