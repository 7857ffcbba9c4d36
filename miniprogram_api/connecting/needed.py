"""Which templates an account should have, and which values we fill in each: what a template shows beside them would stay empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.sending.templates import TEMPLATES

Product = Literal["official", "mini"]

_REQUIRED = ("progress", "appointment")
"""Of the Official Account: what nobody gets without them. All others are stood in for, or have another way to people."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A template of ours. ``required``: without it people miss messages; else there is another way to them."""

    name: str
    about: str
    fields: frozenset[str]
    required: bool


def needed(product: Product, renamed: Mapping[str, Mapping[str, str]]) -> tuple[Needed, ...]:
    """Those of one product. ``renamed``: our name of a template → our field → the account's, as the settings have it."""
    return tuple(
        Needed(
            one.name, one.title, frozenset(renamed.get(one.name, {}).get(field.name, field.name) for field in getattr(one, product)),
            required=product == "official" and one.name in _REQUIRED,
        )
        for one in TEMPLATES.values()
    )  # fmt: skip
