"""Utterances labelled by people, and what their terms mean in the words of the lexicon."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from nlp.interface.reading import Status
from nlp.language.counting import word_boundaries
from nlp.language.lexicon import folded, lexicon
from nlp.language.matching import mentions
from nlp.language.normal import normalise

_TERM = ("term", "code", "finding", "name")
_AGE_DAYS = {"y": 365.25, "m": 30.4375, "w": 7.0, "d": 1.0}


@dataclass(frozen=True, slots=True)
class Label:
    """One finding or condition as labelled. ``hours``, ``course``, ``severity``: None where the words tell none."""

    term: str
    status: Status
    subject: str
    hours: float | None
    course: str | None
    severity: str | None


@dataclass(frozen=True)
class Utterance:
    """One labelled text. ``red_flag``: an emergency is told in it. ``person``: relation, sex, age_days, pregnancy_weeks as far as told."""

    id: str
    text: str
    kinds: tuple[str, ...]
    person: Mapping[str, Any]
    findings: tuple[Label, ...]
    conditions: tuple[Label, ...]
    measurements: Mapping[str, float]
    red_flag: bool


def read(file: Path, kinds: Path | None = None) -> list[Utterance]:
    """The utterances of JSON lines (also .gz). ``kinds``: a second file that gives the kinds by id. ValueError names the line that does not fit."""
    named = {str(row["id"]): _kinds(row) for _, row in _lines(kinds)} if kinds else {}
    found = []
    for number, row in _lines(file):
        try:
            found.append(_utterance(row, named.get(str(row.get("id")))))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{file.name}, line {number}: {error!r}") from error
    if not found:
        raise ValueError(f"{file.name}: no utterances")
    return found


def _lines(file: Path) -> list[tuple[int, dict[str, Any]]]:
    raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [(number, json.loads(line)) for number, line in enumerate(raw.decode().splitlines(), start=1) if line.strip()]


def _kinds(row: Mapping[str, Any]) -> tuple[str, ...]:
    first = row.get("kind", row.get("primary"))
    more = row.get("also", row.get("further", row.get("kinds", ()))) or ()
    listed = [str(first)] if first else []
    return tuple(dict.fromkeys([*listed, *([more] if isinstance(more, str) else map(str, more))]))


def _utterance(row: Mapping[str, Any], kinds: tuple[str, ...] | None) -> Utterance:
    return Utterance(
        id=str(row["id"]),
        text=str(row["text"]),
        kinds=(kinds if kinds is not None else _kinds(row)) or ("all",),
        person=_person(row.get("person") or {}),
        findings=tuple(map(_label, row.get("findings") or ())),
        conditions=tuple(map(_label, row.get("conditions") or ())),
        measurements=_measurements(row.get("measurements") or {}),
        red_flag=bool(row.get("red_flag")),
    )


def _label(item: Mapping[str, Any] | str) -> Label:
    if isinstance(item, str):
        item = {"term": item}
    term = next((str(item[key]) for key in _TERM if item.get(key)), None)
    if term is None:
        raise KeyError(f"one of {', '.join(_TERM)}")
    hours = item.get("hours", item.get("duration_hours"))
    return Label(
        term=term,
        status=Status(item.get("status") or "present"),
        subject=str(item.get("subject") or "patient"),
        hours=float(hours) if hours is not None else None,
        course=item.get("course") or None,
        severity=item.get("severity") or None,
    )


def _measurements(given: Any) -> dict[str, float]:
    if isinstance(given, Mapping):
        return {str(code): float(value) for code, value in given.items() if value is not None}
    return {str(item.get("code", item.get("kind"))): float(item["value"]) for item in given}


def _person(given: Mapping[str, Any]) -> dict[str, Any]:
    days = given.get("age_days")
    if days is None and given.get("age_years") is not None:
        days = float(given["age_years"]) * _AGE_DAYS["y"]
    if days is None and given.get("age_months") is not None:
        days = float(given["age_months"]) * _AGE_DAYS["m"]
    if days is None and given.get("age") is not None:
        days = float(given["age"]) * _AGE_DAYS[given.get("age_unit") or "y"]
    told = {
        "relation": given.get("relation"),
        "sex": given.get("sex"),
        "age_days": days,
        "pregnancy_weeks": given.get("pregnancy_weeks", given.get("weeks")),
    }
    return {name: value for name, value in told.items() if value is not None}


@cache
def equal_terms(denied: bool = False) -> dict[str, frozenset[str]]:
    """For each term of equal_terms.txt the terms that count as the same; groups that share a term are not joined."""
    content = resources.files("nlp.evaluate").joinpath("equal_terms.txt").read_text(encoding="utf-8")
    lines = [line for line in content.splitlines() if line.strip() and not line.startswith("#")]
    groups = [frozenset(line.removeprefix("-").split()) for line in lines if denied or not line.startswith("-")]
    return {term: frozenset[str]().union(*(group for group in groups if term in group)) for group in groups for term in group}


@cache
def meaning(term: str, denied: bool = False) -> frozenset[str]:
    """The codes of the lexicon that ``term`` or a term equal to it names; empty where the lexicon knows no such thing."""
    return frozenset[str]().union(*(_codes(one) for one in equal_terms(denied).get(term, frozenset([term]))))


@cache
def _named() -> dict[str, frozenset[str]]:
    """The codes that bear each name, as it is looked up."""
    found: dict[str, set[str]] = {}
    for code, name in lexicon().terms.items():
        found.setdefault(folded(name), set()).add(code)
    return {name: frozenset(codes) for name, codes in found.items()}


@cache
def _codes(term: str) -> frozenset[str]:
    lex = lexicon()
    if term in lex.terms:
        return frozenset([term])
    text = normalise(term)
    said = folded(text.text)
    whole = set(_named().get(said, ()))
    if said in lex.surfaces:
        whole |= {lex.surfaces[said], *lex.ambiguous.get(said, ()), *lex.also.get(said, ())}
    if whole:
        return frozenset(whole)
    found = [mention for mention in mentions(text, word_boundaries()) if not mention.flipped]
    longest = max((mention.end - mention.start for mention in found), default=0)
    return frozenset(mention.code for mention in found if mention.end - mention.start == longest)
