"""Candidate diseases against final diagnoses: how often a doctor agreed, how often each grade was right, and whether the cases have drifted.

One JSON line a case: ``text`` (what was told) and/or ``values`` (inputs by code, see ``knowledge/candidates``), ``diagnosis`` (ICD-10, the final
one; several as a list; left out while there is none). Matching is at the three-character category.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.clinical.candidates import model, rules
from nlp.clinical.candidates.inputs import known_inputs, of_case
from nlp.clinical.candidates.joined import CATEGORIES
from nlp.clinical.candidates.ranking import of_values
from nlp.clinical.candidates.watched import state_of
from nlp.clinical.case import Case
from nlp.engine import Engine
from nlp.interface.assessment import Facts
from nlp.interface.candidates import Candidates, Grade

from .figures import markdown

SUMMARY = "candidate diseases against final diagnoses, by grade, and drift between two sets of cases"
AGREED = (Grade.CRITERIA_MET, Grade.ONCE_ABOVE, Grade.PROBABLE, Grade.KNOWN, Grade.POSSIBLE)
"""Grades that name the disease to a doctor; the others say that it is unlikely or undecided."""
_STEADY, _MOVED = 0.10, 0.25
"""Usual reading of a population stability index: below 0.10 steady, from 0.25 on another population (Siddiqi, Credit Risk Scorecards, 2006)."""
_LEAST = 0.005
"""Share below which a class counts as this large, so that an empty one does not make the index infinite."""
_CATEGORY = re.compile(r"[A-Z]\d{2}")


@dataclass(frozen=True)
class Labelled:
    """One case: its inputs, and the final diagnoses as categories; empty while there is none."""

    values: dict[str, float]
    categories: frozenset[str]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="cases as JSON lines")
    parser.add_argument("--reference", type=Path, help="earlier cases, to measure drift against")


def run(options: argparse.Namespace) -> str:
    cases = read(options.file)
    without = sum(not case.categories for case in cases)
    parts = [f"Model {model.version()}, {len(cases)} cases, {without} without a final diagnosis.", agreement(cases)]
    if options.reference is not None:
        parts.append(drift(read(options.reference), cases))
    return "\n\n".join(parts)


def read(path: Path) -> list[Labelled]:
    """The cases of a file; ValueError with the line that cannot be read."""
    engine: Engine | None = None
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text = row.get("text", "")
            engine = engine or (Engine() if text else None)
            facts = engine.merge(Facts(), engine.read(text)) if engine and text else Facts()
            found.append(Labelled(of_case(Case(facts)) | _given(row.get("values", {})), _categories(row.get("diagnosis", []))))
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from error
    return found


def _given(values: Mapping[str, Any]) -> dict[str, float]:
    unknown = sorted(values.keys() - known_inputs())
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such input")
    return {code: float(value) for code, value in values.items()}


def _categories(told: str | Sequence[str]) -> frozenset[str]:
    codes = [told] if isinstance(told, str) else list(told)
    wrong = [code for code in codes if not _CATEGORY.match(code)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: no ICD-10 code")
    return frozenset(code[:3] for code in codes)


def agrees(code: str, categories: Iterable[str]) -> bool:
    """Whether one of the final ``categories`` is the disease ``code``."""
    return any(category in CATEGORIES[code] for category in categories)


def agreement(cases: Sequence[Labelled]) -> str:
    """By disease: of those with a final diagnosis who have it, how many had it named; and of each grade, how often it was the final diagnosis."""
    settled = [(of_values(case.values), case.categories) for case in cases if case.categories]
    return "\n\n".join([_named(settled), _graded(settled)])


def _named(settled: Sequence[tuple[Candidates, frozenset[str]]]) -> str:
    lines = []
    for subject in rules.knowledge().subjects:
        with_it = [shown for shown, categories in settled if agrees(subject.code, categories)]
        named = [shown for shown in with_it if any(one.code == subject.code and one.grade in AGREED for one in shown.found)]
        first = [shown for shown in named if shown.found[0].code == subject.code]
        too_much = [
            shown
            for shown, categories in settled
            if not agrees(subject.code, categories) and any(one.code == subject.code and one.grade in AGREED for one in shown.found)
        ]
        lines.append((subject.name, len(with_it), len(named), len(first), len(too_much)))
    return markdown(("disease", "final diagnosis", "named", "named first", "named, not the diagnosis"), lines)


def _graded(settled: Sequence[tuple[Candidates, frozenset[str]]]) -> str:
    shown: Counter[Grade] = Counter()
    right: Counter[Grade] = Counter()
    for candidates, categories in settled:
        for one in candidates.found:
            shown[one.grade] += 1
            right[one.grade] += agrees(one.code, categories)
    lines = [(grade.label, shown[grade], right[grade], f"{right[grade] / shown[grade]:.2f}") for grade in Grade if shown[grade]]
    return markdown(("grade", "shown", "final diagnosis", "share"), lines)


def stability(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """Population stability index of two counts over the same classes: the sum of (q - p) ln(q / p); 0 when they are alike. ValueError when one is
    empty."""
    total, now = sum(before.values()), sum(after.values())
    if not total or not now:
        raise ValueError("no cases to compare")
    shares = [(max(before.get(name, 0) / total, _LEAST), max(after.get(name, 0) / now, _LEAST)) for name in before.keys() | after.keys()]
    return sum((q - p) * math.log(q / p) for p, q in shares)


def drift(before: Sequence[Labelled], after: Sequence[Labelled]) -> str:
    """The inputs that moved most, and the grades of each disease, with their index."""
    moved = {code: stability(_counted(before, code), _counted(after, code)) for code in rules.knowledge().inputs}
    moved |= {f"grades of {code}": value for code, value in _grades_moved(before, after).items()}
    ranked = sorted(moved.items(), key=lambda item: -item[1])
    lines = [(name, f"{index:.3f}", "moved" if index >= _MOVED else "shifting") for name, index in ranked if index >= _STEADY]
    head = f"Drift against {len(before)} earlier cases: {len(lines)} of {len(moved)} figures reach {_STEADY:g}."
    return f"{head}\n\n{markdown(('figure', 'stability index', 'reading'), lines)}" if lines else head


def _counted(cases: Iterable[Labelled], code: str) -> Counter[str]:
    return Counter(state_of(case.values, code) for case in cases)


def _grades_moved(before: Sequence[Labelled], after: Sequence[Labelled]) -> dict[str, float]:
    def counts(cases: Sequence[Labelled]) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = {one.code: Counter() for one in rules.knowledge().subjects}
        for case in cases:
            grades = {one.code: one.grade.value for one in of_values(case.values).found}
            for code, counted in found.items():
                counted[grades.get(code, "not asked about")] += 1
        return found

    earlier, later = counts(before), counts(after)
    return {code: stability(earlier[code], later[code]) for code in earlier}
