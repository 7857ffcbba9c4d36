"""Who sits on a seat of a room that a Janus carries: his two handles and what his slots are fed with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from media.calls.engine import Limits, MemberUnknown, Recorder, Slot
from media.calls.janus import requests
from media.calls.janus.nodes import JanusNode
from media.calls.janus.requests import Feed
from media.calls.janus.taps import Tap


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One media section of what a member receives."""

    seat: str
    kind: str
    mid: str


@dataclass(eq=False)
class Member:
    """`publisher`: his number in Janus's room, new with each join. `sends`: the mid of each kind that he sends."""

    room: Room
    seat: str
    id: str
    publisher: int
    token: str
    node: JanusNode
    private_id: int = 0
    publish_handle: int = 0
    subscribe_handle: int = 0
    sends: dict[str, str] = field(default_factory=dict)
    codecs: frozenset[str] | None = None
    """What his picture can be, as he offered; None when he offered none."""
    picture: str | None = None
    """The codec of what he sends."""
    shown: str = "VP8"
    """The codec of the pictures that his slots can carry."""
    lines: tuple[SlotLine, ...] = ()
    limits: Limits = field(default_factory=Limits)
    offer: str = ""
    answer: str = ""
    connected: bool = False
    held: bool = False
    """Janus holds his limits. Before that nobody gets anything of his."""
    receiving: bool = False
    gone: bool = False
    fed: dict[str, Feed | None] = field(default_factory=dict)
    """What each slot (by its mid) gets now; None when its publisher went away and Janus stopped the slot."""
    sent: dict[str, bool] = field(default_factory=dict)
    """Whether each slot is sent at all, as Janus was told last."""
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    taps: list[Tap] = field(default_factory=list)

    def feed(self, kind: str) -> Feed | None:
        mid = self.sends.get(kind)
        return Feed(self.publisher, mid) if mid is not None and self.held and not self.gone else None

    def wanted(self) -> dict[str, Feed]:
        """What each slot that somebody fills should get."""
        found = {line.mid: self.room.feed(line.seat, line.kind, self.shown) for line in self.lines}
        return {mid: feed for mid, feed in found.items() if feed is not None}

    def sending(self) -> dict[str, bool]:
        """Whether each slot should be sent."""
        return {line.mid: line.kind not in self.limits.unwanted for line in self.lines}

    def lost(self, publisher: int) -> None:
        """`publisher` is gone: Janus stops every slot that he fed."""
        for mid, feed in self.fed.items():
            if feed is not None and feed.publisher == publisher:
                self.fed[mid] = None


class Room:
    """The seats of one call and who sits on them, by seat. `node` is None while no Janus carries it."""

    def __init__(self, name: str, seats: tuple[str, ...]) -> None:
        self.name, self.seats = name, seats
        self.members: dict[str, Member] = {}
        self.codec: str | None = None
        """Of everybody's pictures; None until somebody shows one."""
        self.recorder: Recorder | None = None
        self.node: JanusNode | None = None
        self.number = 0
        self.secret = ""
        self.dummy = 0
        """The publisher in Janus's room who never sends anything and holds the places."""
        self.control = 0
        """The handle that the room is governed over."""
        self.placing = asyncio.Lock()

    def by_id(self, member: str) -> Member:
        for one in self.members.values():
            if one.id == member:
                return one
        raise MemberUnknown

    def others(self, seat: str) -> tuple[str, ...]:
        return tuple(one for one in self.seats if one != seat)

    def feed(self, seat: str, kind: str, codec: str) -> Feed | None:
        """What fills the slot of `seat` for whoever can be shown pictures of `codec`."""
        member = self.members.get(seat)
        return None if member is None or (kind == "video" and member.picture != codec) else member.feed(kind)

    def slots(self, seat: str) -> tuple[Slot, ...]:
        return tuple(Slot(other, stream_of(other)) for other in self.others(seat))


def stream_of(seat: str) -> str:
    return f"seat-{seat}"


def slot_lines(seats: Iterable[str], dummy: int, codec: str) -> tuple[tuple[SlotLine, Feed], ...]:
    """A slot of sound and one of pictures of `codec` for each seat, in the order in which Janus numbers them, each with the dummy that holds its
    place."""
    wanted = [(seat, kind, name) for seat in seats for kind, name in (("audio", "opus"), ("video", codec))]
    return tuple((SlotLine(seat, kind, str(number)), Feed(dummy, requests.DUMMY[name])) for number, (seat, kind, name) in enumerate(wanted))
