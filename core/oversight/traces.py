"""Which rows of the rooms keep a patient's record: acts of care with their times, and what is still under way."""

from __future__ import annotations

from datetime import datetime

from tortoise.expressions import Q

from core.appointments.models import Appointment
from core.consultations.models import Consultation
from core.consultations.workflow import OPEN_STATES as OPEN_CASES
from core.followups.models import FollowupPlan, Reading, WorseReport
from core.foundation.encryption.erasure import AT_ONCE, erased_with
from core.foundation.ids import lowest_id
from core.foundation.lifecycle import Trace, leaves_trace, needs_words
from core.foundation.work import Work
from core.imaging.models import Instance, Upload
from core.intake.models import KIND as INTAKE
from core.intake.models import Intake
from core.oversight.models import BreakGlass
from core.people.models import CareRelation, Consent, Practitioner
from core.prescriptions.models import EmergencyDose, Prescription, SafetyFacts
from core.prescriptions.workflow import OPEN_STATES as OPEN_PRESCRIPTIONS

leaves_trace("consultation", Trace(Consultation, ("created_at", "closed_at"), {"state__in": [one.value for one in OPEN_CASES]}))
leaves_trace("prescription", Trace(Prescription, ("proposed_at", "dispensed_at"), {"state__in": [one.value for one in OPEN_PRESCRIPTIONS]}))
leaves_trace("emergency_dose", Trace(EmergencyDose, ("ordered_at",), {"seen_at__isnull": True}))
leaves_trace("safety_facts", Trace(SafetyFacts, ("recorded_at",)))
# Not while it is open: one that nobody went on with stays so until its speaker begins another.
leaves_trace("intake", Trace(Intake, ("opened_at", "updated_at")))
leaves_trace("appointment", Trace(Appointment, ("booked_at",)))
leaves_trace("image", Trace(Instance, ("received_at",)))
leaves_trace("upload", Trace(Upload, ("received_at",), {"state": "received"}))
leaves_trace("plan", Trace(FollowupPlan, ("started_at", "ended_at"), {"ended_at__isnull": True}))
leaves_trace("reading", Trace(Reading, ("recorded_at",)))
leaves_trace("worse", Trace(WorseReport, ("at",)))
leaves_trace("consent", Trace(Consent, ("given_at", "withdrawn_at")))
leaves_trace("break_glass", Trace(BreakGlass, ("opened_at",), {"reviewed_at__isnull": True}))


@needs_words
async def open_cases_need(work: Work, before: datetime) -> set[str]:
    """Who has a part in a case that was begun before the words were said and is still open: the patient's side, village doctor, expert."""
    begun = Consultation.filter(state__in=[one.value for one in OPEN_CASES], created_at__lte=before)
    cases = await begun.only("id", "patient_id", "village_doctor_id", "expert_id")
    if not cases:
        return set()
    staff = {one for row in cases for one in (row.village_doctor_id, row.expert_id) if one is not None}
    accounts = {one.account_id for one in await Practitioner.filter(id__in=list(staff))}
    # Who ever spoke for the patient, not only who does now: it is about what was said then.
    spoke = CareRelation.filter(Q(patient_id__in=[row.patient_id for row in cases]))
    return accounts | {row.account_id for row in await spoke}


CASES = (Consultation, Appointment)
"""What may have begun with a pre-consultation."""


@erased_with("patient")
async def intakes_of_cases(work: Work, patient_id: str) -> list[str]:
    """What a case of the patient began with, though the talk itself was never said to be his."""
    found: set[str] = set()
    for model in CASES:
        rows = await model.filter(patient_id=patient_id, intake_id__isnull=False).values_list("intake_id", flat=True)
        found |= {str(one) for one in rows}
    nobodys = await Intake.filter(id__in=list(found), patient_id__isnull=True).values_list("id", flat=True)
    return [f"{INTAKE}:{one}" for one in nobodys]


async def nobodys_intakes(begin: datetime, end: datetime, but: set[str]) -> list[str]:
    """Pre-consultations of a time that never became part of anybody's record: words of the chat like others. ``but``: not those of these accounts."""
    talks = Intake.filter(id__gte=lowest_id(begin), id__lt=lowest_id(end), patient_id__isnull=True)
    if but:
        talks = talks.exclude(sealed_under__in=list(but))
    found = [str(one) for one in await talks.values_list("id", flat=True)]
    taken: set[str] = set()
    for start in range(0, len(found), AT_ONCE):
        for model in CASES:
            rows = await model.filter(intake_id__in=found[start : start + AT_ONCE]).values_list("intake_id", flat=True)
            taken |= {str(one) for one in rows}
    return [one for one in found if one not in taken]
