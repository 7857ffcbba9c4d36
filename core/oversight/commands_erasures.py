"""What somebody may ask of his own data: what would go, what a law keeps, and the deed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result

OWN = "只有他自己的账号、他本人的档案和他监护的未成年人的档案"
ErasureReason = Literal["settled", "request", "dispute", "inquiry", "other"]


class Kept(Result):
    """What stays, by which rule, until when at least (None: a case is under way, the time runs from its end)."""

    what: str
    rule: str
    until: date | None


class ErasureView(Result):
    """``state``: possible (asked only), asked (a person decides: ``question``), done. Plain sentences, no patient's words."""

    state: Literal["possible", "asked", "done"]
    goes: tuple[str, ...]
    stays: tuple[Kept, ...]
    question: str = ""
    locked: Id | None = None
    """The record that is locked already, which can be used again (:class:`UnlockRecord`)."""
    limits: tuple[str, ...] = ()
    """What no order reaches, said beforehand."""


class ErasurePreview(Query):
    """What :class:`EraseMine` would do now. ``patient_id``: a record of which he decides (his own, his ward's) without his account."""

    name = "oversight.erasure_preview"
    title = "删除前看清楚"
    access = (Grant(Role.PATIENT),)
    no_relation = OWN
    gives = ErasureView
    audited = True
    patient_id: Id | None = None


class EraseMine(Command):
    """Erased at once as far as the law allows; the rest is locked. Without ``patient_id`` the account is closed too. It cannot be taken back."""

    name = "oversight.erase_mine"
    title = "注销账号、删除资料"
    access = (Grant(Role.PATIENT),)
    no_relation = OWN
    gives = ErasureView
    patient_id: Id | None = None
    confirm: Literal[True]


class UnlockRecord(Command):
    """A record that was locked is used again: the patient's side wants it, or comes to the village doctor who has him on her list."""

    name = "oversight.unlock_record"
    title = "恢复使用病历"
    access = (Grant(Role.PATIENT, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    patient_id: Id
    confirm: Literal[True]


class ErasureRequestView(Result):
    """Ids, codes and times: the administrator decides whether something must stay, and reads nothing of it."""

    request_id: Id
    kind: Literal["account", "record"]
    question: str
    question_label: str
    state: str
    asked_at: datetime


class ErasureRequestList(Result):
    requests: tuple[ErasureRequestView, ...]


class ErasureRequests(Query):
    """What waits for a decision, the oldest first."""

    name = "oversight.erasure_requests"
    title = "待定的删除申请"
    access = (Grant(Role.ADMINISTRATOR),)
    no_relation = "只列本县的,只有编号和时间"
    gives = ErasureRequestList
    audited = True


class SettleErasure(Command):
    """``erase``: the dispute is over, it goes as if the person asked now. ``keep``: it stays, for a reason of which he is told."""

    name = "oversight.settle_erasure"
    title = "决定删除申请"
    access = (Grant(Role.ADMINISTRATOR, "same_county"),)
    gives = ErasureRequestView
    request_id: Id
    decision: Literal["erase", "keep"]
    reason: ErasureReason
