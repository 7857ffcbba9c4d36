"""The tables of ``knowledge/candidates`` and the plain rule: which rows hold, and what they sum to.

diseases.csv  when a disease is asked about at all (``applies``), what must be known to judge it (``decisive``), how far its evidence is trusted
(``power``)
rules.csv     one row a number or a sentence: ``value`` is a probability (prior) or a likelihood ratio (evidence); see KINDS
coronary.csv  the published table of priors of coronary disease, as percentages
counted.csv   likelihood ratios counted in recorded cases, written by ``nlp.training.candidates``
terms.csv     conditions with a name
sources.toml  what each number rests on, how it was read, and when

Numbers are log-odds in thousandths of a nat, rounded once to whole numbers, so that Python and ONNX agree to the last digit.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .inputs import folder, known_inputs, measures, rows
from .language import ConditionError, Node, leaves, parse

KINDS = ("prior", "evidence", "criterion", "line", "known", "severity", "caution", "missing")
"""prior: the one that holds opens the sum; evidence: added; criterion: the diagnostic criteria are met; line: one value reaches the diagnostic
threshold, to be repeated; known: the person has it already; severity: one point of a severity score; caution, missing: a sentence for the doctor."""
ORIGINS = ("table", "counted", "estimated")
_WITH_VALUE = frozenset(["prior", "evidence"])
_LEAST_PRIOR = 0.005
"""A published 0 % is a rounded one."""
_PLACE = re.compile(r"\{([a-z0-9_]+)\}")
_AGE_UPPER = {30: 40, 40: 50, 50: 60, 60: 70}


class CandidateError(ValueError):
    """The tables do not hold together; one line a fault."""


@dataclass(frozen=True)
class Row:
    """One row. ``weight``: thousandths of a nat, the prior as log-odds, evidence as the logarithm of its likelihood ratio times the power of its
    disease."""

    id: str
    disease: str
    kind: str
    when: Node
    weight: int
    words: str
    origin: str
    source: str


@dataclass(frozen=True)
class Subject:
    """A disease that can be a candidate."""

    code: str
    name: str
    icd10: str
    applies: Node
    decisive: Node
    power: float


@dataclass(frozen=True)
class Knowledge:
    """All tables, checked. ``inputs``: the codes that the conditions name, sorted; the order of the graph's input."""

    subjects: tuple[Subject, ...]
    rows: tuple[Row, ...]
    inputs: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class Outcome:
    """What one case gives, in the order of the tables: whether each disease applies and can be judged, its sum, and which rows hold."""

    applies: tuple[bool, ...]
    decisive: tuple[bool, ...]
    scores: tuple[int, ...]
    holds: tuple[bool, ...]


def thousandths(nats: float) -> int:
    return round(1000 * nats)


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


@cache
def sources() -> dict[str, Any]:
    found = tomllib.loads(folder().joinpath("sources.toml").read_text(encoding="utf-8"))
    return {name: source for name, source in found.items() if isinstance(source, dict)}


@cache
def knowledge() -> Knowledge:
    """The tables of this release; CandidateError with every fault when they do not hold together."""
    return assembled(rows("rules.csv") + list(coronary_rows(rows("coronary.csv"))) + rows("counted.csv"))


def assembled(written: list[dict[str, str]]) -> Knowledge:
    """The knowledge with ``written`` as its rows; diseases, terms and sources are those of the folder."""
    codes, terms = known_inputs(), _terms()
    faults: list[str] = []
    subjects = [_subject(row, terms, codes) for row in rows("diseases.csv")]
    powers = {subject.code: subject.power for subject in subjects}
    found: list[Row] = []
    for row in written:
        wrong = list(_faults(row, powers))
        try:
            when = parse(row["when"], terms, codes)
        except ConditionError as error:
            wrong.append(str(error))
        faults += [f"{row['id']}: {fault}" for fault in wrong]
        if not wrong:
            found.append(Row(row["id"], row["disease"], row["kind"], when, _weight(row, powers), row["words"], row["origin"], row["source"]))
    faults += [f"{name} stands {count} times" for name, count in Counter(row["id"] for row in written).items() if count > 1]
    if faults:
        raise CandidateError("\n".join(faults))
    nodes = [row.when for row in found] + [node for one in subjects for node in (one.applies, one.decisive)]
    named = sorted({leaf.code for node in nodes for leaf in leaves(node)})
    content = json.dumps([written, rows("diseases.csv"), rows("terms.csv")], ensure_ascii=False, sort_keys=True)
    return Knowledge(tuple(subjects), tuple(found), tuple(named), hashlib.sha256(content.encode()).hexdigest())


def outcome(known: Knowledge, values: Mapping[str, float]) -> Outcome:
    """The plain rule: every condition evaluated, the weights of those that hold summed."""
    holds = tuple(row.when.holds(values) for row in known.rows)
    sums = Counter[str]()
    for row, true in zip(known.rows, holds, strict=True):
        sums[row.disease] += row.weight if true else 0
    return Outcome(
        tuple(one.applies.holds(values) for one in known.subjects),
        tuple(one.decisive.holds(values) for one in known.subjects),
        tuple(sums[one.code] for one in known.subjects),
        holds,
    )


def coronary_rows(table: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """The published table of priors as rows: 3 symptom classes x 2 sexes x 5 ages x 3 classes of risk factors."""
    risks = (("risk_0_1", "!risk_2", "0–1"), ("risk_2_3", "risk_2 & !risk_4", "2–3"), ("risk_4_5", "risk_4", "4–5"))
    for row in table:
        points, start = row["symptom_points"], int(row["age_from"])
        end = _AGE_UPPER.get(start)
        man = row["sex"] == "male"
        who = f"{'男' if man else '女'},{start}–{end - 1} 岁" if end else f"{'男' if man else '女'},{start} 岁以上"
        for column, condition, number in risks:
            age = f"age>={start}" + (f" & age<{end}" if end else "")
            yield {
                "id": f"coronary_heart_disease.points_{points}.{row['sex']}.age_{start}.{column}",
                "disease": "coronary_heart_disease",
                "kind": "prior",
                "when": f"angina_{points} & {'male' if man else 'absent(male)'} & {age} & {condition}",
                "value": str(max(float(row[column]) / 100, _LEAST_PRIOR)),
                "words": f"胸痛特征 {'0–1' if points == '1' else points} 分,{who},已知危险因素 {number} 个",
                "origin": "table",
                "source": "ESC2024",
            }


def _terms() -> dict[str, Node]:
    found: dict[str, Node] = {}
    for row in rows("terms.csv"):
        if row["name"] in known_inputs() or row["name"] in found:
            raise CandidateError(f"terms.csv: {row['name']} has a meaning already")
        found[row["name"]] = parse(row["when"], found, known_inputs())
    return found


def _subject(row: Mapping[str, str], terms: Mapping[str, Node], codes: frozenset[str]) -> Subject:
    applies, decisive = (parse(row[column], terms, codes) for column in ("applies", "decisive"))
    return Subject(row["code"], row["name"], row["icd10"], applies, decisive, float(row["power"]))


def _weight(row: Mapping[str, str], powers: Mapping[str, float]) -> int:
    if row["kind"] == "prior":
        return thousandths(log_odds(float(row["value"])))
    return thousandths(powers[row["disease"]] * math.log(float(row["value"]))) if row["kind"] == "evidence" else 0


def _faults(row: Mapping[str, str], powers: Mapping[str, float]) -> Iterator[str]:
    if row["disease"] not in powers or not row["id"].startswith(f"{row['disease']}."):
        yield f"{row['disease']} is no disease of diseases.csv, or the id does not begin with it"
    if row["kind"] not in KINDS:
        yield f"{row['kind']!r} is no kind"
    if row["origin"] not in ORIGINS:
        yield f"{row['origin']!r} is no origin"
    if row["source"] not in sources():
        yield f"{row['source']!r} is no source"
    if not row["words"]:
        yield "it has no words"
    unknown = [name for name in _PLACE.findall(row["words"]) if name not in measures()]
    if unknown:
        yield f"{', '.join(unknown)} in the words is no value"
    if bool(row["value"]) is not (row["kind"] in _WITH_VALUE):
        yield "a prior and evidence have a value, nothing else has"
    elif row["value"] and not _in_range(row["kind"], float(row["value"])):
        yield f"{row['value']} is no {'probability' if row['kind'] == 'prior' else 'likelihood ratio'}"


def _in_range(kind: str, value: float) -> bool:
    return 0 < value < 1 if kind == "prior" else 0.01 <= value <= 100


