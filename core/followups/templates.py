"""Follow-up templates as data: what is done how often, and two sets of numbers that are never merged.

The public-health rule (国家基本公共卫生服务规范) decides the visits, what counts as controlled for the county's report and what is referred at
once; the guideline is what a doctor treats by. Low pressure stands in neither and has its own source. Sources were read as restatements (grade 2): a
clinician opens the original and signs before a real house runs on them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum

from core.followups.advice import ADVICE
from core.followups.sources import DIABETES_GUIDE, HOME, HYPERTENSION_GUIDE, OWN, PUBLIC_HEALTH, TRIAGE, Source
from nlp.interface.engine import RuleSet


class Task(StrEnum):
    """What an occurrence asks for."""

    BLOOD_PRESSURE = "blood_pressure"
    FASTING_GLUCOSE = "fasting_glucose"
    VISIT = "visit"


TASK_LABELS: dict[Task, str] = {Task.BLOOD_PRESSURE: "量血压", Task.FASTING_GLUCOSE: "测空腹血糖", Task.VISIT: "面对面随访"}
REMINDERS: dict[Task, str] = {
    Task.BLOOD_PRESSURE: "该量血压了。坐着歇 5 分钟再量,量好直接发给我,比如 150/95。",
    Task.FASTING_GLUCOSE: "该测空腹血糖了。早饭前测,测好直接发给我,比如 血糖 6.8。",
    Task.VISIT: "该做面对面随访了,请找村医看一看,带上平时的记录和药。",
}


@dataclass(frozen=True, slots=True)
class Routine:
    """One thing done again and again: every ``every_days`` at ``at`` on the wall clock in China; unanswered after ``within_hours`` it is missed."""

    task: Task
    every_days: int
    at: time
    within_hours: int
    source: Source


@dataclass(frozen=True, slots=True)
class BloodPressureLimit:
    """mmHg. A value at or above either number is above the target; ``from_age`` and ``to_age`` (excluded) say for whom."""

    from_age: int
    to_age: int
    systolic: int
    diastolic: int


@dataclass(frozen=True, slots=True)
class RuleSetOfCare:
    """``targets`` by age, ``danger_*`` calls for referral at once; glucose in mmol/L. None where the source gives no number."""

    source: Source
    targets: tuple[BloodPressureLimit, ...]
    danger_systolic: int | None = None
    danger_diastolic: int | None = None
    glucose_below: Decimal | None = None
    glucose_danger_from: Decimal | None = None
    glucose_danger_to: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LowPressure:
    """mmHg. Below ``systolic`` or ``diastolic`` it is low (general knowledge); a systolic at or below ``danger_systolic`` is a danger."""

    source: Source
    systolic: int
    diastolic: int
    danger_systolic: int


@dataclass(frozen=True, slots=True)
class Telling:
    """When the village doctor hears of it: ``lost_after`` unanswered reminders in a row; ``highs`` values above the target ``within_days``."""

    source: Source
    lost_after: int
    highs: int
    within_days: int


LOW_PRESSURE = LowPressure(TRIAGE, 90, 60, 80)
"""The consensus: 70–80 orange, below 70 red; 80–90 yellow."""
TELLING = Telling(OWN, 3, 3, 7)


@dataclass(frozen=True, slots=True)
class Template:
    """``visit_again_days``: after a value above the target the next visit comes sooner."""

    key: str
    title: str
    condition: str
    edition: str
    routines: tuple[Routine, ...]
    public_health: RuleSetOfCare
    guideline: RuleSetOfCare
    visit_again_days: int


_PUBLIC_TARGETS = (BloodPressureLimit(0, 65, 140, 90), BloodPressureLimit(65, 200, 150, 90))
_GUIDE_TARGETS = (BloodPressureLimit(0, 80, 130, 80), BloodPressureLimit(80, 200, 150, 90))

HYPERTENSION = Template(
    key="hypertension", title="高血压随访", condition="高血压", edition="2026-11-20",
    routines=(
        Routine(Task.BLOOD_PRESSURE, 2, time(8, 30), 36, HOME),
        Routine(Task.VISIT, 90, time(9, 0), 14 * 24, PUBLIC_HEALTH),
    ),
    public_health=RuleSetOfCare(PUBLIC_HEALTH, _PUBLIC_TARGETS, 180, 110),
    guideline=RuleSetOfCare(HYPERTENSION_GUIDE, _GUIDE_TARGETS),
    visit_again_days=14,
)
DIABETES = Template(
    key="diabetes", title="2型糖尿病随访", condition="糖尿病", edition="2026-11-20",
    routines=(
        Routine(Task.FASTING_GLUCOSE, 7, time(8, 0), 36, HOME),
        Routine(Task.VISIT, 90, time(9, 0), 14 * 24, PUBLIC_HEALTH),
    ),
    public_health=RuleSetOfCare(PUBLIC_HEALTH, _PUBLIC_TARGETS, 180, 110, Decimal("7.0"), Decimal("16.7"), Decimal("3.9")),
    guideline=RuleSetOfCare(DIABETES_GUIDE, _GUIDE_TARGETS, glucose_below=Decimal("7.0")),
    visit_again_days=14,
)
TEMPLATES: dict[str, Template] = {one.key: one for one in (HYPERTENSION, DIABETES)}


def rule_set() -> RuleSet:
    """All templates, limits and words to the patient as one set that a clinician signs: a change of any of them needs a new signature."""
    said = {task.value: words for task, words in REMINDERS.items()} | {meaning.value: asdict(words) for meaning, words in ADVICE.items()}
    everything = [[asdict(one) for one in TEMPLATES.values()], asdict(LOW_PRESSURE), asdict(TELLING), said]
    data = json.dumps(everything, default=str, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(data.encode()).hexdigest()
    return RuleSet(name="followups.templates", title="随访模板、界值与用语", edition=HYPERTENSION.edition, digest=digest, count=len(TEMPLATES))
