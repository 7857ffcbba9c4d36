"""What can be asked of a consultation 会诊: confirm what it needs, read where it stands, cancel it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result

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


class CancelConsultation(Command):
    name = "consultations.cancel"
    title = "取消会诊"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.SCHEDULER, "same_county"))
    gives = ConsultationStatus
    consultation_id: Id
    reason: str = Field(min_length=1, max_length=200)


class StatusList(Result):
    consultations: tuple[ConsultationStatus, ...]


class Progress(Query):
    """进度: the consultations that concern the actor in his role (own, assigned, offered, on the desk), newest first; one by its code."""

    name = "consultations.progress"
    title = "进度"
    access = (
        Grant(Role.VILLAGE_DOCTOR), Grant(Role.EXPERT), Grant(Role.DUTY_DOCTOR), Grant(Role.SCHEDULER), Grant(Role.ADMINISTRATOR),
        Grant(Role.PHARMACIST), Grant(Role.AUDITOR), Grant(Role.VISITOR),
    )
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


class TimelineEntryView(Result):
    at: datetime
    kind: str
    label: str
    """What happened, in one sentence for the reader."""
    who: str | None


class TimelineView(Result):
    status: ConsultationStatus
    complaint: str | None
    vitals: tuple[tuple[str, str], ...]
    entries: tuple[TimelineEntryView, ...]
    images: tuple[Id, ...]


class Timeline(Query):
    name = "consultations.timeline"
    title = "会诊经过"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.VISITOR, "own_patient_consultation"),
        Grant(Role.SCHEDULER, "same_county"), Grant(Role.DUTY_DOCTOR, "same_county"), Grant(Role.ADMINISTRATOR, "same_county"),
        Grant(Role.AUDITOR, "same_county"),
    )
    gives = TimelineView
    audited = True
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
