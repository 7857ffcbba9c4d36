"""What the connections of a call measure, and what may be decided from it: the interface between an engine and a bandwidth controller. Pure.

An engine calls `Steering.beat` for each room some ten times a second (a calm one less often: `pause_s`) with what has been measured since the last
time, and carries out what it answers. A decision holds until another one is made; whoever comes new gets everything (`Shown()`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from media.calls.feedback_digest import Told
from media.calls.link_state import LinkState


class LayerMeasured(NamedTuple):
    """One simulcast layer of a publisher's picture, 0 the smallest. `bits`: received in a second, 0 while the publisher does not send it.
    `rid` is its name in the publisher's description, empty without simulcast."""

    rid: str
    bits: float


class Uplink(NamedTuple):
    """What a member sends, as received. `bits`: media of all kinds in a second, headers included. `lost_fraction`: of the packets expected since the
    last beat, before any was repeated (0 to 1). `jitter_s`: of the picture, or of the sound without one (RFC 3550, 6.4.1). `queues`: what had queued
    up on the way, in seconds, for each burst of packets since the last beat, and before it when it came: how much later it was than the fastest of
    the last ten seconds; none when nothing came, one for the beat where the device does not say when it sends."""

    seat: str
    member: str
    connected: bool
    bits: float
    received: int
    lost_fraction: float
    jitter_s: float
    queues: tuple[tuple[float, float], ...]
    layers: tuple[LayerMeasured, ...]
    pictures: bool = True
    """Whether anybody may get his picture (a moderator may have muted it)."""
    may_speak: bool = True
    """Whether anybody may hear him: he has a microphone, and is not muted (a student always is)."""
    spoke: bool = True
    """Sound of his came since the last beat; silence is sound, a microphone that is off is none."""


class Downlink(NamedTuple):
    """What a member is sent. `told`: what his transport-wide feedback told of packets since the last beat (both sound and picture, repeats too).
    `bits`: sent in a second. `rtt_s`: from his receiver reports (LSR and DLSR), None before the first. `lost_fraction`: the largest of his receiver
    reports' since the last beat, None without one. `remb_bits`: what he says he can receive (REMB), None if he does not say."""

    seat: str
    member: str
    connected: bool
    told: Told
    bits: float
    rtt_s: float | None
    lost_fraction: float | None
    remb_bits: int | None
    pictures: bool = True
    """Whether he wants any (语音模式 wants none)."""
    padded_bits: float = 0.0
    """Of `bits`, what was padding."""
    prefers: str = ""
    """The seat whose picture comes before the others' here."""
    reads_image: bool = False
    """An image of the case is open there, and comes over the same link."""


class Picture(Enum):
    """How somebody's picture is shown: moving, a whole picture now and then (`Shown.still_every_s`), or not at all."""

    MOVING = "moving"
    STILLS = "stills"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Shown:
    """`layer`: the largest simulcast layer that may be forwarded (None: the largest there is)."""

    picture: Picture = Picture.MOVING
    layer: int | None = None
    still_every_s: float = 5.0
    still_bits: int | None = None
    """How fast a still may be sent, bits a second: all at once it would stand in the way of the sound (None: as it comes)."""


EVERYTHING = Shown()


@dataclass(frozen=True, slots=True)
class Decisions:
    """`send_bits`: by seat, what its member is told he may send at most (REMB); `shown`: by receiving seat and seen seat; `links`: by seat, what
    people are told of his link and his device does itself. By receiving seat, in bits a second: `fill_bits`, how much padding is sent beside, in
    packets of at most 224 bytes (as libwebrtc pads), so that his link can show that it bears more; `repeat_bits`, how much of what he lost may be
    sent again. `flooded`: seats whose link up is full and loses: what was lost is not to be sent again while it does, nor a whole picture."""

    send_bits: dict[str, int]
    shown: dict[tuple[str, str], Shown]
    links: dict[str, LinkState] = field(default_factory=dict)
    fill_bits: dict[str, int] = field(default_factory=dict)
    repeat_bits: dict[str, int] = field(default_factory=dict)
    flooded: frozenset[str] = frozenset()


class Steering(Protocol):
    """One for an engine; keeps what it knows by room."""

    def beat(self, room: str, uplinks: Sequence[Uplink], downlinks: Sequence[Downlink], now: float) -> Decisions: ...

    def pause_s(self, room: str) -> float:
        """How long the room need not be looked at again after its last beat, if its connections notice nothing (`uneasy`)."""
        ...

    def forget(self, room: str) -> None:
        """The room is closed."""
        ...
