"""What is sealed in a prescription's rows, and what the rules reason over. Amounts are decimals in the drug's unit, lengths are days."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from nlp.interface.reading import Value

Amount = Annotated[Decimal, Field(gt=0, le=100_000, max_digits=9, decimal_places=3)]
Action = Literal["B", "W"]
Pregnancy = Literal["unknown", "no", "yes", "may_conceive"]


class Item(Value):
    """One drug as prescribed: ``dose`` at a time, in the drug's unit."""

    drug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{2,40}$")]
    dose: Amount
    times_per_day: Annotated[int, Field(strict=True, ge=1, le=8)]
    days: Annotated[int, Field(strict=True, ge=1, le=90)]
    directions: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""


class Besides(Value):
    """A drug of another prescription of the patient, by its ``code``. ``dispensed``: he has it, and the course runs; ``ending``: not for long."""

    item: Item
    code: str
    dispensed: bool = False
    ending: bool = False


class Facts(Value):
    """``allergies``: classes or drugs of the list; ``current``: drugs of the list that he takes; ``*_words``: what the lists do not name.

    Measured: ``systolic`` mm[Hg], ``heart_rate`` /min, ``creatinine`` µmol/L, ``egfr`` mL/min/1.73 m², ``potassium`` mmol/L, ``weight_kg``.
    ``guardian_present``: for a child under six, the guardian and a doctor are with it.
    """

    allergies_asked: bool = False
    allergies: tuple[str, ...] = ()
    allergy_words: str = ""
    current: tuple[str, ...] = ()
    current_words: str = ""
    conditions: tuple[str, ...] = ()
    pregnancy: Pregnancy = "unknown"
    weight_kg: Decimal | None = None
    systolic: Decimal | None = None
    heart_rate: Decimal | None = None
    creatinine: Decimal | None = None
    egfr: Decimal | None = None
    potassium: Decimal | None = None
    guardian_present: bool = False


class Recorded(Value):
    """Facts on record. ``at``: when each that does not last was recorded, by its name."""

    facts: Facts = Facts()
    at: dict[str, datetime] = Field(default_factory=dict)


class Person(Value):
    """Of the patient what the rules ask: completed months of age, sex."""

    age_months: int
    sex: str

    @property
    def age_years(self) -> int:
        return self.age_months // 12


class Finding(Value):
    """One thing the check found. ``action`` B: cannot be signed; W: signed with a reason, given under ``key``."""

    key: str
    action: Action
    kind: str
    drugs: tuple[str, ...]
    text: str
    advice: str = ""
    source: str = ""
    mark: str = ""


class Body(Value):
    items: tuple[Item, ...]
    diagnosis: str
    note: str = ""


class Override(Value):
    key: str
    text: str
    reason: str


class Overrides(Value):
    given: tuple[Override, ...] = ()


class DoseBody(Value):
    """``warnings``: what stood on record against it when it was signed, in words."""

    dose: str
    ruled_out: tuple[str, ...]
    warnings: tuple[str, ...] = ()
