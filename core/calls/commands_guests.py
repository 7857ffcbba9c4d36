"""A third person in a call: the moderator invites him, the link names the invitation, the first who signs in with it has it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.calls.commands import Seat
from core.calls.commands_rooms import IN_THE_CALL, InvitationView
from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Result

GuestSeat = Literal["second_expert", "interpreter", "student"]


class InviteGuest(Command):
    """An invitation that counts for ``minutes`` of real time, or until it is taken and the call is over. ``called``: whom the moderator means."""

    name = "calls.invite_guest"
    title = "邀请第三人"
    access = IN_THE_CALL
    gives = InvitationView
    call_id: Id
    seat: GuestSeat
    called: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
    minutes: int = Field(default=10, ge=1, le=30)


class WithdrawInvitation(Command):
    """The invitation ends; who took it and is in the call is out."""

    name = "calls.withdraw_invitation"
    title = "收回邀请"
    access = IN_THE_CALL
    gives = Done
    call_id: Id
    invitation_id: Id


class TakenView(Result):
    """Where the invitation leads. The seat is not his before the moderator has let him in."""

    consultation_id: Id
    seat: Seat
    seat_label: str


class TakeInvitation(Command):
    """Use an invitation. It is the actor's from then on, and nobody else's."""

    name = "calls.take_invitation"
    title = "接受邀请"
    access = (Grant(Role.VISITOR),)
    no_relation = "链接只说出是哪一份邀请,归第一个登录的人;他能不能进视频,由主持人定"
    gives = TakenView
    invitation_id: Id
