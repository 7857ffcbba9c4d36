"""Pictures and sound encoded beforehand, so that the load client encodes nothing: real VP8 at some 800 kbit/s, 640x480, 25 a second; real opus."""

from __future__ import annotations

import fractions
import random
from dataclasses import dataclass

import av
from aiortc.codecs import get_encoder
from aiortc.codecs.opus import OpusEncoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

WIDTH, HEIGHT, RATE = 640, 480, 25
BITS = 800_000
LINES = 24
"""Of noise in each picture: what makes it so large."""
SECONDS = 4
STAMP = 16
"""Bytes at the end of a packet of a picture that a stamp may overwrite: noise for a decoder, nothing to a forwarder."""


@dataclass(frozen=True)
class Clip:
    """`pictures`: the payloads of each, the first a whole one; `sounds`: 20 ms each."""

    pictures: list[list[bytes]]
    sounds: list[bytes]


def make(seed: int = 7) -> Clip:
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    encoder = get_encoder(RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=97))
    assert isinstance(encoder, Vp8Encoder)
    encoder.target_bitrate = BITS
    noise = [rng.randbytes(WIDTH * HEIGHT // 2) for _ in range(5)]
    pictures = []
    for count in range(RATE * SECONDS):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for index, plane in enumerate(frame.planes):
            fill = bytearray(bytes([90 + index]) * plane.buffer_size)
            if index == 0:
                band = (count * 7 % 300) * WIDTH
                fill[band : band + WIDTH * LINES] = noise[count % 5][: WIDTH * LINES]
            plane.update(bytes(fill))
        frame.pts, frame.time_base = count * 90000 // RATE, fractions.Fraction(1, 90000)
        payloads, _ = encoder.encode(frame, force_keyframe=count == 0)
        pictures.append(payloads)
    return Clip(pictures, _sounds(rng))


def _sounds(rng: random.Random) -> list[bytes]:
    encoder = get_encoder(RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48000, channels=2, payloadType=96))
    assert isinstance(encoder, OpusEncoder)
    encoder.codec.bit_rate = 32_000
    found: list[bytes] = []
    for count in range(60):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.planes[0].update(bytes(rng.randrange(256) if place % 2 else 0 for place in range(frame.planes[0].buffer_size)))
        frame.pts, frame.sample_rate, frame.time_base = count * 960, 48000, fractions.Fraction(1, 48000)
        payloads, _ = encoder.encode(frame)
        found += payloads
    return found
