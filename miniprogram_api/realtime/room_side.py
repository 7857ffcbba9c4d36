"""What a session has to do with the room besides media: it says how the room stands, carries out what the moderator's and everybody's messages
mean, and has the media process hold the sender to it: who is muted is not passed on, whatever his device does."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from core.calls.commands import Entered
from core.calls.commands_rooms import RoomView, ViewRoom
from core.calls.commands_talk import LinesView, LineView, ReadLines
from core.foundation.actor import Actor
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.foundation.qr_code import qr_rows
from media.calls.protocol import CreateRoom, Kind, Limit, LimitsOf
from miniprogram_api.realtime import captions, messages
from miniprogram_api.realtime.link import MediaLine, Refused
from miniprogram_api.realtime.messages import Problem
from miniprogram_api.realtime.room_messages import Acting, Caption, CaptionNews, LineNews, Lines, RoomNews, order_of

logger = logging.getLogger("huizhen.calls")

UNREADABLE = Problem(code="message.unreadable", sentence="这条消息看不懂,已忽略。")
NOT_DONE = Problem(code="unforeseen", sentence="没有成功,请再试一次。")
LISTENS_ONLY = Problem(code="call.listens_only", sentence="旁听的学员只能看和听。")

NOT_THERE = frozenset({"room.unknown", "member.unknown"})
"""The engine has no connection of his."""

Tell = Callable[[BaseModel], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Looks:
    """`pictures`: he wants the others' (语音模式: no); `large`: the seat whose picture he has made large; `reading`: an image is open."""

    pictures: bool = True
    large: str = ""
    reading: bool = False


class RoomSide:
    """`tell` reaches the session's own client; `origin` is where browsers find the pages ("" draws no QR codes)."""

    def __init__(self, practice: Practice, line: MediaLine, entered: Entered, tell: Tell, origin: str = "") -> None:
        self._practice, self._line, self._entered, self._tell, self._origin = practice, line, entered, tell, origin
        self._muted = entered.muted
        self._looks = Looks()
        self._told: RoomView | None = None
        self._held: LimitsOf | None = None
        """What the engine is known to hold him to; None when that is not known."""
        self._joins = 0
        """How many connections were begun or made: an answer that was asked for before says nothing of what came after."""
        self._recalled = False
        self.seats: tuple[str, ...] = entered.seats
        """All that the room has, as far as is known."""

    @property
    def limits(self) -> LimitsOf:
        """What holds for him now."""
        muted: tuple[Kind, ...] = ("audio",) if self._muted else ()
        if self._entered.listens_only:
            muted = ("audio", "video")
        looks = self._looks
        return LimitsOf(muted=muted, unwanted=() if looks.pictures else ("video",), prefers=looks.large, reads_image=looks.reading)

    @property
    def unheld(self) -> bool:
        """The engine may still hold him to something else."""
        return self._held != self.limits

    async def look(self, actor: Actor, *, carried: bool) -> None:
        """Say how the room stands if it stands otherwise than was said last, and have the engine hold him to it; `carried`: a media process
        carries him."""
        view: RoomView = await self._practice.ask(actor, ViewRoom(call_id=self._entered.call_id))
        self._muted = view.seat in view.muted
        await self.hold(carried=carried)
        if view == self._told:
            return
        grown = set(view.seats) - set(self.seats)
        self.seats = view.seats
        codes = {one.invitation_id: qr_rows(self._origin + one.link) for one in view.invitations if one.state == "open" and self._origin}
        await self._tell(RoomNews.model_validate({**view.model_dump(), "codes": codes}))
        if grown and carried:
            await self._ask(CreateRoom(room=self._entered.call_id, seats=self.seats))  # without it they come with the next `Join`
            await self._tell(messages.Renegotiate())
        self._told = view

    async def looks(self, looks: Looks, *, carried: bool) -> None:
        """What he looks at from now on."""
        self._looks = looks
        await self.hold(carried=carried)

    def begins(self) -> None:
        """A connection of his is being made."""
        self._joins += 1

    def begun(self, limits: LimitsOf | None) -> None:
        """It was made with these limits, or nobody knows (None); what has changed meanwhile is held next (`hold`)."""
        self._joins, self._held = self._joins + 1, limits

    async def hold(self, *, carried: bool) -> None:
        """Have the engine hold him to his limits, if it is not known to. What does not succeed is tried again: nobody may believe somebody to be
        muted whom the engine passes on."""
        wanted, joins = self.limits, self._joins
        if not carried or self._held == wanted:
            return
        done = await self._ask(Limit(room=self._entered.call_id, member=self._entered.attendance_id, limits=wanted))
        if done and joins == self._joins:
            self._held = wanted

    async def _ask(self, order: Limit | CreateRoom) -> bool:
        """Whether nothing more is to be done about it now."""
        try:
            await self._line.ask(self._entered.call_id, order)
        except Refused as refused:
            logger.warning("%s not set: %s", order.op, refused.code)
            return refused.code in NOT_THERE  # his next connection has its limits, and all seats, before anything of it is passed on
        except Exception as error:  # no media process, no Redis: the next look decides
            logger.warning("%s not set: %s", order.op, type(error).__name__)
            return False
        return True

    async def recall(self, actor: Actor) -> None:
        """Say what was written before he came, once."""
        if self._recalled:
            return
        view: LinesView = await self._practice.ask(actor, ReadLines(call_id=self._entered.call_id))
        self._recalled = True
        if view.lines:
            await self._tell(Lines(lines=view.lines))

    async def act(self, actor: Actor, message: Acting) -> None:
        """Carry out what the message means; a refusal is told, and changes nothing."""
        try:
            order = order_of(message, self._entered.call_id)
        except ValidationError:
            await self._tell(UNREADABLE)
            return
        try:
            result = await self._practice.execute(actor, order)
        except DomainError as refusal:
            await self._tell(Problem(code=refusal.code, sentence=refusal.message))
            return
        except Exception as error:
            logger.exception("%s failed: %s", order.name, type(error).__name__)
            await self._tell(NOT_DONE)
            return
        if isinstance(result, LineView):
            news = LineNews.model_validate(result.model_dump())
            await self._line.tell(self._entered.call_id, news.model_dump_json())

    async def caption(self, message: Caption) -> None:
        """Pass on what somebody types along."""
        if not captions.may_type(self._entered.seat):
            await self._tell(LISTENS_ONLY)
            return
        await self._line.tell(self._entered.call_id, CaptionNews(seat=self._entered.seat, text=message.text).model_dump_json())

    async def follow_recogniser(self, recogniser: captions.Recogniser) -> None:
        """Pass on to his client what a recogniser understood."""
        async for one in recogniser.follow(self._entered.call_id):
            await self._tell(CaptionNews.model_validate({"seat": one.seat, "text": one.text}))
