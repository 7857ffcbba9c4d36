"""What can be asked of candidate diseases: work them out, show them to those who treat, add values, count agreement, watch drift."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from nlp.interface.candidates import Point

UNSIGNED = "演示·未经临床审定"
ValueCode = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,40}$")]

_TREATING = (
    Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.DUTY_DOCTOR, "on_duty_above"),
    Grant(Role.DUTY_DOCTOR, "referred_consultation"),
)


class WorkOutCandidates(Command):
    """The system: work out the candidate diseases of a consultation as it stands. What gives the same list again changes nothing."""

    name = "candidates.work_out"
    title = "算候选诊断"
    access = (Grant(Role.SYSTEM),)
    needs_engine = True
    consultation_id: Id


class CandidateView(Result):
    """One disease. ``strength``: 0 to 5 fields of a picture, no probability. ``danger``: not to be missed. ``basis``: what the entry rests on."""

    code: str
    name: str
    icd10: str
    rank: int
    grade: str
    grade_label: str
    strength: int
    danger: bool
    basis: str
    speaks_for: tuple[Point, ...]
    speaks_against: tuple[Point, ...]
    missing: tuple[str, ...]
    cautions: tuple[str, ...]
    rule_out: tuple[str, ...]
    checks: tuple[str, ...]


class AddedValue(Result):
    """A value or a sign that a doctor can add. ``value``: what is on record, None for nothing; of a sign 1 for there and 0 for not there."""

    code: str
    label: str
    unit: str
    low: float
    high: float
    value: float | None


class CandidatesView(Result):
    """``state``: ready; working (the worker is about to); none (nothing was complained of that the tables know). ``note``: said with every list that
    rests on tables without a clinician's signature, empty where all are signed."""

    consultation_id: Id
    state: Literal["ready", "working", "none"]
    candidates: tuple[CandidateView, ...]
    note: str
    model: str
    digest: str
    made_at: datetime | None
    values: tuple[AddedValue, ...]
    signs: tuple[AddedValue, ...]
    open: bool
    """Whether values can still be added."""


class CaseCandidates(Query):
    """The candidate diseases of a consultation, for those who treat; each look is audited with the list that was shown."""

    name = "candidates.of_case"
    title = "候选诊断"
    access = _TREATING
    gives = CandidatesView
    audited = True
    consultation_id: Id


class RecordValues(Command):
    """Add laboratory values, vital signs and signs found to a case; replaces what was added before, and the list is worked out anew."""

    name = "candidates.record_values"
    title = "补化验和查体"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"))
    gives = CandidatesView
    consultation_id: Id
    values: dict[ValueCode, float] = Field(default_factory=dict, max_length=30)
    examined: dict[ValueCode, bool] = Field(default_factory=dict, max_length=30)


class CountAgreement(Command):
    """The system: note at which place the list had the diagnosis that has been signed."""

    name = "candidates.count_agreement"
    title = "记候选诊断与签名诊断是否一致"
    access = (Grant(Role.SYSTEM),)
    consultation_id: Id
    opinion_id: Id


class Share(Result):
    """``count`` of ``of`` with the interval of Wilson at 95 %."""

    count: int
    of: int
    low: float
    high: float


class Agreement(Result):
    """Of the coded diagnoses how many the list had at the first place, among the first three, among the five, not at all."""

    first: Share
    among_three: Share
    among_five: Share
    none: Share


class DriftView(Result):
    """``moved``: name of what is watched and its index, the largest first."""

    day: str
    cases: int
    state: Literal["few", "steady", "shifting", "moved"]
    moved: tuple[tuple[str, float], ...]


class ModelView(Result):
    """One version of the model: lists worked out, diagnoses signed in words alone, agreement of all and of those signed by who had seen the list."""

    model: str
    digest: str
    uses: int
    uncoded: int
    all: Agreement
    seen: Agreement
    drift: DriftView | None
    reference: int
    """Cases in the reference; 0 while there are too few."""
    last_at: datetime


class ModelsView(Result):
    models: tuple[ModelView, ...]


class ModelStatus(Query):
    """How each version of the model was used, how often doctors agreed, whether inputs and outputs drift. Figures of a crowd alone."""

    name = "candidates.models"
    title = "模型情况"
    access = (Grant(Role.ADMINISTRATOR), Grant(Role.AUDITOR), Grant(Role.SYSTEM))
    no_relation = "只有合计数,没有患者的资料"
    gives = ModelsView


class WatchDrift(Command):
    """The system, every day: compare what the model in use was given and gave of late with its first uses; administrators are told when it moved."""

    name = "candidates.watch_drift"
    title = "看模型有没有漂移"
    access = (Grant(Role.SYSTEM),)
