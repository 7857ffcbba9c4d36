"""Candidate diseases for the doctor: the one list that everybody shows. Never shown to a patient: no patient is told the name of an illness."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from .reading import Value
from .urgency import Urgency

MOST = 5
"""So many are named at most."""


class Grade(StrEnum):
    """How far the evidence reaches, in words and not in percent: no labelled cases of a county's patients stand behind the numbers. The strongest
    first."""

    CRITERIA_MET = "criteria_met"
    ONCE_ABOVE = "once_above"
    PROBABLE = "probable"
    KNOWN = "known"
    POSSIBLE = "possible"
    CONSIDER = "consider"
    UNLIKELY = "unlikely"
    UNDECIDED = "undecided"
    VERY_UNLIKELY = "very_unlikely"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def strength(self) -> int:
        """0 (not to be judged) to 5 (criteria met): so many fields of a picture are filled. No probability."""
        return _STRENGTHS[self]


_LABELS = {
    Grade.CRITERIA_MET: "达到诊断标准",
    Grade.ONCE_ABOVE: "一次达到诊断界值,待复查",
    Grade.PROBABLE: "很可能",
    Grade.KNOWN: "已知患病",
    Grade.POSSIBLE: "可能",
    Grade.CONSIDER: "也要想到",
    Grade.UNLIKELY: "可能性小",
    Grade.UNDECIDED: "资料不够,不能判断",
    Grade.VERY_UNLIKELY: "可能性很小",
}
_STRENGTHS = {
    Grade.CRITERIA_MET: 5,
    Grade.ONCE_ABOVE: 3,
    Grade.PROBABLE: 4,
    Grade.KNOWN: 3,
    Grade.POSSIBLE: 3,
    Grade.CONSIDER: 2,
    Grade.UNLIKELY: 1,
    Grade.UNDECIDED: 0,
    Grade.VERY_UNLIKELY: 1,
}


class Point(Value):
    """One thing that speaks for or against. ``rule`` is its row, ``source`` what the number rests on (title and edition), ``origin`` one of "table"
    (published), "counted" (in recorded cases), "estimated" (a coarse grade of our own)."""

    text: str
    rule: str
    source: str
    origin: str


class Basis(StrEnum):
    """What an entry of the list rests on."""

    CITED = "cited"
    """Numbers with their sources, one by one (the compiled model of five)."""
    GRADED = "graded"
    """Coarse estimated grades of how often a disease shows what."""

    @property
    def label(self) -> str:
        return _BASES[self]


_BASES = {Basis.CITED: "逐项有出处的数字", Basis.GRADED: "粗分等级,由医学常识估计"}


class Candidate(Value):
    """One disease. ``score`` is the sum of the log-odds in thousandths of a nat, None where only coarse grades stand behind it: it orders, it is no
    probability and is not to be shown."""

    code: str
    name: str
    icd10: str
    categories: tuple[str, ...] = ()
    """Three-character categories of ICD-10 that count as this disease."""
    rank: int
    grade: Grade
    score: int | None = None
    basis: Basis = Basis.CITED
    urgency: Urgency = Urgency.ROUTINE
    """The level it usually deserves when first met; the level of the case is ``Assessment.level``."""
    speaks_for: tuple[Point, ...] = ()
    speaks_against: tuple[Point, ...] = ()
    missing: tuple[str, ...] = ()
    """What is not known and would help to decide: 未测血糖."""
    cautions: tuple[str, ...] = ()
    rule_out: tuple[str, ...] = ()
    """Names of what must be ruled out before this one is believed."""
    checks: tuple[str, ...] = ()
    """What a township centre can do."""

    @property
    def is_danger(self) -> bool:
        """A disease that is not to be missed: usually critical or emergent when first met."""
        return self.urgency in (Urgency.CRITICAL, Urgency.EMERGENT)

    def is_named_by(self, icd10: str) -> bool:
        """Whether a diagnosis coded ``icd10`` counts as this disease: the same category."""
        return icd10[:3] in (self.categories or (self.icd10[:3],))


class Candidates(Value):
    """At most ``MOST``, in order of rank. ``model``: name and version of what computed them; ``digest``: SHA-256 of all its tables; ``inputs``:
    SHA-256 of what it was given: kept with each use."""

    model: str = ""
    digest: str = ""
    inputs: str = ""
    found: tuple[Candidate, ...] = ()

    def place_of(self, diagnoses: Iterable[str]) -> int:
        """The rank of the first candidate that one of the coded ``diagnoses`` (ICD-10) names; 0 for none."""
        codes = tuple(diagnoses)
        return next((one.rank for one in self.found if any(one.is_named_by(code) for code in codes)), 0)


class Worked(Value):
    """What was worked out of one case: the list, and the class of each input and output by name, from which drift is measured."""

    candidates: Candidates
    states: dict[str, str]
