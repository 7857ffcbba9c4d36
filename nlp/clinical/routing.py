"""Departments: weights of the findings over the one list, with the doors for emergency, child and woman; 全科 when it is unclear."""

from __future__ import annotations

from collections import defaultdict

from nlp.interface.assessment import Department
from nlp.interface.departments import department
from nlp.interface.urgency import Urgency

from .case import Case
from .knowledge import Rule, complaints

GENERAL, EMERGENCY, CHILD, CHILD_SURGERY, OBSTETRICS, GYNAECOLOGY = "02", "20", "07", "08", "05.02", "05.01"
_SURGICAL_GROUPS = frozenset(["injury", "bone"])
_KEPT_FOR_CHILDREN = frozenset([EMERGENCY, "10", "11", "12", "13", "04.07", "15"])
_ADULT_ONLY = frozenset([OBSTETRICS, GYNAECOLOGY])


def departments(case: Case, level: Urgency | None, fired: list[Rule]) -> tuple[Department, ...]:
    """At most three, best first; shares add up to at most 1. In danger the emergency door stands first, then the specialty."""
    scores: defaultdict[str, float] = defaultdict(float)
    for code, finding in case.complaints.items():
        known = complaints()[code]
        weight = {"mild": 0.8, "severe": 1.3}.get(finding.severity or "", 1.0)
        for name, score in known.departments:
            scores[name] += score * weight
    for rule in fired:
        for place, name in enumerate(rule.departments):
            if name != EMERGENCY:
                scores[name] += (3.0 if rule.level.severity >= 4 else 1.0) / (place + 1)
    _measured(case, scores)
    _settled_chest(case, scores)
    urgent_door = level in (Urgency.CRITICAL, Urgency.EMERGENT)
    _doors(case, scores)
    scores.pop(EMERGENCY, None) if not urgent_door else None
    if not scores or (max(scores.values()) < 1.0 and not urgent_door):
        scores[GENERAL] += 1.0
    total = sum(scores.values())
    ranked = sorted(((score / total, name) for name, score in scores.items()), key=lambda item: (-item[0], item[1]))
    if urgent_door:
        first = OBSTETRICS if case.pregnant and (case.facts.person.pregnancy_weeks or 0) >= 20 else EMERGENCY
        rest = [(share * 0.5, name) for share, name in ranked if name != first]
        ranked = [(0.5, first), *rest]
    return tuple(Department(code=name, name=department(name).name, probability=round(share, 3)) for share, name in ranked[:3])


def _measured(case: Case, scores: defaultdict[str, float]) -> None:
    values = {code: measurement.value for code, measurement in case.measured.items()}
    if values.get("systolic", 0) >= 140 or values.get("diastolic", 0) >= 90:
        scores["03.04"] += 2
    if values.get("glucose", 0) >= 7 or values.get("glucose", 9) < 3.9:
        scores["03.07"] += 3
    if values.get("temperature", 0) >= 37.5 and "fever" not in case.complaints:
        scores[GENERAL] += 1
        scores["16"] += 1


def _settled_chest(case: Case, scores: defaultdict[str, float]) -> None:
    """A tight chest that comes with coughing belongs to the lungs once the heart's signs were asked and denied."""
    if "cough_related" in case.complaints and case.absent & {"dyspnoea", "radiating_pain", "sweating"}:
        scores["03.01"] += 2
        scores["03.04"] *= 0.4


def _doors(case: Case, scores: defaultdict[str, float]) -> None:
    if case.is_child:
        surgical = any(complaints()[code].group in _SURGICAL_GROUPS or code in ("testicular_pain", "right_lower_pain") for code in case.complaints)
        moved = sum(score for name, score in scores.items() if name not in _KEPT_FOR_CHILDREN)
        for name in [name for name in scores if name not in _KEPT_FOR_CHILDREN]:
            del scores[name]
        scores[CHILD_SURGERY if surgical else CHILD] += moved + 1
        return
    if case.facts.person.sex == "male":
        for name in _ADULT_ONLY:
            scores.pop(name, None)
    if case.pregnant or "postpartum" in case.present:
        scores[OBSTETRICS] += 3 + scores.pop(GYNAECOLOGY, 0.0)
