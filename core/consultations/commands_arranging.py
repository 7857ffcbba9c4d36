"""What expert and village doctor arrange before a consultation begins: another time 改时间, and material that the expert still wants 要资料."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.clock import Moment
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.foundation.withheld import WithWithheld

_BOTH = (Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.VILLAGE_DOCTOR, "own_consultation"))


class TimeProposalView(Result):
    """``by``: whose proposal it is, ``who`` as he is introduced. ``over``: withdrawn, replaced by a later one, or the case went on without it."""

    proposal_id: Id
    consultation_id: Id
    code: str
    at: datetime
    by: Literal["expert", "village_doctor"]
    who: str
    state: Literal["open", "agreed", "over"]


class ProposeTime(Command):
    """改时间: another time for a consultation that was taken, has not begun and is no emergency; the other side agrees or proposes another.

    Proposing what the other side proposed agrees to it. Errors: TimeNotToBeMoved, TimeOutOfRange.
    """

    name = "consultations.propose_time"
    title = "改时间"
    access = _BOTH
    gives = TimeProposalView
    consultation_id: Id
    at: Moment


class AgreeTime(Command):
    """The other side's proposal is agreed to: reminders follow the agreed time. ProposalOver when it does not stand any more."""

    name = "consultations.agree_time"
    title = "同意时间"
    access = _BOTH
    gives = TimeProposalView
    consultation_id: Id
    proposal_id: Id


class ReadTimeProposal(Query):
    """A proposal as it stands: for what the system itself tells people."""

    name = "consultations.time_proposal"
    title = "提议的时间"
    access = (Grant(Role.SYSTEM),)
    gives = TimeProposalView
    audited = True
    proposal_id: Id


class MaterialRequestView(Result):
    """``wanted``: the expert's words; ``answer``: why there is none, empty before."""

    request_id: Id
    consultation_id: Id
    code: str
    wanted: str
    expert: str
    state: Literal["open", "arrived", "none", "over"]
    answer: str
    asked_at: datetime


class RequestMaterial(Command):
    """要资料: the expert says what he still needs; open until material arrives or the village doctor says that there is none."""

    name = "consultations.request_material"
    title = "要资料"
    access = (Grant(Role.EXPERT, "assigned_consultation"),)
    gives = MaterialRequestView
    consultation_id: Id
    wanted: str = Field(min_length=2, max_length=200)


class AnswerNoMaterial(Command):
    """没有: what was asked for cannot be had, and why. The expert is told. RequestOver when it is not open any more."""

    name = "consultations.no_such_material"
    title = "没有这项资料"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = MaterialRequestView
    consultation_id: Id
    request_id: Id
    reason: str = Field(min_length=2, max_length=200)


class MaterialRequestsView(WithWithheld):
    requests: tuple[MaterialRequestView, ...]


class MaterialRequests(Query):
    """What is asked for and open in the actor's own consultations, as village doctor or as their expert, oldest first."""

    name = "consultations.material_requests"
    title = "要的资料"
    access = (Grant(Role.VILLAGE_DOCTOR), Grant(Role.EXPERT))
    no_relation = "只列他自己请的和他接的会诊"
    gives = MaterialRequestsView
    audited = True


class ReadMaterialRequest(Query):
    """A request as it stands: for what the system itself tells people."""

    name = "consultations.material_request"
    title = "一次要资料"
    access = (Grant(Role.SYSTEM),)
    gives = MaterialRequestView
    audited = True
    request_id: Id
