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
from bot.channels.words import as_words, card_lines, plain, size, split_text

Payload = dict[str, Any]
Reader = Callable[[bytes], Document]

_MINI = re.compile(r"mini:(?P<appid>[0-9A-Za-z]{1,40})/(?P<path>[^\s<>\"']{1,500})")
_LINKED = re.compile(r"(?:https?://|tel:)[^\s<>\"']{1,2000}")
_IN_LINK = re.compile(r"[\s<>\"'&#?%=]")
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

    Texts in a row become one message; a menu takes the texts before it as its head. `max_choices` 0: this account
    has no menu messages, choices are numbered.
    """
    words_of = tappable_words if max_choices else lambda shape: plain(as_words(shape))
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
        elif isinstance(shape, Link) and shape.url.startswith("http"):
            flush()
            article = {"title": shape.title, "description": shape.description, "url": shape.url, "picurl": shape.picture_url}
            payloads.append(_payload(openid, "news", articles=[article]))
        else:
            words = words_of(shape)
            if size(words) > limit:
                words = plain(as_words(shape))
            elif size(_paragraphs(waiting, words)) > limit:
                flush()
            waiting = _paragraphs(waiting, words)
    flush()
    return payloads


def choices_of(shape: Outgoing) -> list[tuple[str, str]]:
    """Id and label of what a menu or a card offers. The id names the asking, so that a late tap is known as one."""
    if isinstance(shape, Menu):
        return [(f"{shape.menu_id}:{choice.code}", choice.label) for choice in shape.choices]
    if isinstance(shape, Card):
        return [(f"{shape.task_id}:{button.key}", button.label) for button in shape.buttons]
    return []


def tappable_words(shape: Outgoing) -> str:
    """A shape as an Official Account text: choices are numbered and can be tapped as well, pages and numbers are links.

    A tap sends the label back as a text with `bizmsgmenuid`, exactly as an item of a menu message does.
    """
    if isinstance(shape, Link):
        return _paragraph_lines([anchor(shape.url, shape.title), plain(shape.description)])
    choices = choices_of(shape)
    if not choices:
        return plain(as_words(shape))
    items = [f"{number} {_menu_link(code, plain(label))}" for number, (code, label) in enumerate(choices, 1)]
    return _paragraph_lines([_head(shape), *items, plain(shape.tail) if isinstance(shape, Menu) else ""])


def anchor(url: str, title: str) -> str:
    """A link in a text; only for addresses that we made ourselves (pages and numbers to dial)."""
    if mini := _MINI.fullmatch(url):
        return f'<a href="#" data-miniprogram-appid="{mini["appid"]}" data-miniprogram-path="{mini["path"]}">{plain(title)}</a>'
    if not _LINKED.fullmatch(url):
        return plain(title)
    return f'<a href="{url}">{plain(title)}</a>'


def _menu_link(code: str, label: str) -> str:
    # The client sends the words as they stand here, so nothing is percent-encoded; what would end the address is left out.
    said, ident = _IN_LINK.sub("", label), _IN_LINK.sub("", code)
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={said}&msgmenuid={ident}">{label}</a>' if said and ident == code else label


def _paragraph_lines(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line)


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
