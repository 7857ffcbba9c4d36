"""Classes of what goes into the candidates and of what comes out, so coarse that they describe a crowd: what drift is measured from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from nlp.clinical.case import Case
from nlp.clinical.diseases import AGES, age_band
from nlp.interface.candidates import Candidates

from . import rules
from .inputs import measures
from .language import leaves

NOT_KNOWN = "unknown"
_WATCHED = ("temperature", "heart_rate", "respiratory_rate", "spo2", "systolic", "glucose", "glucose_fasting", "wbc", "crp")
"""Values that are told often enough for their distribution to say something."""
_MANY = 6


def states(case: Case, inputs: Mapping[str, float], found: Candidates) -> dict[str, str]:
    """The class of each watched thing, by name (``in.`` what was given, ``out.`` what came of it)."""
    person = case.facts.person
    years = person.age_years
    told = {
        "in.age": NOT_KNOWN if years is None else AGES[age_band(years)],
        "in.sex": person.sex or NOT_KNOWN,
        "in.findings": str(min(len(case.complaints), _MANY)),
        "in.denied": str(min(len(case.absent), _MANY)),
    }
    told |= {f"in.{code}": state_of(inputs, code) for code in _WATCHED}
    first = found.found[0] if found.found else None
    told |= {
        "out.count": str(len(found.found)),
        "out.first": "none" if first is None else first.icd10[:1],
        "out.grade": "none" if first is None else first.grade.value,
        "out.danger": "yes" if any(one.is_danger for one in found.found) else "no",
    }
    return told


def state_of(values: Mapping[str, float], code: str) -> str:
    """The class of one input: unknown, yes, no, or between which two thresholds of the rules a value lies."""
    value = values.get(code)
    if value is None:
        return NOT_KNOWN
    if code not in measures():
        return "yes" if value >= 0.5 else "no"
    return str(sum(value >= bound for bound in bounds()[code]))


@cache
def bounds() -> dict[str, list[float]]:
    """The thresholds of the rules for each value, rising."""
    found: dict[str, set[float]] = {code: set() for code in measures()}
    for row in rules.knowledge().rows:
        for leaf in leaves(row.when):
            if leaf.code in found and leaf.test in (">=", "<"):
                found[leaf.code].add(leaf.number)
    return {code: sorted(thresholds) for code, thresholds in found.items()}
