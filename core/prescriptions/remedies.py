"""What a finding asks for before anybody may sign: another drug, another dose, fewer days, or a fact that is missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from core.prescriptions.items import Finding

Remedy = Literal["drug", "dose", "days", "facts", "weight"]

_BY_KEY: tuple[tuple[str, Remedy], ...] = (("dose.weight", "weight"), ("dose.age", "drug"), ("days", "days"))
CHANGES: dict[Remedy, str] = {"drug": "换药", "dose": "改剂量", "days": "改天数"}
"""What the expert changes, in the order in which it is said; facts and weight are the village doctor's."""


def remedy(finding: Finding) -> Remedy:
    if finding.kind == "facts":
        return "facts"
    found = next((what for key, what in _BY_KEY if finding.key.split(":")[0] == key), None)
    return found or ("dose" if finding.kind == "dose" else "drug")


def changes(findings: Iterable[Finding]) -> str:
    """换药、改剂量; empty where the prescription itself may stay as it is."""
    asked = {remedy(one) for one in findings}
    return "、".join(words for what, words in CHANGES.items() if what in asked)


def lacks(findings: Iterable[Finding]) -> str:
    """What the village doctor has to bring, one sentence; empty where nothing is missing."""
    asked = {remedy(one) for one in findings}
    sentences = ("缺的资料请村医补上。" if "facts" in asked else "", "体重请村医重新称一次。" if "weight" in asked else "")
    return "".join(sentences)
