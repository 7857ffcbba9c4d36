"""The demonstration's members: most are insured, some are not, and the insurer knows those who say so."""

from __future__ import annotations

from datetime import date

from core.coverage.policies import policy_on
from miniprogram_api.app.demo.county import plan_county
from miniprogram_api.app.demo.insurance import member
from miniprogram_api.app.demo.patients import MAN_OF_58

TODAY = date(2026, 11, 20)


def test_each_planned_patient_is_insured_by_a_scheme_that_holds_or_by_none() -> None:
    patients = plan_county(1, TODAY).patients
    members = [member(one, TODAY) for one in patients]
    assert any(one is None for one in members)
    insured = [one for one in members if one is not None]
    assert {one.scheme for one in insured} == {"residents", "employees"}
    assert len({one.member_number for one in insured}) == len(insured)
    assert all(policy_on(one.scheme, TODAY) is not None for one in insured)


def test_the_man_of_the_story_is_insured() -> None:
    man = next(one for one in plan_county(1, TODAY).patients if one.number == MAN_OF_58 and one.listed == "village-doctor-01")
    assert member(man, TODAY) is not None
