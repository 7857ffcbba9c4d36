"""What was understood from one text: findings, measurements and whom they concern, each with its place in the text."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Status(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"


class Span(Value):
    """Characters ``start`` (inclusive) to ``end`` (exclusive) of the original text, and those characters."""

    start: int
    end: int
    text: str


class Finding(Value):
    """A symptom or sign. ``subject`` is "patient" for the person the talk is about, else the relation ("mother", "neighbour" …)."""

    code: str
    term: str
    status: Status
    span: Span
    subject: str = "patient"
    duration_hours: float | None = None
    """For the rules alone where ``duration_words`` is set: then the longest that those words can mean."""
    duration_words: str | None = None
    """How long in the person's own words where these give no number (从早上起, 半天, 两三天): what is shown."""
    implied: bool = False
    """True when it was not said in words: a choice was tapped, or a bare yes or no answered a question for several things."""
    course: str | None = None
    """"sudden", "gradual", "worsening", "improving", "recurrent" or None."""
    severity: str | None = None
    """"mild", "moderate", "severe" or None."""


class Measurement(Value):
    """A number with its unit: ``code`` one of temperature (Cel), systolic, diastolic (mm[Hg]), heart_rate, respiratory_rate (/min),
    spo2 (%), glucose (mmol/L), pain (0-10), weight (kg), stools_per_day (/d)."""

    code: str
    value: float
    unit: str
    span: Span


CHILD_YEARS = 15
LEAST_YEARS_WRITING = 5
"""Younger children write nothing: who tells of himself and gives such an age means somebody else."""
ELDER_YEARS = 65


class Person(Value):
    """Whom the talk is about, as far as said. ``relation`` to the speaker: "self", "father", "mother", "child", "spouse", …; None = not said."""

    relation: str | None = None
    age_days: int | None = None
    age_words: str | None = None
    """The age as it was tapped (65 岁以上) when no exact age was said; ``age_days`` is then the middle of that group."""
    sex: str | None = None
    """"male" or "female"."""
    pregnant: bool | None = None
    pregnancy_weeks: int | None = None

    @property
    def age_years(self) -> float | None:
        return None if self.age_days is None else self.age_days / 365.25

    @property
    def child_speaking(self) -> bool:
        """Whether a child writes about itself (我今年9岁): it is spoken to as one, and told to fetch a grown-up."""
        years = self.age_years
        return self.relation == "self" and years is not None and LEAST_YEARS_WRITING <= years < CHILD_YEARS

    @property
    def elder_speaking(self) -> bool:
        """Whether an old person speaks for himself: he is asked in everyday words. Who names nobody else speaks of himself."""
        years = self.age_years
        return self.relation in (None, "self") and years is not None and years >= ELDER_YEARS


class Department(Value):
    """A department of 医疗机构诊疗科目名录 (code like "03.01") with a score in 0..1."""

    code: str
    name: str
    probability: float


class Suspicion(Value):
    """A danger that words sound like (heart, stroke …) without being a finding. ``strong``: hardly anything harmless sounds so much like danger."""

    code: str
    strong: bool = False


class Reading(Value):
    """Everything understood from one text. Texts that say nothing give an empty reading, never an error."""

    person: Person = Person()
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    conditions: tuple[Finding, ...] = ()
    """Long-standing illness, operations, medicines, allergies, same shape (codes "diabetes", "hypertension", "anticoagulant" …)."""
    urgency_said: str | None = None
    """An urgency code if the speaker typed one (紧急, 危急 …)."""
    not_understood: bool = False
    """True when the text is no greeting, answer or command and nothing was recognised in it."""
    abusive: bool = False
    """True when the text is a curse and tells nothing else; the rest of the reading is then empty."""
    asks_diagnosis: bool = False
    """True when the speaker wants to be told what illness it is; whatever else he said stands in the reading."""
    one_of: tuple[str, ...] = ()
    """What a bare 有 leaves open: one of these findings at least is there, and nobody said which."""
    foreign: bool = False
    """True when the text is written in another language than Chinese and nothing was recognised in it."""
    leaning: tuple[Department, ...] = ()
    """Where the words themselves point, by the trained model; empty for answers, asides and greetings."""
    suspects: tuple[Suspicion, ...] = ()
    """Dangers that the words sound like, by the trained second reader, the likeliest first: no findings, they are asked about."""

    @property
    def is_aside(self) -> bool:
        """A text that is no answer to anything: a curse, a wish for a diagnosis, another language. The open question stays open."""
        flagged = self.abusive or self.asks_diagnosis or self.foreign
        return flagged and self == Reading(abusive=self.abusive, asks_diagnosis=self.asks_diagnosis, foreign=self.foreign)
