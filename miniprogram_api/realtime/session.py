"""One person on the signalling socket, from the ticket to the last word. The sender of everything is who the ticket says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError
from redis.exceptions import RedisError

from core.calls.commands import CallView, EnterCall, Entered, LeaveCall, RequestSeat, SeatHeld, SeatStillMine, SeatTicket, ViewCall
from core.calls.service import seen
from core.foundation.actor import Actor
from core.foundation.database.away import AWAY
from core.foundation.errors import DomainError, Unavailable
from core.foundation.practice import Practice
from core.people.service import actor_for, session_runs
from media.calls.protocol import Accept, Join, Leave, LinkNews, News, RecordNews
from media.calls.turn import Relays, ice_servers
from miniprogram_api.realtime import captions, messages
from miniprogram_api.realtime.limits import Allowance
from miniprogram_api.realtime.link import Heard, Lost, MediaLine, NoMedia, Refused
from miniprogram_api.realtime.messages import (
    Again,
    Answer,
    Bye,
    Closed,
    Hello,
    Media,
    MediaLost,
    Problem,
    Publish,
    Quality,
    RecordAnswer,
    RecordAsk,
    SeatHere,
    SeatNews,
    State,
)
from miniprogram_api.realtime.presence import Presence
from miniprogram_api.realtime.quality import LinkRecord
from miniprogram_api.realtime.recording import RecordingDesk
from miniprogram_api.realtime.room_messages import Acting, Caption, CaptionNews, LineNews
from miniprogram_api.realtime.room_side import UNREADABLE, Looks, RoomSide

logger = logging.getLogger("huizhen.calls")

HELLO_S = 10.0
SEEN_EVERY_S = 10.0
NOTED_S = 1.0
"""So long the others wait at most to be told that somebody left, until that is noted."""
UNHELD_AGAIN_S = 1.0
"""So soon it is tried again to have the media process hold somebody to his limits."""
RETRY_MS = 700
SIGNED_IN_EVERY_S = 5.0
"""How late a missed signal lets the end of a sign-in be noticed."""
CALLED_OFF_AGAIN_S = 1.0
MOST_UNREADABLE = 10

OF_THE_ENGINE = frozenset({"engine.away", "room.unknown", "failed"})
"""Refusals that are the engine's trouble and not his: he tries again."""

PASSING: tuple[type[Exception], ...] = (*AWAY, RedisError, TimeoutError, Unavailable)
"""Database, Redis or keys cannot answer now, and will again."""
BUSY = Problem(code=Unavailable.code, sentence=Unavailable.sentence)

TOO_MANY = Closed(code="signalling.too_many", sentence="操作太频繁,连接已断开。请等几秒再加入。")
NO_TICKET = Closed(code="call.ticket_missing", sentence="没有入场券。请回到视频页,点「加入」。")
SILENT = Closed(code="call.silent", sentence="好一会儿没有您的消息,连接已断开。请点「重新加入」。")
REPLACED = Closed(code="call.replaced", sentence="您在另一处打开了视频,这里已退出。")
OVER = Closed(code="call.over", sentence="视频已结束。")
SIGNED_OUT = Closed(code="session.over", sentence="这次登录已在别处退出,视频已断开。请重新进入。")
NO_RIGHT = Closed(code="call.no_right", sentence="您现在不能留在这次视频里了:会诊的同意、您和患者的关系或您的岗位已经变了。")
REMOVED = Closed(code="call.removed", sentence="主持人请您先离开视频。想再进来,点「请求进入」,等主持人同意。")
GOODBYE = Closed(code="call.left", sentence="您已退出视频。")


HOW_IT_ENDED = {"replaced": REPLACED, "removed": REMOVED, "ended": OVER, "dropped": SILENT}


class Socket(Protocol):
    async def recv(self) -> Any: ...
    async def send(self, message: str) -> None: ...


def _left_by(socket: Socket) -> bool:
    """Whether the other end closed it as one does who leaves. Sanic gives up whoever reads as soon as the end is there, whatever else had come."""
    closing = getattr(getattr(socket, "ws_proto", None), "close_rcvd", None)
    return closing is not None and closing.code == messages.LEFT


class _End(Exception):
    """The session ends with this last message; `ending` is how it stands on the timeline."""

    def __init__(self, closed: Closed, ending: str = "dropped") -> None:
        super().__init__(closed.code)
        self.closed, self.ending = closed, ending


class CallSession:
    def __init__(
        self, socket: Socket, practice: Practice, line: MediaLine, redis: Any, actor: Actor,
        relays: Relays = Relays(), origin: str = "",  # noqa: B008 - frozen
    ) -> None:  # fmt: skip
        self._relays, self._origin = relays, origin
        self._socket, self._practice, self._line, self._redis, self._actor = socket, practice, line, redis, actor
        self._allowance = Allowance(rate=10, burst=40, now=time.monotonic())
        self._unreadable = 0
        self._carried = False
        """A media process carries him, as far as is known."""
        self._here: SeatHere
        self._entered: Entered
        self._presence: Presence
        self._room: RoomSide
        self._record = LinkRecord()
        self._recording: RecordingDesk

    async def run(self) -> None:
        """Until the person or the call is gone. Whatever ends it, the attendance is closed and the media process told."""
        try:
            self._sit(await self._enter())
        except _End as end:
            await self._last(end.closed)
            return
        except DomainError as refusal:
            await self._last(Closed(code=refusal.code, sentence=refusal.message))
            return
        ending = "dropped"
        try:
            async with self._line.room(self._entered.call_id) as heard:
                await self._welcome()
                await self._attend(heard)
        except _End as end:
            ending = end.ending
            await self._last(end.closed)
        except DomainError as refusal:  # what let him in has ended before he was welcomed
            await self._last(Closed(code=refusal.code, sentence=refusal.message))
        finally:
            # The socket may be going because this process is: what must be said is said to the end.
            await asyncio.shield(self._leave("left" if _left_by(self._socket) else ending))

    async def _enter(self) -> Entered:
        try:
            async with asyncio.timeout(HELLO_S):
                first = await self._receive()
        except TimeoutError:
            raise _End(NO_TICKET) from None
        if isinstance(first, Again):
            seat: SeatTicket = await self._practice.execute(self._actor, RequestSeat(consultation_id=first.consultation_id))
            ticket = seat.ticket
        elif isinstance(first, Hello):
            ticket = first.ticket
        else:
            raise _End(NO_TICKET)
        entering = asyncio.ensure_future(self._practice.execute(self._actor, EnterCall(ticket=ticket, again=isinstance(first, Again))))
        try:
            entered: Entered = await asyncio.shield(entering)
        except asyncio.CancelledError:
            # He is gone, and the order is carried out all the same: nobody else knows that he must be noted as gone.
            await asyncio.shield(self._leave_once_entered(entering))
            raise
        return entered

    def _sit(self, entered: Entered) -> None:
        self._entered = entered
        self._here = SeatHere(seat=entered.seat, member=entered.attendance_id)
        self._presence = Presence(self._redis, entered.call_id)
        self._room = RoomSide(self._practice, self._line, entered, self._tell, self._origin)
        self._recording = RecordingDesk(self._practice, self._line, self._actor, entered, self._tell)

    async def _leave_once_entered(self, entering: asyncio.Future[Entered]) -> None:
        with contextlib.suppress(Exception):  # he did not get in: there is nothing to leave
            self._sit(await entering)
            await self._leave("left" if _left_by(self._socket) else "dropped")

    async def _welcome(self) -> None:
        view: CallView = await self._practice.ask(self._actor, ViewCall(consultation_id=self._entered.consultation_id))
        seats = tuple(messages.SeatOf(seat=one.seat, label=one.label, person=one.person) for one in view.seats)
        here = [one for one in await self._presence.all(time.time()) if one.seat != self._here.seat]
        entered, servers = self._entered, self._ice_servers()
        await self._tell(messages.Welcome(seat=entered.seat, call=entered.call_id, seats=seats, here=tuple(here), ice_servers=servers))
        await self._show()

    def _ice_servers(self) -> tuple[messages.IceServerOf, ...]:
        found = ice_servers(self._relays, secrets.token_hex(6), time.time())
        return tuple(messages.IceServerOf(urls=one.urls, username=one.username, credential=one.credential) for one in found)

    async def _attend(self, heard: asyncio.Queue[Heard]) -> None:
        """Several things at once; the first that ends ends them all."""
        jobs: list[Callable[[], Awaitable[None]]] = [self._listen, lambda: self._follow(heard), self._stay, self._signed_in]
        if (recogniser := captions.recogniser()) is not None:
            jobs.append(lambda: self._captions(recogniser))
        tasks = [asyncio.create_task(_run(job)) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            # Again and again: what a task waits for may forget that it was called off (core/foundation/redis_client.py), and then nobody
            # would ever be noted as gone.
            going = set(tasks)
            while going:
                for task in going:
                    task.cancel()
                _, going = await asyncio.wait(going, timeout=CALLED_OFF_AGAIN_S)
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                async with asyncio.timeout(messages.SILENCE_S):
                    message = await self._receive()
            except TimeoutError:
                raise _End(SILENT) from None
            try:
                await self._take(message)
            except _End:
                raise
            except PASSING as error:  # while a database or Redis changes over: the call goes on, and he may say it again
                logger.warning("%s not done: %s", message.type, type(error).__name__)
                await self._tell(BUSY)

    async def _take(self, message: messages.FromClient) -> None:
        """Do what one message wants."""
        if isinstance(message, Publish):
            await self._publish(message)
        elif isinstance(message, Answer):
            await self._answer(message)
        elif isinstance(message, State):
            self._here = self._here.model_copy(update={"audio": message.audio, "video": message.video})
            await self._show()
            await self._room.looks(Looks(message.pictures, message.large, message.reading), carried=self._carried)
        elif isinstance(message, Acting):
            await self._room.act(await self._actor_now(), message)
        elif isinstance(message, Caption):
            await self._room.caption(message)
        elif isinstance(message, Quality):
            link = messages.link_of(message.loss, message.rtt_ms)
            self._record.add(message.loss, message.rtt_ms, link, message.rung)
            if link != self._here.link:
                self._here = self._here.model_copy(update={"link": link})
                await self._show()
        elif isinstance(message, RecordAsk | RecordAnswer):
            await self._recording.act(message)
        elif isinstance(message, Bye):
            raise _End(GOODBYE, "left")
        else:
            await self._tell(messages.Pong())

    async def _captions(self, recogniser: captions.Recogniser) -> None:
        """Without captions the call goes on."""
        try:
            await self._room.follow_recogniser(recogniser)
        except Exception as error:
            logger.warning("captions stopped: %s", type(error).__name__)
        await asyncio.Event().wait()

    async def _publish(self, message: Publish) -> None:
        entered, room, limits = self._entered, self._room, self._room.limits
        order = Join(room=entered.call_id, seats=room.seats, seat=entered.seat, member=entered.attendance_id, offer=message.sdp, limits=limits)
        room.begins()
        try:
            reply = await self._line.ask(entered.call_id, order)
        except Exception as error:
            room.begun(None)
            await self._not_published(error)
            return
        if reply.joined is not None:
            self._carried = True
            room.begun(limits)
            slots = tuple(slot.model_dump() for slot in reply.joined.slots)
            await self._tell(Media(answer=reply.joined.answer, offer=reply.joined.offer, slots=slots, number=message.number))
            await room.hold(carried=True)
            await self._recording.look()  # the process that carries the room may be another one now

    async def _not_published(self, error: Exception) -> None:
        if isinstance(error, Refused) and error.code not in OF_THE_ENGINE:
            await self._tell(Problem(code=error.code, sentence="这个浏览器的视频格式不支持。请换微信或系统浏览器打开。"))
            return
        if not isinstance(error, NoMedia | Refused):
            logger.warning("publish failed: %s", type(error).__name__)
        await self._tell(MediaLost(retry_ms=RETRY_MS))

    async def _answer(self, message: Answer) -> None:
        try:
            await self._line.ask(self._entered.call_id, Accept(room=self._entered.call_id, member=self._entered.attendance_id, answer=message.sdp))
        except Refused as refused:
            await self._tell(Problem(code=refused.code, sentence="视频没有接通,请退出后再加入。"))
        except Exception as error:
            if not isinstance(error, NoMedia):
                logger.warning("answer failed: %s", type(error).__name__)
            await self._tell(MediaLost(retry_ms=RETRY_MS))

    async def _follow(self, heard: asyncio.Queue[Heard]) -> None:
        """Pass on what happens in the room."""
        while True:
            news = await heard.get()
            if isinstance(news, Lost):
                await self._lost()
            elif isinstance(news, RecordNews):
                await self._recording.failed(news.recording, news.trouble)
            elif isinstance(news, News):
                await self._of_the_media(news)
            elif isinstance(news, LinkNews):
                await self._tell(messages.LinkNews(**news.model_dump(exclude={"type", "member"})))
            else:
                told = messages.from_room(news)
                if told is None:
                    continue
                if isinstance(told, LineNews | CaptionNews) or told.seat != self._here.seat:
                    await self._tell(told)
                elif told.here is not None and told.here.member != self._here.member:
                    raise _End(REPLACED)

    async def _of_the_media(self, news: News) -> None:
        if news.member != self._here.member:
            return  # his own process tells it
        if news.kind == "connected":
            self._here = self._here.model_copy(update={"connected": True})
            await self._show()
        else:
            await self._lost()

    async def _lost(self) -> None:
        """Say it once: a process that ends in order tells of everybody's going, and is then missed as well."""
        if self._carried:
            self._carried = False
            self._here = self._here.model_copy(update={"connected": False})
            await self._show()
            await self._tell(MediaLost(retry_ms=RETRY_MS))

    async def _stay(self) -> None:
        """Confirm again and again that he is here, and notice when his attendance or the call has ended."""
        with self._practice.signals.listen(f"call:{self._entered.call_id}") as bell:
            while True:
                try:
                    now = await self._actor_now()
                    sits = await self._sits(now)
                    if not sits.ending and not await seen(self._practice, self._entered.attendance_id):
                        sits = await self._sits(now)  # it has ended between the two; now it is said how
                    if sits.ending:
                        raise _End(HOW_IT_ENDED.get(sits.ending, OVER), "left")
                    if not sits.held:
                        raise _End(NO_RIGHT, "left")
                    await self._presence.put(self._here, time.time())
                    await self._room.look(now, carried=self._carried)
                    await self._room.recall(now)
                    await self._recording.look()
                except _End:
                    raise
                except Exception as error:  # Database or Redis may be away for a moment; the call goes on.
                    logger.warning("presence not confirmed: %s", type(error).__name__)
                await bell.wait(UNHELD_AGAIN_S if self._carried and self._room.unheld else SEEN_EVERY_S)

    async def _sits(self, actor: Actor) -> SeatHeld:
        held: SeatHeld = await self._practice.ask(actor, SeatStillMine(attendance_id=self._entered.attendance_id))
        return held

    async def _actor_now(self) -> Actor:
        """He himself with the roles that he holds now."""
        return await actor_for(self._actor.account_id, self._actor.channel, self._practice.clock.now(), session_id=self._actor.session_id)

    async def _signed_in(self) -> None:
        """Notice when the sign-in has ended in which the socket was opened."""
        with self._practice.signals.listen(f"session:{self._actor.session_id}") as bell:
            while True:
                try:
                    if not await session_runs(self._actor.session_id, self._practice.clock.real_now()):
                        raise _End(SIGNED_OUT, "left")
                except AWAY as error:  # The call goes on; the next look decides.
                    logger.warning("sign-in not confirmed: %s", type(error).__name__)
                await bell.wait(SIGNED_IN_EVERY_S)

    async def _show(self) -> None:
        """Tell everybody in the room how it stands with him."""
        with contextlib.suppress(Exception):
            await self._presence.put(self._here, time.time())
        await self._line.tell(self._entered.call_id, SeatNews(seat=self._here.seat, here=self._here).model_dump_json())

    async def _leave(self, ending: str) -> None:
        noting = asyncio.ensure_future(self._note_leaving(ending))
        # Whoever comes back at once comes anew, and is not taken for somebody who still sits there; a slow database keeps nobody in the others' view.
        await asyncio.wait([noting], timeout=NOTED_S)
        with contextlib.suppress(Exception):
            if await self._presence.take_away(self._here):
                await self._line.tell(self._entered.call_id, SeatNews(seat=self._here.seat, here=None).model_dump_json())
        with contextlib.suppress(Exception):
            await self._line.ask(self._entered.call_id, Leave(room=self._entered.call_id, member=self._entered.attendance_id))
        await noting

    async def _note_leaving(self, ending: str) -> None:
        try:
            how = LeaveCall.model_validate({
                "attendance_id": self._entered.attendance_id, "ending": "left" if ending == "left" else "dropped", **self._record.summary(),
            })  # fmt: skip
            await self._practice.execute(self._actor, how)
        except Exception as error:  # calls.check finds it out later
            logger.warning("leaving not noted: %s", type(error).__name__)

    async def _receive(self) -> messages.FromClient:
        """The next message that can be used."""
        while True:
            data = await self._socket.recv()
            if not self._allowance.take(time.monotonic()):
                raise _End(TOO_MANY)
            try:
                if data is None or len(data) > messages.LARGEST_MESSAGE:
                    raise ValueError
                return messages.from_client.validate_json(data)
            except (ValidationError, ValueError):
                self._unreadable += 1
                if self._unreadable >= MOST_UNREADABLE:
                    raise _End(TOO_MANY) from None
                await self._tell(UNREADABLE)

    async def _tell(self, message: BaseModel) -> None:
        await self._socket.send(messages.to_json(message))

    async def _last(self, closed: Closed) -> None:
        with contextlib.suppress(Exception):
            await self._tell(closed)


async def _run(job: Callable[[], Awaitable[None]]) -> None:
    await job()
