"""The WeCom self-built app, where doctors and experts are members: XML in, text or a changed card out, cards by push."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.channels.cards import NOTE_LIMIT, card_json, card_xml, menu_card
from bot.channels.channel import TEXT, XML, key_of, xml_envelope, xml_reply
from bot.channels.document import cdata, read_xml
from bot.channels.message import ChannelName, Incoming, Kind
from bot.channels.official_account import article
from bot.channels.outgoing import Capability, Card, CardUpdate, Image, Link, Menu, Outgoing, Reply
from bot.channels.own_pages import addressed
from bot.channels.pushes import translate
from bot.channels.refused import Reason, Refused
from bot.channels.settings import WeComAppSettings
from bot.channels.weixin import Payload
from bot.channels.words import as_words, cut, gather, markdown, plain, split_text

_UNANSWERABLE = {Kind.UNSUBSCRIBE, Kind.OTHER, Kind.VIEW}


class WeComApp:
    """Callbacks of one self-built app."""

    name = ChannelName.WECOM_APP
    capability = Capability(
        deadline_seconds=5.0,
        max_text_bytes=2048,
        max_buttons=6,
        cards=True,
        edits=True,
        streams=False,
        markdown=False,
        group=False,
        pushes=True,
    )

    def __init__(self, settings: WeComAppSettings, corpid: str) -> None:
        self._settings = settings
        self._corpid = corpid
        self._envelope = settings.envelope(corpid)

    def verify_url(self, query: Mapping[str, str], now: datetime) -> bytes:
        """The plain text of the encrypted echostr."""
        # Where a server in between has turned the plus signs of base64 into blanks they are put back.
        return self._envelope.open(query, query.get("echostr", "").replace(" ", "+"), now).message

    def receive(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
        """One message or event. Refused where any check fails."""
        encrypt = read_xml(body).text("Encrypt")
        if not encrypt:
            raise Refused(Reason.MODE)
        inner = self._envelope.open(query, encrypt, now)
        document = read_xml(inner.message)
        account = document.text("AgentID") or str(self._settings.agentid)
        return translate(document, self.name, account[:32], inner.key)

    def passive_reply(self, incoming: Incoming, outgoing: Sequence[Outgoing], now: datetime, nonce: str) -> Reply:
        """After a tap on a card only its change; otherwise one text, picture or article; empty where there is nothing."""
        kind, content, rest = self._content(incoming, addressed(outgoing, self._settings.callback_url))
        if not content:
            return Reply(body=b"", content_type=TEXT, rest=rest)
        message = xml_reply(incoming.sender, self._corpid, now, kind, content)
        sealed = self._envelope.seal(message, now=now, nonce=nonce, key=key_of(incoming))
        return Reply(body=xml_envelope(sealed), content_type=XML, rest=rest)

    def push(self, outgoing: Sequence[Outgoing], userids: Sequence[str]) -> list[Payload]:
        """Bodies for `WeComApi.message_send`, in order. A card update is no message: it goes by `update_template_card`."""
        shapes = [shape for shape in addressed(outgoing, self._settings.callback_url) if not isinstance(shape, CardUpdate)]
        to = {"touser": "|".join(userids), "agentid": self._settings.agentid}
        return [to | payload for shape in shapes for payload in self._payloads(shape)]

    def group_push(self, outgoing: Sequence[Outgoing], chatid: str) -> list[Payload]:
        """Bodies for `WeComApi.appchat_send`: markdown only, because app-made groups take no cards."""
        words = "\n\n".join(filter(None, (markdown(as_words(shape)) for shape in outgoing)))
        pieces = split_text(words, self.capability.max_text_bytes)
        return [{"chatid": chatid, "msgtype": "markdown", "markdown": {"content": piece}} for piece in pieces]

    def _content(self, incoming: Incoming, outgoing: Sequence[Outgoing]) -> tuple[str, str, tuple[Outgoing, ...]]:
        if incoming.tap is not None and incoming.tap.source == "card":
            return _card_change(outgoing)
        if not outgoing or incoming.kind in _UNANSWERABLE:
            return "", "", tuple(outgoing)
        first = outgoing[0]
        if self._is_card(first):
            # A card cannot stand in the HTTP answer to a message; pushing it keeps its buttons.
            return "", "", tuple(outgoing)
        if isinstance(first, Image) and first.media_id:
            return "image", f"<Image><MediaId>{cdata(first.media_id)}</MediaId></Image>", tuple(outgoing[1:])
        if isinstance(first, Link) and len(outgoing) == 1:
            return "news", article(first), ()
        cards_from = next((index for index, shape in enumerate(outgoing) if self._is_card(shape)), len(outgoing))
        text, rest = gather(outgoing[:cards_from], self.capability.max_text_bytes, plain)
        return "text", f"<Content>{cdata(text)}</Content>" if text else "", (*rest, *outgoing[cards_from:])

    def _is_card(self, shape: Outgoing) -> bool:
        if isinstance(shape, Menu):
            return menu_card(shape) is not None
        return isinstance(shape, Card | CardUpdate)

    def _payloads(self, shape: Outgoing) -> list[dict[str, Any]]:
        if isinstance(shape, Card) and (shape.buttons or shape.url):
            return [_payload("template_card", card_json(shape))]
        if isinstance(shape, Menu) and (as_card := menu_card(shape)):
            before, card = as_card
            return [*self._texts(before), _payload("template_card", card_json(card))]
        if isinstance(shape, Image) and shape.media_id:
            return [*self._texts(shape.caption), _payload("image", {"media_id": shape.media_id})]
        if isinstance(shape, Link):
            card_text = {"title": cut(shape.title, 40), "description": plain(shape.description or shape.title), "url": shape.url, "btntxt": "打开"}
            return [_payload("textcard", card_text)]
        return self._texts(as_words(shape))

    def _texts(self, words: str) -> list[dict[str, Any]]:
        return [_payload("text", {"content": piece}) for piece in split_text(plain(words), self.capability.max_text_bytes)]


def _payload(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"msgtype": kind, kind: content}


def _card_change(outgoing: Sequence[Outgoing]) -> tuple[str, str, tuple[Outgoing, ...]]:
    for index, shape in enumerate(outgoing):
        if isinstance(shape, CardUpdate):
            rest = (*outgoing[:index], *outgoing[index + 1 :])
            if shape.card is not None:
                return "update_template_card", card_xml(shape.card, shape.note), rest
            note = cdata(cut(shape.note, NOTE_LIMIT))
            return "update_button", f"<Button><ReplaceName>{note}</ReplaceName></Button>", rest
    return "", "", tuple(outgoing)
