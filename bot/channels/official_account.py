"""The WeChat Official Account (verified service account): XML in, one passive XML answer out, more by customer service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.channels.channel import TEXT, XML, key_of, xml_envelope, xml_reply
from bot.channels.document import cdata, read_xml
from bot.channels.message import ChannelName, Incoming, Kind
from bot.channels.outgoing import Capability, Image, Link, Outgoing, Reply
from bot.channels.own_pages import addressed
from bot.channels.pushes import translate
from bot.channels.settings import OfficialAccountSettings
from bot.channels.weixin import Payload, account_of, echo, opened, service_messages, tappable_words
from bot.channels.words import gather, plain

SUCCESS = b"success"

# Only these open a reply window in the HTTP answer; for the others the platform takes nothing but an acknowledgement.
_ANSWERABLE = {
    Kind.TEXT, Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.FILE, Kind.LOCATION, Kind.LINK,
    Kind.TAP, Kind.SUBSCRIBE, Kind.SCAN, Kind.POSITION,
}  # fmt: skip


class OfficialAccount:
    """Callbacks of one Official Account."""

    name = ChannelName.OFFICIAL_ACCOUNT
    capability = Capability(
        deadline_seconds=5.0,
        max_text_bytes=1800,
        max_buttons=10,
        cards=False,
        edits=False,
        streams=False,
        markdown=False,
        group=False,
        pushes=True,
    )

    def __init__(self, settings: OfficialAccountSettings, mini_program: str = "") -> None:
        """``mini_program``: the appid of the mini program that is bound to this account, for links into it."""
        self._settings = settings
        self._mini_program = mini_program
        self._envelope = settings.envelope(settings.appid)

    def verify_url(self, query: Mapping[str, str], now: datetime) -> bytes:
        """The echostr, unchanged."""
        return echo(self._envelope, query, now)

    def receive(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
        """One message or event. Refused where any check fails."""
        document, inner = opened(self._envelope, self._settings.mode, query, body, read_xml, now)
        return translate(document, self.name, account_of(document, self._settings.original_id), inner.key)

    def passive_reply(self, incoming: Incoming, outgoing: Sequence[Outgoing], now: datetime, nonce: str) -> Reply:
        """One text (choices numbered and tappable), picture or article; `success` where there is nothing to say or nothing may be said."""
        if not outgoing or incoming.kind not in _ANSWERABLE:
            return Reply(body=SUCCESS, content_type=TEXT, rest=tuple(outgoing))
        kind, content, rest = self._content(addressed(outgoing, self._settings.callback_url, self._mini_program))
        if not content:
            return Reply(body=SUCCESS, content_type=TEXT, rest=rest)
        message = xml_reply(incoming.sender, incoming.account, now, kind, content)
        if self._settings.mode == "plain":
            return Reply(body=message, content_type=XML, rest=rest)
        sealed = self._envelope.seal(message, now=now, nonce=nonce, key=key_of(incoming))
        return Reply(body=xml_envelope(sealed), content_type=XML, rest=rest)

    def push(self, outgoing: Sequence[Outgoing], openid: str) -> list[Payload]:
        """Bodies for `OfficialAccountApi.custom_send`, in order."""
        shapes = addressed(outgoing, self._settings.callback_url, self._mini_program)
        return service_messages(shapes, openid, self.capability.max_text_bytes, self.capability.max_buttons)

    def _content(self, outgoing: Sequence[Outgoing]) -> tuple[str, str, tuple[Outgoing, ...]]:
        first = outgoing[0]
        if isinstance(first, Image) and first.media_id:
            return "image", f"<Image><MediaId>{cdata(first.media_id)}</MediaId></Image>", tuple(outgoing[1:])
        if isinstance(first, Link) and len(outgoing) == 1 and first.url.startswith("http"):
            return "news", article(first), ()
        text, rest = gather(outgoing, self.capability.max_text_bytes, plain, tappable_words)
        return "text", f"<Content>{cdata(text)}</Content>" if text else "", rest


def article(link: Link) -> str:
    """One article of a passive reply."""
    return (
        "<ArticleCount>1</ArticleCount><Articles><item>"
        f"<Title>{cdata(link.title)}</Title><Description>{cdata(link.description)}</Description>"
        f"<PicUrl>{cdata(link.picture_url)}</PicUrl><Url>{cdata(link.url)}</Url></item></Articles>"
    )
