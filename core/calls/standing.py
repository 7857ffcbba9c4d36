"""How a running room stands, for who sits in it: asked again whenever something changed, so that nobody has to hear every change."""

from __future__ import annotations

from core.calls.commands_rooms import RoomView, ViewRoom
from core.calls.guests import invitation_view
from core.calls.models import CallInvitation, CallPlace, PhoneRequest
from core.calls.moderation import acts_of
from core.calls.room import AT_THE_DOOR, Sitting, sitting
from core.calls.rules import LISTENS_ONLY, SEAT_LABELS, SEATS
from core.consultations.models import TimelineEntry
from core.foundation.keys import Sealer
from core.foundation.orders import answers
from core.foundation.work import Work


@answers(ViewRoom)
async def view_room(work: Work, order: ViewRoom) -> RoomView:
    here = await sitting(work, order.call_id)
    moderates = here.seat == here.moderator
    invitations = await CallInvitation.filter(call_id=here.call.id).exclude(state="over").order_by("id")
    sealer = await work.sealer("patient", here.row.patient_id)
    called = {one.id: _called(sealer, one) for one in invitations}
    by_seat = {one.seat: called[one.id] for one in invitations if one.state == "taken"}
    now = work.practice.clock.real_now()
    open_ones = [one for one in invitations if one.state == "taken" or one.expires_at > now]
    seats = here.seats()
    phones = await PhoneRequest.filter(consultation_id=here.row.id, state="open").order_by("id").values_list("seat", flat=True)
    return RoomView.model_validate({
        "call_id": here.call.id, "seat": here.seat, "seats": seats,
        "guests": [{"seat": one, "label": SEAT_LABELS[one], "called": by_seat.get(one, "")} for one in seats if one not in SEATS],
        "moderator": here.moderator, "locked": here.call.locked, "beside": here.call.beside,
        "muted": [seat for seat in seats if _is_muted(here.place_of(seat), seat)], "hands": _hands(here), "declined": await _declined(here),
        "waiting": [_waits(one, by_seat) for one in _at_the_door(work, here)] if moderates else [],
        "invitations": [invitation_view(one, called[one.id]) for one in open_ones] if moderates else [],
        "can": acts_of(here.seat, here.moderator), "phone_asked": list(dict.fromkeys(phones)),
    })  # fmt: skip


def _called(sealer: Sealer, row: CallInvitation) -> str:
    return sealer.open("call_invitation", "called", row.id, bytes(row.called))


def _is_muted(place: CallPlace | None, seat: str) -> bool:
    return seat not in LISTENS_ONLY and place is not None and place.muted


def _hands(here: Sitting) -> list[str]:
    raised = [place for seat in here.there if (place := here.place_of(seat)) is not None and place.hand_at is not None]
    return [one.seat for one in sorted(raised, key=lambda one: (one.hand_at, one.id))]


def _at_the_door(work: Work, here: Sitting) -> list[CallPlace]:
    since = work.practice.clock.real_now() - AT_THE_DOOR
    return sorted((one for one in here.places.values() if one.state == "waiting" and one.seen_at > since), key=lambda one: one.id)


def _waits(place: CallPlace, called: dict[str, str]) -> dict[str, str | None]:
    return {"place_id": place.id, "seat": place.seat, "label": SEAT_LABELS[place.seat], "called": called.get(place.seat)}


async def _declined(here: Sitting) -> list[str]:
    """Who said during this call that he cannot come, and has not come since."""
    kinds = {f"call.declined.{seat}": seat for seat in SEAT_LABELS}
    said = await TimelineEntry.filter(consultation_id=here.row.id, kind__in=list(kinds), at__gte=here.call.opened_at).order_by("sequence")
    return list(dict.fromkeys(kinds[one.kind] for one in said if kinds[one.kind] not in here.there))
