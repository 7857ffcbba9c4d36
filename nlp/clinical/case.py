"""One case as the rules see it: what is present, what is denied, what was measured, who it is."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources

from nlp.interface.assessment import Facts
from nlp.interface.reading import Finding, Measurement, Status
from nlp.language.context import CIRCUMSTANCES

_EVENTS = frozenset(
    ["snake_bite", "bee_sting", "many_stings", "head_injury", "high_fall", "traffic_accident", "fall", "electric_shock", "burn", "burn_large",
     "burn_special", "chest_injury", "belly_injury", "deformed_limb", "open_fracture", "amputation", "overdose", "mushroom_eaten", "co_exposure",
     "smoke_inhaled", "battery_swallowed", "object_swallowed", "drowning", "joint_dislocation", "eye_injury", "crush_injury", "bleeding_wound"]
)  # fmt: skip
_LONG_AGO = 24.0 * 183
"""Hours. What happened once and half a year ago or longer is no emergency of today; what is left of it is a finding of its own (design)."""


def _there(finding: Finding) -> bool:
    long_ago = finding.code in _EVENTS and finding.duration_hours is not None and finding.duration_hours >= _LONG_AGO
    return finding.status is not Status.ABSENT and finding.subject == "patient" and not long_ago


@cache
def denied_with() -> dict[str, tuple[str, ...]]:
    """What is denied together with the key."""
    content = resources.files("nlp.clinical").joinpath("knowledge", "denials.csv").read_text(encoding="utf-8")
    return {row["denied"]: tuple(row["with_it"].split()) for row in csv.DictReader(content.splitlines())}


@dataclass(frozen=True)
class Case:
    """Only what concerns the patient; what is uncertain counts as present (it can only raise), what was not said counts as unknown."""

    facts: Facts
    notes: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """What was worked out of this case, so that it is worked out once."""

    @cached_property
    def present(self) -> dict[str, Finding]:
        return {f.code: f for f in (*self.facts.conditions, *self.facts.findings) if _there(f)}

    @cached_property
    def absent(self) -> frozenset[str]:
        """What was denied, and what is denied with it (denials.csv): who eats and works as ever is not confused. Never what was said to be there."""
        said = {f.code for f in (*self.facts.conditions, *self.facts.findings) if f.status is Status.ABSENT and f.subject == "patient"}
        with_it = {other for code in said - self.present.keys() for other in denied_with().get(code, ())}
        return frozenset(said | (with_it - self.present.keys()))

    @cached_property
    def complaints(self) -> dict[str, Finding]:
        """Present findings alone, without long-standing conditions and without what is only a circumstance (alone, means at hand)."""
        return {
            f.code: f for f in self.facts.findings if _there(f) and f.code not in CIRCUMSTANCES
        }

    @cached_property
    def measured(self) -> dict[str, Measurement]:
        return {measurement.code: measurement for measurement in self.facts.measurements}

    @cached_property
    def told(self) -> frozenset[str]:
        """Codes of what is there and of what was measured."""
        return frozenset(self.present) | frozenset(self.measured)

    @cached_property
    def suspected(self) -> dict[str, bool]:
        """Dangers that the words sounded like, none of them a finding, each with whether strongly."""
        return {suspicion.code: suspicion.strong for suspicion in self.facts.suspects}

    @property
    def age_days(self) -> int | None:
        return self.facts.person.age_days

    @property
    def is_child(self) -> bool:
        """Under 15, or called a child with no age said."""
        age = self.age_days
        return age < 15 * 365.25 if age is not None else self.facts.person.relation == "child"

    @property
    def child_speaking(self) -> bool:
        return self.facts.person.child_speaking

    @property
    def pregnant(self) -> bool:
        return bool(self.facts.person.pregnant)

    def knows(self, code: str) -> bool:
        """Whether anything was said of ``code``, yes or no."""
        return code in self.present or code in self.absent or code in self.measured


@dataclass(frozen=True)
class MildestCase(Case):
    """A case in which all that nobody spoke of among ``denied`` is denied: the mildest that answers can still make of it."""

    denied: frozenset[str] = frozenset()

    @staticmethod
    def of(case: Case, codes: frozenset[str]) -> MildestCase:
        return MildestCase(case.facts, denied=frozenset(code for code in codes if not case.knows(code)))

    @cached_property
    def absent(self) -> frozenset[str]:
        return super().absent | self.denied
