"""Scopes: does the reader hear what was said, of whom, for how long, how bad, and what was denied?

A label is heard when the reading holds the same thing with the same status of the same person. Terms are compared by what they mean in the lexicon
(equal_terms.txt says which count as one); a narrower finding stands for the broad one that was labelled, never the other way round.
Findings and conditions are counted together, since some things (推迟的月经, 抽搐) may stand in either.

No false alarm: a second reading of words that gave a finding already counted right; what a finding says of another (吃药后好些); general
unwellness; wishes. Duration, course and severity are counted on findings that were heard and not denied; a duration is right within 5 %, and what
a word like 昨天 may mean at most is no duration told.

A red flag is heard when the rules alone call the one text critical or emergent, before any question is answered.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from nlp.clinical import triage
from nlp.clinical.case import Case
from nlp.clinical.knowledge import complaints
from nlp.engine import Engine
from nlp.interface.assessment import Facts
from nlp.interface.reading import Finding, Person, Reading, Status
from nlp.interface.urgency import Urgency, more_severe
from nlp.language.lexicon import lexicon, rows

from .figures import markdown
from .labels import Label, Utterance, meaning, read

SUMMARY = "Scopes on labelled utterances: findings with status, subject, time, severity; numbers; person; red flags missed and false."
_TOLERANCE = 0.05
_ATTRIBUTES = frozenset([
    "radiating_pain", "exertional_worse", "relieved_by_rest", "brief_episode", "lasting_over_10_minutes", "cough_related", "nitrate_no_relief",
    "unwell", "allergen",
])  # fmt: skip
_WISHES = frozenset(
    ["drug_interaction", "drug_dose_question", "drug_pregnancy_question", "diet_question", "certificate", "refer_transfer", "no_condition"]
)
_KIN = frozenset(["father", "mother", "grandfather", "grandmother", "sibling", "spouse", "child", "other_kin", "kin", "in_law", "relative"])
_SAME_PERSON = {"grandfather": "grandparent", "grandmother": "grandparent", "grandchild": "child", "third": "neighbour"}
_EMERGENCY = (Urgency.CRITICAL, Urgency.EMERGENT)
SCOPES = ("present", "absent", "uncertain", "of others", "hours", "course", "severity", "numbers", "relation", "sex", "age_days", "pregnancy_weeks")
"""The rows of the table; the first four divide the findings, each by what the label or, for a false alarm, the reading says."""


@dataclass
class Tally:
    """How often right, missed and falsely alarmed."""

    right: int = 0
    missed: int = 0
    false: int = 0

    def add(self, other: Tally) -> None:
        self.right, self.missed, self.false = self.right + other.right, self.missed + other.missed, self.false + other.false

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (2 * self.right + self.missed + self.false) if self.right + self.missed + self.false else 1.0


@dataclass
class Score:
    """What was right and wrong in one utterance, or in all of them."""

    scopes: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    named: Tally = field(default_factory=Tally)
    """Findings by their name alone: right where the thing was found at all; missed and false are of the whole match."""
    mistakes: list[str] = field(default_factory=list)
    missed_flag: bool = False
    false_flag: bool = False

    @property
    def whole(self) -> Tally:
        return together(self.scopes.values())

    @property
    def findings(self) -> Tally:
        return together(self.scopes[name] for name in SCOPES[:4])

    def count(self, scope: str, what: str, times: int = 1) -> None:
        setattr(self.scopes[scope], what, getattr(self.scopes[scope], what) + times)


def together(parts: Iterable[Tally]) -> Tally:
    """The sum of several tallies."""
    whole = Tally()
    for part in parts:
        whole.add(part)
    return whole


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the table can be told."""
    parser.add_argument("file", type=Path, metavar="FILE", help="JSON lines: id, text, person, findings, conditions, measurements, red_flag")
    parser.add_argument("--kinds", type=Path, metavar="FILE", help="JSON lines that give the kinds by id, where the first file does not")
    parser.add_argument("--no-list", action="store_true", help="print the figures without the list of what was missed")


def run(options: argparse.Namespace) -> str:
    """Measure and print. ValueError where the file does not fit."""
    utterances = read(options.file, options.kinds)
    engine = Engine()
    return report(utterances, [score(utterance, engine) for utterance in utterances], listed=not options.no_list)


def score(utterance: Utterance, engine: Engine) -> Score:
    """Read one utterance and compare."""
    reading = engine.read(utterance.text)
    result = Score()
    _compare_findings(utterance, reading, result)
    _compare_numbers(utterance, reading, result)
    _compare_person(utterance, reading.person, result)
    heard = level(engine, reading) in _EMERGENCY
    result.missed_flag = utterance.red_flag and not heard
    result.false_flag = heard and not utterance.red_flag
    if result.missed_flag or result.false_flag:
        result.mistakes.append("RED FLAG MISSED" if result.missed_flag else f"false red flag: {', '.join(why(engine, reading))}")
    return result


def level(engine: Engine, reading: Reading) -> Urgency | None:
    """The worst that rules, signs and findings say of one text, without the step for dangers that are not yet ruled out."""
    case = Case(engine.merge(Facts(), reading))
    judgement = triage.judge(case)
    if not judgement.unanswered:
        return judgement.level
    levels = [rule.level for rule, _ in judgement.fired] + [sign.level for sign in judgement.signs]
    levels += [own for code in case.complaints if (own := complaints()[code].level) is not None]
    worst = more_severe(levels)
    raised = [triage.raised(worst, modifier.upto) for modifier, _ in judgement.modifiers]
    return more_severe([worst, *raised])


def why(engine: Engine, reading: Reading) -> list[str]:
    """What made an emergency of one text: rules, signs and findings."""
    case = Case(engine.merge(Facts(), reading))
    judgement = triage.judge(case)
    found = [rule.id for rule, _ in judgement.fired if rule.level in _EMERGENCY]
    found += [sign.rule for sign in judgement.signs if sign.level in _EMERGENCY]
    return found + [code for code in case.complaints if complaints()[code].level in _EMERGENCY] + [modifier.id for modifier, _ in judgement.modifiers]


def _same_subject(said: str, read_as: str) -> bool:
    said, read_as = _SAME_PERSON.get(said, said), _SAME_PERSON.get(read_as, read_as)
    return said == read_as or (said == "family" and read_as in _KIN) or {said, read_as} == {"neighbour", "friend"}


def _code(finding: Finding) -> str:
    return finding.code.removeprefix("past_")


def _means(label: Label, finding: Finding) -> bool:
    if finding.code == "no_allergy":
        return label.status is Status.ABSENT and "过敏" in label.term
    wanted = meaning(label.term, label.status is Status.ABSENT)
    return _code(finding) in wanted or (label.status is not Status.ABSENT and bool(wanted & set(lexicon().broader.get(_code(finding), ()))))


def _scope(status: Status, subject: str) -> str:
    return status.value if subject == "patient" else "of others"


def _compare_findings(utterance: Utterance, reading: Reading, result: Score) -> None:
    read_here = [*reading.findings, *reading.conditions]
    right: set[int] = set()
    for number, label in enumerate((*utterance.findings, *utterance.conditions)):
        meant = [at for at, finding in enumerate(read_here) if _means(label, finding)]
        whole = [at for at in meant if _same_subject(label.subject, read_here[at].subject)]
        whole = [at for at in whole if read_here[at].status is label.status or read_here[at].code == "no_allergy"]
        scope = _scope(label.status, label.subject)
        if meant:
            result.named.right += 1
        if not whole:
            result.count(scope, "missed")
            result.named.missed += 1
            nothing = "nothing" if meaning(label.term) else "nothing (no such term in the lexicon)"
            instead = "; ".join(_shown(read_here[at]) for at in meant) or nothing
            result.mistakes.append(f"missed {label.term} {label.status.value} of {label.subject}: read {instead}")
            continue
        result.count(scope, "right")
        right.update(whole)
        if number < len(utterance.findings) and label.status is not Status.ABSENT:
            exact = [at for at in whole if _code(read_here[at]) in meaning(label.term)]
            _compare_attributes(label, [read_here[at] for at in exact or whole], result)
    for at, finding in enumerate(read_here):
        if at not in right and not _excused(finding, [read_here[other] for other in sorted(right)]):
            result.count(_scope(finding.status, finding.subject), "false")
            result.named.false += 1
            result.mistakes.append(f"false {_shown(finding)}")


def _shown(finding: Finding) -> str:
    return f"{finding.term} ({finding.code}) {finding.status.value} of {finding.subject} in 「{finding.span.text}」"


def _excused(finding: Finding, right: Sequence[Finding]) -> bool:
    """Whether nobody would have labelled ``finding``: said above what is no false alarm."""
    if finding.code == "lethargic_child" and finding.status is Status.ABSENT:
        return True  # 精神好 is not labelled
    if finding.code in _ATTRIBUTES or finding.code in _WISHES or finding.code in _talk():
        return True
    alike = [other.span for other in right if other.status is finding.status and other.subject == finding.subject]
    return any(finding.span.start < span.end and span.start < finding.span.end for span in alike)


@cache
def _talk() -> frozenset[str]:
    """What is said about findings or asked for, and is no finding."""
    return frozenset(row["code"] for row in rows("findings.csv") if row["system"] == "talk")


def _compare_attributes(label: Label, heard: Sequence[Finding], result: Score) -> None:
    hours = [finding.duration_hours if finding.duration_words is None or label.hours is not None else None for finding in heard]
    close = label.hours is not None and any(value is not None and abs(value - label.hours) <= _TOLERANCE * label.hours for value in hours)
    _compare_one("hours", label, label.hours, next((value for value in hours if value is not None), None), close, result)
    for scope, said, found in (("course", label.course, [f.course for f in heard]), ("severity", label.severity, [f.severity for f in heard])):
        _compare_one(scope, label, said, next((value for value in found if value is not None), None), said is not None and said in found, result)


def _compare_one(scope: str, label: Label, said: object, found: object, right: bool, result: Score) -> None:
    if said is None and found is None:
        return
    if right:
        result.count(scope, "right")
        return
    result.count(scope, "missed", said is not None)
    result.count(scope, "false", found is not None)
    result.mistakes.append(f"{scope} of {label.term}: {said}, read {found}")


def _compare_numbers(utterance: Utterance, reading: Reading, result: Score) -> None:
    found = {measurement.code: measurement.value for measurement in reading.measurements}
    for code in sorted({*utterance.measurements, *found}):
        said, value = utterance.measurements.get(code), found.get(code)
        if said is not None and value is not None and abs(said - value) < 0.051:
            result.count("numbers", "right")
            continue
        result.count("numbers", "missed", said is not None)
        result.count("numbers", "false", value is not None)
        result.mistakes.append(f"{code}: {said}, read {value}")


def _compare_person(utterance: Utterance, person: Person, result: Score) -> None:
    for scope in SCOPES[8:]:
        said, found = utterance.person.get(scope), getattr(person, scope)
        if said is None and (found is None or (scope == "pregnancy_weeks" and "周" not in utterance.text)):
            continue  # months are counted as weeks for the rules; labels give weeks only where they were said
        if said is not None and found is not None and _same_attribute(scope, said, found):
            result.count(scope, "right")
            continue
        result.count(scope, "missed", said is not None)
        result.count(scope, "false", found is not None)
        result.mistakes.append(f"{scope}: {said}, read {found}")


def _same_attribute(scope: str, said: object, found: object) -> bool:
    if scope == "relation":
        return _same_subject(str(said), str(found))
    if scope == "age_days":
        return abs(float(str(said)) - float(str(found))) <= max(2.0, 0.02 * float(str(said)))
    return said == found


def report(utterances: Sequence[Utterance], scores: Sequence[Score], *, listed: bool) -> str:
    """Every table, and the list of mistakes."""
    total = _sum(scores)
    flags = sum(utterance.red_flag for utterance in utterances)
    missed, false = sum(one.missed_flag for one in scores), sum(one.false_flag for one in scores)
    kinds: dict[str, list[Score]] = defaultdict(list)
    for utterance, one in zip(utterances, scores, strict=True):
        kinds[utterance.kinds[0]].append(one)
    near = [one for utterance, one in zip(utterances, scores, strict=True) if "near" in utterance.kinds]
    head = ["", "right", "missed", "false", "precision", "recall", "F1"]
    scoped = [_row(name, total.scopes[name]) for name in SCOPES]
    whole = [_row("findings with status and person", total.findings), _row("everything", total.whole)]
    by_kind = [[name, len(group), *_row("", _sum(group).findings)[1:], *_row("", _sum(group).whole)[6:]] for name, group in sorted(kinds.items())]
    heard = total.named.right
    right_scope = total.findings.right / heard if heard else 1.0
    lines = [
        f"{len(utterances)} utterances", "",
        markdown(head, scoped + whole), "",
        f"found by name {heard} of {total.findings.right + total.findings.missed}; of these with the right status and person {right_scope:.3f}",
        f"red flags missed {missed} of {flags}; false red flags {false} of {len(utterances) - flags} ({false / max(len(utterances) - flags, 1):.1%})"
        + (f", of {len(near)} near misses {sum(one.false_flag for one in near)}" if near else ""), "",
        markdown(["kind", "utterances", *head[1:], "F1 of everything"], by_kind),
    ]  # fmt: skip
    if listed:
        wrong = [(u, one) for u, one in zip(utterances, scores, strict=True) if one.mistakes]
        lines += ["", f"wrong somewhere: {len(wrong)}"]
        lines += [line for u, one in wrong for line in ("", f"{u.id} {u.text}", *(f"  - {mistake}" for mistake in one.mistakes))]
    return "\n".join(lines)


def _sum(scores: Iterable[Score]) -> Score:
    whole = Score()
    for one in scores:
        whole.named.add(one.named)
        for scope, tally in one.scopes.items():
            whole.scopes[scope].add(tally)
    return whole


def _row(name: str, tally: Tally) -> list[object]:
    return [name, tally.right, tally.missed, tally.false, f"{tally.precision:.3f}", f"{tally.recall:.3f}", f"{tally.f1:.3f}"]
