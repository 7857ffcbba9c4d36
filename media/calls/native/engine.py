"""The python engine with its packets in a thread of C: the same rooms, descriptions, reports and steering (`media.calls.forwarding`)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from aiortc import RTCPeerConnection

from media.calls.engine import Tell
from media.calls.forwarding import Member, PythonEngine
from media.calls.measured import Steering
from media.calls.native.build import place
from media.calls.native.legs import NativePublishLeg, NativeSubscribeLeg
from media.calls.native.library import Forwarder, NativeAbsent
from media.calls.native.wire import NativeWire

logger = logging.getLogger("huizhen.calls")


class NativeEngine(PythonEngine):
    """Raises NativeAbsent where the library was not built (`media.calls.native.build`). `clock` must be the system's monotonic one: the thread reads
    the same."""

    def __init__(
        self, tell: Tell = lambda event: None, clock: Callable[[], float] = time.monotonic, steering: Steering | None = None
    ) -> None:
        super().__init__(tell, clock, steering)
        if not place().exists():
            raise NativeAbsent("not built")
        self._forwarder = Forwarder(place())
        self._wires: dict[int, NativeWire] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def _publish_leg(self, member: Member, connection: RTCPeerConnection) -> NativePublishLeg:
        self._listen()
        return NativePublishLeg(
            self._forwarder, self._wires, member.seat, member.id, connection, lambda: member.room.receivers_of(member.seat), self._clock
        )

    def _subscribe_leg(self, member: Member, connection: RTCPeerConnection) -> NativeSubscribeLeg:
        return NativeSubscribeLeg(
            self._forwarder, self._wires, connection, self._clock, lambda seat, stream: self._picture_wanted(member.room, seat, stream),
            steered=self._steering is not None,
        )  # fmt: skip

    def _listen(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._forwarder.wake_fd, self._told)

    def _told(self) -> None:
        for told in self._forwarder.told():
            wire = self._wires.get(told.conn)
            if wire is not None:
                try:
                    wire.told(told)
                except Exception as error:  # What comes up is anybody's datagram: it ends nothing.
                    logger.debug("datagram dropped: %s", type(error).__name__, exc_info=True)

    async def close(self) -> None:
        await super().close()
        if self._loop is not None:
            self._loop.remove_reader(self._forwarder.wake_fd)
            self._loop = None
        self._forwarder.close()
