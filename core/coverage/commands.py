"""What can be asked of coverage: record a membership, quote, claim, reverse, read. Amounts are whole fen everywhere."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.coverage.policies import DrugClass, HouseLevel, Service, Trait
from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result
from core.foundation.withheld import WithWithheld

Scheme = Literal["residents", "employees"]
MemberNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{6,30}$", strip_whitespace=True)]
Fen = Annotated[int, Field(ge=0, le=100_000_000)]
MOST_LINES = 50


class ItemLine(Result):
    """One thing charged: ``fee_fen`` is the price of the whole line. ``drug_class`` for drugs: A 甲类, B 乙类, none 目录外."""

    ref: str = Field(min_length=1, max_length=40)
    name: str = Field(min_length=1, max_length=80)
    service: Service
    fee_fen: Fen
    drug_class: DrugClass | None = None


class QuotedLineView(Result):
    ref: str
    name: str
    service: Service
    drug_class: DrugClass | None
    fee_fen: int
    pays_fen: int
    own_fen: int
    reason: str
    """Why the insurance pays this much, one sentence."""


class QuoteView(Result):
    """``reason``: the whole account in one sentence. ``note``: that it is an estimate, and whether the rules are examples (演示)."""

    lines: tuple[QuotedLineView, ...]
    fee_fen: int
    pays_fen: int
    own_fen: int
    reason: str
    note: str
    scheme: str | None
    edition: str | None
    source: str | None


class Quote(Query):
    """怎么算的: what the insurance would pay today."""

    name = "coverage.quote"
    title = "算报销"
    access = (Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = QuoteView
    audited = True
    patient_id: Id
    items: tuple[ItemLine, ...] = Field(max_length=MOST_LINES)
    level: HouseLevel = HouseLevel.VILLAGE_CLINIC


class QuotePrescription(Query):
    """怎么算的 of one prescription; the patient asks once it is released."""

    name = "coverage.quote_prescription"
    title = "处方怎么算"
    access = (
        Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_patient_prescription"), Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"),
        Grant(Role.PHARMACIST, "signed_prescription"),
    )
    gives = QuoteView
    audited = True
    prescription_id: Id


class MembershipView(Result):
    """``standing``: one sentence, whether the insurer knows him as insured today. ``number_ends`` are the last four characters."""

    membership_id: Id
    scheme: Scheme
    number_ends: str
    recorded_at: datetime
    insured: bool
    standing: str
    paid_fen: int
    deductible_fen: int


class RecordMembership(Command):
    """登记医保: the insurer is asked whether it knows the number; a membership recorded before ends. Errors: MemberUnknown, MemberOfAnother."""

    name = "coverage.record_membership"
    title = "登记医保"
    access = (Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = MembershipView
    patient_id: Id
    scheme: Scheme
    member_number: MemberNumber = Field(repr=False)


class MyMembership(Query):
    name = "coverage.membership"
    title = "我的医保"
    access = (Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = MembershipView
    audited = True
    patient_id: Id


class ClaimView(Result):
    """``next``: what happens now, one sentence. ``refusal``: why the insurer refused."""

    claim_id: Id
    code: str
    patient_id: Id
    ref: Id
    consultation_id: Id | None
    state: Literal["submitted", "settled", "refused", "reversing", "reversed"]
    state_label: str
    day: date
    scheme: str
    edition: str
    lines: tuple[QuotedLineView, ...]
    fee_fen: int
    pays_fen: int
    own_fen: int
    insurer_number: str
    refusal: str | None
    next: str
    submitted_at: datetime
    answered_at: datetime | None
    reversed_at: datetime | None


class SubmitClaim(Command):
    """The system: claim for ``ref`` (what was handed out or done). The same lines again give the same claim. Errors: NothingToClaim, ClaimDiffers."""

    name = "coverage.submit_claim"
    title = "申请报销"
    access = (Grant(Role.SYSTEM),)
    gives = ClaimView
    patient_id: Id
    ref: Id
    items: tuple[ItemLine, ...] = Field(min_length=1, max_length=MOST_LINES)
    level: HouseLevel = HouseLevel.VILLAGE_CLINIC
    consultation_id: Id | None = None


class StandingTold(Result):
    insured: bool
    traits: tuple[Trait, ...] = ()
    paid_fen: int = 0
    deductible_fen: int = 0
    why_not: str = ""


class AnswerClaim(Command):
    """The system: the insurer has answered. ``standing`` comes with a refusal of the amounts: they are worked out anew and sent again."""

    name = "coverage.answer_claim"
    title = "记下报销结果"
    access = (Grant(Role.SYSTEM),)
    gives = ClaimView
    claim_id: Id
    round: int
    accepted: bool
    pays_fen: Fen = 0
    insurer_number: str = Field(default="", max_length=40)
    refusal_code: str = Field(default="", max_length=60)
    standing: StandingTold | None = None


class ReverseClaim(Command):
    """Take a settled claim back (drugs returned, wrong patient). The insurer is told; money and limits of the year come back."""

    name = "coverage.reverse_claim"
    title = "撤销报销"
    access = (Grant(Role.SYSTEM), Grant(Role.ADMINISTRATOR, "same_county"))
    gives = ClaimView
    claim_id: Id
    reason: str = Field(min_length=2, max_length=200)


class AnswerReversal(Command):
    """The system: the insurer has taken the claim back."""

    name = "coverage.answer_reversal"
    title = "记下撤销结果"
    access = (Grant(Role.SYSTEM),)
    gives = ClaimView
    claim_id: Id


class ReadClaim(Query):
    name = "coverage.claim"
    title = "报销详情"
    access = (
        Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_claim"), Grant(Role.VILLAGE_DOCTOR, "listed_claim"), Grant(Role.ADMINISTRATOR, "same_county"),
    )
    gives = ClaimView
    audited = True
    claim_id: Id


class ClaimsView(WithWithheld):
    claims: tuple[ClaimView, ...]


class Claims(Query):
    """The patient's claims, newest first."""

    name = "coverage.claims"
    title = "我的报销"
    access = (Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = ClaimsView
    audited = True
    patient_id: Id


class ClaimLines(Result):
    """The sealed content of a claim."""

    lines: tuple[QuotedLineView, ...]


class EnrolMember(Command):
    """The local insurer: a new member in its book (the demonstration's seeds; a real insurer keeps its own)."""

    name = "coverage.local_enrol"
    title = "参保(本地)"
    access = (Grant(Role.SYSTEM),)
    scheme: Scheme
    member_number: MemberNumber = Field(repr=False)
    traits: tuple[Trait, ...] = ()
    valid_from: date
    valid_until: date


class PaidLocally(Result):
    accepted: bool
    number: str = ""
    pays_fen: int = 0
    refusal_code: str = ""
    standing: StandingTold | None = None


class PayLocally(Command):
    """The local insurer: check a claim as a strict insurer does, and pay or refuse it. The same claim again gives the same answer."""

    name = "coverage.local_pay"
    title = "结算(本地)"
    access = (Grant(Role.SYSTEM),)
    gives = PaidLocally
    claim_id: Id
    scheme: Scheme
    member_number: MemberNumber = Field(repr=False)
    day: date
    level: HouseLevel
    edition: str = Field(max_length=40)
    items: tuple[ItemLine, ...] = Field(min_length=1, max_length=MOST_LINES)
    pays_fen: Fen
    deductible_fen: Fen


class TakeBackLocally(Command):
    """The local insurer: take a payment back. Done again it changes nothing."""

    name = "coverage.local_take_back"
    title = "撤销结算(本地)"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    claim_id: Id
    number: str = Field(max_length=40)
