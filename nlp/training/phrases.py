"""What a complaint is made of: short phrases with the departments they speak for, from our tables, the lexicon and the open tables."""

from __future__ import annotations

import csv
import io
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from nlp.clinical.knowledge import complaints
from nlp.language.lexicon import lexicon

from .sources import json_lines, shares

_SHORT = re.compile(r"[\w+\-]{2,14}")
_CHILD = re.compile("小儿|新生儿|婴儿|儿童|先天性")
_EMERGENCY = "20"


@dataclass(frozen=True)
class Phrase:
    """``kind``: complaint (what is felt), illness (what somebody was told that he has) or care (what is done or wanted)."""

    text: str
    kind: str
    departments: tuple[tuple[str, float], ...]
    weight: float = 1.0


def written_text() -> str:
    """The table of phrases that was written for this purpose."""
    return resources.files("nlp.training").joinpath("departments.csv").read_text(encoding="utf-8")


def written() -> list[Phrase]:
    """Our own phrases. One that stands under several departments speaks for each of them in equal parts."""
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(written_text())):
        for text in row["phrases"].split():
            owners[text, row["kind"]].append(row["code"])
    return [Phrase(text, kind, tuple((code, 1 / len(codes)) for code in codes), 2.0) for (text, kind), codes in owners.items()]


def said() -> list[Phrase]:
    """Every way to say a finding, with the departments of complaints.csv."""
    lex = lexicon()
    found = []
    surfaces = dict(sorted(lex.surfaces.items()))
    parts, sensations = _by_value(lex.parts), _by_value(lex.sensations)
    for (part, sensation), code in sorted(lex.combos.items()):
        for place in parts[part][:6]:
            for feeling in sensations[sensation][:5]:
                surfaces.setdefault(place + feeling, code)
    counted: dict[str, int] = defaultdict(int)
    for code in surfaces.values():
        counted[code] += 1
    for text, code in surfaces.items():
        known = complaints().get(code)
        if known is None or not known.departments or len(text) < 2:
            continue
        emergency = known.level is not None and known.level.severity >= 4
        weights = {name: weight for name, weight in known.departments if emergency or name != _EMERGENCY}
        total = sum(weights.values())
        if total:  # many ways to say one thing count together as eight
            share = min(1.0, 8 / counted[code])
            found.append(Phrase(text, "complaint", tuple((name, weight / total) for name, weight in weights.items()), share))
    return found


def tabled(folder: Path) -> list[Phrase]:
    """Diseases by name and other name, and symptoms, of the open tables, where they name a department of the list."""
    found = []
    diseases = json_lines(folder / "diseases.jsonl.gz")
    for row in diseases:
        weights = tuple(shares(row.get("departments", [])).items())
        if not weights:
            continue
        if _CHILD.search(row["name"]) and not any(code in ("07", "08") for code, _ in weights):
            continue
        names = dict.fromkeys([row["name"], *row.get("aliases", [])])
        found += [Phrase(name, "illness", weights, 0.6) for name in names if _SHORT.fullmatch(name)]
    for row in json_lines(folder / "symptoms.jsonl.gz"):
        weights = tuple(shares(row.get("departments", [])).items())
        if weights and _SHORT.fullmatch(row["name"]):
            found.append(Phrase(row["name"], "complaint", weights, 0.6))
    return found + _symptoms(diseases)


def _symptoms(diseases: list[dict[str, list[str]]]) -> list[Phrase]:
    """Symptom strings that at least two diseases share and that speak for few departments."""
    summed: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    times: dict[str, int] = defaultdict(int)
    for row in diseases:
        weights = shares(row.get("departments", []))
        for text in row.get("symptoms", []) if weights else []:
            if 3 <= len(text) <= 8 and _SHORT.fullmatch(text):
                times[text] += 1
                for code, share in weights.items():
                    summed[text][code] += share
    found = []
    for text, weights in sorted(summed.items()):
        if times[text] < 2 or max(weights.values()) < 0.5 * times[text]:
            continue
        total = sum(weights.values())
        found.append(Phrase(text, "complaint", tuple((code, share / total) for code, share in weights.items() if share >= 0.15 * total), 0.3))
    return found


def _by_value(words: dict[str, str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for word, value in words.items():
        grouped[value].append(word)
    return grouped


def parted(phrases: list[Phrase], part: float, chosen: random.Random) -> tuple[list[Phrase], list[Phrase]]:
    """``phrases`` in two, by text, so that no phrase stands in both."""
    texts = sorted({phrase.text for phrase in phrases})
    chosen.shuffle(texts)
    aside = frozenset(texts[: round(part * len(texts))])
    return [one for one in phrases if one.text not in aside], [one for one in phrases if one.text in aside]
