"""What can be asked of a consultation 会诊: where it stands, and each of its steps."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.foundation.withheld import WithWithheld

State = Literal["DRAFT", "PENDING", "ASSIGNED", "IN_PROGRESS", "COMPLETED", "CANCELLED"]


class ConsultationStatus(Result):
    """Where a consultation stands, as the reader's role allows. ``missing``: what must still come before dispatch may start or go on
    (patient, consent, material). ``next``: one sentence that says what happens next."""

    consultation_id: Id
    code: str
    state: State
    state_label: str
    urgency: str
    urgency_label: str
    missing: tuple[Literal["patient", "consent", "material"], ...]
    expert: str | None
    experts_asked: int
    next: str
    patient: str | None = None
    """The patient's name, only for those who may see it in the channel they ask from (never in a group)."""
    number: int | None = None
    meets_at: datetime | None = None
    """The time to which both sides agreed, where they agreed to one."""


class ConfirmPatient(Command):
    """The village doctor confirms in her single chat whom the case is about."""

    name = "consultations.confirm_patient"
    title = "确认病人"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = ConsultationStatus
    consultation_id: Id


class AttachConsent(Command):
    """The photographed paper consent of the patient (blob put under the patient's key)."""

    name = "consultations.attach_consent"
    title = "补知情同意"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = ConsultationStatus
    comes_with_file = True
    consultation_id: Id
    blob_id: Id
    media_type: str = Field(max_length=80)
    size: int = Field(ge=0, le=1 << 40)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class TakeBackConsent(Command):
    """The photo that was taken for the signed paper shows something else (an ECG): the consent that stands on it never was one."""

    name = "consultations.take_back_consent"
    title = "更正知情同意"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = ConsultationStatus
    consultation_id: Id
    blob_id: Id


class RecordConsent(Command):
    """The system: the patient has consented in his own app meanwhile."""

    name = "consultations.record_consent"
    title = "记下同意"
    access = (Grant(Role.SYSTEM),)
    consultation_id: Id


class RemindWaiting(Command):
    """The system: a draft still lacks something. ``step`` 1 to 3 reminds the village doctor, 4 tells the duty desk."""

    name = "consultations.remind_waiting"
    title = "提醒补资料"
    access = (Grant(Role.SYSTEM),)
    consultation_id: Id
    step: str = Field(pattern=r"^[1-4]$")


class RemindBeginning(Command):
    """The system: an expert took the consultation and it has not begun. ``step`` 0 says that the agreed time comes, 1 reminds both sides, 2 tells
    the duty desk."""

    name = "consultations.remind_beginning"
    title = "提醒开始会诊"
    access = (Grant(Role.SYSTEM),)
    consultation_id: Id
    step: str = Field(pattern=r"^[012]$")


class CancelConsultation(Command):
    name = "consultations.cancel"
    title = "取消会诊"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.SCHEDULER, "same_county"))
    gives = ConsultationStatus
    consultation_id: Id
    reason: str = Field(min_length=1, max_length=200)


class StatusList(WithWithheld):
    consultations: tuple[ConsultationStatus, ...]


class Progress(Query):
    """进度: the consultations that concern the actor in his role (own, assigned, offered, on the desk), newest first; one by its code."""

    name = "consultations.progress"
    title = "进度"
    access = (
        Grant(Role.VILLAGE_DOCTOR), Grant(Role.EXPERT), Grant(Role.DUTY_DOCTOR), Grant(Role.SCHEDULER), Grant(Role.ADMINISTRATOR),
        Grant(Role.PHARMACIST), Grant(Role.AUDITOR), Grant(Role.VISITOR),
    )
    no_relation = "只列与他有关的;值班台看本县进行中的,不出姓名"
    gives = StatusList
    audited = True
    code: str | None = Field(default=None, max_length=12)
    in_group: bool = False
    """Asked in a group: no patient is named in the answer."""


class Status(Query):
    """One consultation as ``reader`` may see it: for what the system itself tells people."""

    name = "consultations.status"
    title = "会诊状态"
    access = (Grant(Role.SYSTEM),)
    gives = ConsultationStatus
    audited = True
    consultation_id: Id
    reader: Literal["village_doctor", "patient", "expert", "desk", "group"] = "village_doctor"


class WaiveMaterial(Command):
    """没有影像: there is no image to bring; dispatch need not wait for one."""

    name = "consultations.waive_material"
    title = "没有影像"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = ConsultationStatus
    consultation_id: Id


class UploadTargetView(Result):
    patient_id: Id


class UploadTarget(Query):
    """Whose record a file for this consultation goes to: asked before the file is stored under that patient's key."""

    name = "consultations.upload_target"
    title = "上传到哪份会诊"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = UploadTargetView
    consultation_id: Id


class BeginConsultation(Command):
    """Both sides have come together, by video or telephone, or the expert works in writing."""

    name = "consultations.begin"
    title = "开始会诊"
    access = (Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.VILLAGE_DOCTOR, "own_consultation"))
    gives = ConsultationStatus
    consultation_id: Id
    manner: Literal["call", "phone", "writing"]


class ReturnConsultation(Command):
    """The expert gives it back, or the desk takes it from one who did not appear: another is looked for at once."""

    name = "consultations.return"
    title = "退回会诊"
    access = (Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.SCHEDULER, "same_county"))
    gives = ConsultationStatus
    consultation_id: Id
    reason: str = Field(min_length=1, max_length=200)


class CompleteConsultation(Command):
    """``without``: why it ends although the patient was not confirmed or his consent is not on record (an emergency, and he was moved)."""

    name = "consultations.complete"
    title = "完成会诊"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = ConsultationStatus
    consultation_id: Id
    without: str = Field(default="", max_length=200)
