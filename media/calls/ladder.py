"""What a picture and a voice cost, from the best to the least: the ladder that a call walks down on a weak link. Pure; bits a second with headers.

Rates of pictures: between the least and the most that libwebrtc gives VP8 of that size (simulcast.cc: 1920x1080 800–5000 kbit/s, 1280x720 600–2500,
640x360 150–700, 320x180 30–200); the least here is higher, because a rung is entered where it looks better than the one below. Sound: opus at
32 and at 12 kbit/s, both inside what RFC 7587, 3.1.1 and RFC 6716, 2.1.1 give for speech (wideband 16–20, fullband mono 28–40, narrowband 8–12);
50 packets a second carry another 25 kbit/s of headers (IP 20, UDP 8, RTP 12, extensions 12, SRTP 10 bytes). Saved sound has 60 ms in a packet
(RFC 7587, 4.2 allows 3 to 120): 17 a second and 8 kbit/s of headers, for 40 ms more of delay; it keeps its in-band FEC (RFC 6716, 2.1.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Rung(IntEnum):
    """Of a picture, from nothing to the best."""

    NONE = 0
    STILLS = 1
    P180 = 2
    P360 = 3
    P480 = 4
    P720 = 5
    P1080 = 6


@dataclass(frozen=True, slots=True)
class Step:
    """`least`: below it the next rung down is better; `most`: more than this shows nothing more; `height` in lines; `rate` in pictures a second."""

    least: int
    most: int
    height: int
    rate: float


STEPS: dict[Rung, Step] = {
    Rung.NONE: Step(0, 0, 0, 0.0),
    Rung.STILLS: Step(20_000, 30_000, 180, 0.25),
    Rung.P180: Step(60_000, 200_000, 180, 15.0),
    Rung.P360: Step(180_000, 500_000, 360, 20.0),
    Rung.P480: Step(450_000, 1_200_000, 480, 25.0),
    Rung.P720: Step(1_000_000, 2_000_000, 720, 25.0),
    Rung.P1080: Step(2_000_000, 4_000_000, 1080, 25.0),
}
STILL_EVERY_S = 4.0
"""A whole picture of 180 lines has 5 to 10 kB."""


@dataclass(frozen=True, slots=True)
class Sound:
    """`codec_bits` is what opus is set to, `bits` what it costs on the wire."""

    codec_bits: int
    bits: int


FULL_SOUND = Sound(32_000, 60_000)
SAVING_SOUND = Sound(12_000, 22_000)


def rung_for(bits: float) -> Rung:
    """The best rung that `bits` bear; none when not even that many are left."""
    return max((rung for rung, step in STEPS.items() if bits >= step.least), default=Rung.NONE)


def sound_for(bits: float, voices: int) -> Sound:
    """How `voices` are carried by a link of `bits`: sound is saved only where pictures are gone already."""
    return FULL_SOUND if bits >= voices * FULL_SOUND.bits else SAVING_SOUND
