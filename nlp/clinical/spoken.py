"""How the same sentence is said to a child that writes itself, and to an old person who speaks for himself."""

from __future__ import annotations

import re
from functools import cache

from nlp.interface.reading import Person

from .knowledge import table


def to_child(text: str) -> str:
    """``text`` that was written for a child's mother, or for a grown-up, said to the child."""
    return _instead(text, "to_child")


def to_elder(text: str) -> str:
    """``text`` of a question or of a choice in the everyday words of an old villager; a question that begins with 您 calls him 您老, once."""
    return _address().sub(r"\1您老", _instead(text, "to_elder"))


def put_to(text: str, person: Person) -> str:
    """``text`` of a question or of a choice as it is put to who speaks of ``person``."""
    if person.child_speaking:
        return to_child(text)
    return to_elder(text) if person.elder_speaking else text


def _instead(text: str, name: str) -> str:
    for said, instead in table("questions.toml")[name].items():
        text = text.replace(said, instead)
    return text


@cache
def _address() -> re.Pattern[str]:
    """您 that begins a question, or one that is asked once more (再问一次:您…)."""
    before = "|".join(map(re.escape, table("questions.toml")["elder_address"]))
    return re.compile(f"^([^您]*再问一次[:：])?您(?={before})")
