"""A publishing leg without a network: packets made by hand go in, and what each receiver is sent can be looked at."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from media.calls import hooks, rtp
from media.calls.legs import PublishLeg
from media.calls.measured import Shown
from media.calls.outgoing import Outgoing
from media.calls.transport_feedback import Feedback

SEND_TIME, TRANSPORT, NAME, REPAIRED = 3, 5, 6, 7
OPUS, VP8, AGAIN = 111, 96, 97
EXTENSIONS = {hooks.TRANSPORT_NUMBER: TRANSPORT, hooks.STREAM_NAME: NAME, hooks.REPAIRED_NAME: REPAIRED}


class Sent:
    """Takes what a slot sends, as it would be read on the other side."""

    def __init__(self) -> None:
        self.packets: list[rtp.Packet] = []

    def __call__(self, second: int, sequence: int, timestamp: int, ssrc: int, payload: Any, size: int, now: float) -> None:
        data = bytes(payload[:size]) if isinstance(payload, bytes) else bytes(hooks.cipher_ffi.buffer(payload, size))
        self.packets.append(rtp.Packet(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, data))

    def of(self, kind: str) -> list[rtp.Packet]:
        return [one for one in self.packets if one.ssrc == (1 if kind == "audio" else 2)]


@dataclass
class Receiver:
    """Somebody who gets everything, or what `shown` and `unwanted` say."""

    sent: Sent = field(default_factory=Sent)
    reports: list[bytes] = field(default_factory=list)
    unwanted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        def slot(kind: str, ssrc: int, rate: int, payload_types: dict[str, tuple[int, int | None]]) -> Outgoing:
            return Outgoing("patient", kind, ssrc, rate, ssrc + 10, payload_types, "seat-patient", self.sent, self.reports.append)

        self.audio, self.video = slot("audio", 1, 48000, {"opus": (60, None)}), slot("video", 2, 90000, {"VP8": (61, 62), "H264": (63, 64)})

    def slot_for(self, seat: str, kind: str) -> Outgoing | None:
        return None if kind in self.unwanted else self.audio if kind == "audio" else self.video

    def retransmitted(self, seat: str, kind: str) -> int:
        return 0

    def show(self, shown: Shown) -> None:
        self.video.shown, self.video.due_at = shown, 0.0


class Publisher:
    """A leg that has negotiated opus and VP8 (with `rids` in layers), and what it reports to its publisher."""

    def __init__(self, receivers: int = 1, rids: tuple[str, ...] = (), *, stamps: bool = False) -> None:
        self.now = 100.0
        extensions = EXTENSIONS | ({hooks.SEND_TIME: SEND_TIME} if stamps else {})
        self.receivers = [Receiver() for _ in range(receivers)]
        there: list[Any] = self.receivers
        self.leg = PublishLeg("patient", "somebody", hooks.RTCPeerConnection.__new__(hooks.RTCPeerConnection), lambda: there, lambda: self.now)
        self.leg.agree("audio", hooks.Codec("opus", OPUS, 48000, None), extensions)
        self.leg.agree("video", hooks.Codec("VP8", VP8, 90000, AGAIN), extensions, rids)
        self.reports: list[bytes] = []
        self.leg.wire = _Line(self.reports)
        self.numbers = 0

    def rtp(self, data: bytes) -> None:
        memory = hooks.cipher_ffi.new("char[]", max(2048, len(data)))
        view = memoryview(hooks.cipher_ffi.buffer(memory))
        view[: len(data)] = data
        self.leg._packet(memory, view, len(data), self.now)

    def rtcp(self, data: bytes) -> None:
        self.leg._feedback(data, self.now)

    def send(
        self,
        sequence: int,
        timestamp: int,
        payload: bytes,
        *,
        kind: str = "video",
        ssrc: int = 0,
        rid: str = "",
        marker: bool = False,
        after: float = 0.0,
        left: float | None = None,
    ) -> None:
        """One packet with a transport-wide number, and when it was sent and the layer's name when there are any."""
        self.now += after
        stamp = b"" if left is None else bytes([SEND_TIME << 4 | 2]) + (int(left * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")
        payload_type = VP8 if kind == "video" else OPUS
        ssrc = ssrc or (700 if kind == "video" else 800)
        self.rtp(packet(payload_type, sequence, timestamp, ssrc, payload, self.numbers, rid, NAME, marker, stamp))
        self.numbers += 1

    def again(self, sequence: int, timestamp: int, payload: bytes, *, ssrc: int = 701, rid: str = "") -> None:
        """A retransmission of the packet `sequence`."""
        self.rtp(packet(AGAIN, self.numbers, timestamp, ssrc, sequence.to_bytes(2, "big") + payload, self.numbers, rid, REPAIRED, False))
        self.numbers += 1

    def told(self, kind: type[Any]) -> list[Any]:
        """What the publisher was told of this kind, all in all."""
        return [one for data in self.reports for one in rtp.read_rtcp(data) if isinstance(one, kind)]

    def feedback(self) -> list[Feedback]:
        return self.told(Feedback)


class _Line:
    """A connection that is up, with nobody at its end."""

    open = True
    sent_octets = 0
    only: frozenset[bytes] | None = None

    def __init__(self, reports: list[bytes]) -> None:
        self.report = reports.append

    def follow(self) -> None:
        return None

    def close(self) -> None:
        return None


def packet(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, number: int, rid: str, name: int, marker: bool, stamp: bytes = b""
) -> bytes:
    """`stamp`: a whole element, before the others."""
    elements = stamp + bytes([TRANSPORT << 4 | 1]) + (number & 0xFFFF).to_bytes(2, "big")
    if rid:
        elements += bytes([name << 4 | len(rid) - 1]) + rid.encode()
    elements += bytes(-len(elements) % 4)
    head = struct.pack("!BBHII", 0x90, payload_type | (0x80 if marker else 0), sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return head + b"\xbe\xde" + (len(elements) // 4).to_bytes(2, "big") + elements + payload


def vp8(picture: int, base: int = 0, *, key: bool = False, begins: bool = True, more: bytes = b"picture") -> bytes:
    """A VP8 payload with a picture id of 15 bits and TL0PICIDX (RFC 7741, 4.2)."""
    return bytes([0x80 | (0x10 if begins else 0), 0xC0, 0x80 | picture >> 8 & 0x7F, picture & 0xFF, base & 0xFF, 0x00 if key else 0x01]) + more


