"""The recorders of one media process, by room: begun when wanted, ended at once when not, and by themselves when nobody says any more that they are.

Whoever wants a recording says so again and again. When the web processes or Redis are gone, nobody could stop it: then it stops.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from media.calls.engine import CallError, Engine, RoomUnknown
from media.calls.protocol import RECORD_LEASE_S, Record
from media.calls.recording import DumpRecorder, Trouble

logger = logging.getLogger("huizhen.calls")

REMEMBERED = 10_000
"""Recordings that were stopped: an order that is late begins none of them anew."""

TellTrouble = Callable[[str, str, Trouble], None]


class RecordingRefused(CallError):
    """It was stopped before, another one runs in the room, or the folder cannot be written."""

    code = "recording.refused"


@dataclass(slots=True)
class _Running:
    recorder: DumpRecorder
    edition: int
    wanted_at: float


class RoomRecorders:
    """`clock`: monotonic seconds, the engine's; `wall`: since 1970. `tell` (room, recording, trouble) is called when one has stopped by itself."""

    def __init__(self, engine: Engine, folder: Path, clock: Callable[[], float], wall: Callable[[], float], tell: TellTrouble) -> None:
        self._engine, self._folder, self._clock, self._wall, self._tell = engine, folder, clock, wall, tell
        self._running: dict[str, _Running] = {}
        self._stopped: OrderedDict[str, None] = OrderedDict()

    async def record(self, order: Record) -> None:
        """RecordingRefused, RoomUnknown."""
        if order.recording in self._stopped:
            raise RecordingRefused
        running = self._running.get(order.room)
        if running is not None and running.recorder.recording < order.recording:
            await self.stop(order.room, running.recorder.recording)  # ids grow: the one before has ended, and nobody could tell us
            running = None
        if running is None:
            running = await self._begin(order)
        if running.recorder.recording != order.recording or running.recorder.trouble is not None:
            raise RecordingRefused
        running.wanted_at = self._clock()
        if order.edition >= running.edition:
            running.edition = order.edition
            running.recorder.allow(order.members)

    async def _begin(self, order: Record) -> _Running:
        if all(one.room != order.room for one in (await self._engine.stats()).rooms):
            raise RoomUnknown
        if order.recording in self._stopped:  # while we asked
            raise RecordingRefused
        told = partial(self._in_trouble, order.room, order.recording)
        try:
            recorder = DumpRecorder(self._folder, order.recording, bytes.fromhex(order.public_key), self._clock, self._wall, told)
        except (OSError, ValueError) as error:
            logger.warning("recording not begun: %s", type(error).__name__)
            raise RecordingRefused from None
        running = self._running.setdefault(order.room, _Running(recorder, order.edition, self._clock()))
        if running.recorder is not recorder:  # two orders at once
            await recorder.close()
            return running
        recorder.allow(order.members)
        try:
            await self._engine.record(order.room, recorder)
        except CallError:
            await self._end(order.room)
            raise
        if self._running.get(order.room) is not running:  # ended while it began
            await self._engine.record(order.room, None)
            raise RecordingRefused
        return running

    async def stop(self, room: str, recording: str) -> None:
        """Nothing of it is written any more, now and later."""
        self._stopped[recording] = None
        while len(self._stopped) > REMEMBERED:
            self._stopped.popitem(last=False)
        running = self._running.get(room)
        if running is not None and running.recorder.recording == recording:
            await self._end(room)

    async def room_closed(self, room: str) -> None:
        """Its recording has an end. Should the room come up again while it is still wanted, it goes on."""
        if room in self._running:
            await self._end(room)

    async def end_unwanted(self) -> None:
        """Those that nobody has wanted for a while."""
        now = self._clock()
        for room, running in list(self._running.items()):
            if now - running.wanted_at > RECORD_LEASE_S:
                logger.warning("a recording that nobody wanted any more was ended")
                await self._end(room)

    async def close(self) -> None:
        for room in list(self._running):
            await self._end(room)

    async def _end(self, room: str) -> None:
        running = self._running.pop(room, None)
        if running is None:
            return
        running.recorder.allow(())
        try:
            await self._engine.record(room, None)
        except CallError:
            logger.debug("the room of a recording is gone")
        await running.recorder.close()

    def _in_trouble(self, room: str, recording: str, trouble: Trouble) -> None:
        logger.warning("recording stopped by itself: %s", trouble)
        self._tell(room, recording, trouble)
