"""What a call engine can do, whatever carries it: the same contract tests hold for all.

A room has seats. Whoever joins sends what he has over one connection (he offers, the engine answers) and receives
everybody else over a second one (the engine offers, so that payload types are its own). That second connection has one slot for each other
seat; who comes, goes and comes back is heard and seen in the same slot, and nothing is negotiated anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from media.calls.link_state import LinkState

MOST_SEATS = 8
LONGEST_DESCRIPTION = 64 * 1024
"""Characters of a session description; a browser's has about 6,000."""


class CallError(Exception):
    """A request that the engine refuses; `code` is stable."""

    code = "call"


class RoomUnknown(CallError):
    code = "room.unknown"


class SeatUnknown(CallError):
    code = "seat.unknown"


class MemberUnknown(CallError):
    code = "member.unknown"


class DescriptionRefused(CallError):
    """The session description cannot be read, or offers nothing the room can carry (opus; VP8 or H.264)."""

    code = "description.refused"


class RoomsFull(CallError):
    """The room was asked for with more seats than a room can have."""

    code = "room.too_large"


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the member at `seat` is received: `stream` is the stream's id in the engine's offer."""

    seat: str
    stream: str


@dataclass(frozen=True, slots=True)
class Joined:
    """`answer` to what the member offered to send; `offer` of what he will receive, with its slots."""

    answer: str
    offer: str
    slots: tuple[Slot, ...]


EventKind = Literal["connected", "gone", "failed", "renew"]
"""connected: the member's media arrives; gone: his connection ended; failed: it never came about; renew: he is to publish again, for the room's
pictures have another codec now (somebody came who cannot do the one before). Until then he is heard, and seen by whoever can see it."""


@dataclass(frozen=True, slots=True)
class MediaEvent:
    room: str
    seat: str
    member: str
    kind: EventKind


@dataclass(frozen=True, slots=True)
class StreamStats:
    """One kind of media of one member, counted in packets since he joined. `lost`: of those he sent, as in his receiver reports."""

    kind: str
    received: int
    received_bytes: int
    lost: int
    forwarded: int
    retransmitted: int
    keyframe_requests: int


@dataclass(frozen=True, slots=True)
class MemberStats:
    seat: str
    member: str
    connected: bool
    receiving: bool
    streams: tuple[StreamStats, ...]


@dataclass(frozen=True, slots=True)
class RoomStats:
    room: str
    members: tuple[MemberStats, ...]


@dataclass(frozen=True, slots=True)
class EngineStats:
    """`decoders` and `encoders`: how many were ever made in this process. An engine that forwards makes none."""

    rooms: tuple[RoomStats, ...]
    decoders: int
    encoders: int
    threads: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for one member. `send_bits`: what he may send at most, picture and sound together, in bits a second (None: the engine's own
    ceiling). `muted`: kinds of his media (audio, video) that nobody gets, whatever his device does. `unwanted`: kinds that he does not get of
    the others (语音模式). `prefers`: the seat whose picture comes before the others' on his link (he has made it large). `reads_image`: an image of
    the case is open on his device, comes over the same link, and before faces."""

    send_bits: int | None = None
    muted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()
    prefers: str = ""
    reads_image: bool = False


class Recorder(Protocol):
    """Takes what the members of a room send. Called on the engine's event loop; must not block it."""

    def packet(self, seat: str, member: str, kind: str, codec: str, at: float, data: bytes) -> None:
        """One RTP packet as it was sent, decrypted, header included, in the order of arrival; a retransmission as the packet it repeats.
        `kind`: audio or video; `codec`: opus, VP8, H264; `at`: the engine's clock, in seconds."""
        ...

    def report(self, seat: str, member: str, kind: str, codec: str, at: float, ssrc: int, ntp: int, timestamp: int) -> None:
        """What the sender's report says of one stream (RFC 3550, 6.4.1): his clock (`ntp`, 64 bits) when its RTP clock stood at `timestamp`. With
        these sound and picture can be laid over each other later."""
        ...


@dataclass(frozen=True, slots=True)
class LinkNews:
    """How the links of a member are, what is done about it and what he is to send; told when it changes, at most once a second."""

    room: str
    seat: str
    member: str
    state: LinkState


Tell = Callable[[MediaEvent | LinkNews], None]


class Engine(Protocol):
    """Every method is called on one event loop. Errors are `CallError`s and leave everything as it was."""

    async def create_room(self, room: str, seats: Sequence[str]) -> None:
        """Make the room, or add to it the seats that it does not have yet; whoever is in it gets their slots when he joins again. RoomsFull
        for more than MOST_SEATS seats."""
        ...

    async def join(self, room: str, seat: str, member: str, offer: str) -> Joined:
        """Take `seat` and answer what the member offers to send; whoever sat there before is out (event `gone`, unless it was
        the same member with older connections)."""
        ...

    async def accept(self, room: str, member: str, answer: str) -> None:
        """The member's answer to the engine's offer."""
        ...

    async def leave(self, room: str, member: str) -> None:
        """Nothing happens when he is gone already. The room stays until it is closed."""
        ...

    async def limit(self, room: str, member: str, limits: Limits) -> None:
        """From now on these limits hold for him, and no others. A new connection begins without any."""
        ...

    async def record(self, room: str, recorder: Recorder | None) -> None:
        """Give what everybody in the room sends to `recorder` too, until None is given. Whether it may be is the caller's to know."""
        ...

    async def stats(self) -> EngineStats: ...

    async def close_room(self, room: str) -> None:
        """Everybody is out; nothing happens when there is no such room."""
        ...

    async def close(self) -> None: ...
