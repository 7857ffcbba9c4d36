"""ID numbers: every rule of the standard, every single mistyped digit, and noise."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from core.people.errors import IdNumberInvalid
from core.people.id_numbers import check_character, read_id_number
from tests.support.county import id_number

TODAY = date(2026, 11, 20)


def test_the_standard_s_own_example_is_valid():
    read = read_id_number("11010519491231002X", TODAY)
    assert (read.birth_date, read.sex) == (date(1949, 12, 31), "female")


def test_a_small_x_is_a_check_character():
    assert read_id_number("11010519491231002x", TODAY).text == "11010519491231002X"


def test_every_single_wrong_digit_is_found():
    rng = random.Random(2)
    for _ in range(200):
        number = id_number(date(1930, 1, 1) + timedelta(days=rng.randrange(33_000)), rng.randrange(1000))
        read_id_number(number, TODAY)
        place = rng.randrange(17)
        wrong = number[:place] + str((int(number[place]) + rng.randrange(1, 10)) % 10) + number[place + 1 :]
        with pytest.raises(IdNumberInvalid):
            read_id_number(wrong, TODAY)


def test_swapped_neighbours_are_found():
    rng = random.Random(3)
    for _ in range(200):
        number = id_number(date(1950, 1, 1) + timedelta(days=rng.randrange(20_000)), rng.randrange(1000))
        place = rng.randrange(16)
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        if swapped != number:
            with pytest.raises(IdNumberInvalid):
                read_id_number(swapped, TODAY)


@pytest.mark.parametrize(
    "first",
    ["52272719680230001", "52272720270101001", "52272718900101001", "00272719680309001", "99272719680309001", "52272719681309001"],
    ids=["no such day", "not born yet", "too old", "no region 00", "no region 99", "no month 13"],
)
def test_what_a_right_checksum_does_not_save(first: str):
    with pytest.raises(IdNumberInvalid):
        read_id_number(first + check_character(first), TODAY)


def test_birth_today_is_a_patient_and_tomorrow_is_not():
    assert read_id_number(id_number(TODAY, 1), TODAY).birth_date == TODAY
    with pytest.raises(IdNumberInvalid):
        read_id_number(id_number(TODAY + timedelta(days=1), 1), TODAY)


def test_noise_is_refused_with_one_sentence_and_without_the_number():
    rng = random.Random(4)
    letters = "0123456789Xx 一二三٣٤²Ⅷ\x00\n-'\"{}%"
    for _ in range(2_000):
        text = "".join(rng.choice(letters) for _ in range(rng.randrange(0, 25)))
        with pytest.raises(IdNumberInvalid) as refused:
            read_id_number(text, TODAY)
        assert refused.value.message.startswith("身份证号码不对")
        assert len(text) < 6 or text not in refused.value.message


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("522727900517441", "15 位"), ("E12345678", "卫生院"), ("EA1234567", "卫生院"), ("H1234567890", "卫生院"), ("M12345678", "卫生院"),
        ("12345678", "卫生院"), ("1234567890", "卫生院"), ("52272719900517", "18 位"), ("１２３", "18 位"), ("", "18 位"),
    ],
)
def test_other_documents_are_told_apart(number: str, said: str):
    with pytest.raises(IdNumberInvalid) as refused:
        read_id_number(number, date(2026, 11, 20))
    assert said in refused.value.message


@pytest.mark.parametrize("region", ["810000", "820000", "830000"])
def test_residence_permits_are_taken(region: str):
    first = f"{region}19900517044"
    assert read_id_number(first + check_character(first), date(2026, 11, 20)).birth_date == date(1990, 5, 17)
