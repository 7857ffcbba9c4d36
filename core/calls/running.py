"""Looking after running calls: who is no longer heard of has dropped; a call that everyone left ends by itself, and says how it went."""

from __future__ import annotations

from datetime import timedelta

from core.calls.attending import end_attendance, tell_quality
from core.calls.commands import CheckCall
from core.calls.guests import close_invitations
from core.calls.models import Call, CallAttendance, CallPlace
from core.calls.recording import call_is_over
from core.calls.rules import HEARD_OF_WITHIN, LOOK_AGAIN, TRIED_BEFORE, is_over, not_held, spoken_length
from core.consultations.models import Consultation, TimelineEntry
from core.consultations.service import hold, note, when_closed, when_returned
from core.consultations.workflow import OPEN_STATES
from core.foundation.due import due
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.people.service import hears_withdrawal

due("calls.check", lambda row: CheckCall(call_id=row.ref))


@handles(CheckCall)
async def check_call(work: Work, order: CheckCall) -> Done:
    call = await Call.get(id=order.call_id)
    row = await hold(call.consultation_id)
    call = await Call.get(id=order.call_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if call.ended_at is not None:
        return Done()
    now = work.practice.clock.real_now()
    for one in await CallAttendance.filter(call_id=call.id, left_at__isnull=True):
        if now - one.seen_at >= HEARD_OF_WITHIN:
            await end_attendance(work, call, one.id, "dropped")
            await tell_quality(work, call, one.id)
    call = await Call.get(id=call.id)
    there = await CallAttendance.filter(call_id=call.id, left_at__isnull=True).exists()
    came = await CallAttendance.filter(call_id=call.id).exists()
    if not there and is_over(opened=call.opened_really_at, empty_since=call.empty_since_really, anybody_came=came, now=now):
        await end_call(work, call)
    else:
        await work.schedule("calls.check", call.id, work.now + LOOK_AGAIN)
    return Done()


async def end_call(work: Work, call: Call) -> None:
    """The call is over: who is still there is out, and the timeline says how long it was, or why there was none."""
    now = work.practice.clock.real_now()
    changed = await Call.filter(id=call.id, ended_at__isnull=True).update(ended_at=work.now, open_consultation_id=None)
    if changed == 0:
        return
    await call_is_over(work, call.id)
    await CallAttendance.filter(call_id=call.id, left_at__isnull=True).update(left_at=now, ending="ended")
    await close_invitations(work, call)
    attended = await CallAttendance.filter(call_id=call.id)
    kind = not_held((one.seat for one in attended), await _why_missing(call))
    if kind is not None:
        await note(work, call.consultation_id, kind)
    else:
        began = min(one.joined_at for one in attended)
        ended = max(one.left_at or now for one in attended)
        await note(work, call.consultation_id, "call.ended", ids={"length": spoken_length(began, ended)})
    work.lanes.add(f"call:{call.id}")


async def _why_missing(call: Call) -> dict[str, str]:
    """By seat: what was last heard of why its person did not come in."""
    causes = {one.seat: "not_admitted" for one in await CallPlace.filter(call_id=call.id, state__in=("waiting", "refused", "removed"))}
    since = call.opened_at - TRIED_BEFORE
    told = TimelineEntry.filter(consultation_id=call.consultation_id, at__gte=since, kind__startswith="call.")
    for entry in await told.order_by("sequence"):
        _, what, *rest = entry.kind.split(".")
        happened = entry.at - timedelta(minutes=int(entry.ids.get("minutes", 0)))
        if what in ("trouble", "trouble_before") and len(rest) == 2 and happened >= since:
            causes[rest[0]] = rest[1]
        elif what == "declined" and rest:
            causes[rest[0]] = "declined"
    return causes


@hears_withdrawal
async def end_with_the_consent(work: Work, patient_id: str, purpose: str) -> None:
    """A call that saves a life runs on (core/consultations/withdrawn.py)."""
    if purpose != "consultation":
        return
    of_patient = await Consultation.filter(patient_id=patient_id, state__in=[state.value for state in OPEN_STATES]).values_list("id", flat=True)
    for call in await Call.filter(open_consultation_id__in=list(of_patient)).order_by("id"):
        row = await hold(call.consultation_id)
        if not urgency(row.urgency).starts_at_once:
            await end_call(work, call)


@when_closed
@when_returned
async def end_with_the_consultation(work: Work, row: Consultation) -> None:
    """Also when it goes back to look for another expert: with him there will be another call."""
    call = await Call.get_or_none(open_consultation_id=row.id)
    if call is not None:
        await end_call(work, call)
