"""Recording a call: asked for, agreed to by everybody, stopped at once by anybody. Every step holds the consultation's row first."""

from __future__ import annotations

from typing import Final

from core.calls.errors import NoCallAnyMore
from core.calls.models import Call, CallAttendance
from core.calls.recording_commands import AnswerRecording, AskToRecord, FailRecording, RecordingState, StandOfRecording
from core.calls.recording_errors import NotInTheCall, PatientHasNotAgreed, RecordingNotYours, RecordingOver, RecordingUnknown
from core.calls.recording_models import CallRecording, CallRecordingAnswer
from core.calls.recording_rules import KIND, MAY_ASK, OPEN, REASONS, Answered, Person, after_answer, after_entry, agreed, unanswered
from core.calls.rules import SEAT_LABELS
from core.consultations.models import Consultation
from core.consultations.service import consultation_of, hold, note
from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work
from core.people.consent_texts import current_text
from core.people.service import give_within, has_consent, hears_withdrawal
from media.calls.sealed_log import new_key_pair

PURPOSE: Final = "recording"


@handles(AskToRecord)
async def ask_to_record(work: Work, order: AskToRecord) -> RecordingState:
    attendance, call, row = await _in_the_call(work, order.attendance_id)
    if attendance.seat not in MAY_ASK:
        raise RecordingNotYours
    recording = await CallRecording.get_or_none(open_call_id=call.id)
    if recording is None:
        seated = await _seated(call.id)
        if not await has_consent(work, row.patient_id, PURPOSE) and all(one.seat != "patient" for one in seated):
            raise PatientHasNotAgreed
        recording = await _asked(work, call, row, attendance)
    await _answer(work, recording, attendance, yes=True)
    await _settle(work, recording, call, row)
    return await state_of(work, call, attendance)


async def _asked(work: Work, call: Call, row: Consultation, attendance: CallAttendance) -> CallRecording:
    recording_id, text = work.new_id(), current_text(PURPOSE)
    private, public = new_key_pair()
    sealer = await work.sealer(KIND, recording_id)
    recording = await CallRecording.create(
        id=recording_id, organisation_id=row.organisation_id, call_id=call.id, consultation_id=row.id, patient_id=row.patient_id,
        open_call_id=call.id, state="asked", asked_seat=attendance.seat, asked_really_at=work.practice.clock.real_now(),
        text_version=text.version, text_sha256=text.sha256, public_key=public.hex(),
        private_key=sealer.seal("call_recording", "private_key", recording_id, private.hex()),
    )
    await note(work, row.id, "call.recording.asked")
    return recording


@handles(AnswerRecording)
async def answer_recording(work: Work, order: AnswerRecording) -> RecordingState:
    attendance, call, row = await _in_the_call(work, order.attendance_id)
    recording = await CallRecording.get_or_none(open_call_id=call.id)
    if recording is None or recording.id != order.recording_id:
        raise RecordingOver
    if order.agree and attendance.seat == "patient" and not await has_consent(work, row.patient_id, PURPOSE):
        await give_within(work, row.patient_id, PURPOSE)
        work.concerns("patient", row.patient_id, consultation=row.code, purpose=PURPOSE)
    await _answer(work, recording, attendance, yes=order.agree)
    await _settle(work, recording, call, row)
    return await state_of(work, call, attendance)


async def _answer(work: Work, recording: CallRecording, attendance: CallAttendance, *, yes: bool) -> None:
    now = work.practice.clock.real_now()
    known = await CallRecordingAnswer.get_or_none(recording_id=recording.id, account_id=attendance.account_id, seat=attendance.seat)
    if known is None:
        await CallRecordingAnswer.create(
            id=work.new_id(), recording_id=recording.id, account_id=attendance.account_id, practitioner_id=attendance.practitioner_id,
            seat=attendance.seat, agreed=yes, text_version=recording.text_version, text_sha256=recording.text_sha256, answered_really_at=now,
        )
    elif known.agreed and not yes and known.withdrawn_really_at is None:
        await known.change(withdrawn_really_at=now)


async def _settle(work: Work, recording: CallRecording, call: Call, row: Consultation) -> None:
    """Start it, end it or wait, as the answers are now."""
    consents = await has_consent(work, row.patient_id, PURPOSE)
    state, reason = after_answer(recording.state, await _seated(call.id), await _answers(recording.id), patient_consents=consents)  # type: ignore[arg-type]
    if reason is not None:
        await _stop(work, recording, reason, by=work.actor.account_id)
    elif state == "running" and recording.state == "asked":
        now = work.practice.clock.real_now()
        await recording.change(state="running", started_at=work.now, started_really_at=now, edition=recording.edition + 1)
        await Call.filter(id=call.id).update(recorded=True)
        await note(work, row.id, "call.recording.started")
    work.lanes.add(f"call:{call.id}")


async def _stop(work: Work, recording: CallRecording, reason: str, *, by: str = "") -> None:
    """It has ended. What was recorded until now is put together by a worker."""
    began = recording.started_at is not None
    await recording.change(
        state="stopped" if began else "nothing", open_call_id=None, reason=reason, stopped_at=work.now,
        stopped_really_at=work.practice.clock.real_now(), stopped_by=by,
    )
    await note(work, recording.consultation_id, f"call.recording.stopped.{reason}")
    if began:
        await work.emit("recording.stopped", key=recording.id, recording_id=recording.id)
    work.lanes.add(f"call:{recording.call_id}")


async def someone_entered(work: Work, call: Call, attendance: CallAttendance) -> None:
    """Part of entering: who has not agreed is not recorded, and the recording of the others ends before he is seen."""
    recording = await CallRecording.get_or_none(open_call_id=call.id)
    if recording is None:
        return
    newcomer = Person(attendance.account_id, attendance.seat)
    _, reason = after_entry(recording.state, newcomer, await _answers(recording.id))  # type: ignore[arg-type]
    if reason is not None:
        await _stop(work, recording, reason)
    elif recording.state == "running":
        await recording.change(edition=recording.edition + 1)


async def call_is_over(work: Work, call_id: str) -> None:
    """Part of ending a call."""
    recording = await CallRecording.get_or_none(open_call_id=call_id)
    if recording is not None:
        await _stop(work, recording, "over")


@hears_withdrawal
async def patient_took_back(work: Work, patient_id: str, purpose: str) -> None:
    if purpose != PURPOSE:
        return
    for recording in await CallRecording.filter(patient_id=patient_id, state__in=sorted(OPEN)).order_by("id"):
        await hold(recording.consultation_id)
        recording = await CallRecording.get(id=recording.id)
        if recording.state in OPEN:
            await _stop(work, recording, "withdrawn", by=work.actor.account_id)


@handles(FailRecording)
async def fail_recording(work: Work, order: FailRecording) -> Done:
    known = await CallRecording.get_or_none(id=order.recording_id)
    if known is None:
        raise RecordingUnknown
    row = await hold(known.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    recording = await CallRecording.get(id=order.recording_id)
    if recording.state in OPEN:
        await _stop(work, recording, order.cause)
    return Done()


@answers(StandOfRecording)
async def stand_of_recording(work: Work, order: StandOfRecording) -> RecordingState:
    attendance = await CallAttendance.get(id=order.attendance_id)
    call = await Call.get(id=attendance.call_id)
    row = await consultation_of(call.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    return await state_of(work, call, attendance)


async def state_of(work: Work, call: Call, attendance: CallAttendance) -> RecordingState:
    """As it is told to who sits there."""
    stands = RecordingState(state="off", call_id=call.id, may_ask=attendance.seat in MAY_ASK)
    recording = await CallRecording.filter(call_id=call.id).order_by("-id").first()
    if recording is None:
        return stands
    said = await _answers(recording.id)
    me = Person(attendance.account_id, attendance.seat)
    mine = next(("yes" if one.agreed else "no" for one in said if one.person == me), "")
    stands = stands.model_copy(
        update={"recording_id": recording.id, "mine": mine, "asked_by": SEAT_LABELS.get(recording.asked_seat, recording.asked_seat)}
    )
    if recording.state not in OPEN:
        return stands.model_copy(update={"state": "stopped", "reason": REASONS.get(recording.reason, "")})
    sitting = await CallAttendance.filter(call_id=call.id, left_at__isnull=True).order_by("id")
    if recording.state == "asked":
        missing = unanswered([Person(one.account_id, one.seat) for one in sitting], said)
        waiting = tuple(dict.fromkeys(SEAT_LABELS.get(one.seat, one.seat) for one in missing))
        return stands.model_copy(update={"state": "asked", "waiting": waiting, "text": current_text(PURPOSE).text})
    yes = agreed(said)
    members = tuple(one.id for one in sitting if Person(one.account_id, one.seat) in yes)
    return stands.model_copy(
        update={"state": "running", "public_key": recording.public_key, "members": members, "edition": recording.edition}
    )


async def _in_the_call(work: Work, attendance_id: str) -> tuple[CallAttendance, Call, Consultation]:
    """NoCallAnyMore, NotInTheCall."""
    attendance = await CallAttendance.get(id=attendance_id)
    call = await Call.get(id=attendance.call_id)
    row = await hold(call.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    attendance, call = await CallAttendance.get(id=attendance_id), await Call.get(id=call.id)
    if call.ended_at is not None:
        raise NoCallAnyMore
    if attendance.left_at is not None:
        raise NotInTheCall
    return attendance, call, row


async def _seated(call_id: str) -> list[Person]:
    return [Person(one.account_id, one.seat) for one in await CallAttendance.filter(call_id=call_id, left_at__isnull=True).order_by("id")]


async def _answers(recording_id: str) -> list[Answered]:
    rows = await CallRecordingAnswer.filter(recording_id=recording_id).order_by("id")
    return [Answered(Person(one.account_id, one.seat), one.agreed and one.withdrawn_really_at is None) for one in rows]
