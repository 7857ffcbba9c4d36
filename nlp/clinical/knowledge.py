"""The rules and tables as data: loaded and checked once. The folder ``knowledge`` is meant to be read by a clinician."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from nlp.interface.engine import RuleSet
from nlp.interface.urgency import Urgency
from nlp.language.lexicon import content as lexicon_content
from nlp.language.lexicon import files as lexicon_files
from nlp.language.lexicon import lexicon

from .expressions import Expression, compile_expression


def _content(name: str) -> str:
    return resources.files("nlp.clinical").joinpath("knowledge", name).read_text(encoding="utf-8")


def table(name: str) -> dict[str, Any]:
    """One TOML file of the knowledge folder; what it holds is shared and not to be changed."""
    return dict(_parsed(name))


@cache
def _parsed(name: str) -> dict[str, Any]:
    return tomllib.loads(_content(name))


def table_rows(name: str) -> list[dict[str, str]]:
    """The rows of one CSV file of the knowledge folder."""
    return list(csv.DictReader(io.StringIO(_content(name))))


@dataclass(frozen=True)
class Rule:
    """One rule of care. ``suspected`` is empty unless a patient may be told it; ``first`` (``first_of_other`` to who speaks of him) is said before
    everything else to somebody in despair; ``headline`` instead of what is suspected; ``taken``: something was swallowed, perhaps on purpose;
    ``in_confidence``: nobody is told of it, unless its person wants it or life is in danger;
    ``signed_by`` is empty until a clinician signs."""

    id: str
    title: str
    level: Urgency
    when: Expression
    suspected: str
    first: str
    first_of_other: str
    headline: str
    taken: bool
    in_confidence: bool
    do_now: tuple[str, ...]
    do_not: tuple[str, ...]
    ask_next: str | None
    departments: tuple[str, ...]
    sources: tuple[str, ...]
    mark: str
    checked: str
    signed_by: str


@dataclass(frozen=True)
class Modifier:
    """What raises the level by one, at most up to ``upto``."""

    id: str
    title: str
    when: Expression
    upto: Urgency
    sources: tuple[str, ...]
    mark: str
    checked: str
    signed_by: str


@dataclass(frozen=True)
class Complaint:
    """What one finding means by itself: its group, its level alone (None: it only adds to others), the departments with weights, the plain words to
    ask for it ({who}: whom it concerns), its part in red flags ("danger", "rules_out" or "none") and what its level rests on: ``DESIGN`` alone where
    no document was found, ``DESIGN`` beside others where they speak of it more widely, under a condition (a fever) or at a milder level."""

    code: str
    group: str
    level: Urgency | None
    departments: tuple[tuple[str, float], ...]
    question: str
    flag: str
    sources: tuple[str, ...]


@cache
def known_codes() -> frozenset[str]:
    """All codes of findings and conditions that the lexicon can give."""
    return frozenset(lexicon().terms)


@cache
def terms() -> dict[str, Expression]:
    """Shared combinations by name."""
    found: dict[str, Expression] = {}
    for name, source in table("terms.toml").items():
        found[name] = compile_expression(source, found, known_codes())
    return found


def expression(source: str) -> Expression:
    return compile_expression(source, terms(), known_codes())


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, the worst first, else in the order of the files."""
    found: list[Rule] = []
    for name in ("red_flags.toml", "levels.toml"):
        data = table(name)
        found.extend(_rule(row, data) for row in data["rule"])
    return tuple(sorted(found, key=lambda rule: -rule.level.severity))


def _rule(row: dict[str, Any], data: dict[str, Any]) -> Rule:
    return Rule(
        id=row["id"],
        title=row["title"],
        level=Urgency(row["level"]),
        when=expression(row["when"]),
        suspected=row.get("suspected", ""),
        first=row.get("first", ""),
        first_of_other=row.get("first_of_other", ""),
        headline=row.get("headline", ""),
        taken=row.get("taken", False),
        in_confidence=row.get("in_confidence", False),
        do_now=tuple(row.get("do_now", ())),
        do_not=tuple(row.get("do_not", ())),
        ask_next=row.get("ask_next"),
        departments=tuple(row["departments"]),
        sources=tuple(row["sources"]),
        mark=row["mark"],
        checked=row.get("checked", data["checked"]),
        signed_by=row.get("signed_by", data["signed_by"]),
    )


@dataclass(frozen=True)
class Settled:
    """Where ``when`` holds, the findings and the rules of levels.toml named here count with ``level`` instead of their own."""

    id: str
    title: str
    level: Urgency
    when: Expression
    findings: frozenset[str]
    rules: frozenset[str]
    sources: tuple[str, ...]
    mark: str
    checked: str


@cache
def settled() -> tuple[Settled, ...]:
    data = table("settled.toml")
    return tuple(
        Settled(
            id=row["id"],
            title=row["title"],
            level=Urgency(row["level"]),
            when=expression(row["when"]),
            findings=frozenset(row["findings"]),
            rules=frozenset(row["rules"]),
            sources=tuple(row["sources"]),
            mark=row["mark"],
            checked=data["checked"],
        )
        for row in data["settled"]
    )


@cache
def modifiers() -> tuple[Modifier, ...]:
    data = table("modifiers.toml")
    return tuple(
        Modifier(
            id=row["id"],
            title=row["title"],
            when=expression(row["when"]),
            upto=Urgency(row["upto"]),
            sources=tuple(row["sources"]),
            mark=row["mark"],
            checked=data["checked"],
            signed_by=data["signed_by"],
        )
        for row in data["modifier"]
    )


@cache
def complaints() -> dict[str, Complaint]:
    found: dict[str, Complaint] = {}
    for row in table_rows("complaints.csv"):
        weights = tuple((code, float(weight)) for code, _, weight in (item.partition(":") for item in row["departments"].split()))
        level = None if row["level"] == "none" else Urgency(row["level"])
        found[row["code"]] = Complaint(row["code"], row["group"], level, weights, row["question"], row["flag"], _sources_alone(row["sources"]))
    return found


def _sources_alone(names: str) -> tuple[str, ...]:
    """An empty cell is a level that only this project set; a name that stands in no row of sources.toml stops the start."""
    found = tuple(names.split()) or ("DESIGN",)
    if unknown := [name for name in found if name not in sources()]:
        raise ValueError(f"complaints.csv: no such source: {', '.join(unknown)}")
    return found


@cache
def sources() -> dict[str, dict[str, str]]:
    return table("sources.toml")


def citation(ids: tuple[str, ...]) -> str:
    """The sources of a rule, as shown with a reason: title and edition."""
    return ";".join(_cited(sources()[name]) for name in ids)


def _cited(source: dict[str, str]) -> str:
    return source["title"] if source["edition"] == "-" else f"{source['title']}({source['edition']})"


_SETS = (
    ("red_flags", "危险信号与急救提示", ("red_flags.toml", "terms.toml"), "rule"),
    ("levels", "紧急程度与加重因素", ("levels.toml", "settled.toml", "modifiers.toml", "complaints.csv"), "rule"),
    ("vitals", "生命体征分级与 NEWS2", ("vitals.toml",), "band"),
    ("questions", "问诊问题", ("questions.toml", "denials.csv"), "question"),
    ("suspicions", "听着像危险时的追问", ("suspicions.toml",), "question"),
    ("advice", "就医与居家建议", ("advice.toml",), "advice"),
    ("asking", "单个追问的症状", ("asking.toml",), "systems"),
)
_FOLDERS = (("diseases", "疾病知识(候选诊断、追问)", "diseases"), ("candidates", "候选诊断的数字(五种病)", "candidates"))
"""Name, title and folder of the sets that are tables of their own; the count is that of rows."""
_SIGNED = 'signed_by = ""\n'


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """What a clinician signs, each with the SHA-256 of its data in canonical form (layout and comments do not count)."""
    found = []
    for name, title, files, kind in _SETS:
        data = table(files[0])
        canonical = json.dumps([_canonical(file) for file in files], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        found.append(RuleSet(name=name, title=title, edition=data["edition"], digest=digest, count=len(data[kind])))
    for name, title, folder in _FOLDERS:
        count, text = _folder_content(folder)
        digest = hashlib.sha256(text.encode()).hexdigest()
        found.append(RuleSet(name=name, title=title, edition=table("asking.toml")["edition"], digest=digest, count=count))
    lexicon_text = "\n".join(lexicon_content(name) for name in lexicon_files())
    digest = hashlib.sha256(lexicon_text.encode()).hexdigest()
    found.append(RuleSet(name="lexicon", title="症状词典", edition=table("red_flags.toml")["edition"], digest=digest, count=len(lexicon().surfaces)))
    return tuple(found)


def _folder_content(name: str) -> tuple[int, str]:
    """How many rows the tables of a folder have, and all its text but who signed."""
    folder = resources.files("nlp.clinical").joinpath("knowledge", name)
    files = sorted((item for item in folder.iterdir() if item.name.endswith((".csv", ".toml"))), key=lambda item: item.name)
    texts = {item.name: item.read_text(encoding="utf-8") for item in files}
    rows = sum(len(text.splitlines()) - 1 for file, text in texts.items() if file.endswith(".csv"))
    return rows, "\n".join(f"{file}\n{text.replace(_SIGNED, '')}" for file, text in texts.items())


def _canonical(name: str) -> Any:
    if name.endswith(".csv"):
        return table_rows(name)
    data = table(name)
    data.pop("signed_by", None)
    return data
