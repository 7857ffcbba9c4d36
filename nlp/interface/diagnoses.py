"""Names of diseases with their ICD-10 code, to choose a diagnosis from: those of the knowledge of diseases, three-character categories and finer."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from importlib import resources

from .reading import Value

_APART = re.compile(r"[\s,,、;;()()·]+")


class NamedDisease(Value):
    """``icd10``: WHO ICD-10 code, "I10" or "E11.9"."""

    icd10: str
    name: str


@cache
def named_diseases() -> tuple[NamedDisease, ...]:
    """All of them by code, then by name."""
    folder = resources.files("nlp").joinpath("clinical", "knowledge", "diseases")
    tables = [item for item in folder.iterdir() if item.name.endswith(".csv") and not item.name.endswith(".links.csv")]
    rows = [row for table in tables for row in csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")), strict=True) if "icd10" in row]
    return tuple(sorted((NamedDisease(icd10=row["icd10"], name=row["name"]) for row in rows), key=lambda one: (one.icd10, one.name)))


def searched(words: str, most: int = 20) -> tuple[NamedDisease, ...]:
    """Those that ``words`` may mean, the nearest first: a code from its beginning; a name that begins with the words, holds them, or holds every
    part of them. Nothing for nothing."""
    parts = [part for part in _APART.split(words.strip().lower()) if part]
    if not parts:
        return ()
    whole = "".join(parts)
    nearness = ((_near(one, whole, parts), one) for one in named_diseases())
    found = sorted(((near, len(one.name), one.icd10, one.name, one) for near, one in nearness if near), key=lambda item: item[:4])
    return tuple(item[4] for item in found[:most])


def _near(one: NamedDisease, whole: str, parts: list[str]) -> int:
    """1 for the nearest, 0 for not meant."""
    name, code = one.name.lower(), one.icd10.lower()
    if name == whole or code == whole:
        return 1
    if name.startswith(whole) or (len(whole) >= 2 and code.startswith(whole)):
        return 2
    if whole in name:
        return 3
    return 4 if all(part in name or code.startswith(part) for part in parts) else 0
