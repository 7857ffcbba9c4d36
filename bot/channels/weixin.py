"""What Official Account and mini program share: modes, envelopes and customer-service messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.channels.channel import ID_LIMIT
from bot.channels.crypto import Envelope, Opened
from bot.channels.document import Document
from bot.channels.outgoing import Card, Image, Link, Menu, Outgoing
from bot.channels.refused import Reason, Refused
from bot.channels.settings import Mode
from bot.channels.words import as_words, card_lines, plain, split_text

Payload = dict[str, Any]
Reader = Callable[[bytes], Document]

_ECHO = re.compile(r"[\x21-\x7e]{1,256}", re.ASCII)


def echo(envelope: Envelope, query: Mapping[str, str], now: datetime) -> bytes:
    """The answer to the check of an address: the given text, unchanged, once the signature holds."""
    envelope.check_plain(query, now)
    text = query.get("echostr", "")
    if not _ECHO.fullmatch(text):
        raise Refused(Reason.MISSING)
    return text.encode()


def opened(envelope: Envelope, mode: Mode, query: Mapping[str, str], body: bytes, read: Reader, now: datetime) -> tuple[Document, Opened]:
    """The document inside a callback body. Security mode refuses plain bodies; plain mode is for explicit settings only."""
    if mode == "plain":
        envelope.check_plain(query, now)
        return read(body), Opened(body, "current")
    encrypt = read(body).text("Encrypt")
    if not encrypt:
        raise Refused(Reason.MODE)
    inner = envelope.open(query, encrypt, now)
    return read(inner.message), inner


def account_of(document: Document, fallback: str) -> str:
    """The account a message was sent to."""
    return (document.text("ToUserName") or fallback)[:ID_LIMIT]


def service_messages(shapes: Sequence[Outgoing], openid: str, limit: int, max_choices: int) -> list[Payload]:
    """Customer-service messages for these shapes, as few as possible because each one is counted.

    Texts in a row become one message; a menu takes the texts before it as its head.
    """
    payloads: list[Payload] = []
    waiting = ""

    def flush() -> None:
        nonlocal waiting
        payloads.extend(_payload(openid, "text", content=piece) for piece in split_text(waiting, limit))
        waiting = ""

    for shape in shapes:
        choices = choices_of(shape)
        if choices and len(choices) <= max_choices:
            head = _paragraphs(waiting, _head(shape))
            *before, waiting = split_text(head, limit) or [""]
            payloads.extend(_payload(openid, "text", content=piece) for piece in before)
            items = [{"id": code, "content": plain(label)} for code, label in choices]
            tail = plain(shape.tail) if isinstance(shape, Menu) else ""
            payloads.append(_payload(openid, "msgmenu", head_content=waiting, list=items, tail_content=tail))
            waiting = ""
        elif isinstance(shape, Image) and shape.media_id:
            waiting = _paragraphs(waiting, plain(shape.caption))
            flush()
            payloads.append(_payload(openid, "image", media_id=shape.media_id))
        elif isinstance(shape, Link):
            flush()
            article = {"title": shape.title, "description": shape.description, "url": shape.url, "picurl": shape.picture_url}
            payloads.append(_payload(openid, "news", articles=[article]))
        else:
            waiting = _paragraphs(waiting, plain(as_words(shape)))
    flush()
    return payloads


def choices_of(shape: Outgoing) -> list[tuple[str, str]]:
    """Id and label of what a menu or a card offers. The id names the asking, so that a late tap is known as one."""
    if isinstance(shape, Menu):
        return [(f"{shape.menu_id}:{choice.code}", choice.label) for choice in shape.choices]
    if isinstance(shape, Card):
        return [(f"{shape.task_id}:{button.key}", button.label) for button in shape.buttons]
    return []


def _head(shape: Outgoing) -> str:
    if isinstance(shape, Menu):
        return plain(shape.head)
    if isinstance(shape, Card):
        return plain("\n".join([*card_lines(shape), *filter(None, [shape.url])]))
    return ""


def _payload(openid: str, kind: str, **content: Any) -> Payload:
    return {"touser": openid, "msgtype": kind, kind: content}


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
