"""The data files of prescription safety: whole, consistent, and in what a clinician signs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from core.prescriptions.drugs import catalogue, drug
from core.prescriptions.knowledge_base import FOLDER, Knowledge, _check, _dose, _read, knowledge, rule_sets


def test_the_lists_are_whole() -> None:
    """Every rule names its source and mark, every drug has sane limits, and the digests change with the data."""
    known = knowledge()
    assert 60 <= len(catalogue()) <= 100
    for one in catalogue().values():
        assert 0 < one.max_single <= one.max_daily, one.code
        assert one.price_fen > 0
        assert one.mark in ("seen", "gk")
        assert one.child_source in known.sources
        assert (one.max_times is None) == (one.times_source == "")
        assert not (one.village and (one.special or one.tier in ("restricted", "special"))), one.code
    for rule in (entry.rule for entry in known.interactions):
        assert rule.harm
        assert rule.advice
        assert rule.source in known.sources
    for caution in known.cautions:
        assert caution.drugs, caution.rule.id
        assert caution.rule.harm, caution.rule.id
        assert caution.rule.source in known.sources
        assert caution.rule.mark in ("seen", "gk")
        assert not set(caution.conditions) & set(caution.unless_conditions)
    for dose in known.doses.values():
        assert dose.directions, dose.code
        assert dose.when, dose.code
        assert dose.source in known.sources
        assert dose.amount <= drug(dose.drug).max_single
        assert all(len(words) > 3 for words in dose.contraindications.values())
        assert dose.refused_measure == "" or dose.refused_below is not None
    for age in known.fact_ages.values():
        assert age.why
        assert age.source in known.sources
        assert (age.below_years is None) == (age.child_days is None)
    assert {rules.name for rules in rule_sets()} == {"prescriptions.drugs", "prescriptions.safety", "prescriptions.emergency_doses"}
    assert len({rules.digest for rules in rule_sets()}) == 3
    assert {one.coverage for one in catalogue().values()} == {"甲", "乙", ""}


BROKEN: list[Callable[[Knowledge], Knowledge]] = [
    lambda known: replace(known, doses={"x": replace(known.doses["aspirin_chewed"], source="S0")}),
    lambda known: replace(known, doses={"x": replace(known.doses["nitroglycerin_sublingual"], refused_measure="systolisch")}),
    lambda known: replace(known, allergy_labels={**known.allergy_labels, "penicilin": "青霉素类"}),
    lambda known: replace(known, age=(replace(known.age[0], unless_conditions=frozenset({"vasculardisease"})),)),
    lambda known: replace(known, fertile=(replace(known.fertile[0], drugs=frozenset({"valproat"})),)),
    lambda known: replace(known, age=(replace(known.age[0], rule=replace(known.age[0].rule, source="GK", mark="seen")),)),
    lambda known: replace(known, limits=replace(known.limits, sources={"course": ("S0", "seen")})),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_slip_in_the_data_is_found_when_it_is_read(broken: Callable[[Knowledge], Knowledge]) -> None:
    with pytest.raises(ValueError, match="mean nothing"):
        _check(broken(knowledge()))


def test_a_slip_in_a_field_of_a_refusal_is_found_too() -> None:
    entry = next(one for one in _read("emergency_doses")["dose"] if "refused_when" in one)
    with pytest.raises(ValueError, match="refused_when"):
        _dose({**entry, "refused_when": {"mesure": "systolic", "below": 90}})


def test_the_numbers_of_the_check_stand_in_what_is_signed() -> None:
    """Given the digest of the safety rules, then the file of the limits is in it."""
    safety = next(one for one in rule_sets() if one.name == "prescriptions.safety")
    files = ("interactions", "cautions", "fact_ages", "limits", "sources")
    expected = hashlib.sha256(b"".join((FOLDER / f"{name}.toml").read_bytes() + b"\x00" for name in files)).hexdigest()
    assert safety.digest == expected
    limits = knowledge().limits
    assert (limits.fertile_years, limits.guardian_below_years, limits.child_below_years) == (range(10, 56), 6, 12)
    assert (limits.usual_days, limits.longest_days, limits.child_tolerance) == (7, 84, Decimal("1.1"))
