"""What is known so far, the next question, and the assessment with its reasons."""

from __future__ import annotations

from .reading import Department as Department
from .reading import Finding, Measurement, Person, Value
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


class Considered(Value):
    """One disease for a doctor to consider. Never shown to a patient: no patient is told the name of an illness."""

    code: str
    name: str
    icd10: str
    rank: int
    """1 for the likeliest."""
    relative: float
    """How likely beside the first, which has 1.0. Made of coarse grades: it orders, and is no probability to be shown as percent."""
    urgency: Urgency
    """The level it usually deserves when first met; the level of the case is ``Assessment.level``."""
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()
    rule_out: tuple[str, ...] = ()
    """Names of what must be ruled out before this one is believed."""
    checks: tuple[str, ...] = ()
    """What a township centre can do."""


class Assessment(Value):
    """``level`` is None while the minimum facts are missing; ``complete`` is True when no further question would change it."""

    level: Urgency | None
    complete: bool
    reasons: tuple[Reason, ...] = ()
    departments: tuple[Department, ...] = ()
    emergency: Emergency | None = None
    advice: tuple[str, ...] = ()
    """What to do, and which named signs mean 120 or coming back earlier."""
    considered: tuple[Considered, ...] = ()
    """For doctors alone: diseases worth a thought, at most five. Taken out of everything that a patient receives (``for_patient``)."""
    engine: str = ""
    """Name and version of rules and lexicon."""

    def for_patient(self) -> Assessment:
        """The same without what only a doctor may read."""
        return self.model_copy(update={"considered": ()}) if self.considered else self
