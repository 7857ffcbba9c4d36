"""Measurements to levels: the 2018 consensus bands, NEWS2 for adults, age bands for children.

What was not measured counts as nothing, never as normal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from nlp.interface.reading import Measurement
from nlp.interface.urgency import Urgency

from .case import Case
from .knowledge import expression, table

ADULT_DAYS = 16 * 365.25
_NEWS2_CODES = ("respiratory_rate", "spo2", "systolic", "heart_rate", "temperature")


@dataclass(frozen=True)
class VitalSign:
    """One measurement (or score) that gives a level."""

    rule: str
    level: Urgency
    evidence: tuple[Measurement, ...]
    sources: tuple[str, ...]
    note: str = ""


@cache
def _data() -> dict[str, Any]:
    return table("vitals.toml")


def news2_points(code: str, value: float) -> int:
    """Points of one NEWS2 parameter (0..3); values between two whole steps count as the worse neighbour. KeyError for other codes."""
    bands = _data()["news2"][code]
    inside = [points for points, low, high in bands if low <= value <= high]
    if inside:
        return int(max(inside))
    near = [points for points, low, high in bands if low - 1 < value < high + 1]
    return int(max(near)) if near else 3


def news2(values: dict[str, float], *, oxygen: bool = False, altered: bool = False) -> tuple[int, bool]:
    """NEWS2 total of what was measured (a lower bound when something is missing) and whether any single parameter has 3 points.

    Units: temperature °C, systolic mmHg, heart_rate and respiratory_rate per minute, spo2 % (scale 1). Source: RCP 2017.
    """
    points = [news2_points(code, values[code]) for code in _NEWS2_CODES if code in values]
    if altered:
        points.append(_data()["news2"]["new_confusion"])
    total = sum(points) + (_data()["news2"]["oxygen"] if oxygen else 0)
    return total, 3 in points


def signs(case: Case) -> list[VitalSign]:
    """Every level that the measurements give, by the scale that fits the age."""
    found = _bands(case)
    age = case.age_days
    young = case.is_child or (age is not None and age < ADULT_DAYS)
    if young:
        return found + _child(case)
    return found + ([] if case.pregnant else _adult_score(case))


def _bands(case: Case) -> list[VitalSign]:
    """Consensus bands. Heart rate and blood pressure bands are for adults; oxygen, sugar and temperature for everyone."""
    found: list[VitalSign] = []
    seen: set[str] = set()
    for band in _data()["band"]:
        code = band["code"]
        measurement = case.measured.get(code)
        if measurement is None or code in seen:
            continue
        if case.is_child and code in ("heart_rate", "systolic", "respiratory_rate"):
            continue
        low, high = band["outside"]
        if "unless" in band and expression(band["unless"])(case) is not None:
            continue
        if measurement.value < low or measurement.value > high:
            seen.add(code)
            found.append(VitalSign(f"vitals.{band['id']}", Urgency(band["level"]), (measurement,), tuple(band["sources"]), band.get("note", "")))
    return found


def _adult_score(case: Case) -> list[VitalSign]:
    values = {code: case.measured[code].value for code in _NEWS2_CODES if code in case.measured}
    if not values:
        return []
    altered = any(code in case.present for code in ("confusion", "drowsy", "unconscious"))
    total, single = news2(values, oxygen="oxygen_home" in case.present, altered=altered)
    evidence = tuple(case.measured[code] for code in values if news2_points(code, values[code]) > 0)
    if total >= 7:
        return [VitalSign("vitals.news2", Urgency.CRITICAL, evidence, ("S4",), f"NEWS2 {total} 分")]
    if total >= 5 or single:
        return [VitalSign("vitals.news2", Urgency.EMERGENT, evidence, ("S4",), f"NEWS2 {total} 分")]
    return []


def _allowed_by_fever(case: Case, age_days: float) -> float:
    """Heart beats a minute above the zone that a measured fever explains in a child; 0 without a measured fever and in the youngest."""
    fever = _data()["feverish_pulse"]
    temperature = case.measured.get("temperature")
    if temperature is None or age_days < fever["from_days"]:
        return 0.0
    return max(0.0, temperature.value - float(fever["above"])) * float(fever["a_degree"])


def _child(case: Case) -> list[VitalSign]:
    age = case.age_days
    if age is None:
        return []
    found: list[VitalSign] = []
    zone = next((row for row in _data()["danger_zone"] if age < row["below_days"]), None)
    for code in ("heart_rate", "respiratory_rate"):
        measurement = case.measured.get(code)
        if zone and measurement and measurement.value > zone[code]:
            feverish = code == "heart_rate" and measurement.value <= zone[code] + _allowed_by_fever(case, age)
            level = Urgency.URGENT if feverish else Urgency.EMERGENT
            found.append(VitalSign("vitals.child_danger_zone", level, (measurement,), ("S7", "SCOTT_2015") if feverish else ("S7",)))
    fast = next((row for row in _data()["fast_breathing"] if age < row["below_days"]), None)
    breathing = case.measured.get("respiratory_rate")
    if fast and breathing and breathing.value >= fast["respiratory_rate"]:
        found.append(VitalSign("vitals.child_fast_breathing", Urgency.EMERGENT, (breathing,), ("S38",)))
    oxygen = case.measured.get("spo2")
    if oxygen and oxygen.value < 92:
        found.append(VitalSign("vitals.child_oxygen", Urgency.EMERGENT, (oxygen,), ("S7",)))
    return found
