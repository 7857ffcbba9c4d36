"""Which templates an account must have, and which values we fill in each: what a template shows beside them would stay empty."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needed:
    """A template of ours. ``required``: without it people miss messages; else there is another way to them."""

    name: str
    about: str
    fields: frozenset[str]
    required: bool = True


OFFICIAL_ACCOUNT: tuple[Needed, ...] = (
    Needed("progress", "会诊、取药、随访的进展", frozenset({"character_string1", "phrase2", "thing3"})),
    Needed("appointment", "预约与取消", frozenset({"character_string1", "phrase2", "thing3", "time4"})),
)
MINI_PROGRAM: tuple[Needed, ...] = ()
