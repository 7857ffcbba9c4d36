"""Before the door of a call: who must wait there, and how it stands for him."""

from __future__ import annotations

from core.calls.commands import Seat
from core.calls.commands_rooms import AtTheDoor, DeclineCall, DoorView, Knock
from core.calls.errors import InvitationOver, MustWait
from core.calls.models import Call, CallPlace
from core.calls.moderation import Door, door
from core.calls.room import is_moderated, seat_of, why_closed
from core.calls.rules import SEAT_LABELS
from core.consultations.models import Consultation
from core.consultations.service import consultation_of, hold, note
from core.consultations.withdrawn import require_not_withdrawn
from core.foundation.orders import Done, answers, handles
from core.foundation.practice import Practice
from core.foundation.work import Work


async def door_of(call: Call | None, account_id: str, seat: str) -> Door:
    """Whether the door of ``call`` (None: nobody is in one) opens to the account on ``seat``."""
    place = None if call is None else await CallPlace.get_or_none(call_id=call.id, account_id=account_id)
    moderated = call is not None and await is_moderated(call)
    return door(seat=seat, state=None if place is None else place.state, locked=call is not None and call.locked, moderated=moderated)


async def require_open(call: Call, account_id: str, seat: str) -> None:
    """MustWait before a closed door; InvitationOver for a guest who was refused."""
    found = await door_of(call, account_id, seat)
    if found != "open":
        raise MustWait if found == "wait" else InvitationOver


async def comes_in(work: Work, call: Call, seat: str) -> CallPlace:
    """The place of who has come in by an open door."""
    now = work.practice.clock.real_now()
    place = await CallPlace.get_or_none(call_id=call.id, account_id=work.actor.account_id)
    if place is None:
        return await CallPlace.create(
            id=work.new_id(), call_id=call.id, account_id=work.actor.account_id, seat=seat, state="in", seen_at=now
        )
    if place.state != "in" or place.seat != seat:
        await place.change(state="in", seat=seat, seen_at=now)
    return place


@handles(Knock)
async def knock(work: Work, order: Knock) -> DoorView:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    await _check_open(work, row)
    seat = await seat_of(work, row.id, work.grant)
    call = await Call.get_or_none(open_consultation_id=row.id)
    found = await door_of(call, work.actor.account_id, seat)
    if found == "closed":
        raise InvitationOver
    if call is None or found == "open":
        return await _view(work, row, call, seat)
    now = work.practice.clock.real_now()
    place = await CallPlace.get_or_none(call_id=call.id, account_id=work.actor.account_id)
    if place is None:
        await CallPlace.create(id=work.new_id(), call_id=call.id, account_id=work.actor.account_id, seat=seat, state="waiting", seen_at=now)
    else:
        await place.change(state="waiting", seen_at=now)
    if place is None or place.state != "waiting":
        await note(work, row.id, f"call.waiting.{seat}")
    work.lanes.add(f"call:{call.id}")
    return await _view(work, row, call, seat)


async def _check_open(work: Work, row: Consultation) -> None:
    closed = why_closed(row)
    if closed is not None:
        raise closed
    await require_not_withdrawn(work, row)


@answers(AtTheDoor)
async def at_the_door(work: Work, order: AtTheDoor) -> DoorView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    await _check_open(work, row)
    call = await Call.get_or_none(open_consultation_id=row.id)
    return await _view(work, row, call, await seat_of(work, row.id, work.grant))


async def _view(work: Work, row: Consultation, call: Call | None, seat: Seat) -> DoorView:
    place = None if call is None else await CallPlace.get_or_none(call_id=call.id, account_id=work.actor.account_id)
    return DoorView.model_validate({
        "state": "none" if place is None else place.state, "seat": seat, "seat_label": SEAT_LABELS[seat],
        "open": await door_of(call, work.actor.account_id, seat) == "open", "moderated": call is not None and await is_moderated(call),
    })  # fmt: skip


@handles(DeclineCall)
async def decline_call(work: Work, order: DeclineCall) -> Done:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    await _check_open(work, row)
    await note(work, row.id, f"call.declined.{await seat_of(work, row.id, work.grant)}")
    call = await Call.get_or_none(open_consultation_id=row.id)
    if call is not None:
        work.lanes.add(f"call:{call.id}")
    return Done()


async def waits(practice: Practice, account_id: str, consultation_id: str) -> None:
    """Technical writer: his waiting page is there."""
    call = await Call.get_or_none(open_consultation_id=consultation_id)
    if call is not None:
        await CallPlace.filter(call_id=call.id, account_id=account_id, state="waiting").update(seen_at=practice.clock.real_now())
