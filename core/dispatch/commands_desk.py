"""What the county's duty desk can ask for: who waits, who may be asked, giving a case to another expert, and a nudge for whoever is to act next."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.foundation.withheld import WithWithheld


class AskedExpert(Result):
    """An expert who was asked and what came of it: 等答复, 没应答, 婉拒(没空)."""

    expert: str
    outcome: str


class WaitingCase(Result):
    """A consultation without an expert, as the desk may see it: no name, no number of the patient. ``waited_s``: since it was asked for."""

    consultation_id: Id
    code: str
    state: Literal["DRAFT", "PENDING"]
    state_label: str
    urgency: str
    urgency_label: str
    headline: str
    patient: str
    """"58 岁 男"."""
    place: str
    waited_s: int
    asked: tuple[AskedExpert, ...]
    alarmed: bool
    missing: tuple[Literal["patient", "consent", "material"], ...]


class WaitingView(WithWithheld):
    now: datetime
    cases: tuple[WaitingCase, ...]


class WaitingCases(Query):
    """待分配: the county's consultations that have no expert yet, the most dangerous first, and of those the one that waits longest."""

    name = "dispatch.waiting_cases"
    title = "待分配"
    access = (Grant(Role.SCHEDULER),)
    no_relation = "只列本县还没有专家的会诊,不出姓名"
    gives = WaitingView
    audited = True


class ExpertNow(Result):
    """An expert as the desk weighs him now. ``excluded``: why he must not be asked, None where he may be; ``cautions``: what speaks against it
    without forbidding it (off duty, away, asked before). ``reasons``: what speaks for him. ``score`` 0 to 100."""

    practitioner_id: Id
    full_name: str
    called: str
    title_name: str
    department: str
    organisation: str
    introduced: str
    score: float
    reasons: tuple[str, ...]
    cautions: tuple[str, ...]
    excluded: str | None


class ExpertsNowView(Result):
    code: str
    experts: tuple[ExpertNow, ...]


class ExpertsNow(Query):
    """Everybody who is an expert now, ranked for this consultation at this moment, best first, the excluded ones last with the reason."""

    name = "dispatch.experts_now"
    title = "现在可请的专家"
    access = (Grant(Role.SCHEDULER, "same_county"),)
    gives = ExpertsNowView
    audited = True
    consultation_id: Id


class Reassigned(Result):
    """``taken_from`` and ``asked``: how the two experts are introduced."""

    consultation_id: Id
    code: str
    taken_from: str
    asked: str


class ReassignConsultation(Command):
    """改派: the desk takes it from the expert who has not begun and asks another by name; if he does not answer, the search goes on by itself.

    NothingToReassign when nobody has it or it has begun (also for the second of two at once), ExpertExcluded as of AskExpert.
    """

    name = "dispatch.reassign"
    title = "改派"
    access = (Grant(Role.SCHEDULER, "same_county"),)
    gives = Reassigned
    consultation_id: Id
    practitioner_id: Id
    reason: str = Field(min_length=1, max_length=200)


class Nudged(Result):
    """``told``: who was told, as they are called; ``about``: what they were asked to do."""

    code: str
    told: tuple[str, ...]
    about: str


class NudgeConsultation(Command):
    """催办: whoever is to act next is told again. At most once in two minutes a case (NudgedJustNow); NobodyToNudge where nobody is to act."""

    name = "dispatch.nudge"
    title = "催办"
    access = (Grant(Role.SCHEDULER, "same_county"), Grant(Role.VILLAGE_DOCTOR, "own_consultation"))
    gives = Nudged
    consultation_id: Id
