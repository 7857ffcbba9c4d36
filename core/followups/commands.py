"""What can be asked of follow-up: begin and end a plan, record a value, say that it is worse, read."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from core.followups.templates import Task
from core.foundation.actor import Role
from core.foundation.clock import Moment
from core.foundation.ids import Id
from core.foundation.orders import IN_EMERGENCY, Command, Done, Grant, Query, Result
from core.foundation.withheld import WithWithheld
from core.intake.commands import IntakeView

TemplateKey = Literal["hypertension", "diabetes"]
LevelName = Literal["normal", "high", "low", "danger"]


class Component(Result):
    """One number: ``code`` is LOINC, ``unit`` UCUM."""

    code: str
    value: Decimal
    unit: str


class Measured(Result):
    """The sealed content of a reading."""

    components: tuple[Component, ...]


class DueView(Result):
    occurrence_id: Id
    task: Task
    label: str
    due_at: datetime
    state: str


class PlanView(Result):
    """``due``: what comes next of each task. ``sources``: behind what is done and by which numbers it is judged, each with its edition."""

    plan_id: Id
    patient_id: Id
    template: TemplateKey
    title: str
    running: bool
    started_at: datetime
    ended_at: datetime | None
    village_doctor: str | None
    due: tuple[DueView, ...]
    missed_in_row: int
    sources: tuple[str, ...]
    rules_signed: bool


class StartPlan(Command):
    """A plan from a template; the patient must have consented to care. Errors: AlreadyFollowed, ConsentMissing, TemplatesUnsigned."""

    name = "followups.start"
    title = "建随访计划"
    access = (Grant(Role.SYSTEM), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = PlanView
    patient_id: Id
    template: TemplateKey
    consultation_id: Id | None = None


class EndPlan(Command):
    """End the plan: what is due of it is dropped."""

    name = "followups.end"
    title = "结束随访计划"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_plan"), Grant(Role.VISITOR, "own_plan"))
    gives = PlanView
    plan_id: Id
    reason: Literal["finished", "refused", "moved", "mistake"]


class ReadPlan(Query):
    name = "followups.plan"
    title = "随访计划"
    access = (Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_plan"), Grant(Role.VILLAGE_DOCTOR, "listed_plan"))
    gives = PlanView
    audited = True
    plan_id: Id


class PlansView(Result):
    """``now``: the practice's time, by which today is today."""

    plans: tuple[PlanView, ...]
    now: datetime


class MyPlans(Query):
    """The running plans of those for whom the actor speaks (his own first)."""

    name = "followups.mine"
    title = "我的随访"
    access = (Grant(Role.VISITOR),)
    no_relation = "只列他自己和他替办的人"
    gives = PlansView
    audited = True


class ListedPlan(Result):
    """``last``: what was measured last for this plan, as people write it (150/95), with when and how high; None before the first or where it does not
    open."""

    number: int
    plan: PlanView
    last: str | None = None
    last_at: datetime | None = None
    last_level: str = ""


class ListedPlansView(Result):
    plans: tuple[ListedPlan, ...]


class ListedPlans(Query):
    """The running plans of the patients on the actor's list, by their numbers there."""

    name = "followups.of_list"
    title = "名单上的随访"
    access = (Grant(Role.VILLAGE_DOCTOR),)
    no_relation = "只列她名单上的"
    gives = ListedPlansView
    audited = True


class OfferedPlan(Result):
    template: TemplateKey
    title: str


class PlanOfferView(Result):
    """``number``: under which the village doctor knows the patient. ``plans``: what fits and does not run yet."""

    consultation_id: Id
    code: str
    patient_id: Id
    number: int | None
    plans: tuple[OfferedPlan, ...]


class PlanOffer(Query):
    """The follow-up that fits a consultation that was completed."""

    name = "followups.offer"
    title = "可建的随访"
    access = (Grant(Role.SYSTEM), Grant(Role.VILLAGE_DOCTOR, "own_consultation"))
    gives = PlanOfferView
    audited = True
    consultation_id: Id


class PatientPlans(Query):
    """All plans of a patient, newest first."""

    name = "followups.of_patient"
    title = "患者的随访"
    access = (Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = PlansView
    audited = True
    patient_id: Id


class ReadingView(Result):
    """``said``: as people write it (150/95, 6.8). ``advice``: of a danger, what is to be done; empty of any other value."""

    reading_id: Id
    task: Task
    said: str
    measured: Measured
    level: LevelName
    level_label: str
    out: Literal["", "high", "low"] = ""
    """Which way it is out; a danger is one or the other."""
    taken_at: datetime
    advice: str = ""


class ReadingRecorded(Result):
    """``highs_in_week``: values above the target within seven days, this one included. ``told``: the village doctor who was told, as he is called.

    ``advice``: what the patient is told of the value. ``ask_danger_signs``: ask now whether there are any: with ``signs``, the question, and
    ``if_no_signs``, what is answered to 没有.
    """

    reading: ReadingView
    highs_in_week: int
    told: str | None
    advice: str
    ask_danger_signs: bool
    signs: str = ""
    if_no_signs: str = ""


class RecordReading(Command):
    """A blood pressure (both numbers) or a fasting glucose. Errors: Implausible (nothing is recorded), ReadingEmpty, ReadingTime."""

    name = "followups.record_reading"
    title = "记下测量值"
    access = (Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = ReadingRecorded
    patient_id: Id
    systolic: Annotated[int, Field(ge=0, le=999)] | None = None
    diastolic: Annotated[int, Field(ge=0, le=999)] | None = None
    glucose: Annotated[Decimal, Field(ge=0, le=999, max_digits=5, decimal_places=2)] | None = None
    taken_at: Moment | None = None


class ReadingsView(WithWithheld):
    readings: tuple[ReadingView, ...]


class Readings(Query):
    """Measured values of a patient, oldest first, at most the last ninety."""

    name = "followups.readings"
    title = "测量记录"
    access = (Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"), *IN_EMERGENCY)
    gives = ReadingsView
    audited = True
    patient_id: Id
    task: Literal["blood_pressure", "fasting_glucose"]


class TrendView(Result):
    """``blob_id``: the PNG under the patient's key; None while it is being drawn."""

    reading_id: Id
    patient_id: Id
    blob_id: Id | None
    caption: str


class Trend(Query):
    name = "followups.trend"
    title = "趋势图"
    access = (Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_reading"), Grant(Role.VILLAGE_DOCTOR, "listed_reading"))
    gives = TrendView
    audited = True
    reading_id: Id


class KeepTrend(Command):
    """The system: the trend picture is drawn and stored; the patient is shown it. A second one for the same reading is not kept."""

    name = "followups.keep_trend"
    title = "存趋势图"
    access = (Grant(Role.SYSTEM),)
    gives = TrendView
    reading_id: Id
    blob_id: Id
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class ReportWorse(Command):
    """加重: the pre-consultation takes it up at once (with triage and, in danger, the alarm), and the village doctor is told."""

    name = "followups.worse"
    title = "加重"
    access = (Grant(Role.VISITOR, "own_patient"),)
    gives = IntakeView
    needs_engine = True
    patient_id: Id
    text: str = Field(min_length=1, max_length=2000)


class RecordVisit(Command):
    """The village doctor saw the patient: the next visit is one interval from now, sooner when the last value was not at the target."""

    name = "followups.record_visit"
    title = "记下面对面随访"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_plan"),)
    gives = PlanView
    plan_id: Id


class OccurrenceView(Result):
    occurrence_id: Id
    plan_id: Id
    patient_id: Id
    task: Task
    state: str
    reminder: str


class ReadOccurrence(Query):
    """What a reminder says: for what the system itself tells people."""

    name = "followups.occurrence"
    title = "随访提醒"
    access = (Grant(Role.SYSTEM),)
    gives = OccurrenceView
    audited = True
    occurrence_id: Id


class Remind(Command):
    """The system: an occurrence is due. Each is told once, whatever runs twice."""

    name = "followups.remind"
    title = "到时提醒"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    occurrence_id: Id


class Lapse(Command):
    """The system: nobody answered in time."""

    name = "followups.lapse"
    title = "过时未答"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    occurrence_id: Id
