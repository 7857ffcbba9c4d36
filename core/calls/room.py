"""The running call as those see it who are in it or before its door: who sits where, by what right, and how everybody's place stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.calls.commands import RequestSeat, Seat
from core.calls.errors import NoCallAnyMore, NoCallYet
from core.calls.models import Call, CallAttendance, CallInvitation, CallPlace
from core.calls.moderation import Act, check_act, moderator_of
from core.calls.rules import GUEST_SEATS, INVITED, ROLE_OF_SEAT, SEAT_OF_ROLE, SEATS
from core.consultations.models import Consultation
from core.consultations.service import consultation_of, hold
from core.consultations.withdrawn import require_not_withdrawn
from core.consultations.workflow import CLOSED_STATES, State
from core.foundation.access import check_access
from core.foundation.errors import Conflict, NotAllowed
from core.foundation.orders import Grant, Order, relation
from core.foundation.work import Work

AT_THE_DOOR = timedelta(seconds=20)
"""Whose waiting page was not heard of for so long has gone away."""


def why_closed(row: Consultation) -> Conflict | None:
    """Why no call can be held in this consultation now; None when it can."""
    if State(row.state) in CLOSED_STATES:
        return NoCallAnyMore()
    return NoCallYet() if row.expert_id is None else None


@relation("sits_in_call")
async def sits_in_call(work: Work, order: Order) -> bool:
    """The actor sits in the call, which runs."""
    call_id = getattr(order, "call_id", None)
    return call_id is not None and await CallAttendance.filter(
        call_id=call_id, account_id=work.actor.account_id, left_at__isnull=True
    ).exists()


@relation(INVITED)
async def invited_to_call(work: Work, order: Order) -> bool:
    """The actor took an invitation to the call of the consultation, which runs."""
    consultation_id = getattr(order, "consultation_id", None)
    return consultation_id is not None and await invitation_of(work.actor.account_id, consultation_id) is not None


async def invitation_of(account_id: str, consultation_id: str) -> CallInvitation | None:
    """The invitation that the account took and that counts."""
    return await CallInvitation.filter(consultation_id=consultation_id, account_id=account_id, state="taken").order_by("-id").first()


async def seat_of(work: Work, consultation_id: str, grant: Grant) -> Seat:
    """The seat that ``grant`` gives the actor: his role's, or that of his invitation."""
    if grant.relation == INVITED:
        invitation = await invitation_of(work.actor.account_id, consultation_id)
        return _guest_seat("" if invitation is None else invitation.seat)
    return SEAT_OF_ROLE[grant.role]


def _guest_seat(name: str) -> Seat:
    for seat in GUEST_SEATS:
        if seat == name:
            return seat
    raise NotAllowed


async def check_right(work: Work, row: Consultation, seat: str) -> None:
    """The actor could ask for the seat now too: a ticket and a seat last no longer than the right that they were given for."""
    closed = why_closed(row)
    if closed is not None:
        raise closed
    await require_not_withdrawn(work, row)
    grant = await check_access(work, RequestSeat(consultation_id=row.id), ROLE_OF_SEAT[seat])
    if await seat_of(work, row.id, grant) != seat:
        raise NotAllowed(order=RequestSeat.name)


@dataclass(slots=True)
class Sitting:
    """Where the actor sits in a running call. ``there``: all taken seats with the attendance on each; ``places``: by account."""

    row: Consultation
    call: Call
    seat: str
    there: dict[str, CallAttendance]
    places: dict[str, CallPlace]

    def check(self, act: Act, target: str | None = None) -> None:
        check_act(act, seat=self.seat, there=self.there, handed_to=self.call.handed_to, target=target)

    @property
    def moderator(self) -> str | None:
        return moderator_of(self.there, self.call.handed_to)

    def seats(self) -> tuple[Seat, ...]:
        """All that the room has now: those of every call, and those of guests who were let in."""
        held = {place.seat for place in self.places.values() if place.state == "in"}
        return (*SEATS, *(seat for seat in GUEST_SEATS if seat in held))

    def place_of(self, seat: str) -> CallPlace | None:
        """The place of who sits on ``seat``."""
        one = self.there.get(seat)
        return None if one is None else self.places.get(one.account_id)


async def sitting(work: Work, call_id: str, *, held: bool = False) -> Sitting:
    """Where the actor sits. ``held``: the consultation's row is taken first, so that of two who decide at once the second sees what the first did.

    NotAllowed when he does not sit there any more, or not by right.
    """
    call = await Call.get(id=call_id)
    row = await (hold(call.consultation_id) if held else consultation_of(call.consultation_id))
    call = await Call.get(id=call_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    there = {one.seat: one for one in await CallAttendance.filter(call_id=call.id, left_at__isnull=True)}
    mine = next((one for one in there.values() if one.account_id == work.actor.account_id), None)
    if mine is None:
        raise NotAllowed(order=work.order.name)
    await check_right(work, row, mine.seat)
    return Sitting(row, call, mine.seat, there, await places_of(call.id))


async def places_of(call_id: str) -> dict[str, CallPlace]:
    """By account: how everybody stands in the call who ever was in it or at its door."""
    return {one.account_id: one for one in await CallPlace.filter(call_id=call_id)}


async def seats_of(call_id: str) -> tuple[Seat, ...]:
    held = {str(one) for one in await CallPlace.filter(call_id=call_id, state="in").values_list("seat", flat=True)}
    return (*SEATS, *(seat for seat in GUEST_SEATS if seat in held))


async def is_moderated(call: Call) -> bool:
    """Whether somebody is in the call who can open its door."""
    there = await CallAttendance.filter(call_id=call.id, left_at__isnull=True).values_list("seat", flat=True)
    return moderator_of([str(one) for one in there], call.handed_to) is not None
