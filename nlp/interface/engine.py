"""The port through which the practice uses language and clinical reasoning. The implementation is ``nlp.engine.build()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .assessment import Alarm, Assessment, Facts, Question
from .candidates import Worked
from .reading import Reading, Value


class RuleSet(Value):
    """A set of clinical rules that a clinician signs as a whole: ``digest`` is the SHA-256 of its data, so a change needs a new signature."""

    name: str
    title: str
    edition: str
    digest: str
    count: int


class ClinicalEngine(Protocol):
    """Reads texts and reasons over facts. Pure and deterministic; safe to call from a thread; raises nothing on any text."""

    @property
    def version(self) -> str: ...

    @property
    def rule_sets(self) -> tuple[RuleSet, ...]: ...

    def warm(self) -> None:
        """Load now what the first text would otherwise wait for."""
        ...

    def read(self, text: str, *, answering: Question | None = None, choice: str | None = None, known: Facts | None = None) -> Reading:
        """Understand one text (at most 5,000 characters are looked at), as an answer to ``answering`` if given; ``choice`` is a tapped code.
        ``known``: what was told before, for words that mean something only beside it (八个月, of a child whose age is not known)."""
        ...

    def merge(self, facts: Facts, reading: Reading, *, answered: Question | None = None) -> Facts:
        """Facts with what ``reading`` adds or corrects."""
        ...

    def assess(self, facts: Facts) -> Assessment: ...

    def alarm(self, facts: Facts) -> Alarm:
        """Whether ``facts`` are an emergency: what ``assess`` says of it, in a third of the time."""
        ...

    def next_question(self, facts: Facts) -> Question | None:
        """The next best question, danger first; None when enough is known."""
        ...

    def work_out(self, facts: Facts, values: Mapping[str, float], examined: Mapping[str, bool]) -> Worked:
        """Candidate diseases for a doctor, as ``assess`` gives them, with what was added to the case: ``values`` by the codes of
        :mod:`nlp.interface.case_values` in their units (they replace what was told), ``examined`` what a doctor looked for (False: not there). What
        nobody can have is left out."""
        ...
