"""What can be asked about the safety facts 用药安全资料: record them, fill in one, read them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import IN_EMERGENCY, Command, Grant, Query, Result
from core.prescriptions.commands import Codes, Words
from core.prescriptions.items import Facts, Pregnancy


class FactsView(Result):
    """``facts``: as the check takes them, with what was measured for the request and what is computed; ``recorded``: what stands on record and still
    counts, for a form to start from; ``outdated``: names of what was recorded too long ago. ``version``: what was read, to be sent with a change; 0
    where nothing was recorded yet. ``open``: they may be recorded in this consultation."""

    patient_id: Id
    facts: Facts
    recorded: Facts
    outdated: tuple[str, ...]
    open: bool
    version: int
    recorded_at: datetime | None


class RecordFacts(Command):
    """What must be known of the patient before he is given drugs; replaces what was recorded before, if that is what was read (``version``)."""

    name = "prescriptions.record_facts"
    title = "记录用药安全资料"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"))
    gives = FactsView
    consultation_id: Id
    version: int = Field(default=0, strict=True, ge=0)
    allergies_asked: bool
    allergies: Codes = ()
    allergy_words: Words = ""
    current: Codes = ()
    current_words: Words = ""
    conditions: Codes = ()
    pregnancy: Pregnancy = "unknown"
    weight_kg: Annotated[Decimal, Field(ge=Decimal("0.5"), le=300)] | None = None
    systolic: Annotated[Decimal, Field(ge=30, le=300)] | None = None
    heart_rate: Annotated[Decimal, Field(ge=10, le=350)] | None = None
    creatinine: Annotated[Decimal, Field(ge=5, le=3000)] | None = None
    """µmol/L; where no ``egfr`` is given, it is computed from this."""
    egfr: Annotated[Decimal, Field(ge=0, le=250)] | None = None
    potassium: Annotated[Decimal, Field(ge=1, le=12)] | None = None
    guardian_present: bool = False


class FillFact(Command):
    """One answer where nothing was known; what is known, whatever it says, is never changed by it. Given again, it changes nothing."""

    name = "prescriptions.fill_fact"
    title = "补一项用药安全资料"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = FactsView
    consultation_id: Id
    fact: Literal["no_allergy", "not_pregnant"]


class ReadFacts(Query):
    name = "prescriptions.facts"
    title = "用药安全资料"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"),
        Grant(Role.DUTY_DOCTOR, "referred_consultation"), Grant(Role.PHARMACIST, "prescribed_consultation"), *IN_EMERGENCY,
    )
    gives = FactsView
    audited = True
    consultation_id: Id


class EmergencyHeadView(Result):
    """``patient``: the family name only. ``safety``: label and words, as on the case (过敏, 正在用的药 …)."""

    patient: str
    sex_label: str
    age: str
    safety: tuple[tuple[str, str], ...]


class EmergencyHead(Query):
    """Whose record was opened in an emergency, so that a slip in a number is seen before anything is given, and what he must not be given."""

    name = "prescriptions.emergency_head"
    title = "病人是谁、过敏和用药"
    access = IN_EMERGENCY
    gives = EmergencyHeadView
    audited = True
    patient_id: Id
