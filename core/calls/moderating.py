"""What happens in a running call when it is moderated: the door, the sound, who is out, who leads; and a raised hand.

Every order takes the consultation's row first: of two at once, the second decides from what the first has done.
"""

from __future__ import annotations

from core.calls.attending import end_attendance
from core.calls.commands_rooms import (
    AdmitToCall,
    HandOverCall,
    LockCall,
    MuteSeat,
    RaiseHand,
    RefuseAtTheDoor,
    RemoveFromCall,
    SayWhoIsBeside,
)
from core.calls.errors import NobodyThere, NobodyWaits
from core.calls.models import CallInvitation, CallPlace
from core.calls.room import Sitting, sitting
from core.calls.rules import GUEST_SEATS
from core.consultations.service import note
from core.foundation.orders import Done, handles
from core.foundation.work import Work


def _tell_the_room(work: Work, here: Sitting) -> None:
    work.lanes.add(f"call:{here.call.id}")


def _waiting(here: Sitting, place_id: str) -> CallPlace:
    place = next((one for one in here.places.values() if one.id == place_id), None)
    if place is None or place.state != "waiting":
        raise NobodyWaits
    return place


@handles(AdmitToCall)
async def admit(work: Work, order: AdmitToCall) -> Done:
    here = await sitting(work, order.call_id, held=True)
    here.check("admit", here.seat)
    place = _waiting(here, order.place_id)
    await place.change(conflict=NobodyWaits(), state="in")
    await note(work, here.row.id, f"call.admitted.{place.seat}")
    _tell_the_room(work, here)
    return Done()


@handles(RefuseAtTheDoor)
async def refuse(work: Work, order: RefuseAtTheDoor) -> Done:
    here = await sitting(work, order.call_id, held=True)
    here.check("refuse", here.seat)
    place = _waiting(here, order.place_id)
    await place.change(conflict=NobodyWaits(), state="refused")
    if place.seat in GUEST_SEATS:
        await CallInvitation.filter(call_id=here.call.id, account_id=place.account_id, state="taken").update(state="over", open_seat=None)
    await note(work, here.row.id, f"call.refused.{place.seat}")
    _tell_the_room(work, here)
    return Done()


@handles(MuteSeat)
async def mute(work: Work, order: MuteSeat) -> Done:
    here = await sitting(work, order.call_id, held=True)
    here.check("mute" if order.muted else "unmute", order.seat)
    place = here.place_of(order.seat)
    if place is None:
        raise NobodyThere
    await place.change(muted=order.muted)
    _tell_the_room(work, here)
    return Done()


@handles(RemoveFromCall)
async def remove(work: Work, order: RemoveFromCall) -> Done:
    here = await sitting(work, order.call_id, held=True)
    here.check("remove", order.seat)
    place, attendance = here.place_of(order.seat), here.there[order.seat]
    if place is None:
        raise NobodyThere
    await place.change(state="removed", hand_at=None)
    await end_attendance(work, here.call, attendance.id, "removed")
    _tell_the_room(work, here)
    return Done()


@handles(LockCall)
async def lock(work: Work, order: LockCall) -> Done:
    here = await sitting(work, order.call_id, held=True)
    here.check("lock" if order.locked else "unlock")
    if here.call.locked is not order.locked:
        await here.call.change(locked=order.locked)
        await note(work, here.row.id, "call.locked" if order.locked else "call.unlocked")
    _tell_the_room(work, here)
    return Done()


@handles(HandOverCall)
async def hand_over(work: Work, order: HandOverCall) -> Done:
    here = await sitting(work, order.call_id, held=True)
    here.check("hand_over", order.seat)
    await here.call.change(handed_to=order.seat)
    await note(work, here.row.id, f"call.moderator.{order.seat}")
    _tell_the_room(work, here)
    return Done()


@handles(RaiseHand)
async def raise_hand(work: Work, order: RaiseHand) -> Done:
    here = await sitting(work, order.call_id, held=True)
    here.check("hand")
    place = here.place_of(here.seat)
    if place is not None and (place.hand_at is not None) is not order.raised:
        await place.change(hand_at=work.practice.clock.real_now() if order.raised else None)
    _tell_the_room(work, here)
    return Done()


@handles(SayWhoIsBeside)
async def beside(work: Work, order: SayWhoIsBeside) -> Done:
    here = await sitting(work, order.call_id, held=True)
    here.check("beside")
    if here.call.beside != order.count:
        await here.call.change(beside=order.count)
        await note(work, here.row.id, "call.beside", ids={"count": str(order.count)})
    _tell_the_room(work, here)
    return Done()
