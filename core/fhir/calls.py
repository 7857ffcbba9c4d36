"""The calls of a consultation: each an Encounter that is part of it, with who was in it and when. What was said is recorded nowhere."""

from __future__ import annotations

from core.calls.models import Call, CallAttendance
from core.calls.rules import SEAT_LABELS
from core.consultations.models import Consultation
from core.fhir import people
from core.fhir.elements import ACT_CODE, PARTICIPATION, Case, Json, coding, concept, period
from core.foundation.work import Work

_PARTS = {
    "patient": ("SBJ", "subject"), "village_doctor": ("REF", "referrer"), "expert": ("CON", "consultant"),
    "second_expert": ("CON", "consultant"), "interpreter": ("SPRF", "secondary performer"), "student": ("WIT", "witness"),
}  # fmt: skip


async def calls(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """One Encounter a call that somebody attended, on the practice's clock. R4 names the patient as subject; his own times stand beside it."""
    for call in await Call.filter(consultation_id=row.id).order_by("opened_at", "id"):
        attended = await CallAttendance.filter(call_id=call.id).order_by("joined_at", "id")
        if not attended:
            continue
        ahead = call.opened_at - call.opened_really_at
        participants: list[Json] = []
        for one in attended:
            who = None if one.practitioner_id is None else await people.practitioner(case, work, one.practitioner_id)
            participants.append({
                "type": [concept(SEAT_LABELS[one.seat], coding(PARTICIPATION, *_PARTS[one.seat]))],
                "period": period(one.joined_at + ahead, None if one.left_at is None else one.left_at + ahead),
                **({"individual": who} if who is not None else {}),
            })
        case.add(
            "Encounter", call.id, status="in-progress" if call.ended_at is None else "finished", class_=coding(ACT_CODE, "VR", "virtual"),
            type_=[concept("视频会诊")], subject=case.ref("Patient", row.patient_id), partOf=encounter_ref, participant=participants,
            period=period(call.opened_at, call.ended_at),
        )
