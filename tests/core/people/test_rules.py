"""Ages, expertise, and when two sets of data are one person."""

from __future__ import annotations

from datetime import date

import pytest

from core.people.errors import ExpertiseInvalid, RecordDiffers, TooYoung
from core.people.rules import age_spoken, age_years, check_expertise, check_same_person, check_self

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("birth", "years", "spoken"),
    [
        (date(1968, 3, 9), 58, "58 岁"),
        (date(1968, 11, 21), 57, "57 岁"),
        (date(1968, 11, 20), 58, "58 岁"),
        (date(2026, 3, 20), 0, "8 个月"),
        (date(2026, 3, 21), 0, "7 个月"),
        (date(2026, 11, 8), 0, "12 天"),
        (date(2026, 11, 20), 0, "0 天"),
        (date(2004, 2, 29), 22, "22 岁"),
    ],
)
def test_ages(birth: date, years: int, spoken: str):
    assert (age_years(birth, TODAY), age_spoken(birth, TODAY)) == (years, spoken)


def test_at_fourteen_one_acts_for_oneself():
    check_self(date(2012, 11, 20), TODAY)
    with pytest.raises(TooYoung):
        check_self(date(2012, 11, 21), TODAY)


@pytest.mark.parametrize("codes", [("J44",), ("I20-I25", "I50"), ()])
def test_expertise(codes: tuple[str, ...]):
    check_expertise(codes)


@pytest.mark.parametrize("code", ["I25-I20", "I2", "i20", "I20-", "I20-I25-I30", "I20.1", "胸痛"])
def test_what_is_no_expertise(code: str):
    with pytest.raises(ExpertiseInvalid):
        check_expertise((code,))


def test_a_recorded_phone_must_agree():
    check_same_person(name="李秀英", known_name="李秀英", phone=None, known_phone=None)
    check_same_person(name="李秀英", known_name="李秀英", phone="19900000001", known_phone="19900000001")
    for name, phone in (("李秀英", None), ("李秀英", "19900000002"), ("李秀兰", "19900000001")):
        with pytest.raises(RecordDiffers):
            check_same_person(name=name, known_name="李秀英", phone=phone, known_phone="19900000001")
