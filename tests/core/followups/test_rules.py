"""What values mean and when things are due: every limit on both sides of its edge, and the picture as a decoder sees it."""

from __future__ import annotations

import struct
import tomllib
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlp
from core.followups import templates
from core.followups.advice import ADVICE, Meaning
from core.followups.png import GLYPH_HEIGHT, RED, VIOLET, text_width
from core.followups.readings import danger_said
from core.followups.rules import (
    DANGERS,
    BloodPressure,
    Glucose,
    Level,
    danger_of,
    first_due,
    is_overtaken,
    is_plausible,
    level_of,
    meaning_of,
    next_due,
    rules_for,
    sooner,
    tells_doctor,
)
from core.followups.templates import DIABETES, HYPERTENSION, TEMPLATES, Task, rule_set
from core.followups.trend import HEIGHT, LETTERS, WIDTH, Point, apart, trend_png, when
from core.foundation.clock import shanghai
from core.notifications.rules import is_quiet

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
PRESSURE, VISIT = HYPERTENSION.routines


@pytest.mark.parametrize(("systolic", "diastolic", "age", "level"), [
    (139, 89, 58, "normal"), (140, 80, 58, "high"), (120, 90, 58, "high"), (150, 95, 58, "high"), (149, 89, 65, "normal"), (150, 80, 65, "high"),
    (140, 80, 64, "high"), (180, 80, 58, "danger"), (120, 110, 58, "danger"), (179, 109, 58, "high"), (89, 60, 58, "low"), (110, 59, 58, "low"),
    (90, 60, 58, "normal"), (200, 120, 90, "danger"), (66, 40, 58, "danger"), (80, 50, 58, "danger"), (81, 50, 58, "low"), (80, 45, 85, "danger"),
])
def test_blood_pressure_is_judged_by_the_public_health_rule(systolic: int, diastolic: int, age: int, level: str) -> None:
    value = BloodPressure(systolic, diastolic)
    assert level_of(value, age, rules_for(value, HYPERTENSION)) == level


def test_the_guideline_keeps_its_own_numbers() -> None:
    value = BloodPressure(135, 82)
    assert level_of(value, 58, HYPERTENSION.public_health) is Level.NORMAL
    assert level_of(value, 58, HYPERTENSION.guideline) is Level.HIGH
    assert HYPERTENSION.public_health.source != HYPERTENSION.guideline.source


@pytest.mark.parametrize(("value", "level"), [
    ("6.9", "normal"), ("7.0", "high"), ("16.6", "high"), ("16.7", "danger"), ("3.9", "danger"), ("4.0", "normal"), ("33.3", "danger"),
])
def test_glucose_is_judged_whatever_the_plan(value: str, level: str) -> None:
    glucose = Glucose(Decimal(value))
    for template in (None, HYPERTENSION, DIABETES):
        assert level_of(glucose, 58, rules_for(glucose, template)) == level


@pytest.mark.parametrize(("value", "meaning"), [
    (BloodPressure(66, 40), "very_low_pressure"), (BloodPressure(186, 112), "very_high_pressure"), (BloodPressure(120, 110), "very_high_pressure"),
    (Glucose(Decimal("2.4")), "very_low_glucose"), (Glucose(Decimal("3.9")), "very_low_glucose"), (Glucose(Decimal(18)), "very_high_glucose"),
    (BloodPressure(150, 95), "high_pressure"), (BloodPressure(85, 55), "low_pressure"), (BloodPressure(110, 59), "low_pressure"),
    (Glucose(Decimal("7.0")), "high_glucose"), (Glucose(Decimal("5.0")), "normal"), (BloodPressure(120, 75), "normal"),
])
def test_a_value_says_which_way_it_is_out(value: BloodPressure | Glucose, meaning: str) -> None:
    found = meaning_of(value, 58, rules_for(value, None))
    assert found == meaning
    if found in DANGERS:
        assert danger_of(value) is found
        assert ADVICE[found].text == danger_said(value)
    else:
        assert danger_said(value) is None


def test_every_danger_says_what_to_do_at_once_and_nothing_of_what_belongs_to_another() -> None:
    for meaning in DANGERS:
        assert "**马上打 120**" in ADVICE[meaning].text
    sugar = ADVICE[Meaning.VERY_LOW_GLUCOSE].text
    for words in ("15–20 克糖", "15 分钟后再测", "嘴里什么都不要喂", "这一顿先不要再吃降糖药"):
        assert words in sugar
    assert "别自己加药停药" not in sugar
    for meaning in set(Meaning) - {Meaning.VERY_LOW_GLUCOSE}:
        assert "糖(" not in ADVICE[meaning].text
    assert "躺下" in ADVICE[Meaning.VERY_LOW_PRESSURE].text
    assert all(one.sources for one in ADVICE.values())
    assert [bool(one.ask) for one in ADVICE.values()] == [bool(one.if_not) for one in ADVICE.values()]


def test_the_same_is_said_of_low_sugar_here_and_in_the_pre_consultation() -> None:
    """Given the engine's rule for low sugar, then what it tells to eat, when to measure again and what not to take is said here too."""
    knowledge = Path(nlp.__file__ or "").parent / "clinical" / "knowledge" / "red_flags.toml"
    rules = {one["id"]: one for one in tomllib.loads(knowledge.read_text())["rule"]}
    said = " ".join([*rules["low_sugar"]["do_not"], *rules["low_sugar_severe"]["do_now"], *rules["low_sugar_severe"]["do_not"]])
    for words in ("15–20 克糖", "15 分钟后再测", "嘴里什么都不要喂", "这一顿先不要再吃降糖药"):
        assert words in said


def test_a_change_of_a_limit_or_of_a_word_changes_what_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = rule_set().digest
    for name, value in (
        ("LOW_PRESSURE", replace(templates.LOW_PRESSURE, danger_systolic=70)), ("TELLING", replace(templates.TELLING, highs=4)),
        ("ADVICE", {**ADVICE, Meaning.VERY_LOW_GLUCOSE: replace(ADVICE[Meaning.VERY_LOW_GLUCOSE], text="-")}),
        ("REMINDERS", {**templates.REMINDERS, Task.VISIT: "-"}),
    ):
        with monkeypatch.context() as changed:
            changed.setattr(templates, name, value)
            assert rule_set().digest != before
    assert rule_set().digest == before


def test_a_guideline_is_not_said_to_give_the_limits_of_the_public_health_rule() -> None:
    for template in TEMPLATES.values():
        assert (template.public_health.danger_systolic, template.public_health.danger_diastolic) == (180, 110)
        numbers = template.guideline
        assert (numbers.danger_systolic, numbers.glucose_danger_from, numbers.glucose_danger_to) == (None, None, None)
    assert level_of(Glucose(Decimal(20)), 58, DIABETES.guideline) is Level.HIGH


@pytest.mark.parametrize(("value", "plausible"), [
    (BloodPressure(150, 95), True), (BloodPressure(95, 150), False), (BloodPressure(15, 9), False), (BloodPressure(1500, 95), False),
    (BloodPressure(120, 115), False), (BloodPressure(60, 30), True), (BloodPressure(280, 170), True), (BloodPressure(0, 0), False),
    (Glucose(Decimal("0.9")), False), (Glucose(Decimal("6.8")), True), (Glucose(Decimal("68")), False),
])
def test_a_slip_of_the_finger_is_not_a_value(value: BloodPressure | Glucose, plausible: bool) -> None:
    assert is_plausible(value) is plausible


def test_the_first_measurement_is_at_the_next_hour_and_the_first_visit_after_a_whole_interval() -> None:
    assert shanghai(first_due(PRESSURE, NOON)).isoformat() == "2026-11-21T08:30:00+08:00"
    assert shanghai(first_due(PRESSURE, NOON - timedelta(hours=6))).isoformat() == "2026-11-20T08:30:00+08:00"
    assert shanghai(first_due(VISIT, NOON)).isoformat() == "2027-02-18T09:00:00+08:00"


def test_the_next_is_one_interval_after_the_last_and_sooner_after_a_value_above_the_target() -> None:
    assert next_due(PRESSURE, first_due(PRESSURE, NOON)) - first_due(PRESSURE, NOON) == timedelta(days=2)
    assert (next_due(VISIT, NOON, sooner_days=sooner(Level.HIGH, HYPERTENSION)) - NOON).days == 13
    assert sooner(Level.NORMAL, HYPERTENSION) is None


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.sampled_from([r for t in TEMPLATES.values() for r in t.routines]))  # noqa: DTZ001
def test_nothing_is_ever_due_in_the_quiet_hours_or_in_the_past(moment: datetime, routine: object) -> None:
    now = moment.replace(tzinfo=UTC)
    due = first_due(routine, now)  # type: ignore[arg-type]
    assert due > now
    assert not is_quiet(due)
    assert not is_quiet(next_due(routine, due))  # type: ignore[arg-type]


def test_only_the_newest_of_a_heap_is_told() -> None:
    due = first_due(PRESSURE, NOON)
    assert not is_overtaken(PRESSURE, due, due + timedelta(hours=47))
    assert is_overtaken(PRESSURE, due, due + timedelta(days=2))
    assert not is_overtaken(VISIT, due, due + timedelta(days=400))


def test_the_third_high_value_within_a_week_is_told_once_a_week() -> None:
    days = [NOON - timedelta(days=back) for back in (0, 2, 4)]
    assert not tells_doctor(days[:2], None, NOON)
    assert tells_doctor(days, None, NOON)
    assert not tells_doctor([NOON, NOON - timedelta(days=2), NOON - timedelta(days=7)], None, NOON)
    assert not tells_doctor(days, NOON - timedelta(days=6), NOON)
    assert tells_doctor(days, NOON - timedelta(days=7), NOON)


def test_templates_have_sources_and_a_digest() -> None:
    for template in TEMPLATES.values():
        assert {routine.task for routine in template.routines} >= {Task.VISIT}
        for source in (template.public_health.source, template.guideline.source, *(routine.source for routine in template.routines)):
            assert source.title
            assert source.edition
            assert source.checked_on
    assert len(rule_set().digest) == 64


def decoded(png: bytes) -> list[bytes]:
    """The rows of pixels, by a reader of its own: chunk by chunk with checked sums."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place, chunks = 8, {}
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        place += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (width, height, depth, colour) == (WIDTH, HEIGHT, 8, 3)
    raw = zlib.decompress(chunks[b"IDAT"])
    assert len(raw) == (width + 1) * height
    return [raw[row * (width + 1) + 1 : (row + 1) * (width + 1)] for row in range(height)]


def points(count: int) -> list[Point]:
    return [
        Point(NOON + timedelta(days=2 * day), (Decimal(140 + day % 20), Decimal(85 + day % 9)), "high" if day % 3 == 0 else "")
        for day in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 14, 40])
def test_the_picture_is_a_png_with_the_values_and_the_target(count: int) -> None:
    rows = decoded(trend_png(points(count), (Decimal(140), Decimal(90)), Decimal(20)))
    colours = {pixel for row in rows for pixel in row}
    assert {0, 2, 3, 4} <= colours
    assert max(colours) < 9


@settings(max_examples=40, deadline=None)
@given(st.lists(st.decimals("1.0", "40.0", places=1), min_size=1, max_size=20))
def test_any_glucose_can_be_drawn(values: list[Decimal]) -> None:
    shown = [Point(NOON + timedelta(days=day), (value,), "high" if value >= 7 else "") for day, value in enumerate(values)]
    drawn = trend_png(shown, (Decimal("7.0"),), Decimal(2))
    assert decoded(drawn)
    assert len(drawn) < 20_000


def test_what_is_too_low_is_drawn_as_that() -> None:
    rows = decoded(trend_png([Point(NOON, (Decimal(82), Decimal(50)), "low")], (), Decimal(20)))
    colours = {pixel for row in rows for pixel in row}
    assert VIOLET in colours
    assert RED not in colours


def test_every_number_is_large_enough_where_the_picture_is_half_as_wide() -> None:
    assert GLYPH_HEIGHT * LETTERS / 2 >= 14


def test_several_values_of_one_day_are_told_apart_by_their_time() -> None:
    moments = [NOON, NOON + timedelta(hours=3), NOON + timedelta(days=1)]
    days, times = when(moments)
    assert days[1] == "", "a day stands there once"
    assert days[0] != days[2]
    assert times[2] == "", "one value of a day needs no time"
    assert times[0] != times[1] != ""


@given(st.lists(st.integers(0, WIDTH), min_size=1, max_size=9).map(sorted))
def test_no_two_labels_touch_and_the_newest_stands(places: list[int]) -> None:
    labels = [(x, "11-20") for x in places]
    chosen = apart(labels)
    assert chosen[0] == len(labels) - 1
    width = text_width("11-20", LETTERS)
    middles = [max(width // 2, min(WIDTH - width // 2, places[one])) for one in chosen]
    assert all(later - earlier >= width - 1 for later, earlier in pairwise(middles))
