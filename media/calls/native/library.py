"""The way from Python into `forwarder.c`: one method for each of its functions, SRTP sessions given as aiortc made them."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pylibsrtp import _binding

from media.calls.feedback_digest import MOST_BURSTS, Told

MOST_UP = 2048
CODECS = {"VP8": 1, "H264": 2}
"""Codecs of which whole pictures are recognised; sound begins anywhere."""


class NativeAbsent(Exception):
    """There is no compiled library, or it cannot be loaded here."""


_SOURCE, _OUT = struct.Struct("@qqQQQQddddIi"), struct.Struct("@QQQIi")
_CLOCK, _LATE = struct.Struct("@dddi4x"), struct.Struct("@dd")
_LEFT, _BURST = struct.Struct("@ddIIQ"), struct.Struct("@dddi4x")
"""Structures of the C side, as they lie in memory."""


class _Told(ctypes.Structure):
    _fields_ = (("conn", ctypes.c_uint64), ("at", ctypes.c_double), ("kind", ctypes.c_int32), ("size", ctypes.c_int32), ("ssrc", ctypes.c_uint32))


class SourceState(NamedTuple):
    """As `media.calls.reception.Reception` counts: extended sequence numbers, packets, octets of payload, jitter and lateness in clock ticks
    (`least_late`: since it was read last), `at` in seconds; `gaps`: something is missing."""

    base: int
    highest: int
    received: int
    octets: int
    forwarded: int
    repeated: int
    jitter: float
    late: float
    least_late: float
    at: float
    timestamp: int
    gaps: int


class OutState(NamedTuple):
    """What one stream of one receiver has been given; `shift_time` is added to the source's timestamps, `fed`: somebody is heard or seen there."""

    packets: int
    octets: int
    repeated: int
    shift_time: int
    fed: int


class Counts(ctypes.Structure):
    """Datagrams that Python was too slow for, that could not be decrypted, that the system would not send."""

    _fields_ = (("up_lost", ctypes.c_uint64), ("unreadable", ctypes.c_uint64), ("unsent", ctypes.c_uint64))


class Lateness(NamedTuple):
    """As `media.calls.send_clock.SendClock` reckons, in seconds; `bursts`: since it was read last, when each came and how late it was."""

    late_s: float
    least: float
    least_before: float
    begun: int
    bursts: list[tuple[float, float]]


DATAGRAM, RTCP, COPY, GAP, UNEASY = 0, 1, 2, 3, 4
AT_ONCE, SMOOTH, STILL = 0, 1, 2
GONE, AWAITED, REPEATED = -1, 0, 1


class Up(NamedTuple):
    """What comes up: a datagram as it came (`DATAGRAM`), decrypted RTCP, a copy of an RTP packet for a recorder, or the
    word that something of `ssrc` is missing (`GAP`) or that the link should be looked at (`UNEASY`). `conn` is the id."""

    conn: int
    kind: int
    at: float
    ssrc: int
    data: bytes


def session_pointer(session: Any) -> int:
    """libsrtp's session inside pylibsrtp's."""
    return int(_binding.ffi.cast("uintptr_t", session._srtp[0]))


def _function(name: str) -> int:
    return int(_binding.ffi.cast("uintptr_t", _binding.ffi.addressof(_binding.lib, name)))


_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "fw_new": (ctypes.c_void_p, (ctypes.c_void_p,) * 4),
    "fw_wake_fd": (ctypes.c_int, (ctypes.c_void_p,)),
    "fw_conn": (
        ctypes.c_void_p,
        (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.c_uint64)),
    ),
    "fw_conn_close": (None, (ctypes.c_void_p, ctypes.c_void_p)),
    "fw_conn_move": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)),
    "fw_source": (
        ctypes.c_void_p,
        (
            ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32, ctypes.c_int,
            ctypes.c_int,
        ),
    ),
    "fw_source_again": (None, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int)),
    "fw_source_copied": (None, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)),
    "fw_source_close": (None, (ctypes.c_void_p, ctypes.c_void_p)),
    "fw_out": (
        ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32)
    ),
    "fw_out_types": (None, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)),
    "fw_feed": (None, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)),
    "fw_source_read": (None, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)),
    "fw_out_read": (None, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)),
    "fw_missing": (
        ctypes.c_int,
        (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double, ctypes.POINTER(ctypes.c_uint16), ctypes.c_int, ctypes.POINTER(ctypes.c_int)),
    ),
    "fw_forget_missing": (None, (ctypes.c_void_p, ctypes.c_void_p)),
    "fw_tell_arrivals": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_int)),
    "fw_lateness": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)),
    "fw_left": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)),
    "fw_repeat": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint16, ctypes.c_double)),
    "fw_pad": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_double)),
    "fw_inject": (None, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_double)),
    "fw_send_rtcp": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)),
    "fw_next": (ctypes.c_int, (ctypes.c_void_p, ctypes.POINTER(_Told), ctypes.c_char_p)),
    "fw_counts": (None, (ctypes.c_void_p, ctypes.POINTER(Counts))),
    "fw_close": (None, (ctypes.c_void_p,)),
}


@dataclass(slots=True)
class Conn:
    """A connection in the forwarder. `tx` and `rx` keep the sessions alive as long as it is there."""

    pointer: int
    id: int
    tx: Any
    rx: Any


class Forwarder:
    """The thread and all that it knows. Every method may be called from any thread; pointers are not used after their `close`."""

    def __init__(self, path: Path) -> None:
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise NativeAbsent(str(error)) from error
        for name, (gives, takes) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = gives, takes
        self._fw = self._library.fw_new(*(_function(name) for name in ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")))
        if not self._fw:
            raise NativeAbsent("no thread")
        self.wake_fd: int = self._library.fw_wake_fd(self._fw)
        self._buffer = ctypes.create_string_buffer(MOST_UP)
        self._state = ctypes.create_string_buffer(128)
        self._bursts = ctypes.create_string_buffer(_BURST.size * MOST_BURSTS)
        self._seen = memoryview(self._bursts)
        self._sequences = (ctypes.c_uint16 * 200)()

    def connect(self, fd: int, tx: Any, rx: Any, sequence_out_id: int, sequence_in_id: int, stamp_in_id: int = 0) -> Conn:
        """`fd`: a connected UDP socket, which the forwarder closes. `sequence_*_id`: header extension ids of the transport-wide sequence number
        on the way out and in, 0 when it is not agreed on; `stamp_in_id`: that of the time of sending."""
        found = ctypes.c_uint64()
        pointer = self._library.fw_conn(
            self._fw, fd, session_pointer(tx), session_pointer(rx), sequence_out_id, sequence_in_id, stamp_in_id, ctypes.byref(found)
        )
        if not pointer:
            os.close(fd)
            raise OSError(errno.ENOBUFS, "no room for another connection")
        return Conn(pointer, found.value, tx, rx)

    def disconnect(self, conn: Conn) -> None:
        """All its sources and outs are gone with it."""
        self._library.fw_conn_close(self._fw, conn.pointer)

    def move(self, conn: Conn, fd: int) -> None:
        """Its packets come and go over `fd` from now on."""
        if not self._library.fw_conn_move(self._fw, conn.pointer, fd):
            os.close(fd)
            raise OSError(errno.EINVAL, "the socket cannot be used")

    def source(
        self, conn: Conn, ssrc: int, payload_type: int, clock_rate: int, codec: str, *, repairs: bool, again_ssrc: int = 0,
        again_payload_type: int = -1,
    ) -> int:
        """A stream that `conn` brings; `repairs`: its packets are kept for whoever misses one, and asked for again."""
        pointer: int = self._library.fw_source(
            self._fw, conn.pointer, ssrc, payload_type, again_ssrc, again_payload_type, clock_rate, CODECS.get(codec, 0), int(repairs)
        )
        if not pointer:
            raise MemoryError
        return pointer

    def source_again(self, source: int, ssrc: int, payload_type: int) -> None:
        """The stream of its retransmissions, which may become known later."""
        self._library.fw_source_again(self._fw, source, ssrc, payload_type)

    def copy(self, source: int, wanted: bool) -> None:
        """Whether every packet comes up too (`COPY`), for a recorder."""
        self._library.fw_source_copied(self._fw, source, int(wanted))

    def drop_source(self, source: int) -> None:
        self._library.fw_source_close(self._fw, source)

    def out(self, conn: Conn, ssrc: int, payload_type: int, clock_rate: int, again_ssrc: int, again_payload_type: int | None) -> int:
        """A stream that `conn` is given."""
        again = -1 if again_payload_type is None else again_payload_type
        pointer: int = self._library.fw_out(self._fw, conn.pointer, ssrc, payload_type, again_ssrc, again, clock_rate)
        if not pointer:
            raise MemoryError
        return pointer

    def retype(self, out: int, payload_type: int, again_payload_type: int | None) -> None:
        """What is sent there is of another codec from now on."""
        self._library.fw_out_types(self._fw, out, payload_type, -1 if again_payload_type is None else again_payload_type)

    def feed(self, out: int, source: int | None, how: int = AT_ONCE) -> None:
        """`source` is heard or seen in `out` from its next whole picture on; `SMOOTH`: whoever was there stays until then; `STILL`: that picture and
        nothing after it. None: nobody."""
        self._library.fw_feed(self._fw, out, source, how)

    def read_source(self, source: int) -> SourceState:
        self._library.fw_source_read(self._fw, source, self._state)
        return SourceState._make(_SOURCE.unpack_from(self._state))

    def read_out(self, out: int) -> OutState:
        self._library.fw_out_read(self._fw, out, self._state)
        return OutState._make(_OUT.unpack_from(self._state))

    def missing(self, source: int, now: float) -> tuple[list[int], bool]:
        """As `Reception.to_ask_for`."""
        hopeless = ctypes.c_int()
        count = self._library.fw_missing(self._fw, source, now, self._sequences, len(self._sequences), ctypes.byref(hopeless))
        return list(self._sequences[:count]), bool(hopeless.value)

    def forget_missing(self, source: int) -> None:
        """What is missing now is not asked for any more."""
        self._library.fw_forget_missing(self._fw, source)

    def tell_arrivals(self, conn: Conn, sender: int, media: int, *, tells_losses: bool) -> bool:
        """Send its sender transport-wide feedback of what came since the last time (`media.calls.transport_feedback.Arrivals`); False when nothing
        did."""
        return bool(self._library.fw_tell_arrivals(self._fw, conn.pointer, sender, media, int(tells_losses)))

    def lateness(self, conn: Conn) -> Lateness:
        """By the times at which his device says that it sent."""
        count = self._library.fw_lateness(self._fw, conn.pointer, self._state, self._bursts)
        late_s, least, least_before, begun = _CLOCK.unpack_from(self._state)
        return Lateness(late_s, least, least_before, begun, list(_LATE.iter_unpack(self._seen[: count * _LATE.size])))

    def left(self, conn: Conn) -> tuple[Told, int]:
        """What feedback told since the last time of the packets that went out, and the octets of media that went out in all, encrypted."""
        count = self._library.fw_left(self._fw, conn.pointer, self._state, self._bursts)
        sent_at, lost_sent, packets, lost, octets = _LEFT.unpack_from(self._state)
        return Told(packets, lost, sent_at, lost_sent, tuple(_BURST.iter_unpack(self._seen[: count * _BURST.size]))), octets

    def repeat(self, out: int, sequence: int, now: float) -> int:
        """Send a packet again: `REPEATED`; `AWAITED` when it is so new that its sender is being asked for it, or a whole picture followed it; `GONE`
        when it is no longer kept."""
        return int(self._library.fw_repeat(self._fw, out, sequence, now))

    def pad(self, out: int, timestamp: int, now: float) -> bool:
        """Send a packet of padding on the retransmission stream; False when there is none, or no feedback would tell of it."""
        return bool(self._library.fw_pad(self._fw, out, timestamp, now))

    def inject(self, conn: Conn, data: bytes, now: float) -> None:
        """A datagram as it came, encrypted, from another way in or held back until its source was declared."""
        self._library.fw_inject(self._fw, conn.pointer, data, len(data), now)

    def send_rtcp(self, conn: Conn, data: bytes) -> bool:
        return bool(self._library.fw_send_rtcp(self._fw, conn.pointer, data, len(data)))

    def told(self) -> list[Up]:
        """Everything that waits for Python; call it when `wake_fd` is readable."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.wake_fd)
        found, told = [], _Told()
        while self._library.fw_next(self._fw, ctypes.byref(told), self._buffer):
            found.append(Up(told.conn, told.kind, told.at, told.ssrc, self._buffer.raw[: told.size]))
        return found

    def counts(self) -> Counts:
        counts = Counts()
        self._library.fw_counts(self._fw, ctypes.byref(counts))
        return counts

    def close(self) -> None:
        """The thread has ended when this returns."""
        self._library.fw_close(self._fw)
