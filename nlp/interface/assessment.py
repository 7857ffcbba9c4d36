"""What is known so far, the next question, and the assessment with its reasons."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from .candidates import Candidates
from .reading import Department as Department
from .reading import Finding, Measurement, Person, Suspicion, Value
from .urgency import Urgency


class Choice(Value):
    """One thing to tap. ``code`` goes back to the engine, ``label`` is read by a person."""

    code: str
    label: str


class Question(Value):
    """One question in plain words. Every question also accepts 不清楚 (code "unknown"), which is among ``choices``."""

    code: str
    text: str
    choices: tuple[Choice, ...]
    rules_out_danger: bool = False
    is_open: bool = False
    """Asked in the open: whatever else troubles the person answers it."""


class Facts(Value):
    """Everything known of one case so far; what is later said of the same finding replaces what was said before."""

    person: Person = Person()
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    conditions: tuple[Finding, ...] = ()
    asked: tuple[str, ...] = ()
    """Codes of the questions already asked, in order; none is asked twice, save once a danger question whose answer was unclear. Beside them what the
    engine remembers of such answers (``unclear:<code>``, ``unknown:<code>``)."""
    urgency_said: str | None = None
    leaning: tuple[Department, ...] = ()
    """Where the words of what was told point, by the trained model, before anybody decides: no department to show yet."""
    suspects: tuple[Suspicion, ...] = ()
    """Dangers that the words of what was told sound like, by the trained second reader, each once, in the order in which they came up."""


class Reason(Value):
    """Why: in the patient's own words, with the rule that fired and the source it rests on."""

    text: str
    rule: str
    source: str
    signed: bool = False


class Emergency(Value):
    """What to say first when there is danger. ``suspected`` is the only disease a patient is ever told, as the reason to call 120."""

    rule: str
    suspected: str
    do_now: tuple[str, ...]
    do_not: tuple[str, ...]
    ask_next: str | None = None
    """The one thing the hospital needs (for instance the time of onset)."""
    first: str = ""
    """Where somebody thinks of ending his life: said before everything else, and in place of what is suspected."""
    question: Question | None = None
    """The question to ask at once, with its choices, before any other (in the same case)."""
    headline: str = ""
    """The first line, where it is not "this may be ``suspected``, call 120 at once"."""
    comfort: str = ""
    """To somebody who may have taken poison on purpose, or to who speaks of him: said right after the first line, which is 120."""
    calls: tuple[str, ...] = ("120",)
    """The numbers to call, the first one first."""
    alone: bool = False
    """Nobody is with the patient, who writes himself: what he does alone stands in ``do_now``."""


class Alarm(Value):
    """Of an assessment the danger alone."""

    critical: bool = False
    """The level is the highest."""
    emergency: Emergency | None = None
    red_flag: str = ""


class Assessment(Value):
    """``level`` is None while the minimum facts are missing; ``complete`` is True when no further question would change it."""

    level: Urgency | None
    complete: bool
    reasons: tuple[Reason, ...] = ()
    departments: tuple[Department, ...] = ()
    emergency: Emergency | None = None
    red_flag: str = ""
    """The rule, measurement or single finding by which he must be seen now, whatever the open questions bring; said at once."""
    advice: tuple[str, ...] = ()
    """What to do, and which named signs mean 120 or coming back earlier."""
    candidates: Candidates = Candidates()
    """For doctors alone: diseases worth a thought, at most five. Taken out of everything that a patient receives (``for_patient``)."""
    engine: str = ""
    """Name and version of rules and lexicon."""

    @model_validator(mode="before")
    @classmethod
    def _without_former(cls, given: Any) -> Any:
        """An assessment kept before there was one list: what was considered then is not read any more."""
        return {name: value for name, value in given.items() if name != "considered"} if isinstance(given, dict) else given

    @property
    def alarm(self) -> Alarm:
        return Alarm(critical=self.level is Urgency.CRITICAL, emergency=self.emergency, red_flag=self.red_flag)

    def for_patient(self) -> Assessment:
        """The same without what only a doctor may read."""
        return self.model_copy(update={"candidates": Candidates()}) if self.candidates.found else self
