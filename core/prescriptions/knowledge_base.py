"""The rules of prescription safety as they stand in ``knowledge/``, read once, with the digest that a clinician signs."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from core.prescriptions import drugs
from core.prescriptions.items import Action
from nlp.interface.engine import RuleSet

FOLDER = Path(__file__).parent / "knowledge"
MEASURES = {"systolic": "收缩压", "heart_rate": "心率", "egfr": "eGFR", "potassium": "血钾"}
MARKS = {"seen", "gk"}
FLEETING = {*MEASURES, "creatinine", "weight_kg", "pregnancy", "guardian_present"}
"""The facts that do not last: each has its age in the table."""


@dataclass(frozen=True, slots=True)
class Source:
    title: str
    edition: str
    grade: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The common part: what it is called, what it does, where it comes from."""

    id: str
    action: Action
    harm: str
    advice: str
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Escalation:
    """What of the patient makes a warning of two drugs a block: any one of these. With a source of its own where the pair's does not say so."""

    rule: Rule
    from_years: int | None
    sex: str
    conditions: frozenset[str]
    measure: str
    below: Decimal | None

    def holds(self, value: Decimal) -> bool:
        return self.below is not None and value < self.below


@dataclass(frozen=True, slots=True)
class Interaction:
    rule: Rule
    a: frozenset[str]
    b: frozenset[str]
    escalate: Escalation | None


@dataclass(frozen=True, slots=True)
class Caution:
    """One drug and one thing about the patient. Which fields count depends on the table it stands in."""

    rule: Rule
    drugs: frozenset[str]
    below_years: int | None = None
    from_years: int | None = None
    measure: str = ""
    below: Decimal | None = None
    at_least: Decimal | None = None
    conditions: frozenset[str] = frozenset()
    unless_conditions: frozenset[str] = frozenset()
    over_days: int | None = None
    allergy: frozenset[str] = frozenset()

    def holds(self, value: Decimal) -> bool:
        """Whether a measured value lies in the band."""
        return (self.below is None or value < self.below) and (self.at_least is None or value >= self.at_least)


@dataclass(frozen=True, slots=True)
class FactAge:
    """For how many days a fact recorded before the consultation counts; ``danger_stays``: longer, where it speaks against a drug."""

    days: int
    below_years: int | None
    child_days: int | None
    danger_stays: bool
    why: str
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Dose:
    """A single emergency dose. ``contraindications``: code and words, all to be ruled out by name; ``watch``: to be read, no reason against it."""

    code: str
    drug: str
    amount: Decimal
    directions: str
    when: str
    watch: str
    contraindications: dict[str, str]
    refused_measure: str
    refused_below: Decimal | None
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers that belong to no single drug; years and days, ``child_tolerance`` a factor. ``sources``: by the table of the file."""

    fertile_years: range
    guardian_below_years: int
    child_below_years: int
    child_tolerance: Decimal
    usual_days: int
    longest_days: int
    restricted_titles: frozenset[str]
    sources: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Knowledge:
    interactions: tuple[Interaction, ...]
    pregnancy: tuple[Caution, ...]
    may_conceive: tuple[Caution, ...]
    fertile: tuple[Caution, ...]
    age: tuple[Caution, ...]
    first: tuple[Caution, ...]
    state: tuple[Caution, ...]
    condition: tuple[Caution, ...]
    cross_allergy: tuple[Caution, ...]
    doubling: tuple[str, ...]
    condition_labels: dict[str, str]
    allergy_labels: dict[str, str]
    doses: dict[str, Dose]
    fact_ages: dict[str, FactAge]
    limits: Limits
    sources: dict[str, Source]

    @property
    def cautions(self) -> tuple[Caution, ...]:
        return (
            *self.pregnancy, *self.may_conceive, *self.fertile, *self.age, *self.first, *self.state, *self.condition, *self.cross_allergy
        )  # fmt: skip


@cache
def knowledge() -> Knowledge:
    """Everything; ValueError when an entry names an unknown source, drug class, measure or condition."""
    cautions, interactions, doses = _read("cautions"), _read("interactions"), _read("emergency_doses")
    sources = {key: Source(str(entry["title"]), str(entry["edition"]), str(entry["grade"])) for key, entry in _read("sources").items()}
    found = Knowledge(
        interactions=tuple(
            Interaction(_rule(one), frozenset(one["a"]), frozenset(one["b"]), _escalation(one)) for one in interactions["rule"]
        ),
        pregnancy=_table(cautions, "pregnancy"),
        may_conceive=_table(cautions, "may_conceive"),
        fertile=_table(cautions, "fertile"),
        age=_table(cautions, "age"),
        first=_table(cautions, "first"),
        state=_table(cautions, "state"),
        condition=_table(cautions, "condition"),
        cross_allergy=_table(cautions, "cross_allergy"),
        doubling=tuple(cautions["doubling"]["groups"]),
        condition_labels=cautions["labels"]["conditions"],
        allergy_labels=cautions["labels"]["allergies"],
        doses={one["code"]: _dose(one) for one in doses["dose"]},
        fact_ages={one["name"]: _fact_age(one) for one in _read("fact_ages")["fact"]},
        limits=_limits(_read("limits")),
        sources=sources,
    )
    _check(found)
    return found


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """The drug list, the safety rules and the emergency doses: each is signed as one."""
    known = knowledge()
    safety = len(known.interactions) + len(known.cautions) + len(known.doubling) + len(known.fact_ages) + len(known.limits.sources)
    return (
        drugs.rule_set(),
        _rule_set("prescriptions.safety", "处方安全规则", ("interactions", "cautions", "fact_ages", "limits", "sources"), safety),
        _rule_set("prescriptions.emergency_doses", "急用一剂目录", ("emergency_doses",), len(known.doses)),
    )


def _rule_set(name: str, title: str, files: tuple[str, ...], count: int) -> RuleSet:
    digest = hashlib.sha256()
    for file in files:
        digest.update((FOLDER / f"{file}.toml").read_bytes() + b"\x00")
    return RuleSet(name=name, title=title, edition=str(_read(files[0])["edition"]), digest=digest.hexdigest(), count=count)


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"), parse_float=Decimal)


def _rule(entry: dict[str, Any]) -> Rule:
    if entry["action"] not in ("B", "W"):
        raise ValueError(f"{entry['id']}: action {entry['action']}")
    return Rule(entry["id"], entry["action"], entry["harm"], entry.get("advice", ""), entry["source"], entry["mark"])


def _escalation(entry: dict[str, Any]) -> Escalation | None:
    found = entry.get("escalate")
    if found is None:
        return None
    rule = _rule({**entry, "action": "B", "source": found.get("source", entry["source"]), "mark": found.get("mark", entry["mark"])})
    return Escalation(
        rule, found.get("from_years"), found.get("sex", ""), frozenset(found.get("conditions", ())), found.get("measure", ""),
        _decimal(found.get("below")),
    )


def _limits(read: dict[str, Any]) -> Limits:
    tables = {name: entry for name, entry in read.items() if isinstance(entry, dict)}
    return Limits(
        fertile_years=range(tables["fertile"]["from_years"], tables["fertile"]["to_years"] + 1),
        guardian_below_years=tables["guardian"]["below_years"],
        child_below_years=tables["child"]["below_years"],
        child_tolerance=tables["child"]["tolerance"],
        usual_days=tables["course"]["usual_days"],
        longest_days=tables["long_course"]["longest_days"],
        restricted_titles=frozenset(tables["licence"]["restricted_titles"]),
        sources={name: (entry["source"], entry["mark"]) for name, entry in tables.items()},
    )


def _table(cautions: dict[str, Any], name: str) -> tuple[Caution, ...]:
    return tuple(_caution(one) for one in cautions[name])


def _caution(entry: dict[str, Any]) -> Caution:
    return Caution(
        _rule(entry), frozenset(entry["drugs"]), below_years=entry.get("below_years"), from_years=entry.get("from_years"),
        measure=entry.get("measure", ""), below=_decimal(entry.get("below")), at_least=_decimal(entry.get("at_least")),
        conditions=frozenset(entry.get("conditions", ())), unless_conditions=frozenset(entry.get("unless_conditions", ())),
        over_days=entry.get("over_days"), allergy=frozenset(entry.get("allergy", ())),
    )


def _dose(entry: dict[str, Any]) -> Dose:
    refused = entry.get("refused_when", {})
    if refused and set(refused) != {"measure", "below"}:
        raise ValueError(f"{entry['code']}: refused_when {sorted(refused)}")
    return Dose(
        entry["code"], entry["drug"], Decimal(entry["amount"]), entry["directions"], entry["when"], entry.get("watch", ""),
        entry["contraindications"], refused.get("measure", ""), _decimal(refused.get("below")), entry["source"], entry["mark"],
    )


def _fact_age(entry: dict[str, Any]) -> FactAge:
    return FactAge(
        entry["days"], entry.get("below_years"), entry.get("child_days"), entry.get("danger_stays", False), entry["why"], entry["source"],
        entry["mark"],
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _check(known: Knowledge) -> None:
    """Every name in the files means something."""
    listed = drugs.catalogue()
    classes = {name for one in listed.values() for name in one.classes}
    named = {name for one in known.cautions for name in (*one.drugs, *one.allergy)}
    named |= {name for one in known.interactions for name in (*one.a, *one.b)}
    problems = (named | set(known.doubling) | set(known.allergy_labels)) - classes
    escalations = [one.escalate for one in known.interactions if one.escalate is not None]
    rules = [*(one.rule for one in known.cautions), *(one.rule for one in known.interactions), *(one.rule for one in escalations)]
    said = [*((one.source, one.mark) for one in rules), *((one.source, one.mark) for one in known.fact_ages.values())]
    said += [*((one.source, one.mark) for one in known.doses.values()), *((one.source, one.mark) for one in listed.values())]
    said += [*known.limits.sources.values(), *((one.child_source, "gk") for one in listed.values())]
    problems |= {source for source, _ in said} - set(known.sources)
    problems |= {one.times_source for one in listed.values() if one.max_times is not None} - set(known.sources)
    problems |= {mark for _, mark in said} - MARKS
    problems |= {f"{source} seen" for source, mark in said if mark == "seen" and source in known.sources and known.sources[source].grade == "-"}
    problems |= set(known.fact_ages) ^ FLEETING
    measured = {one.measure for one in known.state} | {one.measure for one in escalations} | {one.refused_measure for one in known.doses.values()}
    problems |= measured - {""} - set(MEASURES)
    asked = {name for one in known.cautions for name in (*one.conditions, *one.unless_conditions)}
    asked |= {name for one in escalations for name in one.conditions}
    problems |= asked - set(known.condition_labels)
    problems |= {one.drug for one in known.doses.values()} - set(listed)
    ids = [one.id for one in (*(one.rule for one in known.cautions), *(one.rule for one in known.interactions))]
    problems |= {one for one in ids if ids.count(one) > 1}
    if problems:
        raise ValueError(f"names in the safety rules that mean nothing: {sorted(problems)}")
