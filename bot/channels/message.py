"""What comes in from any channel, in one shape."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Base of the values that channels hand over: unchangeable, closed, storable as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ChannelName(StrEnum):
    """Where a message came from."""

    OFFICIAL_ACCOUNT = "official_account"
    MINI_PROGRAM = "mini_program"
    WECOM_APP = "wecom_app"
    WECOM_ROBOT = "wecom_robot"
    TERMINAL = "terminal"


class Kind(StrEnum):
    """What a message is. From `position` on, no person is waiting for an answer."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"
    LOCATION = "location"
    LINK = "link"
    TAP = "tap"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    SCAN = "scan"
    ENTER = "enter"
    STREAM_REFRESH = "stream_refresh"
    POSITION = "position"
    VIEW = "view"
    TEMPLATE_RESULT = "template_result"
    SUBSCRIPTION_CHANGE = "subscription_change"
    SERVICE_SESSION = "service_session"
    MEDIA_CHECK = "media_check"
    FEEDBACK = "feedback"
    OTHER = "other"


class Media(Frozen):
    """Where a picture, recording, film or file can be fetched.

    `media_id` is fetched with the account's API; `url` directly (a robot's is encrypted with its callback key and
    lives five minutes).
    """

    media_id: str = ""
    url: Annotated[str, Field(repr=False)] = ""
    name: str = ""
    format: str = ""
    key: Annotated[str, Field(repr=False)] = ""
    """What a robot's file opens with where it came over the long connection (base64)."""


class Place(Frozen):
    """A point on the map: degrees as the platform gave them (GCJ-02), and its label."""

    latitude: float
    longitude: float
    label: str = ""


class Tap(Frozen):
    """A press on a button.

    `source`: `menu` is the account's own menu, `message_menu` an item of a menu message, `card` a card's button.
    `key` is what the button was given; `menu_id` the asking it belongs to; `selected` maps a selection's key to the
    chosen options. `response_code` changes the card once, within 72 hours.
    """

    source: Literal["menu", "message_menu", "card"]
    key: str
    menu_id: str = ""
    task_id: str = ""
    card_type: str = ""
    response_code: Annotated[str, Field(repr=False)] = ""
    selected: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Quote(Frozen):
    """The message that this one answers to, as far as the platform shows it."""

    kind: str
    text: Annotated[str, Field(repr=False)] = ""
    media: tuple[Media, ...] = ()


class Delivery(Frozen):
    """What became of a template or subscription message: `code` is the platform's error number, 0 where it arrived."""

    message_id: str
    outcome: Literal["delivered", "blocked", "failed"]
    template_id: str = ""
    code: int = 0


class Subscription(Frozen):
    """One template that a person allowed or refused."""

    template_id: str
    accepted: bool


class Incoming(Frozen):
    """One message or event.

    `account`: original id (Official Account, mini program), agentid, aibotid. `sender`: openid or userid. `chat`: the
    conversation, which is the sender in a single chat and the chatid in a group. `dedupe_key` is the same for every
    delivery of the same message. `scene`: of a scanned code. `event`: the platform's own name of the event or message
    type. `opened_with`: the key that the answer is sealed with. `sent_at` is real time, UTC.
    """

    channel: ChannelName
    account: str
    sender: Annotated[str, Field(repr=False)]
    chat: Annotated[str, Field(repr=False)]
    group: bool = False
    kind: Kind
    text: Annotated[str, Field(repr=False)] = ""
    media: tuple[Media, ...] = ()
    place: Annotated[Place | None, Field(repr=False)] = None
    tap: Tap | None = None
    quote: Annotated[Quote | None, Field(repr=False)] = None
    scene: str = ""
    deliveries: tuple[Delivery, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    detail: dict[str, str] = Field(default_factory=dict)
    stream_id: str = ""
    response_url: Annotated[str, Field(repr=False)] = ""
    event: str = ""
    dedupe_key: str
    sent_at: AwareDatetime
    opened_with: Literal["current", "previous"] = "current"

    def __str__(self) -> str:
        return f"{self.channel.value}/{self.kind.value}"


def dedupe_key(channel: ChannelName, *parts: str) -> str:
    """A key of fixed length that shows neither who wrote nor what."""
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()
    return f"{channel.value}:{digest[:40]}"
