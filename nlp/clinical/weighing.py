"""The diseases behind a case, weighed: which finding is worth asking for next, and which diseases a doctor may want to consider.

The level is the rules' alone. What is weighed here can add a question, also one about danger; it never lowers a level and never ends the questions
of danger early.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from nlp.interface.assessment import Considered
from nlp.interface.urgency import Urgency
from nlp.language.lexicon import lexicon

from .asking import Single, answered_already, finding_of, limits, outside, singles
from .belief.asking_next import next_finding
from .belief.bedside import Evidence, believed, evidence
from .belief.knowledge import Bools, Floats
from .belief.reviewed import Reviewed, reviewed
from .case import Case

_NOTE = "weighed"
_SEX_MATTERS = 0.25
"""From this share of what is believed on, diseases of one sex make the sex worth a question."""
SHOWN, _LOOKED_AT = 5, 40
_TELLS = 1.5
"""A finding speaks for a disease when it is so many times as frequent with it as with others, and against it the other way round."""
_LEAST_SHARE = 0.02
"""A disease is not named beside the first when it is believed less than this part of it."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """``chances`` (D,) over ``knowledge``."""

    knowledge: Reviewed
    said: Evidence
    chances: Floats


def weighed(case: Case, knowledge: Reviewed | None = None) -> Weighed:
    """What ``case`` makes the diseases worth; worked out once for a case."""
    if knowledge is not None:
        said = evidence(case)
        return Weighed(knowledge, said, believed(knowledge, case, said))
    found = case.notes.get(_NOTE)
    if not isinstance(found, Weighed):
        found = weighed(case, reviewed())
        case.notes[_NOTE] = found
    return found


@cache
def _cost() -> Floats:
    known = singles()
    return np.array([known[code].cost if code in known else 1 for code in reviewed().findings], np.float32)


@cache
def _may_be_asked() -> tuple[tuple[int, Single], ...]:
    place = reviewed().place
    return tuple((place[code], single) for code, single in singles().items() if code in place)


def _open(case: Case, also_asked: frozenset[str]) -> Bools:
    known = answered_already(case) | also_asked
    found = np.zeros(len(reviewed().findings), np.bool_)
    for at, single in _may_be_asked():
        found[at] = single.code not in known and single.fits(case)
    return found


def can_weigh(case: Case) -> bool:
    """Whether something was complained of, or measured, that the diseases know of."""
    place = reviewed().place
    told = any(code in place and code not in outside() for code in case.complaints)
    return told or (bool(case.measured) and any(code in place and code not in case.present for code in evidence(case).there))


def _complains(case: Case) -> bool:
    """Whether there is an illness to ask about: after a bite or a fall alone the danger questions say all that is worth asking."""
    now = reviewed()
    return any(code in now.place and code not in outside() and not now.cause[now.place[code]] for code in case.complaints)


def single_to_ask(case: Case, level: Urgency | None, also_asked: frozenset[str], asked: int) -> Single | None:
    """The one finding that is worth asking for now; None when it is enough. ``also_asked``: findings that other questions asked for, answered or
    not; ``asked``: questions asked so far."""
    alone = sum(1 for code in case.facts.asked if finding_of(code))
    if asked >= limits().most or alone >= limits().most_single or not _complains(case):
        return None
    now = weighed(case)
    found = next_finding(now.knowledge, now.chances, _open(case, also_asked), _cost(), asked, settled=_seen_today(level))
    return singles()[found.finding] if found else None


def tells_enough(case: Case, level: Urgency | None, codes: Iterable[str], asked: int) -> bool:
    """Whether an answer about one of ``codes`` is expected to move diseases, level or department."""
    now = weighed(case)
    open_ = np.zeros(len(now.knowledge.findings), np.bool_)
    known = answered_already(case)
    open_[[now.knowledge.place[code] for code in codes if code in now.knowledge.place and code not in known]] = True
    if not open_.any() or not _complains(case):
        return False
    return next_finding(now.knowledge, now.chances, open_, _cost(), asked, settled=_seen_today(level)) is not None


def sex_matters(case: Case) -> bool:
    """Whether man or woman is not known and much of what is believed is a disease of one sex."""
    if case.facts.person.sex is not None or not _complains(case):
        return False
    now = weighed(case)
    return float(now.chances[now.knowledge.male | now.knowledge.female].sum()) >= _SEX_MATTERS


def _seen_today(level: Urgency | None) -> bool:
    return level is not None and level.severity >= Urgency.URGENT.severity


def considered(case: Case) -> tuple[Considered, ...]:
    """At most five diseases for the doctor, the likeliest first, with what speaks for and against each, a dangerous one among them if one comes into
    question; none where nothing was complained of that they know of."""
    if not can_weigh(case):
        return ()
    now = weighed(case)
    order = np.argsort(-now.chances, kind="stable")
    first = float(now.chances[order[0]])
    worth = [int(at) for at in order[:_LOOKED_AT] if now.chances[at] >= _LEAST_SHARE * first]
    kept = worth[:SHOWN]
    if not now.knowledge.dangerous[kept].any():  # the likeliest danger is not left out for one more harmless thing
        danger = next((at for at in worth[SHOWN:] if now.knowledge.dangerous[at]), None)
        kept = kept if danger is None else [*kept[: SHOWN - 1], danger]
    return tuple(_considered(now, at, rank, first) for rank, at in enumerate(kept, 1))


def _considered(now: Weighed, at: int, rank: int, first: float) -> Considered:
    disease = now.knowledge.diseases[at]
    pro, contra = _for_and_against(now, at)
    codes = now.knowledge.number
    names = tuple(now.knowledge.diseases[codes[code]].name for code in disease.rule_out if code in codes)
    return Considered(
        code=disease.code,
        name=disease.name,
        icd10=disease.icd10,
        rank=rank,
        relative=round(float(now.chances[at]) / first, 2),
        urgency=disease.urgency,
        speaks_for=pro,
        speaks_against=contra,
        rule_out=names,
        checks=disease.checks,
    )


def _for_and_against(now: Weighed, at: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words for what makes the disease likelier and for what makes it less likely, the strongest first."""
    knowledge, terms = now.knowledge, lexicon().terms
    pro: list[tuple[float, str]] = []
    contra: list[tuple[float, str]] = []
    for told, there in ((now.said.there, True), (now.said.not_there, False)):
        for code in told:
            place = knowledge.place.get(code)
            if place is None or not knowledge.linked[at, place]:
                continue
            own, usual = float(knowledge.yes[at, place]), float(knowledge.background[place])
            ratio = own / usual if there else (1 - own) / (1 - usual)
            words = terms[code] if there else f"没有{terms[code]}"
            if ratio >= _TELLS:
                pro.append((ratio, words))
            elif ratio <= 1 / _TELLS:
                contra.append((1 / ratio, words))
    return tuple(_strongest(pro)), tuple(_strongest(contra))


def _strongest(found: list[tuple[float, str]]) -> list[str]:
    return [words for _, words in sorted(found, key=lambda item: (-item[0], item[1]))]
