"""Entering and leaving a call."""

from __future__ import annotations

import itertools
from typing import Literal

from core.calls.commands import EnterCall, Entered, LeaveCall, SeatHeld, SeatStillMine
from core.calls.errors import NoCallAnyMore, SeatTaken, TicketExpired, TicketUsed
from core.calls.models import Call, CallAttendance, CallTicket
from core.calls.recording import someone_entered
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
    how = await _how_he_comes(call, ticket, order)
    await _free_seat(work, call, ticket)
    await ticket.change(conflict=TicketUsed(), used_at=now)
    attendance = await CallAttendance.create(
        id=work.new_id(), call_id=call.id, ticket_id=ticket.id, account_id=work.actor.account_id, practitioner_id=work.actor.practitioner_id,
        seat=ticket.seat, joined_at=now, seen_at=now,
    )
    await call.change(empty_since_really=None)
    place = await comes_in(work, call, ticket.seat)
    row = await note(work, row.id, f"call.{how}.{ticket.seat}")
    await someone_entered(work, call, attendance)
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


async def _how_he_comes(call: Call, ticket: CallTicket, order: EnterCall) -> Literal["joined", "returned", "reopened"]:
    """``returned``: his connection had gone, whether or not that was noticed before he was back; ``reopened``: he sits there already."""
    mine = await CallAttendance.filter(call_id=call.id, account_id=ticket.account_id, seat=ticket.seat).order_by("-id").first()
    if mine is None:
        return "joined"
    if mine.ending == "dropped" or (mine.left_at is None and order.again):
        return "returned"
    return "reopened" if mine.left_at is None else "joined"


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
    attendance = await CallAttendance.get(id=order.attendance_id)
    await end_attendance(work, call, order.attendance_id, order.ending)
    await _keep_measures(work, attendance, order)
    if attendance.ending != "replaced" or not await _sits_again(attendance):
        await tell_quality(work, call, order.attendance_id)
    return Done()


async def _keep_measures(work: Work, attendance: CallAttendance, order: LeaveCall) -> None:
    """What his device measured in this sitting, once."""
    if order.worst_link is None or order.loss_permille is None or order.rtt_ms is None or attendance.worst_link:
        return
    await CallAttendance.filter(id=attendance.id).update(
        worst_link=order.worst_link, loss_permille=order.loss_permille, rtt_ms=order.rtt_ms, rung=order.rung or ""
    )


async def _sits_again(attendance: CallAttendance) -> bool:
    return await CallAttendance.filter(call_id=attendance.call_id, account_id=attendance.account_id, left_at__isnull=True).exists()


async def tell_quality(work: Work, call: Call, attendance_id: str) -> None:
    """How his link was, once: the worst of this sitting and of those before it whose place it took, which told nothing. Nothing where nothing was
    measured. The consultation's row is held by the caller."""
    attendance = await CallAttendance.get(id=attendance_id)
    if attendance.quality_told:
        return
    rows = [one for one in await _one_presence(attendance) if one.worst_link]
    if not rows:
        return
    link = max((one.worst_link for one in rows), key=list(LINK_WORDS).index)
    loss, rtt = max(one.loss_permille or 0 for one in rows), max(one.rtt_ms or 0 for one in rows)
    rung = max((one.rung for one in rows if one.rung), key=list(RUNG_WORDS).index, default="")
    await CallAttendance.filter(id__in=[one.id for one in rows] + [attendance.id]).update(quality_told=True)
    told = {
        "link": LINK_WORDS[link], "loss": f"{loss / 10:g}", "rtt": str(rtt), "rung": f",画面最低 {RUNG_WORDS[rung]}" if rung else "",
    }  # fmt: skip
    await note(work, call.consultation_id, f"call.quality.{attendance.seat}", practitioner_id=attendance.practitioner_id, ids=told)


async def _one_presence(attendance: CallAttendance) -> list[CallAttendance]:
    """This sitting, and those before it that lasted until the next one took their place and have not been told of."""
    before = CallAttendance.filter(call_id=attendance.call_id, account_id=attendance.account_id, seat=attendance.seat, id__lt=attendance.id)
    replaced = itertools.takewhile(lambda one: one.ending == "replaced" and not one.quality_told, await before.order_by("-id"))
    return [attendance, *replaced]


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
