"""Who is in the consultation's call."""

from __future__ import annotations

from core.calls.commands import CallView, SeatView, ViewCall
from core.calls.models import Call, CallAttendance, CallInvitation
from core.calls.room import seat_of, seats_of, why_closed
from core.calls.rules import INVITED, SEAT_LABELS, SEATS
from core.consultations.service import consultation_of
from core.foundation.actor import Role
from core.foundation.orders import answers
from core.foundation.work import Work
from core.people.cards import patient_card, practitioner_cards
from core.people.service import elder_mode


@answers(ViewCall)
async def view_call(work: Work, order: ViewCall) -> CallView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    call = await Call.get_or_none(open_consultation_id=row.id)
    there = set() if call is None else {one.seat for one in await CallAttendance.filter(call_id=call.id, left_at__isnull=True)}
    cards = await practitioner_cards(work, {one for one in (row.village_doctor_id, row.expert_id) if one is not None})
    guest = work.grant.relation == INVITED
    people: dict[str, str | None] = {
        "patient": None if guest else (await patient_card(work, row.patient_id)).full_name,
        "village_doctor": cards[row.village_doctor_id].called,
        "expert": None if row.expert_id is None else cards[row.expert_id].called,
    }
    seats = SEATS if call is None else await seats_of(call.id)
    if call is not None and len(seats) > len(SEATS):
        people |= await guests_called(work, call.id, row.patient_id)
    closed = why_closed(row)
    return CallView(
        consultation_id=row.id,
        code=row.code,
        call_id=None if call is None else call.id,
        seat=None if work.role is Role.SYSTEM else await seat_of(work, row.id, work.grant),
        seats=tuple(SeatView(seat=seat, label=SEAT_LABELS[seat], person=people.get(seat), present=seat in there) for seat in seats),
        closed=None if closed is None else closed.message,
        elder=None if work.role is Role.SYSTEM else await elder_mode(work.actor.account_id),
    )


async def guests_called(work: Work, call_id: str, patient_id: str) -> dict[str, str]:
    """By seat: as the moderator named them whose invitations count."""
    sealer = await work.sealer("patient", patient_id)
    rows = await CallInvitation.filter(call_id=call_id, state="taken")
    return {row.seat: sealer.open("call_invitation", "called", row.id, bytes(row.called)) for row in rows}
