"""Candidates from the knowledge of some thousand diseases: coarse grades, weighed for one case (``weighing``), as a doctor reads them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from nlp.clinical.asking import answered_already
from nlp.clinical.case import Case
from nlp.clinical.diseases import Disease, Link, diseases
from nlp.clinical.weighing import Weighed, can_weigh, weighed
from nlp.interface.candidates import MOST, Basis, Candidate, Grade, Point
from nlp.language.lexicon import lexicon

_LOOKED_AT = 40
_TELLS = 1.5
"""A finding speaks for a disease when it is so many times as frequent with it as with others, and against it the other way round."""
_TELLS_MUCH = 3.0
"""What is not known yet is named as missing when it would tell so much."""
LEAST = 0.02
"""A disease is not named beside the first when it is believed less than this part of it,"""
_FEWEST, _LEAST_OF_FEW = 3, 0.002
"""but three are looked at even so: a doctor is to see beside what."""
_POSSIBLE = 0.2
_USUAL = frozenset("AB")
_MISSING = 3
_GRADED = "粗分等级,由医学常识估计"


@dataclass(frozen=True)
class Graded:
    """``relative``: how likely beside the first, which has 1."""

    candidate: Candidate
    relative: float


def graded(case: Case) -> tuple[Graded, ...]:
    """The likeliest diseases, the likeliest first, with the likeliest danger among the first five if one comes into question; none where nothing was
    complained of that the tables know of."""
    if not can_weigh(case):
        return ()
    now = weighed(case)
    order = np.argsort(-now.chances, kind="stable")
    first = float(now.chances[order[0]])
    worth = [
        int(at) for place, at in enumerate(order[:_LOOKED_AT]) if now.chances[at] >= (_LEAST_OF_FEW if place < _FEWEST else LEAST) * first
    ]
    kept = worth[:MOST]
    if not now.knowledge.dangerous[kept].any():  # the likeliest danger is not left out for one more harmless thing
        danger = next((at for at in worth[MOST:] if now.knowledge.dangerous[at]), None)
        kept = kept if danger is None else [*kept[: MOST - 1], danger]
    known = answered_already(case)
    return tuple(Graded(_candidate(now, at, rank, first, known), float(now.chances[at]) / first) for rank, at in enumerate(kept, 1))


def called(relative: float) -> Grade:
    """Possible from a fifth of the first on, below that to be thought of as well. Coarse grades order; more words they do not carry."""
    return Grade.POSSIBLE if relative >= _POSSIBLE else Grade.CONSIDER


@cache
def digest() -> str:
    """SHA-256 of the tables of diseases."""
    folder = resources.files("nlp.clinical").joinpath("knowledge", "diseases")
    tables = sorted((item for item in folder.iterdir() if item.name.endswith(".csv")), key=lambda item: item.name)
    return hashlib.sha256("".join(item.read_text(encoding="utf-8") for item in tables).encode()).hexdigest()


def version() -> str:
    return f"diseases-1+{digest()[:12]}"


@cache
def _names() -> dict[str, str]:
    return {code: one.name for code, one in diseases().items()}


def ruled_out_before(disease: Disease) -> tuple[str, ...]:
    """Names of what must be ruled out before ``disease`` is believed."""
    return tuple(_names()[code] for code in disease.rule_out if code in _names())


def _candidate(now: Weighed, at: int, rank: int, first: float, known: frozenset[str]) -> Candidate:
    disease = now.knowledge.diseases[at]
    pro, contra = _for_and_against(now, at)
    return Candidate(
        code=disease.code,
        name=disease.name,
        icd10=disease.icd10,
        categories=(disease.icd10[:3],),
        rank=rank,
        grade=called(float(now.chances[at]) / first),
        basis=Basis.GRADED,
        urgency=disease.urgency,
        speaks_for=pro,
        speaks_against=contra,
        missing=_missing(now, at, known),
        rule_out=ruled_out_before(disease),
        checks=disease.checks,
    )


def _for_and_against(now: Weighed, at: int) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """What makes the disease likelier and what makes it less likely, the strongest first."""
    knowledge, terms = now.knowledge, lexicon().terms
    links = {link.finding: link for link in knowledge.diseases[at].links}
    pro: list[tuple[float, Point]] = []
    contra: list[tuple[float, Point]] = []
    for told, there in ((now.said.there, True), (now.said.not_there, False)):
        for code in told:
            place = knowledge.place.get(code)
            if place is None or not knowledge.linked[at, place]:
                continue
            own, usual = float(knowledge.yes[at, place]), float(knowledge.background[place])
            ratio = own / usual if there else (1 - own) / (1 - usual)
            if 1 / _TELLS < ratio < _TELLS:
                continue
            point = _point(knowledge.diseases[at], links.get(code), code, terms[code] if there else f"没有{terms[code]}")
            if ratio > 1:
                pro.append((ratio, point))
            else:
                contra.append((1 / ratio, point))
    return tuple(_strongest(pro)), tuple(_strongest(contra))


def _point(disease: Disease, link: Link | None, code: str, words: str) -> Point:
    source = "" if link is None or link.source.startswith("gk") else link.source
    return Point(text=words, rule=f"{disease.code}.{code}", source=source or _GRADED, origin="estimated" if link is None else link.origin.value)


def _strongest(found: list[tuple[float, Point]]) -> list[Point]:
    return [point for _, point in sorted(found, key=lambda item: (-item[0], item[1].text))]


def _missing(now: Weighed, at: int, known: frozenset[str]) -> tuple[str, ...]:
    """What the disease usually shows, tells much, and nobody has said anything of: at most three, the most telling first."""
    knowledge, terms, broader = now.knowledge, lexicon().terms, lexicon().broader
    settled = known | now.said.known | {wide for code in now.said.known for wide in broader.get(code, ())}
    found: list[tuple[float, str]] = []
    for link in knowledge.diseases[at].links:
        place = knowledge.place.get(link.finding)
        if place is None or link.grade not in _USUAL or link.finding in settled or knowledge.condition[place]:
            continue
        if any(wide in now.said.not_there for wide in broader.get(link.finding, ())):
            continue
        ratio = float(knowledge.yes[at, place]) / float(knowledge.background[place])
        if ratio >= _TELLS_MUCH:
            found.append((ratio, f"还没问:{terms[link.finding]}"))
    return tuple(words for _, words in sorted(found, key=lambda item: (-item[0], item[1]))[:_MISSING])
