"""What can be asked of a consultation 会诊: its steps, the opinion and the decision, the rating, the case as those who treat read it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import IN_EMERGENCY, Command, Grant, Query, Result
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


class RemindBeginning(Command):
    """The system: an expert took the consultation and it has not begun. ``step`` 1 reminds both sides, 2 tells the duty desk."""

    name = "consultations.remind_beginning"
    title = "提醒开始会诊"
    access = (Grant(Role.SYSTEM),)
    consultation_id: Id
    step: str = Field(pattern=r"^[12]$")


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
    """Steps and times; complaint, measures and images for those who treat, the first two for the desk while it is open. Administrators and
    auditors read titles, never what was said."""

    name = "consultations.timeline"
    title = "会诊经过"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.VISITOR, "own_patient_consultation"),
        Grant(Role.DUTY_DOCTOR, "on_duty_above"), Grant(Role.DUTY_DOCTOR, "referred_consultation"), Grant(Role.SCHEDULER, "same_county"),
        Grant(Role.ADMINISTRATOR, "same_county"), Grant(Role.AUDITOR, "same_county"), *IN_EMERGENCY,
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


Choice = Literal["agree", "partly", "disagree"]
Stars = Annotated[int, Field(strict=True, ge=1, le=5)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


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


class DecisionView(Result):
    """``signature_valid``: the signature fits exactly what stands here."""

    decision_id: Id
    choice: Choice
    choice_label: str
    reason: str
    decided_by: str
    decided_at: datetime
    signature_valid: bool


class OpinionView(Result):
    """The expert's advice in its latest revision, and what the inviting side decided on it."""

    opinion_id: Id
    consultation_id: Id
    code: str
    revision: int
    assessment: str
    advice: str
    watch_for: str
    expert: str
    given_at: datetime
    signature_valid: bool
    decision: DecisionView | None


class GiveOpinion(Command):
    """The expert's advice, signed. An assigned consultation begins with it, in writing; given again, it is the next revision."""

    name = "consultations.give_opinion"
    title = "写意见"
    access = (Grant(Role.EXPERT, "assigned_consultation"),)
    gives = OpinionView
    consultation_id: Id
    assessment: Paragraph = ""
    """What he thinks it is, and why."""
    advice: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=4000)]
    """What he advises to do."""
    watch_for: Paragraph = ""
    """When to call again or to go."""
    confirm: bool = False


class Decide(Command):
    """The inviting side decides on the opinion that was read, and answers for it. A reason is needed unless it agrees."""

    name = "consultations.decide"
    title = "决定"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = OpinionView
    consultation_id: Id
    opinion_id: Id
    choice: Choice
    reason: Paragraph = ""
    confirm: bool = False


class ReadOpinion(Query):
    """The latest opinion and the decision on it. The patient reads it once it has been decided on."""

    name = "consultations.opinion"
    title = "专家意见"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.EXPERT, "wrote_opinion"),
        Grant(Role.VISITOR, "own_patient_consultation"), Grant(Role.DUTY_DOCTOR, "on_duty_above"), Grant(Role.DUTY_DOCTOR, "referred_consultation"),
        Grant(Role.PHARMACIST, "prescribed_consultation"), *IN_EMERGENCY, Grant(Role.SYSTEM),
    )
    gives = OpinionView
    audited = True
    consultation_id: Id


class CaseMark(Result):
    """A finding in the complaint: characters (code points) ``start`` (inclusive) to ``end`` (exclusive) and the standard word."""

    start: int
    end: int
    term: str
    status: Literal["present", "absent", "uncertain"]


class CasePatient(Result):
    """``number``: the village doctor's own number of the patient, for her alone."""

    name: str
    sex: str
    sex_label: str
    age: str
    number: int | None


class CaseHistory(Result):
    """What was before: the patient's own pre-consultation, or another consultation in this practice."""

    kind: Literal["intake", "consultation"]
    at: datetime
    title: str
    lines: tuple[str, ...]


class EarlierVital(Result):
    at: datetime
    name: str
    value: str


class CaseView(Result):
    """Everything of a case that those who treat the patient weigh. ``vitals``, ``labs``, ``safety_facts``: label and value; ``earlier_vitals``: what
    was measured before, oldest first. ``question``: what the village doctor asks, empty when she asks nothing in so many words. ``images``: how
    many were accepted. ``now``: domain time, for clocks on a page."""

    consultation_id: Id
    code: str
    state: State
    state_label: str
    urgency: str
    urgency_label: str
    department: str
    next: str
    now: datetime
    requested_at: datetime
    assigned_at: datetime | None
    closed_at: datetime | None
    patient: CasePatient
    complaint: str
    findings: tuple[CaseMark, ...]
    suspected: str
    reasons: tuple[str, ...]
    do_now: tuple[str, ...]
    vitals: tuple[tuple[str, str], ...]
    earlier_vitals: tuple[EarlierVital, ...]
    labs: tuple[tuple[str, str], ...]
    question: str
    history: tuple[CaseHistory, ...]
    safety_facts: tuple[tuple[str, str], ...]
    images: int
    missing: tuple[Literal["patient", "consent", "material"], ...]
    expert: str | None
    village_doctor: str
    organisation: str
    opinion: OpinionView | None
    timeline: tuple[TimelineEntryView, ...]


class Case(Query):
    """One case on one screen, for those who treat the patient: the inviting doctor, the expert who took it, the duty doctor above while he is
    on duty and it is open or because he is to sign, and a pharmacist once there is something of it to review. The patient's own words of the
    pre-consultation are the expert's alone."""

    name = "consultations.case"
    title = "会诊病例"
    access = (
        Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.DUTY_DOCTOR, "on_duty_above"),
        Grant(Role.DUTY_DOCTOR, "referred_consultation"), Grant(Role.PHARMACIST, "prescribed_consultation"), *IN_EMERGENCY,
    )
    gives = CaseView
    audited = True
    consultation_id: Id


class CompleteConsultation(Command):
    """``without``: why it ends although the patient was not confirmed or his consent is not on record (an emergency, and he was moved)."""

    name = "consultations.complete"
    title = "完成会诊"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = ConsultationStatus
    consultation_id: Id
    without: str = Field(default="", max_length=200)


class RatingView(Result):
    """``may_rate``: it is completed and this side has not rated yet. ``stars`` is None before that."""

    may_rate: bool
    stars: int | None
    words: str
    rated_at: datetime | None


class ReadRating(Query):
    """How the actor's own side rated it; the other side's rating is not told."""

    name = "consultations.rating"
    title = "我的评价"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.VISITOR, "own_patient_consultation"))
    gives = RatingView
    audited = True
    consultation_id: Id


class RateConsultation(Command):
    """One to five stars from the patient's side and from the village doctor, once each, after completion."""

    name = "consultations.rate"
    title = "评价"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.VISITOR, "own_patient_consultation"))
    consultation_id: Id
    stars: Stars
    words: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class PatientConsultation(Result):
    """One consultation of a patient, for the one on whose list he stands. ``headline`` "胸痛 2 小时". ``own``: she asked for it herself, and may
    open it."""

    consultation_id: Id
    code: str
    state: State
    state_label: str
    urgency: str
    urgency_label: str
    headline: str
    asked_at: datetime
    expert: str | None
    own: bool


class PatientConsultationsView(WithWithheld):
    consultations: tuple[PatientConsultation, ...]


class PatientConsultations(Query):
    """All consultations of a patient, newest first, at most the last fifty."""

    name = "consultations.of_patient"
    title = "病人的会诊"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"), *IN_EMERGENCY)
    gives = PatientConsultationsView
    audited = True
    patient_id: Id
