"""Which of the facts on record count for one consultation: some last, some only for as long as the table of their ages says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.prescriptions.items import Facts, Person, Recorded
from core.prescriptions.kidney import ADULT_YEARS, egfr_2021
from core.prescriptions.knowledge_base import FactAge, knowledge

_NOTHING = Facts()


@dataclass(frozen=True, slots=True)
class Moment:
    """For whom and when the facts are asked; ``since``: when the consultation was asked for."""

    person: Person
    since: datetime
    now: datetime


def in_use(recorded: Recorded, moment: Moment) -> tuple[Facts, tuple[str, ...]]:
    """What of it counts now, and the names of what was recorded too long ago and is left out."""
    outdated = tuple(
        name for name, age in knowledge().fact_ages.items() if _is_known(recorded.facts, name) and not _counts(recorded.at.get(name), age, moment)
    )
    return recorded.facts.model_copy(update={name: getattr(_NOTHING, name) for name in outdated}), outdated


def renewed(before: Recorded, facts: Facts, moment: Moment) -> Recorded:
    """``facts`` recorded over ``before``: what is sent again as it counts keeps its time, what is new has ``moment.now``; what no longer counted, and
    so was not shown, stays as it was unless it is said anew."""
    used, outdated = in_use(before, moment)
    at: dict[str, datetime] = {}
    kept: dict[str, Any] = {}
    for name in knowledge().fact_ages:
        if name in outdated and not _is_known(facts, name):
            kept[name], at[name] = getattr(before.facts, name), before.at[name]
        elif _is_known(facts, name):
            at[name] = before.at[name] if _is_known(used, name) and getattr(used, name) == getattr(facts, name) else moment.now
    return Recorded(facts=facts.model_copy(update=kept), at=at)


def counted(recorded: Recorded, moment: Moment, vitals: dict[str, Decimal | None]) -> Facts:
    """What the check takes. ``vitals``: pressure and heart rate as the consultation was asked for with, which what was recorded since then replaces.

    Kidney function is the lower of what was measured and what follows from creatinine; what is outdated stays where it speaks against a drug.
    """
    used, _ = in_use(recorded, moment)
    old = recorded.facts
    told: dict[str, Decimal | None] = {name: value for name, value in vitals.items() if getattr(used, name) is None}
    told["egfr"] = _least(used.egfr, _from_creatinine(used, moment.person))
    if told["egfr"] is None:
        told["egfr"] = _lasting("egfr", _least(old.egfr, _from_creatinine(old, moment.person)))
    told["potassium"] = used.potassium if used.potassium is not None else _lasting("potassium", old.potassium)
    return used.model_copy(update=told)


def _counts(at: datetime | None, age: FactAge, moment: Moment) -> bool:
    if at is None:
        return False
    child = age.below_years is not None and moment.person.age_years < age.below_years
    days = age.child_days if child and age.child_days is not None else age.days
    return at >= moment.since or (days > 0 and moment.now - at <= timedelta(days=days))


def _is_known(facts: Facts, name: str) -> bool:
    return bool(getattr(facts, name) != getattr(_NOTHING, name))


def _from_creatinine(facts: Facts, person: Person) -> Decimal | None:
    if facts.creatinine is None or facts.pregnancy == "yes" or person.age_years < ADULT_YEARS:
        return None
    return egfr_2021(facts.creatinine, person.age_years, person.sex)


def _least(*values: Decimal | None) -> Decimal | None:
    return min((value for value in values if value is not None), default=None)


def _lasting(measure: str, value: Decimal | None) -> Decimal | None:
    """The value where the table lets its danger stay and a rule speaks against some drug at it."""
    known = knowledge()
    if value is None or not known.fact_ages[measure].danger_stays:
        return None
    alone = any(one.measure == measure and one.holds(value) for one in known.state)
    paired = any(one.escalate.measure == measure and one.escalate.holds(value) for one in known.interactions if one.escalate is not None)
    return value if alone or paired else None
