"""What each reason asks for: no other drug where less of it would do, nothing of the expert where only a fact is missing."""

from __future__ import annotations

import pytest

from core.prescriptions.items import Finding
from core.prescriptions.remedies import changes, lacks


def finding(key: str, kind: str) -> Finding:
    return Finding(key=key, action="B", kind=kind, drugs=(), text="")


@pytest.mark.parametrize(("keys", "changed", "lacking"), [
    ([("facts.pregnancy", "facts")], "", "缺的资料请村医补上。"),
    ([("dose.single:amlodipine", "dose")], "改剂量", ""),
    ([("days:ibuprofen", "dose")], "改天数", ""),
    ([("dose.weight:paracetamol", "dose")], "", "体重请村医重新称一次。"),
    ([("dose.age:ibuprofen", "dose")], "换药", ""),
    ([("statin_macrolide:a+b", "pair"), ("dose.daily:x", "dose"), ("facts.weight", "facts")], "换药、改剂量", "缺的资料请村医补上。"),
])
def test_each_reason_asks_for_its_own_remedy(keys: list[tuple[str, str]], changed: str, lacking: str) -> None:
    found = [finding(*one) for one in keys]
    assert (changes(found), lacks(found)) == (changed, lacking)
