"""Shifts in Shanghai time, also past midnight and over the week's end."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from core.appointments.errors import AbsenceInvalid, ShiftInvalid
from core.appointments.rules import DAY, any_overlap, check_absence, check_shift, covers, instead_sentence, slot_times

MONDAY = datetime(2026, 11, 15, 16, 0, tzinfo=UTC)
"""Monday 0:00 in Shanghai."""


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("shift", "moment", "covered"),
    [
        ((0, 480, 1020), at(0, 8), True),
        ((0, 480, 1020), at(0, 7, 59), False),
        ((0, 480, 1020), at(0, 16, 59), True),
        ((0, 480, 1020), at(0, 17), False),
        ((0, 480, 1020), at(1, 8), False),
        ((0, 1200, 1920), at(0, 23, 59), True),
        ((0, 1200, 1920), at(1, 0), True),
        ((0, 1200, 1920), at(1, 7, 59), True),
        ((0, 1200, 1920), at(1, 8), False),
        ((6, 1200, 1920), at(0, 3), True),
        ((6, 1200, 1920), at(7, 3), True),
        ((0, 0, 1440), at(0, 0), True),
        ((0, 0, 1440), at(1, 0), False),
    ],
)
def test_what_a_shift_covers(shift: tuple[int, int, int], moment: datetime, covered: bool):
    assert covers(*shift, moment) is covered


def test_a_shift_covers_as_many_minutes_a_week_as_it_lasts():
    rng = random.Random(7)
    for _ in range(12):
        start = rng.randrange(DAY)
        length = rng.randrange(1, DAY + 1)
        shift = (rng.randrange(7), start, start + length)
        assert sum(covers(*shift, MONDAY + timedelta(minutes=minute)) for minute in range(7 * DAY)) == length


@pytest.mark.parametrize("shift", [((), 0, 60), ((7,), 0, 60), ((-1,), 0, 60), ((0,), 60, 60), ((0,), 90, 60), ((0,), 10, 1451)])
def test_what_is_no_shift(shift: tuple[tuple[int, ...], int, int]):
    with pytest.raises(ShiftInvalid):
        check_shift(*shift)


def test_what_is_no_absence():
    check_absence(at(0, 8), at(0, 9))
    for start, end in ((at(0, 9), at(0, 9)), (at(0, 9), at(0, 8)), (at(0, 8).replace(tzinfo=None), at(0, 9))):
        with pytest.raises(AbsenceInvalid):
            check_absence(start, end)


def test_slots_follow_one_another():
    times = slot_times(at(0, 9), 20, 3)
    assert times == [(at(0, 9), at(0, 9, 20)), (at(0, 9, 20), at(0, 9, 40)), (at(0, 9, 40), at(0, 10))]


def test_slots_repeat_on_following_days():
    assert slot_times(at(0, 9), 30, 2, 2) == [
        (at(0, 9), at(0, 9, 30)), (at(0, 9, 30), at(0, 10)), (at(1, 9), at(1, 9, 30)), (at(1, 9, 30), at(1, 10)),
    ]


def test_touching_is_not_overlapping():
    assert not any_overlap([(at(0, 10), at(0, 11)), (at(0, 9), at(0, 10))])
    assert any_overlap([(at(0, 10), at(0, 11)), (at(0, 9), at(0, 10, 1))])
    assert any_overlap(slot_times(at(0, 1), 60, 25, 2))


def test_who_comes_late_hears_what_is_free():
    assert instead_sentence([at(1, 15)]) == "还空着:11月17日 周二 下午3:00。"
    assert "换个科室" in instead_sentence([])
