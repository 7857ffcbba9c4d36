"""Values as people type them: with a space before the number, or with 点 for the point."""

from __future__ import annotations

import pytest

from nlp.interface.reading import Reading
from nlp.language.measures import measurements
from nlp.language.normal import normalise


@pytest.mark.parametrize(
    ("said", "code", "value"),
    [
        ("血氧 85", "spo2", 85), ("血氧饱和度 百分之85", "spo2", 85), ("心率 35", "heart_rate", 35), ("体温 39.5", "temperature", 39.5),
        ("血糖 2.4", "glucose", 2.4), ("血糖2点4", "glucose", 2.4), ("血糖 16点8", "glucose", 16.8), ("呼吸 36", "respiratory_rate", 36),
        ("头晕 血糖 2.4 出汗", "glucose", 2.4), ("血压 70", "systolic", 70), ("今天8点 血糖 2.4", "glucose", 2.4),
    ],
)
def test_a_space_before_a_value_parts_nothing(engine, said: str, code: str, value: float) -> None:
    reading: Reading = engine.read(said)
    assert [(one.code, one.value) for one in reading.measurements if one.code == code] == [(code, value)]


@pytest.mark.parametrize("said", ["血糖 3天没测", "心率 3天前快", "以前有高血压 160天前查的", "昨晚8点30分肚子疼", "呼吸 2小时前就急"])
def test_how_long_is_no_value(engine, said: str) -> None:
    assert engine.read(said).measurements == ()


@pytest.mark.parametrize("said", ["进度 C-RR37", "C-HR99怎么样了", "c-rr37", "取药 R-BP88", "C-52KG,孩子发烧", "预约A-RR374H取消"])
def test_a_code_of_ours_is_no_value(engine, said: str) -> None:
    assert measurements(normalise(said)) == []


@pytest.mark.parametrize("said", ["A-H1N1流感", "A-H5N1", "T-SPOT阳性", "X-RAY", "D-DIMER高", "I-131", "C-14呼气"])
def test_what_is_no_code_stays(said: str) -> None:
    assert normalise(said).text == said.lower()


def test_what_only_looks_like_one_is_read() -> None:
    assert {one.code: one.value for one in measurements(normalise("C-RR37 的病人 RR37,HR120,血压 BP-90/60"))} == {
        "respiratory_rate": 37, "heart_rate": 120, "systolic": 90, "diastolic": 60,
    }  # fmt: skip
