"""A whole inquiry without a practice around it: opening words, question, answer, … , final assessment. The implementation is ``nlp.engine.build()``.

    step = engine.begin("咳嗽三天", age_days=21_000, sex="male")
    while step.question is not None:
        step = engine.answer(step, "no")          # a choice's code or label, yes, no, unknown, or words
    step.assessment

Pure: a step holds everything, nothing is kept between calls, and the same words give the same steps. What the practice adds (where the patient is,
the alarm) is not part of it.
"""

from __future__ import annotations

from typing import Protocol

from .assessment import Assessment, Facts, Question
from .reading import Value

YES, NO, UNKNOWN = "yes", "no", "unknown"
"""Answers that every question understands beside the codes and labels of its choices and free words."""


class Step(Value):
    """Where an inquiry stands: ``question`` is open, None at the end. ``assessment`` is what stands now, with what only a doctor may read."""

    facts: Facts
    question: Question | None
    findings: tuple[str, ...] = ()
    """Codes of the findings that the question asks for; one for most, several for a danger question, none where it asks for age or time."""
    assessment: Assessment
    turn: int = 0
    """Questions answered so far."""


class Inquirer(Protocol):
    """Deterministic; safe to call from a thread; raises nothing on any text."""

    def begin(self, text: str, *, age_days: int | None = None, sex: str | None = None) -> Step:
        """The first step. ``age_days`` and ``sex`` ("male", "female") count where the words do not say otherwise."""
        ...

    def answer(self, step: Step, answer: str) -> Step:
        """The step after ``answer`` to the open question; a step that has none is given back as it is."""
        ...
