"""How web processes ask media processes over Redis, and how they find the one that carries a room. Light: no aiortc here.

`huizhen:media:to:<node>`      publish/subscribe: requests (`Request`, JSON) to one media process; nobody listening means that it is gone
`huizhen:media:from:<asker>`   publish/subscribe: the replies (`Reply`) to one web process
`huizhen:media:room:<room>`    publish/subscribe: what happens in a room: `News` of the media process, and what web processes tell each other
`huizhen:media:nodes`          hash: node → number of its rooms; a node that nobody listens to is dropped from it by whoever notices
`huizhen:media:place:<room>`   string: the node that carries the room; refreshed while the room lives
`huizhen:media:janus:draining` set: names of the Janus servers that take no new room (an operator's wish; kept)
`huizhen:media:janus:<node>`   string: how one media process finds its Janus servers (`JanusSeen`, JSON), for a few seconds

A node's name holds a random part: a process that was killed and came up again is another node, so nothing is ever sent to a room's ghost.
Nothing here is kept: when a message is lost the asker hears nothing, says so after `REPLY_S`, and the client joins again.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from media.calls.link_state import Colour, Done

PREFIX = "huizhen:media:"
NODES = f"{PREFIX}nodes"
JANUS_DRAINING = f"{PREFIX}janus:draining"
JANUS_SEEN_S = 10
REPLY_S = 8.0
RECORD_LEASE_S = 30.0
PLACE_LIFE_S = 120
"""A room's place is forgotten this long after its node last said that it is there."""


def to_node(node: str) -> str:
    return f"{PREFIX}to:{node}"


def from_asker(asker: str) -> str:
    return f"{PREFIX}from:{asker}"


def room_channel(room: str) -> str:
    return f"{PREFIX}room:{room}"


def place_of(room: str) -> str:
    return f"{PREFIX}place:{room}"


def janus_of(node: str) -> str:
    return f"{PREFIX}janus:{node}"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Kind = Literal["audio", "video"]


class LimitsOf(_Message):
    """What holds for one member (`media.calls.engine.Limits`)."""

    send_bits: int | None = None
    muted: tuple[Kind, ...] = ()
    unwanted: tuple[Kind, ...] = ()
    prefers: str = ""
    reads_image: bool = False


class CreateRoom(_Message):
    """Make the room, or add to it the seats that it does not have yet."""

    op: Literal["create"] = "create"
    room: str
    seats: tuple[str, ...]


class Join(_Message):
    """Take a seat; the room is made when it is not there. Answered by `JoinedReply`. `limits` hold before anything of him is passed on."""

    op: Literal["join"] = "join"
    room: str
    seats: tuple[str, ...]
    seat: str
    member: str
    offer: str
    limits: LimitsOf | None = None


class Limit(_Message):
    """From now on these limits hold for the member, and no others."""

    op: Literal["limit"] = "limit"
    room: str
    member: str
    limits: LimitsOf


class Accept(_Message):
    op: Literal["accept"] = "accept"
    room: str
    member: str
    answer: str


class Leave(_Message):
    op: Literal["leave"] = "leave"
    room: str
    member: str


class CloseRoom(_Message):
    op: Literal["close"] = "close"
    room: str


class Record(_Message):
    """Record what `members` send, and nobody else, sealed for `public_key` (X25519, hex; the process that writes cannot read it). Said again and
    again while it is wanted: what was not wanted for `RECORD_LEASE_S` is no longer recorded. An older `edition` changes nothing; one that was
    stopped stays so."""

    op: Literal["record"] = "record"
    room: str
    recording: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    public_key: str = Field(pattern=r"^[0-9a-f]{64}$")
    members: tuple[str, ...]
    edition: int


class StopRecord(_Message):
    """Stop it at once and for good. Answered when every file has its end."""

    op: Literal["stop_record"] = "stop_record"
    room: str
    recording: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")


class AskStats(_Message):
    """Answered by a `Reply` whose `stats` is the engine's (`media.calls.engine.EngineStats` as JSON)."""

    op: Literal["stats"] = "stats"


Order = Annotated[
    CreateRoom | Join | Accept | Limit | Leave | CloseRoom | Record | StopRecord | AskStats, Field(discriminator="op")
]


class Request(_Message):
    id: str
    asker: str
    order: Order


class SlotOf(_Message):
    seat: str
    stream: str


class JoinedReply(_Message):
    answer: str
    offer: str
    slots: tuple[SlotOf, ...]


class Reply(_Message):
    """`error` is the code of a refused request, empty when it was done."""

    id: str
    error: str = ""
    joined: JoinedReply | None = None
    stats: dict[str, object] | None = None


class News(_Message):
    """What the engine tells of a member (`media.calls.engine.MediaEvent`)."""

    type: Literal["media"] = "media"
    seat: str
    member: str
    kind: Literal["connected", "gone", "failed", "renew"]


class JanusSeen(_Message):
    """One Janus as a media process finds it: up, down, draining, empty (draining without a room: may be switched off)."""

    name: str
    state: Literal["up", "down", "draining", "empty"]
    rooms: int


seen_adapter: TypeAdapter[tuple[JanusSeen, ...]] = TypeAdapter(tuple[JanusSeen, ...])


class RecordNews(_Message):
    """The media process has stopped recording by itself: the disk is full or slow, or something could not be written (lost)."""

    type: Literal["recording"] = "recording"
    recording: str
    trouble: Literal["disk_full", "disk", "slow", "lost"]


class LinkNews(_Message):
    """How a member's links are and what he is to send (`media.calls.engine.LinkNews`, `media.calls.link_state.LinkState`)."""

    type: Literal["link"] = "link"
    seat: str
    member: str
    up: Colour
    down: Colour
    done: Done
    send_bits: int
    height: int
    rate: float
    sound_bits: int


news_adapter: TypeAdapter[News | LinkNews | RecordNews] = TypeAdapter(Annotated[News | LinkNews | RecordNews, Field(discriminator="type")])
request_adapter: TypeAdapter[Request] = TypeAdapter(Request)
