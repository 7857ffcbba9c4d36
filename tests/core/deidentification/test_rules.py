"""Bands, levels, pseudonyms, shifts: pure."""

# ruff: noqa: E501 (sentences and facts are read better whole)
from __future__ import annotations

import random
import re
from datetime import date, datetime

import pytest

from core.deidentification.errors import TooFewPatients
from core.deidentification.k_anonymity import at, measured, table
from core.deidentification.pseudonyms import LONGEST, SHORTEST, PatientKey
from core.deidentification.rewriting import Rewriting
from core.deidentification.rules import ANY, FINEST, Levels, Quasi, band, department_code, department_name, every_levels, generalised
from core.fhir.checks import ID
from nlp.interface.masking import Masked

PATIENT, OTHER = "01ARZ3NDEKTSV4RRFFQ69G5FAA", "01ARZ3NDEKTSV4RRFFQ69G5FAB"


def test_every_age_has_one_band_and_above_89_is_one_group() -> None:
    for level in range(3):
        found = [band(age, level) for age in range(120)]
        assert len(set(found[90:])) == 1
        for age, said in enumerate(found):
            first, _, last = said.removesuffix("以上").partition("-")
            assert int(first) <= age
            assert not last or age <= int(last)
    assert band(89, 0) == "80-89"
    assert band(90, 0) == band(110, 1) == "90以上"
    assert band(40, 3) == ANY
    assert band(-1, 0) == "0-0"


def test_departments_become_chapters_and_then_nothing() -> None:
    assert [department_code("03.04", level) for level in range(3)] == ["03.04", "03", ANY]
    assert [department_name("03.04", level) for level in range(3)] == ["心血管内科", "内科", ""]
    assert department_name("20", 1) == "急诊科"


def people(count: int, seed: int) -> dict[str, Quasi]:
    rng = random.Random(seed)
    codes = ("02", "03.01", "03.04", "04.03", "07", "20")
    return {
        str(number): Quasi(rng.randint(0, 100), rng.choice(("male", "female")), rng.choice(("522727", "522728", "520402", "430102")), (rng.choice(codes),))
        for number in range(count)
    }


@pytest.mark.parametrize(("count", "k"), [(5, 5), (30, 5), (200, 3), (600, 10)])
def test_the_table_reaches_k_as_pycanon_counts_it(count: int, k: int) -> None:
    everybody = people(count, count)
    found = table(everybody, k)
    assert measured(list(found.rows.values())) >= k
    assert len(found.suppressed) <= count * 0.05
    assert set(found.rows) | set(found.suppressed) == set(everybody)
    for levels in every_levels()[: every_levels().index(found.levels)]:
        assert len(at(everybody, k, levels).suppressed) > count * 0.05, "a table that tells more would have done"
    if count > 100:
        assert measured([generalised(one, FINEST) for one in everybody.values()]) < k


def test_fewer_than_k_give_no_table() -> None:
    with pytest.raises(TooFewPatients):
        table(people(4, 1), 5)
    assert measured([]) == 0


def test_pseudonyms_hold_within_a_copy_and_tie_no_two_copies_or_patients() -> None:
    one, same, other_copy = PatientKey(b"a" * 32, PATIENT), PatientKey(b"a" * 32, PATIENT), PatientKey(b"b" * 32, PATIENT)
    neighbour = PatientKey(b"a" * 32, OTHER)
    assert one.patient == same.patient == one.pseudonym(PATIENT)
    assert one.pseudonym("doctor") == same.pseudonym("doctor")
    names = {key.patient for key in (one, other_copy, neighbour)} | {key.pseudonym("doctor") for key in (one, other_copy, neighbour)}
    assert len(names) == 6, "a doctor ties no two patients together"
    assert all(ID.match(name) for name in names)
    assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", one.uid("1.2.3"))
    assert one.uid("1.2.3") == same.uid("1.2.3") != other_copy.uid("1.2.3")
    assert "61" not in repr(one)


def test_one_shift_a_patient_keeps_intervals_and_times_of_day() -> None:
    shifts = {PatientKey(bytes([number]) * 32, PATIENT).shift_days for number in range(200)}
    assert len(shifts) > 100
    assert all(-LONGEST <= shift <= -SHORTEST for shift in shifts)
    key = PatientKey(b"a" * 32, PATIENT)
    first, second = (key.shifted(written) or "" for written in ("2026-11-20T02:00:00Z", "2026-11-27T05:30:00Z"))
    assert first.endswith("T02:00:00Z")
    assert datetime.fromisoformat(second) - datetime.fromisoformat(first) == datetime.fromisoformat("2026-11-27T05:30:00Z") - datetime.fromisoformat("2026-11-20T02:00:00Z")
    assert (date.fromisoformat(key.shifted("2026-11-20") or "") - date(2026, 11, 20)).days == key.shift_days
    assert key.shifted("2026年") is None
    assert key.shifted("0001-01-02") == ""
    assert key.shifted("2026-13-45") == ""


def test_levels_are_tried_from_what_tells_most() -> None:
    assert every_levels()[0] == FINEST
    assert every_levels()[-1] == Levels(age=3, sex=1, region=2, department=2)
    assert len(every_levels()) == 72


def test_words_are_read_with_the_day_on_which_they_were_written() -> None:
    """「11月20日」 of an old case is the November before it, not the one before the last case."""
    asked: list[date] = []

    def masks(day: date, text: str) -> Masked:
        if text == "11月20日起":
            asked.append(day)
        return Masked(text=text, counts={})

    quasi = Quasi(50, "female", "522727", ("03.04",))
    days = {"Encounter/old": date(2024, 12, 1)}
    rewriting = Rewriting(PatientKey(bytes(32), PATIENT), FINEST, quasi, generalised(quasi, FINEST), masks, days, date(2026, 11, 20))
    for one in (
        {"resourceType": "ServiceRequest", "id": "a", "authoredOn": "2025-01-01T20:00:00Z", "encounter": {"reference": "Encounter/old"}, "note": [{"text": "11月20日起"}]},
        {"resourceType": "Condition", "id": "b", "encounter": {"reference": "Encounter/old"}, "note": [{"text": "11月20日起"}]},
        {"resourceType": "Encounter", "id": "old", "reasonCode": [{"text": "11月20日起"}]},
        {"resourceType": "Flag", "id": "c", "note": [{"text": "11月20日起"}]},
    ):
        rewriting.resource(one)
    assert asked == [date(2025, 1, 2), date(2024, 12, 1), date(2024, 12, 1), date(2026, 11, 20)]
