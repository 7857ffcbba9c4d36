"""Entering and leaving a call."""

from __future__ import annotations

from core.calls.commands import EnterCall, Entered, LeaveCall, SeatHeld, SeatStillMine
from core.calls.errors import NoCallAnyMore, SeatTaken, TicketExpired, TicketUsed
from core.calls.models import Call, CallAttendance, CallTicket
from core.calls.room import check_right, seats_of
from core.calls.rules import HEARD_OF_WITHIN, LINK_WORDS, LISTENS_ONLY, RUNG_WORDS, SEAT_LABELS
from core.calls.waiting import comes_in, require_open
from core.consultations.models import Consultation
from core.consultations.service import begin, consultation_of, hold, note
from core.consultations.workflow import State
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
    await check_right(work, row, ticket.seat)
    await require_open(call, work.actor.account_id, ticket.seat)
    await _free_seat(work, call, ticket)
    await ticket.change(conflict=TicketUsed(), used_at=now)
    attendance = await CallAttendance.create(
        id=work.new_id(), call_id=call.id, ticket_id=ticket.id, account_id=work.actor.account_id, practitioner_id=work.actor.practitioner_id,
        seat=ticket.seat, joined_at=now, seen_at=now,
    )
    await call.change(empty_since_really=None)
    place = await comes_in(work, call, ticket.seat)
    row = await note(work, row.id, f"call.joined.{ticket.seat}")
    await _begin_when_both_sides_are_there(work, call, row, ticket.seat)
    work.lanes.add(f"call:{call.id}")
    return Entered.model_validate({
        "call_id": call.id, "consultation_id": row.id, "attendance_id": attendance.id, "seat": ticket.seat, "seats": await seats_of(call.id),
        "muted": place.muted, "listens_only": ticket.seat in LISTENS_ONLY,
    })  # fmt: skip


@answers(SeatStillMine)
async def seat_still_mine(work: Work, order: SeatStillMine) -> SeatHeld:
    attendance = await CallAttendance.get(id=order.attendance_id)
    call = await Call.get(id=attendance.call_id)
    row = await consultation_of(call.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    try:
        await check_right(work, row, attendance.seat)
    except DomainError:
        return SeatHeld(held=False, ending=attendance.ending)
    return SeatHeld(held=attendance.left_at is None, ending=attendance.ending)


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
    sat = await CallAttendance.filter(id=order.attendance_id, left_at__isnull=True).exists()
    await end_attendance(work, call, order.attendance_id, order.ending)
    if sat or attendance.ending in ("removed", "ended"):
        await _keep_quality(work, call, attendance, order)
    return Done()


async def _keep_quality(work: Work, call: Call, attendance: CallAttendance, order: LeaveCall) -> None:
    """How his link was, as his device measured it, once."""
    if order.worst_link is None or order.loss_permille is None or order.rtt_ms is None or attendance.worst_link:
        return
    await CallAttendance.filter(id=attendance.id).update(
        worst_link=order.worst_link, loss_permille=order.loss_permille, rtt_ms=order.rtt_ms, rung=order.rung or ""
    )
    told = {
        "link": LINK_WORDS[order.worst_link], "loss": f"{order.loss_permille / 10:g}", "rtt": str(order.rtt_ms),
        "rung": f",画面最低 {RUNG_WORDS[order.rung]}" if order.rung else "",
    }  # fmt: skip
    await note(work, call.consultation_id, f"call.quality.{attendance.seat}", practitioner_id=attendance.practitioner_id, ids=told)


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
