"""What a village doctor is told first in danger: transport, then what her clinic can do meanwhile, then what the assessment says to do.

Source of the clinic's part: 急诊预检分诊专家共识 (2018) names monitoring and venous access for levels Ⅰ and Ⅱ; the wording is this project's
proposal and is signed by the hospital with the other rules.
"""

from __future__ import annotations

import hashlib
import json

from nlp.interface.assessment import Assessment, Facts
from nlp.interface.engine import RuleSet
from nlp.interface.reading import Status
from nlp.interface.urgency import Urgency

TRANSPORT: dict[Urgency, str] = {
    Urgency.CRITICAL: "先打 120 并准备转运",
    Urgency.EMERGENT: "准备转运;一旦加重,马上打 120",
}
CLINIC: dict[Urgency, tuple[str, ...]] = {
    Urgency.CRITICAL: ("开通静脉通路,血氧低就吸氧", "监测血压、心率、呼吸、血氧,身边不离人"),
    Urgency.EMERGENT: ("监测血压、心率、呼吸、血氧",),
}
BY_FINDING: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"chest_pain", "chest_tightness", "radiating_pain", "palpitations", "syncope"}), "马上做心电图"),
    (frozenset({"face_droop", "one_side_weak", "speech_trouble", "seizure", "unconscious", "confusion", "low_sugar_signs"}), "马上测血糖"),
)
LOW_PRESSURE = 90.0
"""Systolic, mm[Hg]; at or below it the patient lies flat (qSOFA takes 100, NEWS2 scores 3 at 90)."""
FLAT = "血压低,平卧"
STAY, STAY_FOR_LAYMEN = "身边不离人", "身边留人"
SITTING = ("坐", "半躺")
LINES = 6
"""A person in a hurry reads no more."""


def first_measures(level: Urgency, assessment: Assessment, facts: Facts) -> tuple[str, ...]:
    """Empty below emergent; else begins with 120 or transport. The assessment's own lines are meant for laymen and come after the clinic's."""
    if level not in TRANSPORT:
        return ()
    found = {one.code for one in facts.findings if one.status is Status.PRESENT}
    low = any(one.code == "systolic" and one.value <= LOW_PRESSURE for one in facts.measurements)
    measures = [TRANSPORT[level], *([FLAT] if low else []), *(measure for codes, measure in BY_FINDING if codes & found), *CLINIC[level]]
    if assessment.emergency is not None:
        # With a low pressure nobody is told to sit up, whatever the advice for laymen with this suspicion is.
        measures += [
            line for line in assessment.emergency.do_now if "120" not in line and not (low and any(word in line for word in SITTING))
        ]
    return tuple(dict.fromkeys(_once(measures)))[:LINES]


def _once(measures: list[str]) -> list[str]:
    """For laymen and for the clinic the same is said in other words: it stands there once, in the clinic's."""
    if not any(STAY in measure for measure in measures):
        return measures
    parts = (",".join(part for part in measure.split(",") if part != STAY_FOR_LAYMEN) for measure in measures)
    return [measure for measure in parts if measure]


def rule_set() -> RuleSet:
    """To be signed as one."""
    data = {
        "transport": TRANSPORT, "clinic": CLINIC, "by_finding": [[sorted(codes), measure] for codes, measure in BY_FINDING],
        "low_pressure": [LOW_PRESSURE, FLAT],
    }
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return RuleSet(
        name="dispatch.first_measures", title="村医现场先做什么", edition="1", digest=hashlib.sha256(text.encode()).hexdigest(),
        count=len(TRANSPORT) + len(CLINIC) + len(BY_FINDING),
    )
