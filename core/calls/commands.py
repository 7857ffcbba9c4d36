"""What can be asked of a call 视频会诊: a seat in it, entering and leaving, telling why it does not work, seeing who is there."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result

Seat = Literal["patient", "village_doctor", "expert", "second_expert", "interpreter", "student"]
Trouble = Literal[
    "refused_camera", "no_device", "device_busy", "no_network", "no_media_path", "unfit_browser", "wrong_device", "weak_network",
]  # fmt: skip
Ending = Literal["left", "dropped"]
Link = Literal["green", "yellow", "red"]
Rung = Literal["1080p", "720p", "480p", "360p", "180p", "stills", "audio", "audio12"]
"""What a picture was sent as, best first; ``audio12``: sound alone, at 12 kbps."""

OF_THE_CONSULTATION = (
    Grant(Role.VILLAGE_DOCTOR, "own_consultation"),
    Grant(Role.EXPERT, "assigned_consultation"),
    Grant(Role.VISITOR, "own_patient_consultation"),
)
OF_THE_CALL = (*OF_THE_CONSULTATION, Grant(Role.VISITOR, "invited_to_call"))
"""Those with a part in the case, and a guest of the running call."""


class SeatTicket(Result):
    """``ticket`` opens the seat once, until ``expires_at`` (real time), for this account alone."""

    ticket: str
    expires_at: datetime
    call_id: Id
    seat: Seat
    seat_label: str


class RequestSeat(Command):
    """A seat in the consultation's call, which is opened when none runs."""

    name = "calls.request_seat"
    title = "进入视频"
    access = OF_THE_CALL
    gives = SeatTicket
    consultation_id: Id


class Entered(Result):
    """``seats``: all of the room, in their order. ``muted``: by the moderator, before already; ``listens_only``: nothing of him reaches anybody."""

    call_id: Id
    consultation_id: Id
    attendance_id: Id
    seat: Seat
    seats: tuple[Seat, ...]
    muted: bool = False
    listens_only: bool = False


class EnterCall(Command):
    """Use a ticket. A second use, a ticket of somebody else or an expired one opens nothing.

    ``again``: he was in the call and lost his connection."""

    name = "calls.enter"
    title = "入座"
    access = (Grant(Role.VISITOR, "holds_ticket"),)
    gives = Entered
    ticket: str = Field(min_length=20, max_length=80)
    again: bool = False


class LeaveCall(Command):
    """``left``: by his own choice; ``dropped``: the connection went away. Nothing happens when it has ended already.

    What his device measured, where it did: the worst colour of his link, the medians of packets lost (in thousandths) and of the round trip
    (milliseconds), and the lowest that his picture was sent as."""

    name = "calls.leave"
    title = "离开视频"
    access = (Grant(Role.VISITOR, "own_attendance"),)
    gives = Done
    attendance_id: Id
    ending: Ending = "left"
    worst_link: Link | None = None
    loss_permille: int | None = Field(default=None, ge=0, le=1000)
    rtt_ms: int | None = Field(default=None, ge=0, le=60_000)
    rung: Rung | None = None


class SeatHeld(Result):
    """``ending``: how his sitting there has ended (left, dropped, replaced, removed, ended); "" while it has not."""

    held: bool
    ending: str = ""


class SeatStillMine(Query):
    """Whether the actor still sits there by right: his relation, his role and the consent hold, and the case is open. Asked while a call runs."""

    name = "calls.seat_still_mine"
    title = "还能不能留在视频里"
    access = (Grant(Role.VISITOR, "own_attendance"),)
    gives = SeatHeld
    attendance_id: Id


class ReportTrouble(Command):
    """Why the call does not come about for the actor, as his device says. The same again in the same attempt is noted once.

    ``minutes_before``: it was then, and could not be said for want of a network."""

    name = "calls.report_trouble"
    title = "视频没打通"
    access = OF_THE_CALL
    gives = Done
    consultation_id: Id
    trouble: Trouble
    minutes_before: int = Field(default=0, ge=0, le=720)


class CheckCall(Command):
    """The system looks after a call: whoever is no longer heard of has dropped, and a call that everyone left ends."""

    name = "calls.check"
    title = "检查视频"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    call_id: Id


class InviteToCall(Command):
    """The system: an expert has taken the case; everybody who has a seat is shown the way to it."""

    name = "calls.invite"
    title = "请进视频"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    consultation_id: Id


class SeatView(Result):
    seat: Seat
    label: str
    person: str | None
    """Who belongs there, as people call him."""
    present: bool


class CallView(Result):
    """``seat``: the reader's own; ``closed``: why no call can be held (now), in one sentence, or None when it can; ``elder``: whether his account
    chose large letters (None: never said)."""

    consultation_id: Id
    code: str
    call_id: Id | None
    seat: Seat | None
    seats: tuple[SeatView, ...]
    closed: str | None
    elder: bool | None = None


class ViewCall(Query):
    """Who is in the consultation's call, and whether one can be held. A guest is not told the patient's name."""

    name = "calls.view"
    title = "视频间"
    access = (*OF_THE_CALL, Grant(Role.SYSTEM))
    gives = CallView
    audited = True
    consultation_id: Id
