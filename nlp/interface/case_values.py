"""Values and signs that a doctor can add to a case for the candidate diseases: one table, read by the engine and by the forms."""

from __future__ import annotations

import csv
import io
import math
from functools import cache
from importlib import resources

from .reading import Value

DERIVED = frozenset(["age"])
"""Stands in the table for the rules; it comes from the person's record, nobody types it."""


class CaseValue(Value):
    """A number that can be given: ``low`` to ``high`` is what a person can have; what lies outside is not believed."""

    code: str
    label: str
    unit: str
    low: float
    high: float

    def is_possible(self, value: float) -> bool:
        return math.isfinite(value) and self.low <= value <= self.high


def _rows(name: str) -> list[dict[str, str]]:
    file = resources.files("nlp").joinpath("clinical", "knowledge", "candidates", name)
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")), strict=True))


@cache
def case_values() -> dict[str, CaseValue]:
    """Every value by code, in the order of the table."""
    return {
        row["code"]: CaseValue(code=row["code"], label=row["label"], unit=row["unit"], low=float(row["low"]), high=float(row["high"]))
        for row in _rows("values.csv")
    }


@cache
def case_signs() -> dict[str, str]:
    """What a doctor looks for: code and term."""
    return {row["code"]: row["term"] for row in _rows("signs.csv")}
