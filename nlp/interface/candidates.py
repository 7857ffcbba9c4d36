"""Candidate diseases for the doctor: what is asked and what is answered. Never shown to a patient."""

from __future__ import annotations

from enum import StrEnum

from .reading import Value


class Grade(StrEnum):
    """How far the evidence reaches, in words and not in percent: no labelled cases of a county's patients stand behind the numbers. The strongest
    first."""

    CRITERIA_MET = "criteria_met"
    ONCE_ABOVE = "once_above"
    PROBABLE = "probable"
    KNOWN = "known"
    POSSIBLE = "possible"
    UNLIKELY = "unlikely"
    UNDECIDED = "undecided"
    VERY_UNLIKELY = "very_unlikely"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Grade.CRITERIA_MET: "达到诊断标准",
    Grade.ONCE_ABOVE: "一次达到诊断界值,待复查",
    Grade.PROBABLE: "很可能",
    Grade.KNOWN: "已知患病",
    Grade.POSSIBLE: "可能",
    Grade.UNLIKELY: "可能性小",
    Grade.UNDECIDED: "资料不够,不能判断",
    Grade.VERY_UNLIKELY: "可能性很小",
}


class Point(Value):
    """One thing that speaks for or against. ``rule`` is its row, ``source`` what the number rests on (title and edition), ``origin`` one of "table"
    (published), "counted" (in recorded cases), "estimated" (a coarse grade of our own)."""

    text: str
    rule: str
    source: str
    origin: str


class Candidate(Value):
    """One disease. ``score`` is the sum of the log-odds in thousandths of a nat: it orders, it is no probability and is not to be shown."""

    code: str
    name: str
    icd10: str
    rank: int
    grade: Grade
    score: int
    speaks_for: tuple[Point, ...] = ()
    speaks_against: tuple[Point, ...] = ()
    missing: tuple[str, ...] = ()
    """What is not known and would help to decide: 未测血糖."""
    cautions: tuple[str, ...] = ()


class Candidates(Value):
    """In order of rank. ``model`` is name and version of what computed them: kept with each use."""

    model: str
    found: tuple[Candidate, ...] = ()
