"""People with aiortc: they send a test picture and a tone, and count what they decode of the others. Real ICE, DTLS, SRTP, VP8 and opus."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import Awaitable, Callable
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

RATE = 48000


class Tone(MediaStreamTrack):
    """20 ms of sound at a time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._samples = 0
        self._began = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._began + self._samples / RATE - time.monotonic()))
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        for plane in frame.planes:
            plane.update(bytes(i * 37 % 256 for i in range(plane.buffer_size)))
        frame.pts, frame.sample_rate, frame.time_base = self._samples, RATE, fractions.Fraction(1, RATE)
        self._samples += 960
        return frame


class Picture(MediaStreamTrack):
    """A small moving picture whose brightness tells who sends it."""

    kind = "video"

    def __init__(self, grey: int, rate: int = 10) -> None:
        super().__init__()
        self._grey, self._rate, self._count, self._began = grey, rate, 0, time.monotonic()

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(max(0.0, self._began + self._count / self._rate - time.monotonic()))
        frame = av.VideoFrame(160, 120, "yuv420p")
        for index, plane in enumerate(frame.planes):
            fill = bytearray([self._grey if index == 0 else 128]) * plane.buffer_size
            if index == 0:
                fill[self._count % 100 : self._count % 100 + 8] = b"\xff" * 8
            plane.update(bytes(fill))
        frame.pts, frame.time_base = self._count * 90000 // self._rate, fractions.Fraction(1, 90000)
        self._count += 1
        return frame


class Client:
    """One person in a call: `join` is given what asks the engine (or the signalling socket) for him. `codecs`: what his device can do with
    pictures."""

    def __init__(self, seat: str, grey: int = 60, *, video: bool = True, codecs: tuple[str, ...] = ("VP8", "H264")) -> None:
        self.seat, self.grey, self.video, self.codecs = seat, grey, video, codecs
        self.sending = _connection()
        self.receiving = _connection()
        self.heard: dict[str, int] = {}
        self.seen: dict[str, int] = {}
        self.brightness: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def offer(self) -> str:
        self.sending.addTrack(Tone())
        if self.video:
            self.sending.addTrack(Picture(self.grey))
        for transceiver in self.sending.getTransceivers():
            able = [one for one in RTCRtpReceiver.getCapabilities(transceiver.kind).codecs if self._can(one)]
            transceiver.setCodecPreferences(able)
        await self.sending.setLocalDescription(await self.sending.createOffer())
        return self.sending.localDescription.sdp

    def _can(self, codec: Any) -> bool:
        return codec.mimeType.startswith("audio/") or codec.name in ("rtx", *self.codecs)

    async def take(self, answer: str, offer: str, streams: dict[str, str]) -> str:
        """Apply both descriptions; `streams` gives the seat of each stream id; the answer to the second."""
        await self.sending.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        sections = _stream_of_sections(offer)

        async def follow(track: Any, seat: str, counts: dict[str, int]) -> None:
            while True:
                try:
                    frame = await track.recv()
                except MediaStreamError:
                    return
                counts[seat] = counts.get(seat, 0) + 1
                if isinstance(frame, av.VideoFrame):
                    self.brightness[seat] = bytes(frame.planes[0])[frame.planes[0].line_size * 60 + 80]

        for missing in {"VP8", "H264"} - {*self.codecs}:
            offer = offer.replace(f" {missing}/90000", " unknown/90000")
        await self.receiving.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        for transceiver in self.receiving.getTransceivers():
            seat = streams[sections[transceiver.mid]]
            track = transceiver.receiver.track
            self._tasks.append(asyncio.create_task(follow(track, seat, self.heard if track.kind == "audio" else self.seen)))
        await self.receiving.setLocalDescription(await self.receiving.createAnswer())
        return self.receiving.localDescription.sdp

    async def join(self, engine: Any, room: str, member: str = "") -> None:
        """Straight into an engine, or whatever has its `join` and `accept`."""
        joined = await engine.join(room, self.seat, member or self.seat, await self.offer())
        answer = await self.take(joined.answer, joined.offer, {slot.stream: slot.seat for slot in joined.slots})
        await engine.accept(room, member or self.seat, answer)

    async def close(self) -> None:
        await self.sending.close()
        await self.receiving.close()
        for task in self._tasks:
            task.cancel()


def _connection() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def _stream_of_sections(sdp: str) -> dict[str, str]:
    """Stream id of each media section, by its mid."""
    found = {}
    for section in sdp.split("\nm=")[1:]:
        lines = {line.partition(":")[0]: line.partition(":")[2].strip() for line in section.splitlines() if line.startswith("a=")}
        found[lines["a=mid"]] = lines["a=msid"].split()[0]
    return found


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for `condition`; TimeoutError when it does not come."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - counts of somebody else's task
            await asyncio.sleep(0.05)


async def call(engine: Any, room: str, seats: dict[str, int], gather: Callable[..., Awaitable[Any]] = asyncio.gather) -> dict[str, Client]:
    """Everybody of `seats` (with his brightness) in one room."""
    people = {seat: Client(seat, grey) for seat, grey in seats.items()}
    await gather(*(one.join(engine, room) for one in people.values()))
    return people


def all_decode_all(people: dict[str, Client], more: int = 5) -> Callable[[], bool]:
    """Everybody decodes `more` further pictures and sounds of everybody else."""
    before = {(me, other): (one.heard.get(other, 0), one.seen.get(other, 0)) for me, one in people.items() for other in people if other != me}

    def done() -> bool:
        return all(
            people[me].heard.get(other, 0) >= heard + more and people[me].seen.get(other, 0) >= seen + more
            for (me, other), (heard, seen) in before.items()
        )

    return done
