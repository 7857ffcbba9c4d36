"""The diseases behind a case, weighed: which finding is worth asking for next. What a doctor may want to consider stands in ``candidates.graded``.

The level is the rules' alone. What is weighed here can add a question, also one about danger; it never lowers a level and never ends the questions
of danger early.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from nlp.interface.urgency import Urgency

from .asking import Single, answered_already, finding_of, limits, outside, singles
from .belief.asking_next import next_finding
from .belief.bedside import Evidence, believed, evidence
from .belief.knowledge import Bools, Floats
from .belief.reviewed import Reviewed, reviewed
from .case import Case

_NOTE = "weighed"
_SEX_MATTERS = 0.25
"""From this share of what is believed on, diseases of one sex make the sex worth a question."""


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
