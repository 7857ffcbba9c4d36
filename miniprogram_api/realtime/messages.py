"""What travels over the signalling socket: JSON objects told apart by `type`. docs/signalling.md shows the order in which they come."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from core.calls.commands import EnterCall, LeaveCall, RequestSeat, Rung
from core.calls.recording_commands import AnswerRecording, AskToRecord
from core.foundation.ids import Id
from core.foundation.orders import Order
from miniprogram_api.realtime import room_messages as room
from miniprogram_api.realtime.room_messages import Message as _Message

LARGEST_MESSAGE = 96 * 1024
"""Bytes; a session description is the largest thing anybody sends."""
HEARTBEAT_S = 5
LEFT = 4001
"""A page that leaves closes with this code (RFC 6455, 7.4.2: for private use): its `leave` may be lost before it is read."""
SILENCE_S = 30
"""Whoever says nothing for so long has dropped."""

Link = Literal["green", "yellow", "red"]


class Hello(_Message):
    """First of all, once: the ticket. Who somebody is and where he sits follows from it and is never said again."""

    type: Literal["hello"]
    ticket: str = Field(min_length=20, max_length=80)


class Again(_Message):
    """First of all, in place of `hello`, by whoever was in the call and lost his socket: a ticket is made out and used in one step, by the same
    rules, and one way there and back is saved."""

    type: Literal["again"]
    consultation_id: Id


class Publish(_Message):
    """An offer (SDP) of what he sends; again after `media_lost` or when his network changed. `number` comes back in `media`, so that the answer to
    an offer that he gave up meanwhile is known."""

    type: Literal["publish"]
    sdp: str = Field(max_length=64 * 1024)
    number: int = Field(default=0, ge=0, le=1_000_000)


class Answer(_Message):
    """The answer (SDP) to the offer in `media`."""

    type: Literal["answer"]
    sdp: str = Field(max_length=64 * 1024)


class State(_Message):
    """Whether he sends sound and picture, and whether he wants the others' pictures (语音模式 wants none). `large`: the seat whose picture he has
    made large; `reading`: an image of the case is open. Both come before the other pictures where his link is narrow."""

    type: Literal["state"]
    audio: bool
    video: bool
    pictures: bool = True
    large: str = Field(default="", max_length=40)
    reading: bool = False


class Quality(_Message):
    """What his device measures of what it receives: share of packets lost (0–1), round trip in milliseconds; and what his picture is sent as."""

    type: Literal["quality"]
    loss: float = Field(ge=0, le=1)
    rtt_ms: float = Field(ge=0, le=60_000)
    rung: Rung | None = None


class RecordAsk(_Message):
    """May the call be recorded? Whoever asks has said yes himself."""

    type: Literal["record_ask"]


class RecordAnswer(_Message):
    """Yes or no to being recorded; a no later stops it at once."""

    type: Literal["record_answer"]
    recording_id: Id
    agree: bool


class Ping(_Message):
    type: Literal["ping"]


class Bye(_Message):
    """He leaves by his own choice."""

    type: Literal["leave"]


FromClient = Annotated[
    Hello | Again | Publish | Answer | State | Quality | RecordAsk | RecordAnswer | Ping | Bye
    | room.Mute | room.Remove | room.Lock | room.HandOver | room.Admit | room.Refuse | room.Invite | room.Withdraw
    | room.Hand | room.Beside | room.Chat | room.Show | room.Caption,
    Field(discriminator="type"),
]  # fmt: skip
MEANS: dict[type[_Message], type[Order] | None] = {
    Hello: EnterCall, Again: RequestSeat, Bye: LeaveCall, RecordAsk: AskToRecord, RecordAnswer: AnswerRecording,
    Publish: None, Answer: None, State: None, Quality: None, Ping: None, room.Caption: None, **room.ORDERS,
}
"""The order that a message becomes. None: it is about the sender's own seat alone, which the ticket gave him, and reaches nothing else."""
from_client: TypeAdapter[FromClient] = TypeAdapter(FromClient)


class SeatHere(_Message):
    """Who is on a seat: `member` changes when he comes back; `connected`: his media arrives."""

    seat: str
    member: str
    audio: bool = True
    video: bool = True
    connected: bool = False
    link: Link | None = None


class SeatNews(_Message):
    """Somebody came, changed or (`here` is null) went. Web processes tell it each other; every client in the room gets it."""

    type: Literal["seat"] = "seat"
    seat: str
    here: SeatHere | None


class SeatOf(_Message):
    seat: str
    label: str
    person: str | None


class IceServerOf(_Message):
    """A relay or address finder with its pass, as a browser's `RTCConfiguration.iceServers` takes it."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


class Welcome(_Message):
    """`ice_servers`: by which ways besides the direct one the media can come; a pass is good for hours and renewed with each welcome."""

    type: Literal["welcome"] = "welcome"
    seat: str
    call: str
    seats: tuple[SeatOf, ...]
    here: tuple[SeatHere, ...]
    heartbeat_s: int = HEARTBEAT_S
    ice_servers: tuple[IceServerOf, ...] = ()


class Media(_Message):
    """The answer to `publish`, the offer of what he receives, and in which stream of it each seat comes."""

    type: Literal["media"] = "media"
    answer: str
    offer: str
    slots: tuple[dict[str, str], ...]
    number: int = 0


class Recording(_Message):
    """How it stands with recording: `waiting` names the seats whose yes is wanted, `mine` what the receiver said, `text` what is agreed to,
    `reason` why it ended. While `state` is running everybody shows the mark."""

    type: Literal["recording"] = "recording"
    state: Literal["off", "asked", "running", "stopped"]
    recording_id: str | None = None
    asked_by: str = ""
    waiting: tuple[str, ...] = ()
    mine: Literal["", "yes", "no"] = ""
    may_ask: bool = False
    reason: str = ""
    text: str = ""


class MediaLost(_Message):
    """The process that carried the media is gone, or never heard of him: publish again."""

    type: Literal["media_lost"] = "media_lost"
    retry_ms: int


class LinkNews(_Message):
    """How somebody's line is, both ways, and what is done about it (`done`, a code: docs/signalling.md; empty: nothing). For the one who sits on
    `seat` it is also what he is to send: `send_bits` of picture at most (0: no picture), its `height` in lines and `rate` in pictures a second,
    `sound_bits` for opus; null: no limit."""

    type: Literal["link"] = "link"
    seat: str
    up: Link
    down: Link
    done: str = ""
    send_bits: int | None = None
    height: int | None = None
    rate: float | None = None
    sound_bits: int | None = None


class Renegotiate(_Message):
    """Somebody was let in on a seat that the room did not have: publish again for his stream. Nothing is broken meanwhile."""

    type: Literal["renegotiate"] = "renegotiate"


class Pong(_Message):
    type: Literal["pong"] = "pong"


class Problem(_Message):
    """One message could not be used; the socket stays open."""

    type: Literal["problem"] = "problem"
    code: str
    sentence: str


class Closed(_Message):
    """The last message: why the socket closes now, and what to do."""

    type: Literal["closed"] = "closed"
    code: str
    sentence: str


Told = (
    Welcome | SeatNews | Media | Recording | MediaLost | LinkNews | Renegotiate | Pong | Problem | Closed
    | room.RoomNews | room.Lines | room.LineNews | room.CaptionNews
)  # fmt: skip


def link_of(loss: float, rtt_ms: float) -> Link:
    """绿/黄/红 as the room shows it: speech suffers from 3 % loss or half a second, and breaks from 10 % or a second."""
    if loss >= 0.10 or rtt_ms >= 1000:
        return "red"
    return "yellow" if loss >= 0.03 or rtt_ms >= 500 else "green"


def to_json(message: BaseModel) -> str:
    return message.model_dump_json()


FromRoom = Annotated[SeatNews | room.LineNews | room.CaptionNews, Field(discriminator="type")]
_from_room: TypeAdapter[FromRoom] = TypeAdapter(FromRoom)


def from_room(data: str) -> Any:
    """What came over the room's channel: what web processes tell each other, or None for anything else."""
    try:
        return _from_room.validate_json(data)
    except ValueError:
        return None
