"""What every channel answers to, and the two small things that XML channels share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from bot.channels.crypto import KeyName, Sealed
from bot.channels.document import Document, cdata
from bot.channels.message import ChannelName, Incoming
from bot.channels.outgoing import Capability, Outgoing, Reply
from bot.channels.refused import Reason, Refused

TEXT = "text/plain; charset=utf-8"
XML = "application/xml; charset=utf-8"
JSON = "application/json; charset=utf-8"

ID_LIMIT = 200
"""Characters of an openid, userid, chatid or message id that are believed."""


class Channel(Protocol):
    """One platform: callbacks in, answers out. Nothing but `Refused` leaves `verify_url` and `receive`.

    `now` is real time (aware), never the practice's clock: signatures and deadlines are the platform's.
    """

    name: ChannelName
    capability: Capability

    def verify_url(self, query: Mapping[str, str], now: datetime) -> bytes:
        """The answer to the platform's check of our address."""
        ...

    def receive(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
        """Check, open and translate one callback."""
        ...

    def passive_reply(self, incoming: Incoming, outgoing: Sequence[Outgoing], now: datetime, nonce: str) -> Reply:
        """The HTTP answer that carries as much of `outgoing` as this callback can; nothing to say acknowledges."""
        ...


def instant(document: Document, *names: str) -> datetime | None:
    """A moment given in seconds since 1970, or None where there is none. Refused where it is not a moment."""
    text = document.text(*names)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        raise Refused(Reason.SHAPE)
    return datetime.fromtimestamp(int(text), UTC)


def identifier(document: Document, *names: str) -> str:
    """An id that must be there. Refused where it is missing or too long."""
    value = document.text(*names)
    if not value or len(value) > ID_LIMIT:
        raise Refused(Reason.SHAPE)
    return value


def number(text: str) -> float | None:
    """A coordinate, or None where the text is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -180 <= value <= 180 else None


def key_of(incoming: Incoming) -> KeyName:
    """The key that opened the message also seals its answer."""
    return incoming.opened_with


def xml_envelope(sealed: Sealed) -> bytes:
    """The encrypted answer of Official Account, mini program (XML) and WeCom app."""
    return (  # base64 and hex end no section
        f"<xml><Encrypt><![CDATA[{sealed.encrypt}]]></Encrypt><MsgSignature><![CDATA[{sealed.signature}]]></MsgSignature>"
        f"<TimeStamp>{sealed.timestamp}</TimeStamp><Nonce>{cdata(sealed.nonce)}</Nonce></xml>"
    ).encode()


def xml_reply(incoming_to: str, incoming_from: str, now: datetime, kind: str, content: str) -> bytes:
    """A passive reply: receiver and sender swapped, then the given elements."""
    return (
        f"<xml><ToUserName>{cdata(incoming_to)}</ToUserName><FromUserName>{cdata(incoming_from)}</FromUserName>"
        f"<CreateTime>{int(now.timestamp())}</CreateTime><MsgType>{cdata(kind)}</MsgType>{content}</xml>"
    ).encode()
