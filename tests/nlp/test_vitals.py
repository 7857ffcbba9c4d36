"""Vital signs: NEWS2 vectors, the consensus bands, children by age."""

import pytest

from nlp.clinical import vitals
from nlp.engine import Engine
from nlp.interface.assessment import Facts

NORMAL = {"respiratory_rate": 16, "spo2": 98, "systolic": 120, "heart_rate": 70, "temperature": 37.0}
WORST = {"respiratory_rate": 30, "spo2": 85, "systolic": 80, "heart_rate": 140, "temperature": 34.5}


def test_news2_all_normal_is_0_and_all_worst_on_oxygen_is_20() -> None:
    assert vitals.news2(NORMAL) == (0, False)
    assert vitals.news2(WORST, oxygen=True, altered=True) == (20, True)


@pytest.mark.parametrize(
    ("code", "value", "points"),
    [
        ("respiratory_rate", 8, 3), ("respiratory_rate", 9, 1), ("respiratory_rate", 11, 1), ("respiratory_rate", 12, 0), ("respiratory_rate", 20, 0),
        ("respiratory_rate", 21, 2), ("respiratory_rate", 24, 2), ("respiratory_rate", 25, 3),
        ("spo2", 91, 3), ("spo2", 92, 2), ("spo2", 93, 2), ("spo2", 94, 1), ("spo2", 95, 1), ("spo2", 96, 0),
        ("systolic", 90, 3), ("systolic", 91, 2), ("systolic", 100, 2), ("systolic", 101, 1), ("systolic", 110, 1), ("systolic", 111, 0),
        ("systolic", 219, 0), ("systolic", 220, 3),
        ("heart_rate", 40, 3), ("heart_rate", 41, 1), ("heart_rate", 50, 1), ("heart_rate", 51, 0), ("heart_rate", 90, 0), ("heart_rate", 91, 1),
        ("heart_rate", 110, 1), ("heart_rate", 111, 2), ("heart_rate", 130, 2), ("heart_rate", 131, 3),
        ("temperature", 35.0, 3), ("temperature", 35.1, 1), ("temperature", 36.0, 1), ("temperature", 36.1, 0), ("temperature", 38.0, 0),
        ("temperature", 38.1, 1), ("temperature", 39.0, 1), ("temperature", 39.1, 2),
    ],
)  # fmt: skip
def test_news2_band(code: str, value: float, points: int) -> None:
    assert vitals.news2_points(code, value) == points


def test_what_is_missing_counts_as_nothing() -> None:
    assert vitals.news2({"heart_rate": 112}) == (2, False)
    assert vitals.news2({}) == (0, False)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("头晕 心率190", "critical"), ("头晕 心率160", "emergent"), ("头晕 心率120", "urgent"), ("头晕 血压65/40", "critical"),
        ("头晕 血压75/50", "emergent"), ("没劲 血氧78", "critical"), ("没劲 血氧85", "emergent"), ("没劲 血糖3.0", "critical"),
        ("没劲 体温41.5度", "critical"), ("头晕 血压150/95", "routine"), ("呼吸26次 咳嗽", "emergent"),
        ("胸痛2小时 出冷汗 血压90/60 心率112", "critical"), ("孩子8个月 咳嗽 呼吸55次", "emergent"), ("孩子3岁 咳嗽 血氧90", "emergent"),
        ("孩子一岁 心率130 流鼻涕", "self_care"),
    ],
)  # fmt: skip
def test_levels_of_measurements(engine: Engine, text: str, level: str | None) -> None:
    assessment = engine.assess(engine.merge(Facts(), engine.read(text)))
    found = assessment.level
    if level in ("critical", "emergent", "urgent"):
        assert found == level
    else:
        assert found in (level, None)
