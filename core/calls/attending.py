"""Entering and leaving a call."""

from __future__ import annotations

from core.calls.commands import EnterCall, Entered, LeaveCall, RequestSeat, SeatHeld, SeatStillMine
from core.calls.errors import NoCallAnyMore, SeatTaken, TicketExpired, TicketUsed
from core.calls.models import Call, CallAttendance, CallTicket
from core.calls.recording import someone_entered
from core.calls.rules import HEARD_OF_WITHIN, SEAT_LABELS, SEAT_OF_ROLE, SEATS
from core.calls.seats import why_closed
from core.consultations.models import Consultation
from core.consultations.service import begin, consultation_of, hold, note
from core.consultations.withdrawn import require_not_withdrawn
from core.consultations.workflow import State
from core.foundation.access import check_access
from core.foundation.actor import Role
from core.foundation.errors import DomainError
from core.foundation.orders import Done, Order, answers, handles, relation
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.sessions import token_hash


@relation("holds_ticket")
async def holds_ticket(work: Work, order: Order) -> bool:
    """The ticket was given to the actor himself."""
    ticket = getattr(order, "ticket", None)
    return ticket is not None and await CallTicket.filter(secret_hash=token_hash(ticket), account_id=work.actor.account_id).exists()


@relation("own_attendance")
async def own_attendance(work: Work, order: Order) -> bool:
    """It is the actor himself who sits there."""
    attendance_id = getattr(order, "attendance_id", None)
    return attendance_id is not None and await CallAttendance.filter(id=attendance_id, account_id=work.actor.account_id).exists()


@handles(EnterCall)
async def enter_call(work: Work, order: EnterCall) -> Entered:
    ticket = await CallTicket.get(secret_hash=token_hash(order.ticket))
    row = await hold(ticket.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    now = work.practice.clock.real_now()
    if ticket.used_at is not None:
        raise TicketUsed
    if ticket.expires_at <= now:
        raise TicketExpired
    call = await Call.get(id=ticket.call_id)
    if call.ended_at is not None:
        raise NoCallAnyMore
    await _check_right(work, row, Role(ticket.role))
    await _free_seat(work, call, ticket)
    await ticket.change(conflict=TicketUsed(), used_at=now)
    attendance = await CallAttendance.create(
        id=work.new_id(), call_id=call.id, ticket_id=ticket.id, account_id=work.actor.account_id, practitioner_id=work.actor.practitioner_id,
        seat=ticket.seat, joined_at=now, seen_at=now,
    )
    await call.change(empty_since_really=None)
    row = await note(work, row.id, f"call.joined.{ticket.seat}")
    await someone_entered(work, call, attendance)
    await _begin_when_both_sides_are_there(work, call, row, ticket.seat)
    work.lanes.add(f"call:{call.id}")
    return Entered(call_id=call.id, consultation_id=row.id, attendance_id=attendance.id, seat=ticket.seat, seats=SEATS)


async def _check_right(work: Work, row: Consultation, role: Role) -> None:
    """The actor could ask for the seat now too: a ticket and a seat last no longer than the right that they were given for."""
    closed = why_closed(row)
    if closed is not None:
        raise closed
    await require_not_withdrawn(work, row)
    await check_access(work, RequestSeat(consultation_id=row.id), role)


_ROLE_OF_SEAT: dict[str, Role] = {seat: role for role, seat in SEAT_OF_ROLE.items()}


@answers(SeatStillMine)
async def seat_still_mine(work: Work, order: SeatStillMine) -> SeatHeld:
    attendance = await CallAttendance.get(id=order.attendance_id)
    call = await Call.get(id=attendance.call_id)
    row = await consultation_of(call.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    try:
        await _check_right(work, row, _ROLE_OF_SEAT[attendance.seat])
    except DomainError:
        return SeatHeld(held=False)
    return SeatHeld(held=attendance.left_at is None)


async def _free_seat(work: Work, call: Call, ticket: CallTicket) -> None:
    """Whoever comes back takes his own place; another account's only when nothing was heard of it for a while."""
    now = work.practice.clock.real_now()
    for sitting in await CallAttendance.filter(call_id=call.id, seat=ticket.seat, left_at__isnull=True):
        if sitting.account_id != ticket.account_id and now - sitting.seen_at < HEARD_OF_WITHIN:
            raise SeatTaken(seat=SEAT_LABELS[ticket.seat])
        await sitting.change(left_at=now, ending="replaced")


async def _begin_when_both_sides_are_there(work: Work, call: Call, row: Consultation, seat: str) -> None:
    """The inviting side and the expert are in one room: the consultation begins."""
    if State(row.state) is not State.ASSIGNED:
        return
    there = {one.seat for one in await CallAttendance.filter(call_id=call.id, left_at__isnull=True)}
    if "expert" in there and "village_doctor" in there and seat in ("expert", "village_doctor"):
        await begin(work, row, "call", role=Role.EXPERT if seat == "expert" else Role.VILLAGE_DOCTOR)


@handles(LeaveCall)
async def leave_call(work: Work, order: LeaveCall) -> Done:
    attendance = await CallAttendance.get(id=order.attendance_id)
    call = await Call.get(id=attendance.call_id)
    row = await hold(call.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    await end_attendance(work, call, order.attendance_id, order.ending)
    return Done()


async def end_attendance(work: Work, call: Call, attendance_id: str, ending: str) -> None:
    """He is no longer there; nothing happens when he was not. The consultation's row is held by the caller."""
    now = work.practice.clock.real_now()
    ended = await CallAttendance.filter(id=attendance_id, left_at__isnull=True).update(left_at=now, ending=ending)
    if ended == 0:
        return
    attendance = await CallAttendance.get(id=attendance_id)
    await note(work, call.consultation_id, f"call.{ending}.{attendance.seat}", practitioner_id=attendance.practitioner_id)
    if not await CallAttendance.filter(call_id=call.id, left_at__isnull=True).exists():
        await Call.filter(id=call.id).update(empty_since_really=now)
    work.lanes.add(f"call:{call.id}")


async def seen(practice: Practice, attendance_id: str) -> bool:
    """Technical writer: his connection is there. False when he no longer sits there (replaced, or the call is over)."""
    return await CallAttendance.filter(id=attendance_id, left_at__isnull=True).update(seen_at=practice.clock.real_now()) > 0
