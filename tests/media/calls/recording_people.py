"""Somebody who claps: a white picture and a beep at the same moments, to be found again in what was recorded."""

from __future__ import annotations

import asyncio
import fractions
import math
import time
from pathlib import Path
from typing import Any

import av
from aiortc import MediaStreamTrack

RATE = 48_000
EVERY_S, CLAP_S = 1.0, 0.12


LOUD = b"".join(int(12_000 * math.sin(2 * math.pi * index / 48)).to_bytes(2, "little", signed=True) for index in range(960))
QUIET = bytes(1920)


def beep_frame(number: int) -> av.AudioFrame:
    """The 20 ms of sound with this number."""
    frame = av.AudioFrame(format="s16", layout="mono", samples=960)
    frame.planes[0].update(LOUD if number * 960 / RATE % EVERY_S < CLAP_S - 0.001 else QUIET)
    frame.pts, frame.sample_rate, frame.time_base = number * 960, RATE, fractions.Fraction(1, RATE)
    return frame


def flash_frame(number: int, rate: int) -> av.VideoFrame:
    """The picture with this number of `rate` a second."""
    frame = av.VideoFrame(160, 120, "yuv420p")
    white = number / rate % EVERY_S < CLAP_S
    for index, plane in enumerate(frame.planes):
        plane.update(bytes([235 if white else 16] if index == 0 else [128]) * plane.buffer_size)
    frame.pts, frame.time_base = number * 90_000 // rate, fractions.Fraction(1, 90_000)
    return frame


class Clock:
    """One beginning for sound and picture of one person."""

    def __init__(self) -> None:
        self.began = time.monotonic()


class Beep(MediaStreamTrack):
    """Silence with a tone of `CLAP_S` at every whole second."""

    kind = "audio"

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._samples, self._clock = 0, clock

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._clock.began + self._samples / RATE - time.monotonic()))
        self._samples += 960
        return beep_frame(self._samples // 960 - 1)


class Flash(MediaStreamTrack):
    """Black, and white for `CLAP_S` at every whole second."""

    kind = "video"

    def __init__(self, clock: Clock, rate: int = 25) -> None:
        super().__init__()
        self._count, self._rate, self._clock = 0, rate, clock

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(max(0.0, self._clock.began + self._count / self._rate - time.monotonic()))
        self._count += 1
        return flash_frame(self._count - 1, self._rate)


def claps(path: Path) -> tuple[list[float], list[float]]:
    """When the picture turns white, and when the tone begins, in seconds, as PyAV decodes the file."""
    seen, heard = [], []
    with av.open(str(path)) as file:
        before = False
        for frame in file.decode(video=0):
            white = bytes(frame.planes[0])[frame.planes[0].line_size * 60 + 80] > 128
            if white and not before:
                seen.append(float(frame.pts * frame.time_base))
            before = white
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            at = _first_loud(frame)
            if at is not None and (not heard or at - heard[-1] > EVERY_S / 2):
                heard.append(at)
    return seen, heard


def _first_loud(frame: Any) -> float | None:
    samples = frame.to_ndarray()[0]
    step = 1 if frame.format.is_planar else len(frame.layout.channels)
    loud = [index for index in range(0, len(samples), step) if abs(float(samples[index])) > (0.15 if "flt" in frame.format.name else 5000)]
    return float(frame.pts * frame.time_base) + loud[0] / step / RATE if loud else None
