"""One connection whose packets the forwarder carries: a second socket at the same address, connected to the member's, so that the system gives the
thread what comes from there; the first one stays for whatever comes from elsewhere (ICE before it has chosen, a member whose address changed).
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Any

from media.calls.native import library
from media.calls.wire import BUFFER, OnPacket, OnReport, Wire

logger = logging.getLogger("huizhen.calls")


class NativeWire(Wire):
    """`on_stranger` gets RTP as it came whose stream the forwarder does not know; `on_copy` a copied packet, `on_gap` the SSRC of a stream that lacks
    something. Header extensions of what arrives: `number_in`, its transport-wide sequence number, and `stamp_in`, when it was sent."""

    __slots__ = ("_forwarder", "_known", "_remote", "conn", "number_in", "on_copy", "on_gap", "on_stranger", "stamp_in", "uneasy")

    def __init__(
        self, forwarder: library.Forwarder, known: dict[int, NativeWire], clock: Callable[[], float], on_packet: OnPacket, on_report: OnReport
    ) -> None:
        super().__init__(clock, on_packet, on_report)
        self._forwarder, self._known = forwarder, known
        self.conn: library.Conn | None = None
        self.number_in = self.stamp_in = 0
        self.on_stranger: Callable[[bytes, float], None] = _nobody
        self.on_copy: Callable[[int, bytes, float], None] = _no_copy
        self.on_gap: Callable[[int, float], None] = _no_gap
        self.uneasy = False
        """The forwarder says that the link should be looked at; to be cleared by who does."""
        self._remote: tuple[str, int] = ("", 0)

    def follow(self) -> None:
        before = self._pair
        super().follow()
        if self.open and (self.conn is None or self._pair is not before):
            try:
                self._connect()
            except OSError as error:
                logger.warning("connection not handed over: %s", type(error).__name__)
                self.open = self.conn is not None

    def _connect(self) -> None:
        port, self._remote = self._pair.protocol.transport, tuple(self._pair.remote_addr[:2])
        port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        beside = socket.socket(port.family, socket.SOCK_DGRAM)
        try:
            beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                beside.setsockopt(socket.SOL_SOCKET, option, BUFFER)
            beside.bind(port.socket.getsockname())
            beside.connect(self._remote)
            beside.setblocking(False)
        except OSError:
            beside.close()
            raise
        if self.conn is None:
            keys = self._keys
            assert keys is not None  # noqa: S101 - open means that there are keys
            self.conn = self._forwarder.connect(beside.detach(), keys[1], keys[0], self.tag >> 4, self.number_in, self.stamp_in)
            self._known[self.conn.id] = self
        else:
            self._forwarder.move(self.conn, beside.detach())

    def told(self, told: library.Up) -> None:
        """Something of this connection came up."""
        if told.kind == library.RTCP:
            self.on_report(told.data, told.at)
        elif told.kind == library.COPY:
            self.on_copy(told.ssrc, told.data, told.at)
        elif told.kind == library.GAP:
            self.uneasy = True
            self.on_gap(told.ssrc, told.at)
        elif told.kind == library.UNEASY:
            self.uneasy = True
        elif 127 < told.data[0] < 192:
            self.on_stranger(told.data, told.at)
        elif self._pair is not None:
            self._pair.protocol.datagram_received(told.data, self._remote)

    def arrived(self, at: Any, view: memoryview, size: int, now: float) -> None:
        if self.conn is not None:
            self._forwarder.inject(self.conn, bytes(view[:size]), now)

    def report(self, data: bytes) -> bool:
        return self.open and self.conn is not None and self._forwarder.send_rtcp(self.conn, data)

    def close(self) -> None:
        conn, self.conn = self.conn, None
        if conn is not None:
            del self._known[conn.id]
            self._forwarder.disconnect(conn)
        super().close()


def _nobody(data: bytes, now: float) -> None:
    """What a member sends on the connection that he receives on is not heard."""


def _no_copy(ssrc: int, data: bytes, now: float) -> None:
    """Nobody records."""


def _no_gap(ssrc: int, now: float) -> None:
    """Nothing is repaired here."""
