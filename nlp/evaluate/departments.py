"""How often the department is right.

A label of another list counts as right for each of our departments that it may mean (妇产科: 妇科, 产科). ``also`` in a row names departments
that are right as well; they are counted apart. A file whose labels are all names of the internal-medicine collection is read with its model.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.clinical import department_model
from nlp.clinical.department_labels import codes_of
from nlp.engine import Engine
from nlp.interface.assessment import Department, Facts
from nlp.interface.departments import department

from .figures import RESAMPLES, Figure, calibration_error, markdown, mean

SUMMARY = "Department on JSON lines: ask or text, department, optional age; also .gz, several files count as one."
EMERGENCY, GENERAL = "20", "02"
CHILDREN = frozenset(["07", "08"])
ENOUGH = 30
"""Classes with fewer rows are left out of the macro-F1 that the goals speak of."""
SEED = 7
_DAYS = 365.25


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--folds", type=int, default=0, help="internal medicine: train anew on all parts of the files but one (needs scikit-learn)")
    parser.add_argument("--whole-list", action="store_true", help="answer with the county's list even where every label is of internal medicine")


def run(options: argparse.Namespace) -> str:
    rows = read(options.files)
    if not rows:
        raise ValueError("no rows in the files")
    if options.folds:
        return table({f"{options.folds} folds, words alone": folded(rows, options.folds)})
    yardstick = department_model.text_model(department_model.INTERNAL_MEDICINE)
    if not options.whole_list and {row.label for row in rows} <= set(yardstick.labels):
        return table({f"{yardstick.version}, words alone": judged_by_model(rows, yardstick)})
    engine = Engine()
    told = judged_by_engine(rows, lambda row: by_engine(row, engine))
    specialty = without_door(told)
    columns = {"as a patient is told": told, "the specialty: the same without the emergency door": specialty}
    if not any(CHILDREN & set(codes_of(row.label)) for row in rows) and (grown := of_no_child(specialty)) and len(grown) < len(rows):
        columns[f"the specialty, the {len(grown)} where nobody was taken for a child"] = grown
    text = table(columns)
    unknown = sorted({row.label for row in rows if not codes_of(row.label)})
    return text + (f"\n\nLabels of no list that is known, always wrong: {', '.join(unknown)}" if unknown else "")


@dataclass(frozen=True)
class Row:
    text: str
    label: str
    also: tuple[str, ...] = ()
    age: float | None = None
    title: str = ""


@dataclass(frozen=True)
class Judged:
    """One row with what was answered, best first. ``right``: the names of that list that count."""

    label: str
    right: frozenset[str]
    also: frozenset[str]
    answers: tuple[tuple[str, float], ...]

    @property
    def best(self) -> str:
        """The answer as the file's label where it means that."""
        if not self.answers:
            return ""
        return self.label if self.answers[0][0] in self.right else self.answers[0][0]

    def within(self, places: int) -> bool:
        return any(name in self.right for name, _ in self.answers[:places])


def _lines(path: Path) -> list[str]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    return [line for line in text.split("\n") if line.strip()]


def read(paths: list[Path]) -> list[Row]:
    """The rows of the files. ValueError naming file and line where one cannot be read."""
    rows = []
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            try:
                row = json.loads(line)
                text, label = row.get("ask") or row["text"], row["department"]
                age = None if row.get("age") is None else float(row["age"])
                rows.append(Row(str(text), str(label), tuple(row.get("also", ())), age, str(row.get("title", ""))))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{path.name}, line {number}: needs ask or text, and department ({error})") from error
    return rows


def by_engine(row: Row, engine: Engine) -> tuple[Department, ...]:
    """What a patient who wrote this is told."""
    facts = engine.merge(Facts(), engine.read(row.text))
    if row.age is not None:
        facts = facts.model_copy(update={"person": facts.person.model_copy(update={"age_days": round(row.age * _DAYS)})})
    return engine.assess(facts).departments


def judged_by_engine(rows: list[Row], answer: Callable[[Row], tuple[Department, ...]]) -> list[Judged]:
    found = []
    for row in rows:
        also = frozenset(code for name in row.also for code in codes_of(name))
        answers = tuple((one.code, one.probability) for one in answer(row))
        found.append(Judged(row.label, frozenset(codes_of(row.label)), also, answers))
    return found


def judged_by_model(rows: list[Row], model: department_model.TextModel) -> list[Judged]:
    """By the words alone, in the model's own names."""
    found = []
    for row in rows:
        ranked = sorted(model.probabilities(row.text).items(), key=lambda item: (-item[1], item[0]))
        found.append(Judged(row.label, frozenset([row.label]), frozenset(), tuple(ranked[:3])))
    return found


def without_door(judged: list[Judged]) -> list[Judged]:
    """The same, with the emergency door that danger opens left aside: lists of other houses know no such department. The rest is shared out anew."""
    found = []
    for one in judged:
        door = sum(share for name, share in one.answers if name == EMERGENCY)
        if door == 0 or EMERGENCY in one.right or len(one.answers) == 1:
            found.append(one)
            continue
        rest = tuple((name, min(1.0, share / (1 - door))) for name, share in one.answers if name != EMERGENCY)
        found.append(Judged(one.label, one.right, one.also, rest))
    return found


def of_no_child(judged: list[Judged]) -> list[Judged]:
    """Those not sent to a children's department, for lists of a house that has none: there the rule for children is wrong whatever it does."""
    return [one for one in judged if not one.answers or one.answers[0][0] not in CHILDREN]


def macro_f1(judged: list[Judged], classes: frozenset[str]) -> float:
    """Mean F1 over those of ``classes`` that have a row."""
    truth, said = Counter(one.label for one in judged), Counter(one.best for one in judged)
    hits = Counter(one.label for one in judged if one.best == one.label)
    scores = [2 * hits[label] / (truth[label] + said[label]) for label in sorted(classes) if truth[label]]
    return sum(scores) / len(scores) if scores else float("nan")


def calibration(judged: list[Judged]) -> float:
    """Expected calibration error of the first answer; rows without one do not count."""
    answered = [one for one in judged if one.answers]
    sure, right = (np.array(column, dtype=np.float64) for column in zip(*((one.answers[0][1], one.within(1)) for one in answered), strict=True))
    return calibration_error(sure, right)


def resampled(judged: list[Judged], measure: Callable[[list[Judged]], float]) -> Figure:
    """``measure`` with its percentile bootstrap over rows."""
    drawn: NDArray[np.int64] = np.random.default_rng(SEED).integers(0, len(judged), (RESAMPLES // 4, len(judged)))
    low, high = np.nanquantile([measure([judged[index] for index in line]) for line in drawn], [0.025, 0.975])
    return Figure(measure(judged), float(low), float(high))


def folded(rows: list[Row], folds: int) -> list[Judged]:
    """Trained on all folds but one, judged on that one, in turn; titles are learned from, never judged."""
    from sklearn.model_selection import StratifiedKFold

    from nlp.training.departments import internal
    from nlp.training.linear import counted_texts
    from nlp.training.sources import Question

    found: list[Judged] = []
    labels = [row.label for row in rows]
    for learned, held in StratifiedKFold(folds, shuffle=True, random_state=SEED).split(labels, labels):
        model = internal([Question(rows[index].title, rows[index].text, rows[index].label) for index in learned])
        shares: Any = model.probabilities(counted_texts([rows[index].text for index in held]))
        for index, line in zip(held, shares, strict=True):
            ranked = sorted(zip(model.labels, line.tolist(), strict=True), key=lambda item: (-item[1], item[0]))
            found.append(Judged(rows[index].label, frozenset([rows[index].label]), frozenset(), tuple(ranked[:3])))
    return found


def table(columns: dict[str, list[Judged]]) -> str:
    """A table with a column for each way to judge the same rows, and below what goes wrong most often."""
    first = next(iter(columns.values()))
    lines: list[list[object]] = [
        [f"top-{places}", *(mean(np.array([one.within(places) for one in judged], dtype=np.float64)) for judged in columns.values())]
        for places in (1, 3)
    ]
    if any(one.also for one in first):
        lines.append(["top-1, counting what is right as well", *(f"{_right_as_well(judged):.3f}" for judged in columns.values())])
    large, every = _large(first), _large(first, 1)
    if large:
        spread = (resampled(judged, lambda some: macro_f1(some, large)) for judged in columns.values())
        lines.append([f"macro-F1, classes of {ENOUGH} rows or more", *spread])
    lines.append(["macro-F1, all classes", *(f"{macro_f1(judged, every):.3f}" for judged in columns.values())])
    lines.append(["calibration error (ECE)", *(f"{calibration(judged):.3f}" for judged in columns.values())])
    lines.append(["nothing named, or 全科 where it is another", *(f"{sum(map(_unsure, judged)) / len(judged):.3f}" for judged in columns.values())])
    head = [f"{len(first)} rows, {len({one.label for one in first})} labels", *columns]
    mistaken = Counter((one.label, one.best) for one in list(columns.values())[:2][-1] if one.best != one.label)
    often = "; ".join(f"{label} → {_name(best)} {count}" for (label, best), count in mistaken.most_common(10))
    return f"{markdown(head, lines)}\n\nMost often: {often or 'no mistake'}"


def _large(judged: list[Judged], least: int = ENOUGH) -> frozenset[str]:
    return frozenset(label for label, count in Counter(one.label for one in judged).items() if count >= least)


def _right_as_well(judged: list[Judged]) -> float:
    return sum(bool(one.answers) and one.answers[0][0] in one.right | one.also for one in judged) / len(judged)


def _unsure(one: Judged) -> bool:
    return not one.answers or (one.answers[0][0] == GENERAL and GENERAL not in one.right)


def _name(answer: str) -> str:
    try:
        return department(answer).name
    except KeyError:
        return answer or "nothing"
