"""A light load client for call servers: real WebRTC handshakes, then packets encoded beforehand, straight from memory. Its receivers count, look at
the stamp of every seventh packet of a picture, and report as browsers do: transport-wide feedback, receiver reports, requests for what is missing.
"""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from benchmarks.support import arrival_stamps
from benchmarks.support.call_clip import RATE, STAMP, Clip
from media.calls import hooks, rtp, wire
from media.calls.reception import Reception
from media.calls.transport_feedback import Arrivals
from media.calls.wire import Wire

SEATS = ("patient", "village_doctor", "expert")
TICK_S = 0.005
LATE_S = 0.010
FEEDBACK_S = 0.1
"""How often libwebrtc sends transport-wide feedback by default."""
SOUND_S = 0.02
EVERY = 7
_STAMP = struct.Struct("!8sd")
_MAGIC = b"when-was"
_HEAD = struct.Struct("!BBHII")


class Server(Protocol):
    """A call server to be measured. Further ones (Janus, native) are put beside the others in benchmarks/call_capacity.py."""

    name: str
    stamps: bool
    """Whether the packets of a picture come out as they went in."""

    @property
    def pids(self) -> list[int]: ...

    async def publish(self, room: str, seat: str, offer: str) -> str:
        """The answer to what the seat sends."""
        ...

    async def subscribe(self, room: str, seat: str) -> str:
        """The offer of what the others send; after everybody's `publish`."""
        ...

    async def accept(self, room: str, seat: str, answer: str) -> None: ...


@dataclass
class Counts:
    """Of all clients together, since `begin`."""

    sent: int = 0
    received: int = 0
    repeated: int = 0
    late: int = 0
    ticks: int = 0
    latencies: list[float] = field(default_factory=list)

    def begin(self) -> None:
        self.sent = self.received = self.repeated = self.late = self.ticks = 0
        self.latencies = []


def _connection() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


class Sender:
    """What one seat sends; `phase` (0 to 1) of a picture's time after the others."""

    def __init__(self, clip: Clip, counts: Counts, phase: float, *, stamps: bool) -> None:
        self.connection = _connection()
        self._clip, self._counts, self._stamps, self._phase = clip, counts, stamps, phase
        self._wire = Wire(time.monotonic, lambda at, view, size, now: None, self._report)
        self._picture = self._sound = 0
        self._picture_at = self._sound_at = float("inf")
        self._sequences = {"audio": 0, "video": 0}
        self._numbers: dict[str, tuple[int, int]] = {}
        self._pictures_sent = 0

    async def offer(self) -> str:
        for kind in ("audio", "video"):
            transceiver = self.connection.addTransceiver(kind, direction="sendonly")
            hooks.make_inert(transceiver)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self._wire.take(self.connection)
        return str(self.connection.localDescription.sdp)

    async def connect(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await _connected(self.connection)
        for transceiver in self.connection.getTransceivers():
            codec = hooks.codec_of(transceiver, "opus" if transceiver.kind == "audio" else "VP8")
            assert codec is not None
            self._numbers[transceiver.kind] = codec.payload_type, hooks.ssrcs_of(transceiver.sender)[0]
            number = hooks.extensions_of(transceiver).get(hooks.TRANSPORT_NUMBER, 0)
            self._wire.tag = number << 4 | 1 if number else 0
        self._wire.follow()
        now = time.monotonic()
        self._picture_at, self._sound_at = now + self._phase / RATE, now + self._phase * SOUND_S

    def _report(self, data: bytes, now: float) -> None:
        for told in rtp.read_rtcp(data):
            if isinstance(told, rtp.PictureLost):
                self._picture = 0

    def tick(self, now: float) -> None:
        while self._sound_at <= now:
            self._counts.late += now - self._sound_at > LATE_S
            self._counts.ticks += 1
            self._sound_at += SOUND_S
            payload = self._clip.sounds[self._sound % len(self._clip.sounds)]
            self._send("audio", payload, self._sound * 960, True, now)
            self._sound += 1
        while self._picture_at <= now:
            self._picture_at += 1 / RATE
            payloads = self._clip.pictures[self._picture % len(self._clip.pictures)]
            stamp = _STAMP.pack(_MAGIC, arrival_stamps.now())
            for place, payload in enumerate(payloads, 1):
                stamped = payload[:-STAMP] + stamp if self._stamps and len(payload) > 4 * STAMP else payload
                self._send("video", stamped, self._pictures_sent * 90000 // RATE, place == len(payloads), now)
            self._wire.flush()  # what this client does for others first is no part of how long a server takes
            self._picture += 1
            self._pictures_sent += 1

    def _send(self, kind: str, payload: bytes, timestamp: int, marker: bool, now: float) -> None:
        payload_type, ssrc = self._numbers[kind]
        self._sequences[kind] = (self._sequences[kind] + 1) & 0xFFFF
        self._wire.send(payload_type | (0x80 if marker else 0), self._sequences[kind], timestamp & 0xFFFFFFFF, ssrc, payload, len(payload), now)
        self._counts.sent += 1


class Receiver:
    """What one seat gets of the others; `phase` (0 to 1) of the time between two reports after the others, as devices that know nothing of each
    other report."""

    def __init__(self, counts: Counts, phase: float) -> None:
        self.connection = _connection()
        self._counts = counts
        self._wire = Wire(time.monotonic, self._packet, lambda data, now: None)
        self._streams: dict[int, Reception] = {}
        self._arrivals = Arrivals(1, interval_s=FEEDBACK_S)
        self._numbers: dict[int, float] = {}
        self._again: set[int] = set()
        self._pictures: set[int] = set()
        self._since = 0
        now = time.monotonic()
        self._report_at, self._tell_at = now + phase, now + phase * FEEDBACK_S

    async def answer(self, offer: str) -> str:
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for transceiver in self.connection.getTransceivers():
            hooks.make_inert(transceiver)
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        self._wire.take(self.connection)
        for port in self._wire._ports:
            arrival_stamps.stamp(port)
        return str(self.connection.localDescription.sdp)

    async def connect(self) -> None:
        await _connected(self.connection)
        for transceiver in self.connection.getTransceivers():
            codec = hooks.codec_of(transceiver, "opus" if transceiver.kind == "audio" else "VP8")
            number = hooks.extensions_of(transceiver).get(hooks.TRANSPORT_NUMBER, 0)
            self._wire.tag = number << 4 | 1 if number else 0
            if transceiver.kind == "video" and codec is not None:
                self._pictures.add(codec.payload_type)
                self._again.add(codec.again_payload_type or 0)
        self._wire.follow()

    def _packet(self, at: Any, view: memoryview, size: int, now: float) -> None:
        first, second, sequence, timestamp, ssrc = _HEAD.unpack_from(view)
        offset = 12
        if first & 0x10:
            if view[16] == self._wire.tag:
                self._numbers[view[17] << 8 | view[18]] = now
            offset = 16 + 4 * (view[14] << 8 | view[15])
        payload_type = second & 0x7F
        if payload_type in self._again:
            self._counts.repeated += 1
            return
        self._counts.received += 1
        stream = self._streams.get(ssrc)
        if stream is None:
            picture = payload_type in self._pictures
            stream = self._streams[ssrc] = Reception(ssrc, 90000 if picture else 48000, repairs=picture)
        if stream.highest >= 0 and sequence == (stream.highest + 1) & 0xFFFF:
            stream.highest += 1
            stream.received += 1
        else:
            stream.arrived(sequence, timestamp, size - offset, now)
        if payload_type in self._pictures:
            self._since += 1
            if self._since == EVERY:
                self._since = 0
                magic, sent_at = _STAMP.unpack(view[size - STAMP : size])
                if magic == _MAGIC:
                    self._counts.latencies.append(arrival_stamps.came_at(at) - sent_at)

    def tick(self, now: float) -> None:
        if not self._streams:
            return
        named = next(iter(self._streams))
        if now >= self._tell_at:
            self._tell_at += FEEDBACK_S
            self._tell(named, now)
            for stream in self._streams.values():
                if stream.repairs and stream.gaps:
                    missing, hopeless = stream.to_ask_for(now)
                    if missing:
                        self._wire.report(rtp.nack(1, stream.ssrc, missing))
                    if hopeless:
                        self._wire.report(rtp.picture_loss(1, stream.ssrc))
        if now >= self._report_at:
            self._report_at += 1
            self._wire.report(rtp.receiver_report(1, [one.block(now) for one in self._streams.values()]))


    def _tell(self, named: int, now: float) -> None:
        message = self._arrivals.in_order(self._numbers, named, now)
        if message is not None:
            self._wire.report(message)
        else:
            for number, at in self._numbers.items():
                self._arrivals.arrived(number, at)
            for late in self._arrivals.messages(named, now):
                self._wire.report(late)
        self._numbers.clear()


async def _connected(connection: RTCPeerConnection) -> None:
    async with asyncio.timeout(60):
        while connection.connectionState != "connected":  # noqa: ASYNC110 - waits for the other side
            await asyncio.sleep(0.02)


class Load:
    """`rooms` rooms of three on one server."""

    def __init__(self, server: Server, clip: Clip) -> None:
        self._server, self._clip = server, clip
        self.counts = Counts()
        self._senders: list[Sender] = []
        self._receivers: list[Receiver] = []
        self._ticking: asyncio.Task[None] | None = None

    async def add(self, room: str, phase: float) -> None:
        senders = [Sender(self._clip, self.counts, (phase + place / 3) % 1, stamps=self._server.stamps) for place in range(len(SEATS))]
        answers = [await self._server.publish(room, seat, await sender.offer()) for seat, sender in zip(SEATS, senders, strict=True)]
        await asyncio.gather(*(sender.connect(answer) for sender, answer in zip(senders, answers, strict=True)))
        for place, seat in enumerate(SEATS):
            receiver = Receiver(self.counts, (3 * phase + place / 3) % 1)
            await self._server.accept(room, seat, await receiver.answer(await self._server.subscribe(room, seat)))
            await receiver.connect()
            self._receivers.append(receiver)
        self._senders += senders

    def start(self) -> None:
        arrival_stamps.watch()
        self._ticking = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            for sender in self._senders:
                sender.tick(now)
            wire.flush()
            for receiver in self._receivers:
                receiver.tick(now)
            wire.flush()

    async def close(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        for one in (*self._senders, *self._receivers):
            one._wire.close()
            await one.connection.close()
