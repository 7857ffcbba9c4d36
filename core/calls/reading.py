"""Who is in the consultation's call."""

from __future__ import annotations

from core.calls.commands import CallView, SeatView, ViewCall
from core.calls.models import Call, CallAttendance
from core.calls.rules import SEAT_LABELS, SEAT_OF_ROLE, SEATS
from core.calls.seats import why_closed
from core.consultations.service import consultation_of
from core.foundation.orders import answers
from core.foundation.work import Work
from core.people.cards import patient_card, practitioner_cards


@answers(ViewCall)
async def view_call(work: Work, order: ViewCall) -> CallView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    call = await Call.get_or_none(open_consultation_id=row.id)
    there = set() if call is None else {one.seat for one in await CallAttendance.filter(call_id=call.id, left_at__isnull=True)}
    cards = await practitioner_cards(work, {one for one in (row.village_doctor_id, row.expert_id) if one is not None})
    people: dict[str, str | None] = {
        "patient": (await patient_card(work, row.patient_id)).full_name,
        "village_doctor": cards[row.village_doctor_id].called,
        "expert": None if row.expert_id is None else cards[row.expert_id].called,
    }
    closed = why_closed(row)
    return CallView(
        consultation_id=row.id,
        code=row.code,
        call_id=None if call is None else call.id,
        seat=SEAT_OF_ROLE.get(work.role),
        seats=tuple(SeatView(seat=seat, label=SEAT_LABELS[seat], person=people[seat], present=seat in there) for seat in SEATS),
        closed=None if closed is None else closed.message,
    )
