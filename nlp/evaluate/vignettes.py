"""Told cases: an automatic patient talks with the engine, and the level and the departments at the end are compared with the file's.

right level       the level is the file's
at or above       the level is the file's or a more urgent one: nobody is sent home who should not be
emergencies found of the critical and emergent (em) those that were given one of these two levels
over-triage       the level is more urgent than the file's
no level          the engine ended without one; counts as below every level

A file of three levels (em, ne, sc) is compared after mapping: critical and emergent are em, urgent and routine ne, self-care sc. A file of five
levels is shown both ways.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tqdm import tqdm

from nlp.clinical.department_labels import codes_of
from nlp.engine import Engine
from nlp.interface.urgency import Urgency

from .figures import markdown, share
from .patient import DAYS, DENIAL, UNKNOWN, Interviewer, Talk, Vignette

SUMMARY = "Told cases: an automatic patient answers from the facts; level, safety, questions, departments."
FIVE = tuple(level.value for level in Urgency)
THREE = ("em", "ne", "sc")
TO_THREE = {"critical": "em", "emergent": "em", "urgent": "ne", "routine": "ne", "self_care": "sc"}
NONE = "none"
_LEVEL_WORDS = {"self-care": "self_care", "selfcare": "self_care", "non_emergency": "ne", "non-emergency": "ne", "emergency": "em"}
_SEXES = {"m": "male", "male": "male", "男": "male", "f": "female", "female": "female", "女": "female"}
_NEEDED = ("id", "urgency_level", "opening_zh", "facts_zh")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--ask-person", action="store_true", help="age and sex do not stand in the record: they are told when asked for")
    parser.add_argument("--deny-rest", action="store_true", help="the patient denies what the facts do not tell, instead of 不清楚")
    parser.add_argument("--wrong", action="store_true", help="list the cases whose level is not the file's, with the engine's reasons")
    parser.add_argument("--talk", metavar="ID", default="", help="print the dialogue of one case instead")


def run(options: argparse.Namespace) -> str:
    """The tables for ``options``. OSError, ValueError where the data do not fit."""
    told = [vignette for path in options.files for vignette in read(path)]
    if options.talk:
        told = [vignette for vignette in told if vignette.id == options.talk]
    if not told:
        raise ValueError(f"no case {options.talk}" if options.talk else "no cases in the files")
    interviewer = Interviewer(Engine(), knows_person=not options.ask_person, denies_the_rest=options.deny_rest)
    talks = [interviewer.talk(vignette) for vignette in tqdm(told, desc="cases", unit="case", disable=len(told) < 2)]
    if options.talk:
        return transcript(talks[0])
    return tables(talks) + (f"\n\n{wrong(talks)}" if options.wrong else "")


def read(path: Path) -> list[Vignette]:
    """The cases of a file. ValueError naming file and line where one cannot be read."""
    found: list[Vignette] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(_vignette(json.loads(line)))
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from error
    names = [vignette.id for vignette in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{path.name}: {', '.join(twice)} more than once")
    levels = {vignette.level for vignette in found}
    if levels & set(THREE) and not levels <= set(THREE):
        raise ValueError(f"{path.name}: levels of two kinds: {', '.join(sorted(levels))}")
    return found


def _vignette(row: Any) -> Vignette:
    if not isinstance(row, dict):
        raise ValueError("not an object")
    if missing := [name for name in _NEEDED if row.get(name) in (None, "")]:
        raise ValueError(f"needs {', '.join(missing)}")
    level = str(row["urgency_level"]).strip().lower()
    level = _LEVEL_WORDS.get(level, level)
    if level not in (*FIVE, *THREE):
        raise ValueError(f"no level {level}")
    age = None if row.get("age") in (None, "") else float(row["age"])
    unit = str(row.get("age_unit") or "y").strip().lower()[:1]
    if unit not in DAYS:
        raise ValueError(f"no age_unit {row['age_unit']}")
    if age is not None and not 0 <= age * DAYS[unit] <= 130 * DAYS["y"]:
        raise ValueError(f"no age {row['age']} {unit}")
    said_sex = str(row.get("sex") or "").strip().lower()
    if said_sex and said_sex not in _SEXES:
        raise ValueError(f"no sex {row['sex']}")
    facts = tuple(piece.strip() for piece in str(row["facts_zh"]).replace(";", "；").split("；") if piece.strip())
    given = row.get("departments_ok") or []
    departments = given if isinstance(given, list) else str(given).replace("；", ",").replace("、", ",").replace(";", ",").split(",")
    return Vignette(
        id=str(row["id"]), level=level, age=age, age_unit=unit, sex=_SEXES.get(said_sex), speaker=str(row.get("speaker") or ""),
        opening=str(row["opening_zh"]), facts=facts, departments=tuple(str(name).strip() for name in departments if str(name).strip()),
    )  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """The level of the file and the engine's, both on the same scale (most urgent first)."""

    expected: str
    given: str
    scale: tuple[str, ...]

    @property
    def difference(self) -> int:
        """0 right, above 0 more urgent than the file, below 0 less; without a level below everything."""
        return self.scale.index(self.expected) - (self.scale.index(self.given) if self.given in self.scale else len(self.scale))


def judged(talks: Sequence[Talk], *, three: bool) -> list[Judged]:
    """What was given and what the file says; of a file with three levels only ``three`` has a meaning."""
    scale = THREE if three else FIVE
    found = []
    for talk in talks:
        level = talk.assessment.level
        given = NONE if level is None else level.value
        expected = talk.vignette.level
        found.append(Judged(TO_THREE.get(expected, expected) if three else expected, TO_THREE.get(given, given) if three else given, scale))
    return found


def measures(talks: Sequence[Talk], *, three: bool) -> list[tuple[str, object]]:
    """The lines of the table for one scale."""
    found = judged(talks, three=three)
    number = len(found)
    emergency = [one for one in judged(talks, three=True) if one.expected == "em"]
    others = [one for one in judged(talks, three=True) if one.expected != "em"]
    lines: list[tuple[str, object]] = [
        ("right level", share(sum(one.difference == 0 for one in found), number)),
        ("at or above", share(sum(one.difference >= 0 for one in found), number)),
        ("emergencies found", share(sum(one.given == "em" for one in emergency), len(emergency))),
        ("over-triage", share(sum(one.difference > 0 for one in found), number)),
        ("no emergency, yet given em", share(sum(one.given == "em" for one in others), len(others))),
        ("no level", share(sum(one.given == NONE for one in found), number)),
    ]
    return [(name, value) for name, value in lines if value is not None]


def tables(talks: Sequence[Talk]) -> str:
    """Everything that is measured, as Markdown."""
    threefold = {talk.vignette.level for talk in talks} <= set(THREE)
    whole = []
    for three in (True,) if threefold else (False, True):
        title = "three levels (em, ne, sc)" if three else "five levels"
        scale = THREE if three else FIVE
        whole.append(markdown((f"{len(talks)} cases, {title}", "value (95 % interval)"), measures(talks, three=three)))
        whole.append(confusion(judged(talks, three=three), scale))
    asked = [talk.questions for talk in talks]
    lines: list[tuple[str, object]] = [("questions, median", f"{median(asked):g}"), ("questions, most", max(asked))]
    answered = [said not in (UNKNOWN, DENIAL) for talk in talks for _, said in talk.turns]
    if answered:
        lines.append(("questions the patient could answer", share(sum(answered), len(answered))))
    with_departments = [talk for talk in talks if talk.vignette.departments]
    for places in (1, 3):
        hits = share(sum(_department_right(talk, places) for talk in with_departments), len(with_departments))
        if hits is not None:
            lines.append((f"department, top-{places}", hits))
    whole.append(markdown(("of the talks", "value (95 % interval)"), lines))
    unknown = sorted({name for talk in talks for name in talk.vignette.departments if not codes_of(name)})
    if unknown:
        whole.append(f"Departments of no list that is known, never right: {', '.join(unknown)}")
    return "\n\n".join(whole)


def confusion(found: Sequence[Judged], scale: tuple[str, ...]) -> str:
    """Rows: the file's level; columns: the level given."""
    columns = (*scale, NONE)
    rows = [
        [expected, *(sum(one.expected == expected and one.given == given for one in found) for given in columns)]
        for expected in scale
        if any(one.expected == expected for one in found)
    ]
    return markdown(("file ↓ given →", *columns), rows)


def _department_right(talk: Talk, places: int) -> bool:
    right = {code for name in talk.vignette.departments for code in codes_of(name)}
    return any(department.code in right for department in talk.assessment.departments[:places])


def wrong(talks: Sequence[Talk]) -> str:
    """A line a case whose level is not the file's, the missed first."""
    threefold = {talk.vignette.level for talk in talks} <= set(THREE)
    found = sorted(zip(judged(talks, three=threefold), talks, strict=True), key=lambda pair: pair[0].difference)
    rows = [
        (talk.vignette.id, one.expected, one.given, talk.questions, " / ".join(f"{reason.rule}: {reason.text}" for reason in talk.assessment.reasons))
        for one, talk in found
        if one.difference
    ]
    return markdown(("case", "file", "given", "questions", "why"), rows)


def transcript(talk: Talk) -> str:
    """The dialogue of one case, with what came of it."""
    lines = [f"{talk.vignette.id}: {talk.vignette.age_said} {talk.vignette.sex or ''} {talk.vignette.speaker}", f"  {talk.vignette.opening}"]
    for question, said in talk.turns:
        lines += [f"? {question.text} [{question.code}]", f"  {said}"]
    level = talk.assessment.level
    lines.append(f"= {level.value if level else NONE} (file: {talk.vignette.level})")
    lines += [f"  {reason.rule}: {reason.text} ({reason.source})" for reason in talk.assessment.reasons]
    lines.append("  " + ", ".join(f"{department.name} {department.probability:.2f}" for department in talk.assessment.departments))
    return "\n".join(lines)
