"""What is said beside the sound: lines written in the call, pictures of the case that everybody is shown, and the wish to be telephoned."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import StringConstraints

from core.calls.commands import OF_THE_CONSULTATION, Seat
from core.calls.commands_rooms import IN_THE_CALL
from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result

LONGEST_LINE = 300
"""Characters of a line written in a call."""


class LineView(Result):
    """A line (``text``), or a picture of the case that was shown (``image_id``). ``number`` grows."""

    number: int
    at: datetime
    seat: Seat
    text: str | None
    image_id: Id | None


class SayInCall(Command):
    """Write something to everybody in the call. It stays in the record of the consultation."""

    name = "calls.say"
    title = "在视频里写"
    access = IN_THE_CALL
    gives = LineView
    call_id: Id
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_LINE)]


class ShowInCall(Command):
    """Show everybody in the call an image of the consultation. Whoever sits in the call may look at it while the call runs."""

    name = "calls.show"
    title = "在视频里给大家看图"
    access = IN_THE_CALL
    gives = LineView
    call_id: Id
    image_id: Id


class LinesView(Result):
    lines: tuple[LineView, ...]


class ReadLines(Query):
    """What was written and shown in the call; for a guest, since he came."""

    name = "calls.lines"
    title = "视频里写过什么"
    access = IN_THE_CALL
    gives = LinesView
    audited = True
    call_id: Id


class PhoneAsked(Result):
    """``told``: who calls, in words."""

    told: str


class AskForPhone(Command):
    """The video does not work for the actor: he wants to be called by telephone. Asked again within a few minutes it is the same request."""

    name = "calls.ask_for_phone"
    title = "请打电话联系我"
    access = OF_THE_CONSULTATION
    gives = PhoneAsked
    consultation_id: Id


class DialPhone(Command):
    """The system: see to it that he is called."""

    name = "calls.dial_phone"
    title = "安排打电话"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    phone_request_id: Id
    outcome: Literal["dialled", "by_people"]


class PhoneDone(Command):
    """Who wanted to be called by telephone has been called."""

    name = "calls.phone_done"
    title = "已打过电话"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"))
    gives = Done
    consultation_id: Id
