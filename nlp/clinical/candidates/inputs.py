"""What the rules may ask for, and how a case fills it. Every input is one number: a value in its unit, or 1 for yes and 0 for no; what is not
known is left out and never taken as no."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from nlp.clinical.case import Case
from nlp.interface.reading import Status
from nlp.language.lexicon import lexicon

PERSON = {"age": "年龄", "male": "男性", "pregnant": "怀孕", "is_child": "儿童"}
_FAMILY = frozenset(["father", "mother", "brother", "sister", "parents", "sibling"])
_CORONARY = frozenset(["coronary_disease", "mi_history", "stent_bypass", "angina_history"])
_FASTING = "空腹"


@dataclass(frozen=True)
class Measure:
    """A value that can be given: ``low`` to ``high`` is what a person can have; what lies outside is not believed."""

    code: str
    label: str
    unit: str
    low: float
    high: float


def folder() -> Traversable:
    return resources.files("nlp.clinical").joinpath("knowledge", "candidates")


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one table of the folder."""
    return table(folder().joinpath(name))


def table(file: Traversable) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")), strict=True))


@cache
def measures() -> dict[str, Measure]:
    return {row["code"]: Measure(row["code"], row["label"], row["unit"], float(row["low"]), float(row["high"])) for row in rows("values.csv")}


@cache
def signs() -> dict[str, str]:
    """What a doctor finds or is told and the lexicon has no code for: code and term."""
    return {row["code"]: row["term"] for row in rows("signs.csv")}


@cache
def known_inputs() -> frozenset[str]:
    """Every code that a condition may name."""
    return frozenset(lexicon().terms) | measures().keys() | signs().keys() | PERSON.keys()


class ImplausibleValue(ValueError):
    """A value nobody can have, or a code that is none; the message names it and says what is possible."""


def of_case(case: Case, laboratory: Mapping[str, float] | None = None, examined: Mapping[str, bool] | None = None) -> dict[str, float]:
    """The inputs of a case; what was told with doubt counts as unknown here, where nothing is raised for safety's sake. ``laboratory`` adds or
    replaces values by the codes of values.csv in their units; ``examined`` what a doctor found (codes of signs.csv or of the lexicon; False:
    looked for and not there). ImplausibleValue for what cannot be."""
    found = _person(case)
    found |= dict.fromkeys(case.absent, 0.0)
    found |= {code: 1.0 for code, finding in case.present.items() if finding.status is Status.PRESENT}
    found |= _family(case)
    for measurement in case.facts.measurements:
        code = _when(measurement.span.text) if measurement.code == "glucose" else measurement.code
        if code in measures():
            found[code] = measurement.value
    for code, value in (laboratory or {}).items():
        found[code] = _believed(code, value)
    for code, there in (examined or {}).items():
        if code not in known_inputs() or code in measures():
            raise ImplausibleValue(f"{code}: 没有这个体征")
        found[code] = float(there)
    return found


def _person(case: Case) -> dict[str, float]:
    person = case.facts.person
    found = {"is_child": float(case.is_child)}
    if person.age_years is not None:
        found["age"] = person.age_years
    if person.sex is not None:
        found["male"] = float(person.sex == "male")
    if person.pregnant is not None:
        found["pregnant"] = float(person.pregnant)
    return found


def _family(case: Case) -> dict[str, float]:
    """Coronary disease told of a first-degree relative; at what age it came is not asked here, so that it may count too readily."""
    told = (one for one in (*case.facts.conditions, *case.facts.findings) if one.subject in _FAMILY and one.status is Status.PRESENT)
    return {"family_coronary": 1.0} if any(one.code in _CORONARY for one in told) else {}


def _when(words: str) -> str:
    """Which glucose it is, by the words around the number; without a word it counts as taken at any time."""
    return "glucose_fasting" if _FASTING in words else "glucose"


def _believed(code: str, value: float) -> float:
    measure = measures().get(code)
    if measure is None:
        raise ImplausibleValue(f"{code}: 没有这个项目")
    if not math.isfinite(value) or not measure.low <= value <= measure.high:
        raise ImplausibleValue(f"{measure.label} {value:g} 不可能,应在 {measure.low:g}–{measure.high:g} {measure.unit}")
    return value


def filled(values: Mapping[str, float], order: Iterable[str]) -> list[float]:
    """The inputs in ``order`` as numbers, NaN where unknown: one row for the graph."""
    return [values.get(code, math.nan) for code in order]
