"""What can be asked of oversight: open a record in an emergency, and look at who did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.foundation.withheld import WithWithheld
from core.oversight.rules import Reason, Verdict

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class OpenedCase(Result):
    consultation_id: Id
    code: str


class BreakGlassView(Result):
    """One opening as the doctor sees it. ``patient``: 罗某 男 58 岁, "" where it does not open any more. ``live``: the record is open now.
    ``cases``: the patient's consultations, newest first, while it is."""

    break_glass_id: Id
    code: str
    patient_id: Id
    patient: str
    reason: Reason
    reason_label: str
    opened_at: datetime
    until: datetime
    live: bool
    reviewed: bool
    verdict_label: str
    cases: tuple[OpenedCase, ...] = ()


class BreakTheGlass(Command):
    """紧急调阅: a doctor without a part in it reads a patient's record for four hours (domain time), for a reason from the list and in his own
    words. The patient and who speaks for him are told at once, and it is reviewed. Open already, it stays as it is.

    PatientNotNamed, PatientUnknown, WordsEmpty, TooManyUnreviewed.
    """

    name = "oversight.break_glass"
    title = "紧急调阅"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "at_the_place"), Grant(Role.DUTY_DOCTOR, "same_county"),
        Grant(Role.EXPERT),
    )
    no_relation = "急救的病人可能送到任何一家医院的专家手里;每次都告知病人并审查"
    gives = BreakGlassView
    patient_id: Id | None = None
    consultation_code: str | None = Field(default=None, pattern=r"^[Cc]-[0-9A-Za-z]{4,6}$")
    id_number: str | None = Field(default=None, pattern=r"^[0-9]{17}[0-9Xx]$", repr=False)
    reason: Reason
    words: Words


class BreakGlassList(Result):
    openings: tuple[BreakGlassView, ...]


class MyBreakGlasses(Query):
    """The doctor's own openings, newest first, at most fifty."""

    name = "oversight.mine"
    title = "我的紧急调阅"
    access = (Grant(Role.VILLAGE_DOCTOR), Grant(Role.DUTY_DOCTOR), Grant(Role.EXPERT))
    no_relation = "只列他自己做过的"
    gives = BreakGlassList
    audited = True


class ReadThing(Result):
    """Something that was read through the opening: what kind of thing, never what stood in it. ``about``: a code, where there is one."""

    at: datetime
    title: str
    about: str


class ReviewView(Result):
    """One opening for the reviewer: who, whose record (without the full name), why, and which things were read. ``read_count``: looks, the same
    thing within an hour being one (a page that renews itself asks four times a minute). ``reads`` only in the single view."""

    break_glass_id: Id
    code: str
    doctor: str
    role_label: str
    patient: str
    reason_label: str
    words: str
    opened_at: datetime
    until: datetime
    overdue: bool
    reviewed_at: datetime | None
    reviewed_by: str | None
    verdict: Verdict | None
    verdict_label: str
    verdict_words: str
    read_count: int
    reads: tuple[ReadThing, ...] = ()


class ReviewList(WithWithheld):
    openings: tuple[ReviewView, ...]
    unreviewed: int


class BreakGlassesToReview(Query):
    """What waits in the reviewer's county, oldest first, then the newest fifty that were reviewed; never his own."""

    name = "oversight.to_review"
    title = "调阅审查"
    access = (Grant(Role.AUDITOR), Grant(Role.ADMINISTRATOR))
    no_relation = "只列他所在县的,没有他自己的"
    gives = ReviewList
    audited = True


class ReadBreakGlass(Query):
    """One opening with everything that was read through it."""

    name = "oversight.view"
    title = "看紧急调阅"
    access = (Grant(Role.AUDITOR, "reviewer"), Grant(Role.ADMINISTRATOR, "reviewer"), Grant(Role.SYSTEM))
    gives = ReviewView
    audited = True
    break_glass_id: Id


class ReviewBreakGlass(Command):
    """The verdict, once. The doctor is told; the patient too when it was not justified, and the record closes at once. AlreadyReviewed."""

    name = "oversight.review"
    title = "审查紧急调阅"
    access = (Grant(Role.AUDITOR, "reviewer"), Grant(Role.ADMINISTRATOR, "reviewer"))
    gives = ReviewView
    break_glass_id: Id
    verdict: Verdict
    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class RemindReview(Command):
    """The system: nobody has reviewed it for three days; auditors and administrators are told, and again every day."""

    name = "oversight.remind"
    title = "催审查"
    access = (Grant(Role.SYSTEM),)
    break_glass_id: Id


class PatientBreakGlass(Result):
    """One opening as the patient reads it."""

    at: datetime
    until: datetime
    doctor: str
    reason_label: str
    verdict_label: str


class PatientBreakGlasses(Result):
    openings: tuple[PatientBreakGlass, ...]


class BreakGlassesOfPatient(Query):
    """Every opening of a patient's record, newest first, for himself and who speaks for him."""

    name = "oversight.of_patient"
    title = "谁紧急调阅过"
    access = (Grant(Role.VISITOR, "own_patient"),)
    gives = PatientBreakGlasses
    audited = True
    patient_id: Id
