"""Messages about the room: moderating it, asking to speak, writing, showing. Each of the client's becomes one order of core/calls; the room that it
is about is the sender's own, and is never said."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.calls.commands import Seat
from core.calls.commands_guests import GuestSeat, InviteGuest, WithdrawInvitation
from core.calls.commands_rooms import (
    MOST_BESIDE,
    AdmitToCall,
    HandOverCall,
    LockCall,
    MuteSeat,
    RaiseHand,
    RefuseAtTheDoor,
    RemoveFromCall,
    RoomView,
    SayWhoIsBeside,
)
from core.calls.commands_talk import LONGEST_LINE, LineView, SayInCall, ShowInCall
from core.foundation.ids import Id
from core.foundation.orders import Command, Order

LONGEST_CAPTION = 200


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mute(Message):
    """The moderator: nobody hears this seat any more, or everybody does again."""

    type: Literal["mute"]
    seat: Seat
    muted: bool


class Remove(Message):
    """The moderator: this seat's person is out."""

    type: Literal["remove"]
    seat: Seat


class Lock(Message):
    type: Literal["lock"]
    locked: bool


class HandOver(Message):
    """The moderator: this seat moderates from now on."""

    type: Literal["hand_over"]
    seat: Seat


class Admit(Message):
    """The moderator: let him in who waits (`place` as in `room`)."""

    type: Literal["admit"]
    place: Id


class Refuse(Message):
    type: Literal["refuse"]
    place: Id


class Invite(Message):
    """The moderator: a link for a third person, good for `minutes`. `called`: whom he means."""

    type: Literal["invite"]
    seat: GuestSeat
    called: str = Field(min_length=1, max_length=20)
    minutes: int = Field(default=10, ge=1, le=30)


class Withdraw(Message):
    type: Literal["withdraw"]
    invitation: Id


class Hand(Message):
    type: Literal["hand"]
    raised: bool


class Beside(Message):
    """How many relatives are beside the patient."""

    type: Literal["beside"]
    count: int = Field(ge=0, le=MOST_BESIDE)


class Chat(Message):
    type: Literal["chat"]
    text: str = Field(min_length=1, max_length=LONGEST_LINE)


class Show(Message):
    """Show everybody an image of the consultation."""

    type: Literal["show"]
    image: Id


class Caption(Message):
    """What is being said, in writing, as somebody types it along (the interpreter, a helper). It is shown and not kept."""

    type: Literal["caption"]
    text: str = Field(min_length=1, max_length=LONGEST_CAPTION)


Acting = Mute | Remove | Lock | HandOver | Admit | Refuse | Invite | Withdraw | Hand | Beside | Chat | Show
ORDERS: dict[type[Message], type[Order]] = {
    Mute: MuteSeat, Remove: RemoveFromCall, Lock: LockCall, HandOver: HandOverCall, Admit: AdmitToCall, Refuse: RefuseAtTheDoor,
    Invite: InviteGuest, Withdraw: WithdrawInvitation, Hand: RaiseHand, Beside: SayWhoIsBeside, Chat: SayInCall, Show: ShowInCall,
}
_FIELDS = {"place": "place_id", "invitation": "invitation_id", "image": "image_id"}


def order_of(message: Acting, call_id: str) -> Command:
    """The order that the message means in the sender's own call; ValidationError where its words are none (white space alone)."""
    values = {_FIELDS.get(name, name): value for name, value in message.model_dump(exclude={"type"}).items()}
    order = ORDERS[type(message)].model_validate({"call_id": call_id, **values})
    if not isinstance(order, Command):
        raise TypeError(order.name)
    return order


class RoomNews(RoomView):
    """How the room stands now, whole: what it says takes the place of what was said before."""

    type: Literal["room"] = "room"
    codes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By id of an invitation that nobody has taken yet: the QR code of its whole address, row by row (`core.foundation.qr_code`)."""


class LineNews(LineView):
    """A line was written, or an image shown. Web processes tell it each other; every client in the room gets it, its sender too."""

    type: Literal["line"] = "line"


class Lines(Message):
    """What was written and shown before he came (back)."""

    type: Literal["lines"] = "lines"
    lines: tuple[LineView, ...]


class CaptionNews(Message):
    type: Literal["caption"] = "caption"
    seat: Seat
    text: str
