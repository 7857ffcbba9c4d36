"""The lexicon: data files that a clinician can read and edit, one row a thing, loaded once."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import Any

from .required import Demanding, required

_TABLES = (
    "findings.csv", "broader.csv", "conditions.csv", "ambiguous.csv", "also.csv", "swallows.csv", "parts.csv", "sensations.csv", "combos.csv",
    "patterns.csv", "functions.csv", "answers.csv", "people.csv", "blocked.csv", "idle.csv", "characters.csv", "scope.toml",
)  # fmt: skip
_SURFACES = "surfaces"
CONDITION_SURFACES = f"{_SURFACES}/conditions.csv"
_GAP = re.compile(r"\[\^(，?。；?！？)([^\]]*)\](\{\d+,\d+\})")


def surface_files() -> tuple[str, ...]:
    """The files of ways to say a thing: one a body system, and one of the conditions."""
    folder = resources.files("nlp.language").joinpath("lexicon", _SURFACES)
    return tuple(sorted(f"{_SURFACES}/{file.name}" for file in folder.iterdir() if file.name.endswith(".csv")))


def files() -> tuple[str, ...]:
    """All files of the lexicon."""
    return (*_TABLES, *surface_files())


def content(name: str) -> str:
    """The text of one lexicon file."""
    return resources.files("nlp.language").joinpath("lexicon", *name.split("/")).read_text(encoding="utf-8")


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one CSV file of the lexicon."""
    return list(csv.DictReader(io.StringIO(content(name))))


@dataclass(frozen=True)
class Pattern:
    """A way of saying ``code`` as a regular expression; ``absent``: it says that it is not there. Compiled when a text first asks for it."""

    code: str
    absent: bool
    source: str
    example: str

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """Every open gap is a group, so that what stands in it can be looked at."""
        return re.compile(_GAP.sub(r"([^\1\2]\3)", self.source))

    @cached_property
    def unnegated(self) -> re.Pattern[str]:
        """The same with no negator in any gap."""
        return re.compile(_GAP.sub(r"[^\1没不无未\2]\3", self.source))


@dataclass(frozen=True)
class Idle:
    """Words around a danger that make it none (抽旱烟, 眼镜腿断了): what they match, or their group, names none of ``codes``; with ``others`` nothing
    else either but for what is always heard."""

    codes: frozenset[str]
    others: bool
    source: str

    @cached_property
    def expression(self) -> re.Pattern[str]:
        return re.compile(self.source)


@dataclass(frozen=True, slots=True)
class Kin:
    """A word for a person: the relation to the speaker, the sex it implies and whether it means a child."""

    relation: str
    sex: str | None
    child: bool
    possessed: bool = False
    """It names a person only after 我, 俺, 额 … (我大, 额婆)."""
    unless_before: tuple[str, ...] = ()
    """What must not follow it (我大 in 我大腿)."""


@dataclass(frozen=True)
class Lexicon:
    """``surfaces`` maps what people write, folded, to a code (to the first of its codes where it is ambiguous); ``by_start`` lists the words by
    their first two characters (those of one character by that one), longest first."""

    terms: dict[str, str]
    conditions: frozenset[str]
    passing: frozenset[str]
    """Conditions that say nothing of a long illness (a medicine taken for a cold)."""
    surfaces: dict[str, str]
    ambiguous: dict[str, tuple[str, ...]]
    """The other codes of what may mean two things."""
    also: dict[str, tuple[str, ...]]
    """What single words say besides their own code (吃药后迷糊: confusion too)."""
    broader: dict[str, tuple[str, ...]]
    """What a finding also is: night cough is cough. Denying the narrow one denies nothing of the broad one."""
    by_start: dict[str, tuple[str, ...]]
    blocked: frozenset[str]
    parts: dict[str, str]
    sensations: dict[str, str]
    combos: dict[tuple[str, str], str]
    patterns: tuple[Pattern, ...]
    demanding: Demanding
    """Of ``patterns``, in their order."""
    idle: tuple[Idle, ...]
    people: dict[str, Kin]
    scope: dict[str, Any]
    _lists: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    def words(self, *path: str) -> tuple[str, ...]:
        """A list of scope.toml, longest words first."""
        if (listed := self._lists.get(path)) is None:
            found: Any = self.scope
            for step in path:
                found = found[step]
            listed = self._lists[path] = tuple(sorted(found, key=lambda word: (-len(word), word)))
        return listed


def alternatives(words: Iterable[str]) -> str:
    """A regular expression that matches any of ``words``, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))) + ")"


def _index(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    gathered: dict[str, list[str]] = {}
    for word in words:
        gathered.setdefault(word[:2], []).append(word)
    return {start: tuple(sorted(group, key=lambda word: (-len(word), word))) for start, group in gathered.items()}


@cache
def _characters() -> dict[int, str]:
    return str.maketrans({row["character"]: row["read_as"] for row in rows("characters.csv")})


def folded(text: str) -> str:
    """``text`` with the characters that people write for one another read as one (疼 as 痛), each in its place: for looking words up."""
    return text.translate(_characters())


def _said() -> dict[str, str]:
    """Every way to say a finding or a condition, as it is looked up."""
    return {folded(row["surface"].lower()): row["code"] for name in surface_files() for row in rows(name)}


def _surfaces(name: str, key: str) -> dict[str, str]:
    return {surface.lower(): row[key] for row in rows(name) for surface in row["surfaces"].split()}


def _pattern(row: dict[str, str]) -> Pattern:
    return Pattern(row["code"], row["status"] == "absent", row["regex"], row["example"])


def _idle(row: dict[str, str]) -> Idle:
    codes = frozenset(row["codes"].split())
    return Idle(codes - {"*"}, "*" in codes, row["regex"])


_NO_SURFACE = re.compile("[、或,(（]|等$")


def _terms_as_surfaces(name: str, taken: dict[str, str]) -> dict[str, str]:
    """A standard term is also a way to say it, unless it lists several things or is another row's surface."""
    found = {folded(row["term"].lower()): row["code"] for row in rows(name) if not _NO_SURFACE.search(row["term"])}
    return {term: code for term, code in found.items() if term not in taken}


@cache
def lexicon() -> Lexicon:
    """The lexicon of this release, read from its files."""
    findings, conditions = rows("findings.csv"), rows("conditions.csv")
    patterns = tuple(_pattern(row) for row in (*rows("patterns.csv"), *({**row, "status": "absent"} for row in rows("functions.csv"))))
    ambiguous = {folded(row["surface"].lower()): tuple(row["codes"].split()) for row in rows("ambiguous.csv")}
    surfaces = _said() | {surface: codes[0] for surface, codes in ambiguous.items()}
    surfaces |= _terms_as_surfaces("findings.csv", surfaces) | _terms_as_surfaces("conditions.csv", surfaces)
    broader: dict[str, list[str]] = {}
    for row in rows("broader.csv"):
        broader.setdefault(row["code"], []).append(row["broader"])
    blocked = frozenset(folded(row["word"]) for row in rows("blocked.csv"))
    people = {
        surface: Kin(row["relation"], row["sex"] or None, row["child"] == "yes", column == "possessed", tuple(row["unless_before"].split()))
        for row in rows("people.csv")
        for column in ("surfaces", "possessed")
        for surface in row[column].split()
    }
    return Lexicon(
        terms={row["code"]: row["term"] for row in findings + conditions},
        conditions=frozenset(row["code"] for row in conditions),
        passing=frozenset(row["code"] for row in conditions if row["kind"] == "passing"),
        surfaces=surfaces,
        ambiguous={surface: codes[1:] for surface, codes in ambiguous.items()},
        also={folded(row["surface"].lower()): tuple(row["codes"].split()) for row in rows("also.csv")},
        broader={code: tuple(wider) for code, wider in broader.items()},
        by_start=_index([*surfaces, *(word for word in blocked if word not in surfaces)]),
        blocked=blocked - surfaces.keys(),
        parts=_surfaces("parts.csv", "part"),
        sensations=_surfaces("sensations.csv", "sensation"),
        combos={(row["part"], row["sensation"]): row["code"] for row in rows("combos.csv")},
        # what somebody still can do denies what he would otherwise complain of
        patterns=patterns,
        demanding=Demanding(required(pattern.source) for pattern in patterns),
        idle=tuple(_idle(row) for row in rows("idle.csv")),
        people=people,
        scope=tomllib.loads(content("scope.toml")),
    )
