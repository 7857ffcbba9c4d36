"""What can be asked in a running call: waiting at its door, moderating it, raising a hand. Who may what stands in core/calls/moderation.py."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.calls.commands import OF_THE_CALL, Seat
from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result

IN_THE_CALL = (Grant(Role.VISITOR, "sits_in_call"),)
MOST_BESIDE = 9
PlaceState = Literal["none", "in", "waiting", "refused", "removed"]


class DoorView(Result):
    """``state``: of the actor's place. ``open``: whether he may take a seat now. ``moderated``: whether somebody is there who can let him in."""

    state: PlaceState
    seat: Seat
    seat_label: str
    open: bool
    moderated: bool


class Knock(Command):
    """Wait at the door of the running call, or of a new one. Who may come in is told so."""

    name = "calls.knock"
    title = "在视频门外等"
    access = OF_THE_CALL
    gives = DoorView
    consultation_id: Id


class AtTheDoor(Query):
    """How it stands at the door for the actor. Asked every few seconds while he waits."""

    name = "calls.at_the_door"
    title = "能不能进视频"
    access = OF_THE_CALL
    gives = DoorView
    consultation_id: Id


class DeclineCall(Command):
    """The actor cannot come to the video now. Who waits for him is told; nothing else changes."""

    name = "calls.decline"
    title = "现在不能视频"
    access = OF_THE_CALL
    gives = Done
    consultation_id: Id


class AdmitToCall(Command):
    """Let somebody in who waits."""

    name = "calls.admit"
    title = "请进来"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    place_id: Id


class RefuseAtTheDoor(Command):
    """Not let somebody in who waits. An invitation ends with it; a person of the case may ask again."""

    name = "calls.refuse"
    title = "不请进来"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    place_id: Id


class MuteSeat(Command):
    """Nobody hears the seat's person any more, or everybody does again. It holds when he comes back, too."""

    name = "calls.mute"
    title = "静音"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    seat: Seat
    muted: bool = True


class RemoveFromCall(Command):
    """The seat's person is out, and comes back only when he is let in again."""

    name = "calls.remove"
    title = "请出视频"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    seat: Seat


class LockCall(Command):
    """Whoever is new waits at the door, or (not ``locked``) comes in."""

    name = "calls.lock"
    title = "锁定视频"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    locked: bool = True


class HandOverCall(Command):
    """Another one moderates from now on."""

    name = "calls.hand_over"
    title = "交出主持"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    seat: Seat


class RaiseHand(Command):
    name = "calls.raise_hand"
    title = "举手"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    raised: bool = True


class SayWhoIsBeside(Command):
    """How many relatives are beside the patient: they are seen and heard with him, and everybody should know."""

    name = "calls.beside"
    title = "身边有家属"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    count: int = Field(ge=0, le=MOST_BESIDE)


class WaitingView(Result):
    """Somebody at the door. ``called``: of a guest, whom the moderator named in the invitation."""

    place_id: Id
    seat: Seat
    label: str
    called: str | None


class GuestView(Result):
    seat: Seat
    label: str
    called: str


class InvitationView(Result):
    """``link``: the path of the page that the link opens. ``state``: open, taken."""

    invitation_id: Id
    seat: Seat
    seat_label: str
    called: str
    state: Literal["open", "taken"]
    expires_at: datetime
    link: str


class RoomView(Result):
    """How the room stands. ``seats``: all that it has now; ``hands``: who wants to speak, the longest first; ``declined``: who said that he
    cannot come now; ``muted``: by the moderator; ``can``: what the reader may do. ``waiting`` and ``invitations`` are the moderator's to see."""

    call_id: Id
    seat: Seat
    seats: tuple[Seat, ...]
    guests: tuple[GuestView, ...]
    moderator: Seat | None
    locked: bool
    beside: int
    muted: tuple[Seat, ...]
    hands: tuple[Seat, ...]
    declined: tuple[Seat, ...]
    waiting: tuple[WaitingView, ...]
    invitations: tuple[InvitationView, ...]
    can: tuple[str, ...]
    phone_asked: tuple[Seat, ...]


class ViewRoom(Query):
    """How the room stands in which the actor sits. Asked again whenever something changed in it."""

    name = "calls.room"
    title = "视频间里的情况"
    access = IN_THE_CALL
    gives = RoomView
    call_id: Id
