"""The one list for doctors: the five entries with cited numbers and values (``ranking``) and the diseases with coarse grades (``graded``), joined.

An entry of the five takes the place of the disease of the same code: its grade and its points come from cited numbers, what must be ruled out and
what a township centre can check stay those of the disease. Neither half has real cases of a county behind it, so that the list is told in words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache

from nlp.clinical.case import Case
from nlp.clinical.diseases import diseases
from nlp.interface.assessment import Facts
from nlp.interface.candidates import MOST, Basis, Candidate, Candidates, Grade
from nlp.interface.reading import Measurement, Span
from nlp.language.measures import UNITS

from . import graded, model, rules
from .inputs import ImplausibleValue, measures, of_case
from .ranking import of_values
from .watched import states

_RELEASE = "1"
_AT_LEAST = {Grade.CRITERIA_MET: 1.1, Grade.PROBABLE: 1.05, Grade.POSSIBLE: 0.3}
_AT_MOST = {Grade.UNLIKELY: 0.1, Grade.VERY_UNLIKELY: 0.01}
_FIXED = {Grade.ONCE_ABOVE: 0.6, Grade.KNOWN: 0.05}
"""Where a grade from cited numbers stands beside how likely the coarse grades find a disease (1 for their first): criteria that are met and what is
probable come first, one value at the line comes after the leading cause of the complaint, what is known already says little of today, and what cited
numbers find unlikely is not kept up by coarse grades. Estimates of ours; they order and nothing else."""
CATEGORIES = {
    "hypertension": ("I10", "I11", "I12", "I13", "I15"),
    "diabetes_type2": ("E11", "E14"),
    "pneumonia": ("J12", "J13", "J14", "J15", "J16", "J18"),
    "pneumonia_child": ("J12", "J13", "J14", "J15", "J16", "J18"),
    "coronary_heart_disease": ("I20", "I21", "I22", "I24", "I25"),
}
"""Categories of ICD-10 (WHO 2019) that count as one of the five: a diagnosis is often written one category beside its neighbour."""
_NOWHERE = Span(start=0, end=0, text="")


def candidates(case: Case, values: Mapping[str, float] | None = None, examined: Mapping[str, bool] | None = None) -> Candidates:
    """At most five, ranked. ``values`` and ``examined`` as for :func:`nlp.clinical.candidates.ranking.ranked`; what cannot be is left out."""
    return _of(case, _believed(case, values or {}, examined or {}))


def worked_out(facts: Facts, values: Mapping[str, float], examined: Mapping[str, bool]) -> tuple[Candidates, dict[str, str]]:
    """The list, and the classes of inputs and outputs for watching drift."""
    case = with_values(Case(facts), values)
    inputs = _believed(case, values, examined)
    found = _of(case, inputs)
    return found, states(case, inputs, found)


def with_values(case: Case, values: Mapping[str, float]) -> Case:
    """The case with what was measured later in place of what was told, so that both halves see it."""
    possible = {code: value for code, value in values.items() if code in UNITS and code in measures() and _can_be(code, value)}
    if not possible:
        return case
    later = tuple(Measurement(code=code, value=value, unit=UNITS[code], span=_NOWHERE) for code, value in possible.items())
    kept = tuple(one for one in case.facts.measurements if one.code not in possible)
    return Case(case.facts.model_copy(update={"measurements": (*kept, *later)}))


def _can_be(code: str, value: float) -> bool:
    return measures()[code].low <= value <= measures()[code].high


def _believed(case: Case, values: Mapping[str, float], examined: Mapping[str, bool]) -> dict[str, float]:
    """The inputs; a value or a sign that cannot be is left out by itself."""
    found = of_case(case)
    for code, value in values.items():
        try:
            found |= of_case(Case(Facts()), {code: value})
        except ImplausibleValue:
            continue
    for code, there in examined.items():
        try:
            found |= of_case(Case(Facts()), None, {code: there})
        except ImplausibleValue:
            continue
    return found | {"is_child": float(case.is_child)}


def _of(case: Case, inputs: Mapping[str, float]) -> Candidates:
    cited = {one.code: one for one in of_values(inputs).found}
    broad = {one.candidate.code: one for one in graded.graded(case)}
    settled = {code for code, one in cited.items() if one.grade in _AT_MOST or one.grade in _FIXED}
    first = max((one.relative for code, one in broad.items() if code not in settled), default=1.0)
    placed: list[tuple[float, bool, str, Candidate]] = []
    for code in {**broad, **cited}:
        own, other = cited.get(code), broad.get(code)
        relative = 0.0 if other is None else min(1.0, other.relative / first)
        weight = relative if own is None else _weight(own.grade, relative)
        if own is not None and weight < graded.LEAST:
            continue
        if own is None:
            candidate, grade = broad[code].candidate, graded.called(relative)
            candidate = candidate if candidate.grade is grade else candidate.model_copy(update={"grade": grade})
        else:
            candidate = _enriched(own if own.grade is not Grade.UNDECIDED else own.model_copy(update={"grade": graded.called(relative)}))
        placed.append((-weight, own is None, code, candidate))
    ordered = [one for *_, one in sorted(placed, key=lambda item: item[:3])]
    kept = _with_danger(ordered)
    return Candidates(
        model=version(),
        digest=digest(),
        inputs=_digest_of(case, inputs),
        found=tuple(one if one.rank == rank else one.model_copy(update={"rank": rank}) for rank, one in enumerate(kept, 1)),
    )


def _weight(grade: Grade, relative: float) -> float:
    """Where the entry stands; 0 where cited numbers cannot judge and the coarse grades do not think of it."""
    if grade in _FIXED:
        return _FIXED[grade]
    if grade in _AT_MOST:
        return min(relative, _AT_MOST[grade])
    return max(relative, _AT_LEAST.get(grade, 0.0))


def _enriched(cited: Candidate) -> Candidate:
    """The entry of the five with what the knowledge of diseases adds to it."""
    disease = diseases().get(cited.code)
    own = {"basis": Basis.CITED, "categories": CATEGORIES.get(cited.code, (cited.icd10[:3],))}
    if disease is None:
        return cited.model_copy(update=own)
    known = {"urgency": disease.urgency, "rule_out": graded.ruled_out_before(disease), "checks": disease.checks}
    return cited.model_copy(update={**own, **known})


def _with_danger(ordered: list[Candidate]) -> list[Candidate]:
    kept = ordered[:MOST]
    if not any(one.is_danger for one in kept):  # the likeliest danger is not left out for one more harmless thing
        danger = next((one for one in ordered[MOST:] if one.is_danger), None)
        kept = kept if danger is None else [*kept[: MOST - 1], danger]
    return kept


@cache
def version() -> str:
    """Name and version of both halves and of how they are joined."""
    return f"{model.version()} {graded.version()} joined-{_RELEASE}"


@cache
def digest() -> str:
    """SHA-256 over the tables of both halves and the release of the joining."""
    return hashlib.sha256(f"{rules.knowledge().digest} {graded.digest()} {_RELEASE}".encode()).hexdigest()


def _digest_of(case: Case, inputs: Mapping[str, float]) -> str:
    said = sorted({*case.present} | {f"no {code}" for code in case.absent})
    person = case.facts.person.model_dump(mode="json", include={"age_days", "sex", "pregnant"})
    content = json.dumps([dict(sorted(inputs.items())), said, person], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
