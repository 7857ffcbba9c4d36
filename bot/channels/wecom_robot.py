"""The WeCom intelligent robot in a group or a single chat: JSON in, a stream, card or card change out, one late answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.channels.cards import card_json, menu_card
from bot.channels.channel import JSON, TEXT, identifier, instant, key_of
from bot.channels.crypto import Opened
from bot.channels.document import Document, read_json, write_json
from bot.channels.message import ChannelName, Incoming, Kind, Media, Quote, Tap, dedupe_key
from bot.channels.outgoing import KEY_LIMIT, TASK_ID, Capability, Card, CardUpdate, Menu, Outgoing, Reply, Stream, Text
from bot.channels.own_pages import addressed
from bot.channels.refused import Reason, Refused
from bot.channels.settings import WeComRobotSettings
from bot.channels.words import gather, markdown

_ANY_MENTION = re.compile(r"^@\S+[\s\u2005\u00a0]+")
_MEDIA_KINDS = {"image": Kind.IMAGE, "file": Kind.FILE, "video": Kind.VIDEO}
_EVENT_KINDS = {"enter_chat": Kind.ENTER, "template_card_event": Kind.TAP, "feedback_event": Kind.FEEDBACK}


class WeComRobot:
    """Callbacks of one robot. Its receive id is empty, so the robot's id inside the message is checked instead."""

    name = ChannelName.WECOM_ROBOT
    capability = Capability(
        deadline_seconds=5.0,
        max_text_bytes=20480,
        max_buttons=6,
        cards=True,
        edits=True,
        streams=True,
        markdown=True,
        group=True,
        pushes=False,
    )

    def __init__(self, settings: WeComRobotSettings) -> None:
        self._settings = settings
        self._envelope = settings.envelope("")

    def verify_url(self, query: Mapping[str, str], now: datetime) -> bytes:
        """The plain text of the encrypted echostr."""
        return self._envelope.open(query, query.get("echostr", "").replace(" ", "+"), now).message

    def receive(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
        """One message or event. Refused where any check fails."""
        encrypt = read_json(body).text("encrypt")
        if not encrypt:
            raise Refused(Reason.MODE)
        inner = self._envelope.open(query, encrypt, now)
        return self._translated(read_json(inner.message), inner, now)

    def passive_reply(self, incoming: Incoming, outgoing: Sequence[Outgoing], now: datetime, nonce: str) -> Reply:
        """What this callback can carry: a stream, a card, both, a changed card after a tap, a greeting on entering."""
        payload, rest = self._payload(incoming, addressed(outgoing, self._settings.callback_url))
        if payload is None:
            return Reply(body=b"", content_type=TEXT, rest=rest)
        sealed = self._envelope.seal(write_json(payload), now=now, nonce=nonce, key=key_of(incoming))
        body = {"encrypt": sealed.encrypt, "msgsignature": sealed.signature, "timestamp": sealed.timestamp, "nonce": sealed.nonce}
        return Reply(body=write_json(body), content_type=JSON, rest=rest)

    def late_answer(self, outgoing: Sequence[Outgoing]) -> tuple[dict[str, Any] | None, tuple[Outgoing, ...]]:
        """The one body for a response_url (`RobotApi.respond`), and what does not fit into it.

        A card standing alone stays a card; with words beside it everything becomes one markdown text.
        """
        shapes = [shape for shape in addressed(outgoing, self._settings.callback_url) if not isinstance(shape, CardUpdate)]
        if len(shapes) == 1 and (as_card := _as_card(shapes[0])) and not as_card[0]:
            return {"msgtype": "template_card", "template_card": card_json(as_card[1])}, ()
        text, rest = gather(shapes, self.capability.max_text_bytes, markdown)
        return ({"msgtype": "markdown", "markdown": {"content": text}} if text else None), rest

    def _translated(self, document: Document, inner: Opened, now: datetime) -> Incoming:
        sender = identifier(document.child("from"), "userid")
        message_id = identifier(document, "msgid")
        kind = document.text("msgtype").lower()
        if document.text("aibotid") != self._settings.aibotid:
            raise Refused(Reason.RECEIVER)
        if not kind or len(kind) > 64:
            raise Refused(Reason.SHAPE)
        group = document.text("chattype") == "group"
        return Incoming(
            **{"event": kind, **self._content(kind, document)},
            channel=self.name,
            account=self._settings.aibotid,
            sender=sender,
            chat=identifier(document, "chatid") if group else sender,
            group=group,
            quote=_quote(document.child("quote")),
            response_url=document.text("response_url")[:2048],
            dedupe_key=dedupe_key(self.name, self._settings.aibotid, message_id),
            sent_at=instant(document, "create_time") or now,
            opened_with=inner.key,
        )

    def _content(self, kind: str, document: Document) -> dict[str, Any]:
        if kind == "event":
            return _event(document.child("event"))
        if kind == "stream":
            return {"kind": Kind.STREAM_REFRESH, "stream_id": identifier(document.child("stream"), "id")}
        text, media = _said(kind, document)
        known = {"text": Kind.TEXT, "mixed": Kind.TEXT, "voice": Kind.VOICE} | _MEDIA_KINDS
        return {"kind": known.get(kind, Kind.OTHER), "text": self._without_mention(text, document), "media": media}

    def _without_mention(self, text: str, document: Document) -> str:
        mention = f"@{self._settings.name}"
        if mention in text:
            return text.replace(mention, " ").strip(" \u2005\u00a0\t\n")
        # The robot may have been renamed in the console: in a group the text begins with whatever it is called now.
        return _ANY_MENTION.sub("", text) if document.text("chattype") == "group" else text

    def _payload(self, incoming: Incoming, outgoing: Sequence[Outgoing]) -> tuple[dict[str, Any] | None, tuple[Outgoing, ...]]:
        if incoming.kind is Kind.ENTER:
            return self._greeting(outgoing)
        if incoming.kind is Kind.TAP:
            return _card_change(incoming, outgoing)
        if incoming.kind in (Kind.FEEDBACK, Kind.OTHER) or not outgoing:
            return None, tuple(outgoing)
        words, card, rest = self._words_and_card(outgoing)
        if not words and card is not None and incoming.kind is not Kind.STREAM_REFRESH:
            return {"msgtype": "template_card", "template_card": card_json(card)}, rest
        if not words and card is None and not any(isinstance(shape, Stream) for shape in outgoing):
            return None, rest
        stream = {"id": _stream_id(incoming, outgoing), "finish": _finished(outgoing), "content": words}
        if card is None:
            return {"msgtype": "stream", "stream": stream}, rest
        return {"msgtype": "stream_with_template_card", "stream": stream, "template_card": card_json(card)}, rest

    def _greeting(self, outgoing: Sequence[Outgoing]) -> tuple[dict[str, Any] | None, tuple[Outgoing, ...]]:
        words, card, rest = self._words_and_card(outgoing)
        if card is not None and not words:
            return {"msgtype": "template_card", "template_card": card_json(card)}, rest
        if not words:
            return None, rest
        return {"msgtype": "text", "text": {"content": words}}, ((card, *rest) if card is not None else rest)

    def _words_and_card(self, outgoing: Sequence[Outgoing]) -> tuple[str, Card | None, tuple[Outgoing, ...]]:
        """The text, the first card, and what is left over: one answer carries one card."""
        words: list[Outgoing] = []
        card: Card | None = None
        for index, shape in enumerate(outgoing):
            as_card = _as_card(shape)
            if as_card is None:
                words.append(Text(text=shape.text) if isinstance(shape, Stream) else shape)
            elif card is None:
                before, card = as_card
                words += [Text(text=before)] if before else []
            else:
                text, rest = gather(words, self.capability.max_text_bytes, markdown)
                return text, card, (*rest, *outgoing[index:])
        text, rest = gather(words, self.capability.max_text_bytes, markdown)
        return text, card, rest


def _as_card(shape: Outgoing) -> tuple[str, Card] | None:
    if isinstance(shape, Card) and (shape.buttons or shape.url):
        return "", shape
    return menu_card(shape) if isinstance(shape, Menu) else None


def _finished(outgoing: Sequence[Outgoing]) -> bool:
    return all(shape.finish for shape in outgoing if isinstance(shape, Stream))


def _stream_id(incoming: Incoming, outgoing: Sequence[Outgoing]) -> str:
    given = next((shape.stream_id for shape in outgoing if isinstance(shape, Stream) and shape.stream_id), "")
    # Every delivery of a message has the same key, so a repeated delivery continues the same stream.
    return given or incoming.stream_id or incoming.dedupe_key.rpartition(":")[2]


def _card_change(incoming: Incoming, outgoing: Sequence[Outgoing]) -> tuple[dict[str, Any] | None, tuple[Outgoing, ...]]:
    tap = incoming.tap
    for index, shape in enumerate(outgoing):
        # Without a task id of ours the tap belongs to no card that we could have sent.
        if tap is None or not re.match(TASK_ID, tap.task_id) or not isinstance(shape, CardUpdate):
            continue
        # A changed card must keep its task id; where none is given, one is made of the note.
        card = shape.card or Card(task_id=tap.task_id, title=shape.note)
        changed = card_json(card.model_copy(update={"task_id": tap.task_id}), shape.note)
        payload: dict[str, Any] = {"response_type": "update_template_card", "template_card": changed}
        if not shape.everyone:
            payload["userids"] = [incoming.sender]
        return payload, (*outgoing[:index], *outgoing[index + 1 :])
    return None, tuple(outgoing)


def _said(kind: str, document: Document) -> tuple[str, tuple[Media, ...]]:
    """Text and files of a message or of what it quotes."""
    if kind == "mixed":
        items = [(item.text("msgtype").lower(), item) for item in document.child("mixed").each("msg_item")]
        parts = [_said(name, item) for name, item in items if name != "mixed"]
        return "\n".join(text for text, _ in parts if text), tuple(one for _, media in parts for one in media)
    if kind in _MEDIA_KINDS:
        content = document.child(kind)
        return "", (Media(url=content.text("url")[:4096], name=content.text("name", "filename")[:255], key=content.text("aeskey")[:64]),)
    return document.child(kind).text("content"), ()


def _quote(document: Document) -> Quote | None:
    kind = document.text("msgtype").lower()[:64]
    if not kind:
        return None
    text, media = _said(kind, document) if kind in {"text", "voice", "mixed", *_MEDIA_KINDS} else ("", ())
    return Quote(kind=kind, text=text, media=media)


def _event(event: Document) -> dict[str, Any]:
    name = event.text("eventtype").lower()
    if not name or len(name) > 64:
        raise Refused(Reason.SHAPE)
    fields: dict[str, Any] = {"event": name, "kind": _EVENT_KINDS.get(name, Kind.OTHER)}
    body = event.child(name)
    if name == "template_card_event":
        fields["tap"] = _tap(body)
    if name == "feedback_event":
        fields["detail"] = {key: body.text(key) for key in ("id", "type", "content") if body.text(key)}
    return fields


def _tap(body: Document) -> Tap:
    task_id = body.text("task_id", "taskid")
    selected = {
        item.text("question_key"): item.child("option_ids", "optionids").texts("option_id")
        for item in body.child("selected_items").each("selected_item")
    }
    return Tap(
        source="card",
        key=body.text("event_key", "eventkey")[:KEY_LIMIT],
        menu_id=task_id,
        task_id=task_id,
        card_type=body.text("card_type", "cardtype"),
        selected=selected,
    )
