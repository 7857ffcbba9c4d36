"""What is said of a recording that is put together; light, for whoever only names it."""

from __future__ import annotations

from dataclasses import dataclass

WEBM, MP4 = "video/webm", "video/mp4"


class RecordingBusy(Exception):
    """It is still being written, or somebody else puts it together right now: to be tried again."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """`at`: microseconds since 1970."""

    at: int
    title: str


@dataclass(frozen=True, slots=True)
class Muxed:
    """What is in a file: its length in milliseconds, how many frames of each kind, how many pictures were left out because a part was lost."""

    media_type: str
    length_ms: int
    sounds: int
    pictures: int
    left_out: int
