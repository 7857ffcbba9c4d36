"""What can be asked of one prescription 处方: check it, propose, sign and withdraw it, review and hand it out, read it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.prescriptions.items import Finding, Item, Override

Items = Annotated[tuple[Item, ...], Field(min_length=1, max_length=5)]
"""At most five drugs on one prescription (处方管理办法 article 6)."""
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Diagnosis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Codes = Annotated[tuple[Annotated[str, StringConstraints(max_length=40)], ...], Field(max_length=20)]
State = Literal["PROPOSED", "REFERRED", "SIGNED", "RETURNED", "RELEASED", "DISPENSED", "WITHDRAWN", "EXPIRED"]


class ItemView(Result):
    """``amount`` as it is spoken, ``pieces`` as a patient counts them; ``packs`` whole packs for the course, ``fee_fen`` what they cost."""

    drug: str
    name: str
    form: str
    dose: str
    amount: str
    pieces: str
    times_per_day: int
    days: int
    route: str
    directions: str
    packs: int
    pack: str
    price_fen: int
    fee_fen: int
    coverage: str


class SourceView(Result):
    """What a rule of the check rests on. ``grade``: P the original was read, 2 a restatement, - to be opened before release."""

    code: str
    title: str
    edition: str
    grade: str


class PrescriptionView(Result):
    """``findings``: the check as it stands now, ``sources`` what they name; ``overrides``: what was signed with which reason.
    ``signature_valid``: None before the signature; it fits exactly what stands here. ``dispense_code``: once released and until dispensed, for the
    patient's side and the village doctor who prints it. ``dispensed_by``: who handed it out; None before that. ``withdrawable``: by the one who
    reads."""

    prescription_id: Id
    code: str
    consultation_id: Id
    consultation_code: str
    state: State
    state_label: str
    revision: int
    urgency: str
    urgency_label: str
    patient: str | None
    sex: str
    age: str
    diagnosis: str
    note: str
    items: tuple[ItemView, ...]
    fee_fen: int
    proposed_at: datetime
    findings: tuple[Finding, ...]
    sources: tuple[SourceView, ...]
    overrides: tuple[Override, ...]
    beyond_village: tuple[str, ...]
    expert: str
    signer: str | None
    signed_at: datetime | None
    signature_valid: bool | None
    pharmacist: str | None
    reviewed_at: datetime | None
    return_reason: str | None
    dispensed_at: datetime | None
    dispensed_by: str | None
    dispense_code: str | None
    withdrawable: bool
    rules_signed: bool


class CheckView(Result):
    """``items``: the drugs as they would stand on the prescription, with whole packs and what they cost."""

    items: tuple[ItemView, ...]
    findings: tuple[Finding, ...]
    sources: tuple[SourceView, ...]
    beyond_village: tuple[str, ...]
    rules_signed: bool


class Check(Query):
    """The check before anything is proposed: nothing is kept. ``prescription_id``: the one that would be revised to it."""

    name = "prescriptions.check"
    title = "用药检查"
    access = (Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.VILLAGE_DOCTOR, "own_consultation"))
    gives = CheckView
    audited = True
    consultation_id: Id
    prescription_id: Id | None = None
    items: Items


class Propose(Command):
    """The expert proposes; who signs follows from the drugs: the village doctor, or beyond her list the duty doctor above."""

    name = "prescriptions.propose"
    title = "开方"
    access = (Grant(Role.EXPERT, "assigned_consultation"),)
    gives = PrescriptionView
    consultation_id: Id
    diagnosis: Diagnosis
    items: Items
    note: Words = ""


class Revise(Command):
    """Another revision, after a return or before the signature."""

    name = "prescriptions.revise"
    title = "改方"
    access = (Grant(Role.EXPERT, "proposed_prescription"),)
    gives = PrescriptionView
    prescription_id: Id
    diagnosis: Diagnosis
    items: Items
    note: Words = ""


class Refer(Command):
    """The village doctor would rather have the doctor above sign."""

    name = "prescriptions.refer"
    title = "转上级签名"
    access = (Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"),)
    gives = PrescriptionView
    prescription_id: Id


class Sign(Command):
    """``reasons``: one for each warning, by its key. ``revision``: what was read; an older one is refused."""

    name = "prescriptions.sign"
    title = "签处方"
    access = (Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"), Grant(Role.DUTY_DOCTOR, "referred_prescription"))
    gives = PrescriptionView
    prescription_id: Id
    revision: int = Field(strict=True, ge=1)
    reasons: dict[Annotated[str, StringConstraints(max_length=120)], Reason] = Field(default_factory=dict, max_length=40)
    confirm: bool = False


class Withdraw(Command):
    """Before the signature either side's; after it, until the drugs are handed out, of who prescribed and who signed."""

    name = "prescriptions.withdraw"
    title = "撤回处方"
    access = (
        Grant(Role.EXPERT, "proposed_prescription"), Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"),
        Grant(Role.DUTY_DOCTOR, "referred_prescription"),
    )
    gives = PrescriptionView
    prescription_id: Id
    reason: Reason


class Release(Command):
    """审方通过. ``revision``: what was read; another one is refused. ``overrides_seen``: the pharmacist has read the reasons of what was signed over
    warnings."""

    name = "prescriptions.release"
    title = "审方放行"
    access = (Grant(Role.PHARMACIST, "signed_prescription"),)
    gives = PrescriptionView
    prescription_id: Id
    revision: int = Field(strict=True, ge=1)
    overrides_seen: bool = False
    confirm: bool = False


class ReturnPrescription(Command):
    """审方退回, or 收回放行 of what lies ready. ``revision``: what was read; another one is refused."""

    name = "prescriptions.return"
    title = "审方退回"
    access = (Grant(Role.PHARMACIST, "signed_prescription"),)
    gives = PrescriptionView
    prescription_id: Id
    revision: int = Field(strict=True, ge=1)
    reason: Reason


class Dispense(Command):
    """The drugs are handed to the one who shows the 取药码 (``dispense_code`` of :class:`PrescriptionView`), once."""

    name = "prescriptions.dispense"
    title = "发药"
    access = (Grant(Role.PHARMACIST, "signed_prescription"),)
    gives = PrescriptionView
    prescription_id: Id
    dispense_code: str = Field(min_length=4, max_length=20, repr=False)


class ExpirePrescription(Command):
    """The system: three days after the signature it is worth nothing."""

    name = "prescriptions.expire"
    title = "处方过期"
    access = (Grant(Role.SYSTEM),)
    prescription_id: Id
    step: str


class View(Query):
    """The patient and who speaks for him see it once it is released; a pharmacist once it is signed."""

    name = "prescriptions.view"
    title = "看处方"
    access = (
        Grant(Role.EXPERT, "proposed_prescription"), Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"),
        Grant(Role.DUTY_DOCTOR, "referred_prescription"),
        Grant(Role.PHARMACIST, "signed_prescription"), Grant(Role.VISITOR, "own_patient_prescription"),
        Grant(Role.SYSTEM),
    )
    gives = PrescriptionView
    audited = True
    prescription_id: Id
