"""What can be asked of a case 病例: its steps, all of it on one screen, a patient's cases."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from core.consultations.commands import ConsultationStatus, State
from core.consultations.commands_opinions import OpinionView
from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import IN_EMERGENCY, Grant, Query, Result
from core.foundation.withheld import WithWithheld


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
