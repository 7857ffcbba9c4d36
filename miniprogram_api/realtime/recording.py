"""Recording as one socket sees it: what its person says of it becomes an order, how it stands is told to him and to the media process.

Every socket of a room says again and again what is wanted, as the practice has it. The media process believes nobody for longer than half a minute,
so nothing is recorded that the practice does not want, whoever dies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pydantic import BaseModel

from core.calls.commands import Entered
from core.calls.recording_commands import AnswerRecording, AskToRecord, FailRecording, RecordingState, StandOfRecording
from core.calls.recording_rules import Cause
from core.foundation.actor import Actor
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from media.calls.protocol import Record, StopRecord
from miniprogram_api.realtime.link import MediaLine, NoMedia, Refused
from miniprogram_api.realtime.messages import Problem, RecordAnswer, RecordAsk, Recording

logger = logging.getLogger("huizhen.calls")

REFUSED = "recording.refused"


class RecordingDesk:
    """`tell` sends a message to the person."""

    def __init__(
        self, practice: Practice, line: MediaLine, actor: Actor, entered: Entered, tell: Callable[[BaseModel], Awaitable[None]]
    ) -> None:
        self._practice, self._line, self._actor, self._entered, self._tell = practice, line, actor, entered, tell
        self._told: Recording | None = None
        self._one_at_a_time = asyncio.Lock()
        self._stopped = ""
        """The newest recording that the media process was told to stop."""

    async def act(self, message: RecordAsk | RecordAnswer) -> None:
        """What the person says. A refusal is told to him and changes nothing."""
        me = self._entered.attendance_id
        order = (
            AskToRecord(attendance_id=me) if isinstance(message, RecordAsk)
            else AnswerRecording(attendance_id=me, recording_id=message.recording_id, agree=message.agree)
        )  # fmt: skip
        try:
            async with self._one_at_a_time:
                await self._follow(await self._practice.execute(self._actor, order))
        except DomainError as refusal:
            await self._tell(Problem(code=refusal.code, sentence=refusal.message))

    async def look(self) -> None:
        """Ask how it stands, tell the person if that is new, and say it to the media process again. What does not succeed now is done with the
        next look."""
        try:
            async with self._one_at_a_time:
                await self._follow(await self._practice.ask(self._actor, StandOfRecording(attendance_id=self._entered.attendance_id)))
        except Exception as error:
            logger.warning("recording not looked at: %s", error.code if isinstance(error, DomainError) else type(error).__name__)

    async def failed(self, recording_id: str, cause: Cause) -> None:
        """The media process has stopped by itself. Where that cannot be noted now, the media process refuses when it is told again to record."""
        try:
            await self._practice.execute(Actor.system("web"), FailRecording(recording_id=recording_id, cause=cause))
        except Exception as error:
            logger.warning("recording not ended: %s", error.code if isinstance(error, DomainError) else type(error).__name__)
        await self.look()

    async def _follow(self, stands: RecordingState) -> None:
        """The mark first, the recording after it."""
        told = Recording(**stands.model_dump(include=set(Recording.model_fields) - {"type"}))
        if told != self._told:
            self._told = told
            await self._tell(told)
        room = self._entered.call_id
        if stands.recording_id is None:
            return
        if stands.state == "running":
            order = Record(
                room=room, recording=stands.recording_id, public_key=stands.public_key, members=stands.members, edition=stands.edition
            )
            await self._say(order, stands.recording_id)
            return
        stop = StopRecord(room=room, recording=stands.recording_id)
        if stands.state == "stopped" and self._stopped != stands.recording_id and await self._say(stop, stands.recording_id):
            self._stopped = stands.recording_id

    async def _say(self, order: Record | StopRecord, recording_id: str) -> bool:
        """Whether the media process has heard it; one that is gone records nothing."""
        try:
            await self._line.ask(self._entered.call_id, order)
        except NoMedia:
            return False
        except Refused as refused:
            if isinstance(order, Record) and refused.code == REFUSED:
                await self._lost(recording_id)
        except Exception as error:  # Redis away: it is said again with the next look, and the media process believes nobody for long
            logger.warning("recording not told: %s", type(error).__name__)
            return False
        return True

    async def _lost(self, recording_id: str) -> None:
        """It runs as the practice has it, and the media process does not write: nobody may believe that he is being recorded."""
        await self._practice.execute(Actor.system("web"), FailRecording(recording_id=recording_id, cause="lost"))
        stands: RecordingState = await self._practice.ask(self._actor, StandOfRecording(attendance_id=self._entered.attendance_id))
        if stands.state != "running":
            await self._follow(stands)
