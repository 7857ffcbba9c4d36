"""One connection as datagrams: its sockets, its cipher and its address. What arrives is decrypted where it lies, what leaves is encrypted where it
was built; no object is made of a media packet unless somebody keeps it.

aiortc and aioice go on with ICE and DTLS through the same sockets (`Port` is their transport).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from typing import Any

from media.calls import hooks
from media.calls.datagrams import LARGEST, SLOT, Arriving, Leaving, write_address
from media.calls.transport_feedback import SentPackets

logger = logging.getLogger("huizhen.calls")

_memmove = hooks.cipher_ffi.memmove
_arriving: dict[int, Arriving] = {}
_dirty: list[Wire] = []
"""Connections with something to send: sent together when a batch of arrivals has been worked off."""

HEADER = struct.Struct("!BBHIIIBHB")
"""An RTP header with one extension element, the transport-wide sequence number (RFC 8285, one-byte form)."""
PLAIN = struct.Struct("!BBHII")
_EXTENSION = 0xBEDE0001
_HEADER_SIZE, _PLAIN_SIZE = HEADER.size, PLAIN.size
_PADDING = bytes(223) + b"\xe0"
"""224 bytes, as libwebrtc pads; the last says how many they are."""
PADDED = _HEADER_SIZE + len(_PADDING)
ROOM = SLOT - 64
"""Bytes of payload that fit a slot beside header, wrapped sequence number and tag."""
BUFFER = 1 << 20
MOST_SOURCES = 64
"""SSRCs that one connection may use in its life; a browser needs a dozen."""

OnPacket = Callable[[Any, memoryview, int, float], None]
"""A decrypted RTP packet: where it lies, the same memory to read, its size, and when it came. Used up before the call returns."""
OnReport = Callable[[bytes, float], None]


def flush() -> None:
    """Send what all connections have built."""
    if _dirty:
        for wire in _dirty:
            wire.flush()
        _dirty.clear()


class Port:
    """A UDP socket taken over from the event loop's transport; what aioice needs of a transport, and no more."""

    def __init__(self, wire: Wire, protocol: Any, taken: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.protocol, self.socket, self.family = protocol, taken, taken.family
        self._wire, self._loop = wire, loop
        self.descriptor = taken.fileno()
        self._name = taken.getsockname()
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            taken.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        if self.family not in _arriving:
            _arriving[self.family] = Arriving()
        self._arriving = _arriving[self.family]
        loop.add_reader(self.descriptor, self._readable)

    def sendto(self, data: bytes, address: tuple[str, int]) -> None:
        try:
            self.socket.sendto(data, address)
        except OSError as error:  # nothing is promised of a datagram
            logger.debug("datagram not sent: %s", type(error).__name__)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": self._name, "socket": self.socket}.get(name, default)

    def is_closing(self) -> bool:
        return self.descriptor < 0

    def close(self) -> None:
        if self.descriptor >= 0:
            self._loop.remove_reader(self.descriptor)
            self._wire.lose(self.descriptor)
            self.descriptor = -1
            self.socket.close()

    abort = close

    def _readable(self) -> None:
        arriving, wire = self._arriving, self._wire
        count = arriving.receive(self.descriptor)
        if not count:
            # An error that an earlier datagram met is waiting (nobody listens there any more): reading it clears it.
            self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return
        now = wire.clock()
        views, size_of = arriving.views, arriving.size
        for place in range(count):
            size, view = size_of(place), views[place]
            if 0 < size <= LARGEST:
                try:
                    if 127 < view[0] < 192:
                        wire.arrived(arriving.at[place], view, size, now)
                    else:
                        self.protocol.datagram_received(bytes(view[:size]), arriving.sender(place))
                except Exception as error:  # A datagram comes from anybody: it ends nothing.
                    wire.broken += 1
                    logger.debug("datagram dropped: %s", type(error).__name__, exc_info=True)
        flush()


class Wire:
    """`on_packet` and `on_report` get what was decrypted. `clock` gives monotonic seconds."""

    __slots__ = (
        "_closed", "_descriptor", "_keys", "_pair", "_path", "_ports", "_protect", "_receiving", "_reporters", "_sending", "_size", "_transport",
        "broken", "clock", "leaving", "on_packet", "on_report", "only", "open", "refused", "sent", "sent_octets", "tag",
    )  # fmt: skip

    def __init__(self, clock: Callable[[], float], on_packet: OnPacket, on_report: OnReport) -> None:
        self.clock, self.on_packet, self.on_report = clock, on_packet, on_report
        self.open = False
        self.leaving = Leaving()
        self.tag = 0
        """First byte of the transport-wide sequence number's element, 0 when it was not agreed on."""
        self.sent = SentPackets()
        self.sent_octets = self.refused = self.broken = 0
        self.only: frozenset[bytes] | None = None
        """The SSRCs that are decrypted, None for all: the cipher keeps something of each, for good."""
        self._reporters: set[bytes] = set()
        self._transport: Any = None
        self._ports: list[Port] = []
        self._keys: tuple[Any, Any] | None = None
        self._sending: Any = None
        self._receiving: Any = None
        self._size = hooks.cipher_ffi.new("int *")
        self._protect = hooks.cipher.srtp_protect
        self._descriptor = -1
        self._pair: Any = None
        self._path: Any = None
        """What `follow` found last."""
        self._closed = False

    def take(self, connection: Any) -> None:
        """Once its candidates are gathered: its sockets are read here from now on."""
        self._transport = hooks.transport_of(connection)
        loop = asyncio.get_running_loop()
        self._ports = hooks.take_sockets(self._transport, lambda protocol, taken: Port(self, protocol, taken, loop))

    def follow(self) -> None:
        """Send on the pair of addresses that ICE has chosen by now, once there are keys."""
        if self._closed or self._transport is None:
            return
        path = hooks.path_of(self._transport)
        if path is None:
            self.open = False
            return
        if self.open and path == self._path:
            return
        pair = path[0]
        if pair is not self._pair:
            port: Port = pair.protocol.transport
            try:
                self.leaving.to(write_address(pair.remote_addr[0], pair.remote_addr[1], port.family))
            except ValueError:
                return
            self._descriptor, self._pair = port.descriptor, pair
        keys = path[1:]
        if keys != self._keys:
            self._keys = keys
            self._receiving, self._sending = hooks.context_of(keys[0]), hooks.context_of(keys[1])
        self.open, self._path = True, path

    def arrived(self, at: Any, view: memoryview, size: int, now: float) -> None:
        """Decrypt what looks like RTP or RTCP (RFC 5761, 4) and hand it on; what cannot be decrypted is counted and dropped."""
        if self._receiving is None:
            return
        length = self._size
        length[0] = size
        if size >= _PLAIN_SIZE and not 191 < view[1] < 224:
            if (self.only is not None and bytes(view[8:12]) not in self.only) or hooks.cipher.srtp_unprotect(self._receiving, at, length):
                self.refused += 1
            else:
                self.on_packet(at, view, length[0], now)
        elif size >= 8:
            reporter = bytes(view[4:8])
            strange = reporter not in self._reporters and len(self._reporters) >= MOST_SOURCES
            if strange or hooks.cipher.srtp_unprotect_rtcp(self._receiving, at, length):
                self.refused += 1
            else:
                self._reporters.add(reporter)
                self.on_report(bytes(view[: length[0]]), now)

    def send(self, second: int, sequence: int, timestamp: int, ssrc: int, payload: Any, size: int, now: float) -> None:
        """An RTP packet of our own header and `size` bytes at `payload`; leaves with `flush`. `second`: marker and payload type."""
        if not self.open or size > ROOM:
            return
        leaving, length = self.leaving, self._size
        end = leaving.end
        at = leaving.start + end
        if self.tag:
            number = self.sent.sent(size + _HEADER_SIZE, now)
            HEADER.pack_into(leaving.buffer, end, 0x90, second, sequence, timestamp, ssrc, _EXTENSION, self.tag, number, 0)
            _memmove(at + _HEADER_SIZE, payload, size)
            length[0] = size + _HEADER_SIZE
        else:
            PLAIN.pack_into(leaving.buffer, end, 0x80, second, sequence, timestamp, ssrc)
            _memmove(at + _PLAIN_SIZE, payload, size)
            length[0] = size + _PLAIN_SIZE
        if self._protect(self._sending, at, length):
            self.refused += 1
            return
        self._leave(end, length[0])

    def pad(self, payload_type: int, sequence: int, timestamp: int, ssrc: int, now: float) -> bool:
        """A packet of nothing but padding (RFC 3550, 5.1), `PADDED` bytes with its header: receivers drop it, and tell when it came. False when
        their feedback was not agreed on."""
        if not self.open or not self.tag:
            return False
        end, length = self.leaving.end, self._size
        at = self.leaving.start + end
        HEADER.pack_into(
            self.leaving.buffer, end, 0xB0, payload_type, sequence, timestamp, ssrc, _EXTENSION, self.tag, self.sent.sent(PADDED, now), 0
        )
        _memmove(at + _HEADER_SIZE, _PADDING, len(_PADDING))
        length[0] = PADDED
        if self._protect(self._sending, at, length):
            self.refused += 1
            return False
        self._leave(end, length[0])
        return True

    def _leave(self, end: int, size: int) -> None:
        self.sent_octets += size
        if not end:
            _dirty.append(self)
        if not self.leaving.add(size):
            self.leaving.send(self._descriptor)

    def report(self, data: bytes) -> bool:
        """Encrypt and send RTCP; leaves with `flush`. False when the connection is not (or no longer) there."""
        if not self.open or len(data) > ROOM:
            return False
        end = self.leaving.end
        at = self.leaving.start + end
        _memmove(at, data, len(data))
        self._size[0] = len(data)
        if hooks.cipher.srtp_protect_rtcp(self._sending, at, self._size):
            return False
        self._leave(end, self._size[0])
        return True

    def flush(self) -> None:
        if self.leaving.end and self._descriptor >= 0:
            self.leaving.send(self._descriptor)
        else:
            self.leaving.clear()

    def lose(self, descriptor: int) -> None:
        """This socket is about to be closed: its number may soon be somebody else's."""
        if descriptor == self._descriptor:
            self.open, self._descriptor, self._pair = False, -1, None

    def close(self) -> None:
        """Nothing is sent or taken any more."""
        self._closed, self.open = True, False
        self._sending = self._receiving = self._keys = None
        self._descriptor = -1
        for port in self._ports:
            port.close()
