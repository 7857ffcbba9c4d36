"""What can be asked about consents: give one, on paper too, take it back; what was agreed to, what each permits, what follows from taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.people.commands import PatientRef
from core.people.purposes import PurposeCode


class GiveConsent(Command):
    """Consent to ``purpose`` in its current text. For a patient without WeChat the inviting side photographs the paper (``evidence_blob_id``)."""

    name = "people.give_consent"
    title = "知情同意"
    access = (Grant(Role.PATIENT, "own_patient"), Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    patient_id: Id
    purpose: PurposeCode
    text_version: str = Field(max_length=20)
    evidence_blob_id: Id | None = None


class PaperTarget(Query):
    """Asked before the photo of a signed paper is stored under the patient's key."""

    name = "people.paper_target"
    title = "同意书存给谁"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"),)
    gives = PatientRef
    patient_id: Id


class AttachPaperConsent(Command):
    """The photographed paper of a patient who consents without WeChat (blob put under his key); it is consent to the text in force."""

    name = "people.attach_paper_consent"
    title = "存纸质同意书"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"),)
    comes_with_file = True
    patient_id: Id
    purpose: PurposeCode
    blob_id: Id
    media_type: Literal["image/jpeg", "image/png", "image/webp"]
    size: int = Field(ge=0, le=1 << 40)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class WithdrawConsent(Command):
    """Taken back at once, by who may give it; by the village doctor for who has no WeChat and tells her so."""

    name = "people.withdraw_consent"
    title = "撤回同意"
    access = (Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    patient_id: Id
    purpose: PurposeCode


class ConsentText(Result):
    purpose: str
    version: str
    title: str
    text: str
    sha256: str


class CurrentConsentText(Query):
    name = "people.consent_text"
    title = "同意书"
    access = (Grant(Role.VISITOR),)
    no_relation = "不含病人资料"
    gives = ConsentText
    purpose: PurposeCode


class ConsentView(Result):
    purpose: str
    version: str
    given_at: datetime
    channel: str
    withdrawn_at: datetime | None


class ConsentGiven(Result):
    """One consent. ``sha256`` of the text that was shown; ``given_as``: self, guardian, proxy, village_doctor."""

    version: str
    sha256: str
    given_at: datetime
    channel: str
    given_as: str
    given_as_label: str
    given_by: str
    withdrawn_at: datetime | None
    withdrawn_as_label: str


class ConsentLine(Result):
    """One purpose as it stands. ``needed``: booking and follow-up need it. ``why_not``: why the person who asks cannot give it, or empty."""

    purpose: PurposeCode
    label: str
    permits: str
    without: str
    needed: bool
    current_version: str
    standing: ConsentGiven | None
    last: ConsentGiven | None
    """The newest that does not stand any more."""
    may_give: bool
    why_not: str
    may_withdraw: bool


class ConsentsView(Result):
    patient_id: Id
    lines: tuple[ConsentLine, ...]


class Consents(Query):
    """Every purpose that can be asked of somebody of the patient's age, in order."""

    name = "people.consents"
    title = "我的授权"
    access = (Grant(Role.VISITOR, "own_patient"), Grant(Role.VILLAGE_DOCTOR, "listed_patient"))
    gives = ConsentsView
    audited = True
    patient_id: Id
