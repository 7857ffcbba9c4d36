"""When a datagram came to the load client's own socket, by the system's clock: how long the client then takes to read it is no part of what a server
adds. Linux (SO_TIMESTAMPNS, socket(7))."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

from media.calls import wire
from media.calls.datagrams import BATCH, Arriving, ffi

SO_TIMESTAMPNS = 35
"""Of asm-generic/socket.h; `socket` does not name it."""
_STAMP = struct.Struct("@Niiqq")
"""cmsghdr(3) with a timespec: seconds and nanoseconds since 1970."""
_SPACE = _STAMP.size


class StampedArriving(Arriving):
    """As `Arriving`; `came_at` says when."""

    def __init__(self) -> None:
        super().__init__()
        self._controls = ffi.new("char[]", BATCH * _SPACE)
        self._stamps = ffi.buffer(self._controls)
        for place in range(BATCH):
            head = self.messages[place].msg_hdr
            head.msg_control, head.msg_controllen = self._controls + place * _SPACE, _SPACE
        self._fresh = bytes(ffi.buffer(self.messages))

    def receive(self, descriptor: int) -> int:
        ffi.memmove(self.messages, self._fresh, len(self._fresh))  # the system writes how much of the room for stamps it used
        return super().receive(descriptor)

    def came_at(self, at: Any) -> float:
        """Seconds of the wall clock; `at` is an address of this batch. ValueError when the system gave no stamp."""
        length, level, kind, seconds, nanoseconds = _STAMP.unpack_from(self._stamps, self.at.index(at) * _SPACE)
        if (length, level, kind) != (_STAMP.size, socket.SOL_SOCKET, SO_TIMESTAMPNS):
            raise ValueError("no stamp")
        return float(seconds + nanoseconds / 1e9)


_stamped = StampedArriving()


def watch() -> None:
    """From now on stamps can be read in this process; of a socket, once `stamp` was called for it."""
    for family in (socket.AF_INET, socket.AF_INET6):
        wire._arriving[family] = _stamped


def stamp(port: wire.Port) -> None:
    """The system stamps what comes to this socket."""
    port.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def came_at(at: Any) -> float:
    """When the datagram at this address of the batch came."""
    return _stamped.came_at(at)


def now() -> float:
    """The same clock."""
    return time.time()
