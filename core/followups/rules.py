"""What a measured value means, and when the next thing is due. Pure: time, age and values come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.followups.advice import Meaning
from core.followups.templates import (
    DIABETES,
    HYPERTENSION,
    LOW_PRESSURE,
    TELLING,
    BloodPressureLimit,
    Routine,
    RuleSetOfCare,
    Task,
    Template,
)
from core.foundation.clock import shanghai
from core.notifications.rules import is_quiet, quiet_ends

WEEK = timedelta(days=TELLING.within_days)


class Level(StrEnum):
    """Of a value: ``danger`` calls for a doctor at once, ``high`` is above the public-health target."""

    NORMAL = "normal"
    HIGH = "high"
    LOW = "low"
    DANGER = "danger"


LEVEL_LABELS: dict[Level, str] = {Level.NORMAL: "正常范围", Level.HIGH: "偏高", Level.LOW: "偏低", Level.DANGER: "危险"}


@dataclass(frozen=True, slots=True)
class BloodPressure:
    """mmHg."""

    systolic: int
    diastolic: int

    @property
    def said(self) -> str:
        return f"{self.systolic}/{self.diastolic}"


@dataclass(frozen=True, slots=True)
class Glucose:
    """Fasting, mmol/L."""

    value: Decimal

    @property
    def said(self) -> str:
        return f"{self.value:f}"


Value = BloodPressure | Glucose
_LEVELS: dict[Meaning, Level] = {
    Meaning.NORMAL: Level.NORMAL, Meaning.HIGH_PRESSURE: Level.HIGH, Meaning.HIGH_GLUCOSE: Level.HIGH, Meaning.LOW_PRESSURE: Level.LOW,
}  # fmt: skip
"""Every other meaning is a danger."""
DANGERS = frozenset(Meaning) - set(_LEVELS)


def is_plausible(value: Value) -> bool:
    """Whether a person can have this value; what is not is asked about instead of recorded (a slip of the finger, swapped numbers)."""
    if isinstance(value, Glucose):
        return Decimal("1.0") <= value.value <= Decimal("40.0")
    return 60 <= value.systolic <= 280 and 30 <= value.diastolic <= 170 and value.systolic - value.diastolic >= 10


def level_of(value: Value, age_years: int, rules: RuleSetOfCare) -> Level:
    """What ``value`` means under ``rules``; the worse of two numbers counts."""
    return _LEVELS.get(meaning_of(value, age_years, rules), Level.DANGER)


def meaning_of(value: Value, age_years: int, rules: RuleSetOfCare) -> Meaning:
    """Which way ``value`` is out under ``rules``. A pressure that is too low by one number and too high by the other is low when that is a danger."""
    return _of_glucose(value, rules) if isinstance(value, Glucose) else _of_pressure(value, age_years, rules)


def danger_of(value: Value) -> Meaning:
    """Which danger a value is that was judged to be one when it was taken."""
    if isinstance(value, Glucose):
        return Meaning.VERY_LOW_GLUCOSE if is_low(value) else Meaning.VERY_HIGH_GLUCOSE
    return Meaning.VERY_LOW_PRESSURE if is_low(value) else Meaning.VERY_HIGH_PRESSURE


def is_low(value: Value) -> bool:
    """Whether it lies below what is normal rather than above: of a pressure, the systolic."""
    if isinstance(value, Glucose):
        return _of_glucose(value, DIABETES.public_health) is Meaning.VERY_LOW_GLUCOSE
    return value.systolic < LOW_PRESSURE.systolic


def _of_glucose(value: Glucose, rules: RuleSetOfCare) -> Meaning:
    if rules.glucose_danger_to is not None and value.value <= rules.glucose_danger_to:
        return Meaning.VERY_LOW_GLUCOSE
    if rules.glucose_danger_from is not None and value.value >= rules.glucose_danger_from:
        return Meaning.VERY_HIGH_GLUCOSE
    return Meaning.HIGH_GLUCOSE if rules.glucose_below is not None and value.value >= rules.glucose_below else Meaning.NORMAL


def _of_pressure(value: BloodPressure, age_years: int, rules: RuleSetOfCare) -> Meaning:
    if value.systolic <= LOW_PRESSURE.danger_systolic:
        return Meaning.VERY_LOW_PRESSURE
    if _reaches(value.systolic, rules.danger_systolic) or _reaches(value.diastolic, rules.danger_diastolic):
        return Meaning.VERY_HIGH_PRESSURE
    target = target_for(age_years, rules)
    if value.systolic >= target.systolic or value.diastolic >= target.diastolic:
        return Meaning.HIGH_PRESSURE
    low = value.systolic < LOW_PRESSURE.systolic or value.diastolic < LOW_PRESSURE.diastolic
    return Meaning.LOW_PRESSURE if low else Meaning.NORMAL


def _reaches(value: int, limit: int | None) -> bool:
    return limit is not None and value >= limit


def target_for(age_years: int, rules: RuleSetOfCare) -> BloodPressureLimit:
    return next(one for one in rules.targets if one.from_age <= age_years < one.to_age)


def rules_for(value: Value, template: Template | None) -> RuleSetOfCare:
    """By which numbers a value is judged: the plan's; where it has none for this value, those of the template that has."""
    if isinstance(value, Glucose):
        return DIABETES.public_health
    return (template or HYPERTENSION).public_health


def first_due(routine: Routine, now: datetime) -> datetime:
    """The first time: the next wall-clock hour of the routine for what is measured, one whole interval for visits (he was just seen)."""
    if routine.task is Task.VISIT:
        return at_hour(now + timedelta(days=routine.every_days), routine)
    today = at_hour(now, routine)
    return today if today > now else at_hour(now + timedelta(days=1), routine)


def next_due(routine: Routine, last: datetime, *, sooner_days: int | None = None) -> datetime:
    """One interval after ``last`` (what was due, or the visit that was made), never by the calendar's quarter."""
    return at_hour(last + timedelta(days=sooner_days or routine.every_days), routine)


def at_hour(day: datetime, routine: Routine) -> datetime:
    """The routine's hour on that day in China, moved to the morning should it fall into the quiet hours."""
    moment = shanghai(day).replace(hour=routine.at.hour, minute=routine.at.minute, second=0, microsecond=0).astimezone(day.tzinfo)
    return quiet_ends(moment) if is_quiet(moment) else moment


def is_overtaken(routine: Routine, due: datetime, now: datetime) -> bool:
    """Whether the time of the next one has come before this one was told (the house stood still): then only the newest is worth telling."""
    return routine.task is not Task.VISIT and next_due(routine, due) <= now


def tells_doctor(highs: list[datetime], told_at: datetime | None, now: datetime) -> bool:
    """Whether the village doctor hears of it now: three values above the target within a week, once in a week."""
    recent = [moment for moment in highs if now - WEEK < moment <= now]
    return len(recent) >= TELLING.highs and (told_at is None or told_at <= now - WEEK)


def sooner(level: Level | None, template: Template) -> int | None:
    """Days to the next visit when the last value was not at the target (规范: 控制不满意 2 周内随访), None for the usual interval."""
    return template.visit_again_days if level in (Level.HIGH, Level.DANGER) else None
