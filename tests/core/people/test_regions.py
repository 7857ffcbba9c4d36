"""Region codes by form, what lies in what, and a tree without circles; odd codes are refused and never crash."""

from __future__ import annotations

import random

import pytest

from core.people.errors_staff import OutsideParent, ParentTooSmall, RegionInvalid
from core.people.regions import RANK, check_below, check_region


@pytest.mark.parametrize(("code", "kind"), [
    ("520103", "provincial_hospital"), ("522727", "county_hospital"), ("522727102", "township_centre"), ("522727102201", "village_clinic"),
])
def test_codes_as_they_are(code: str, kind: str) -> None:
    check_region(code, kind)


@pytest.mark.parametrize(("code", "kind"), [
    ("992727", "county_hospital"), ("520000", "county_hospital"), ("522700", "county_hospital"), ("520027", "county_hospital"),
    ("522727000", "township_centre"), ("522727102000", "village_clinic"), ("522727", "township_centre"), ("522727102", "village_clinic"),
    ("52272", "county_hospital"), ("5227271022", "village_clinic"), ("٥٢٢٧٢٧", "county_hospital"), ("", "county_hospital"),
    ("522727 ", "county_hospital"), ("522727\n", "county_hospital"),
])
def test_codes_that_cannot_be(code: str, kind: str) -> None:
    with pytest.raises(RegionInvalid):
        check_region(code, kind)


def test_a_child_is_of_a_smaller_kind_and_lies_in_its_parents_region() -> None:
    check_below("522727", "county_hospital", "520103", "provincial_hospital")
    check_below("522727102", "township_centre", "522727", "county_hospital")
    check_below("522727102201", "village_clinic", "522727102", "township_centre")
    with pytest.raises(OutsideParent):
        check_below("530102", "county_hospital", "520103", "provincial_hospital")
    with pytest.raises(OutsideParent):
        check_below("522728102201", "village_clinic", "522727102", "township_centre")
    for kind in RANK:
        with pytest.raises(ParentTooSmall):
            check_below("522727102201", kind, "522727102201", kind)


def test_whatever_is_written_is_taken_or_refused() -> None:
    chance = random.Random(21)
    for _ in range(5000):
        code = "".join(chance.choice("0123456789 -x一" if chance.random() < 0.1 else "0123456789") for _ in range(chance.randrange(14)))
        try:
            check_region(code, chance.choice(list(RANK)))
        except RegionInvalid:
            continue
        assert code.isdigit()
        assert len(code) in (6, 9, 12)
