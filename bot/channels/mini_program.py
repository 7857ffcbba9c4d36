"""The mini program's message push (XML or JSON). It is always acknowledged; what there is to say goes by the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.channels.channel import TEXT
from bot.channels.document import read_json, read_xml
from bot.channels.message import ChannelName, Incoming
from bot.channels.official_account import SUCCESS
from bot.channels.outgoing import Capability, Outgoing, Reply
from bot.channels.pushes import translate
from bot.channels.settings import MiniProgramSettings
from bot.channels.weixin import Payload, account_of, echo, opened, service_messages


class MiniProgram:
    """Callbacks of one mini program."""

    name = ChannelName.MINI_PROGRAM
    capability = Capability(
        deadline_seconds=5.0,
        max_text_bytes=1800,
        max_buttons=0,
        cards=False,
        edits=False,
        streams=False,
        markdown=False,
        group=False,
        pushes=True,
    )

    def __init__(self, settings: MiniProgramSettings) -> None:
        self._settings = settings
        self._envelope = settings.envelope(settings.appid)
        self._read = read_json if settings.message_format == "json" else read_xml

    def verify_url(self, query: Mapping[str, str], now: datetime) -> bytes:
        """The echostr, unchanged."""
        return echo(self._envelope, query, now)

    def receive(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
        """One message or event, in the format that the account is set to. Refused where any check fails."""
        document, inner = opened(self._envelope, self._settings.mode, query, body, self._read, now)
        return translate(document, self.name, account_of(document, self._settings.original_id), inner.key)

    def passive_reply(self, incoming: Incoming, outgoing: Sequence[Outgoing], now: datetime, nonce: str) -> Reply:
        """`success`: this platform takes no message in the answer, so everything is left over."""
        return Reply(body=SUCCESS, content_type=TEXT, rest=tuple(outgoing))

    def push(self, outgoing: Sequence[Outgoing], openid: str) -> list[Payload]:
        """Bodies for `MiniProgramApi.custom_send`, in order; choices are numbered."""
        bodies = service_messages(outgoing, openid, self.capability.max_text_bytes, self.capability.max_buttons)
        return [_as_link(body) if body["msgtype"] == "news" else body for body in bodies]


def _as_link(body: Payload) -> Payload:
    """A mini program's window knows no articles: what they say is a link there."""
    article = body["news"]["articles"][0]
    about = article["description"] or article["title"]
    link = {"title": article["title"], "description": about, "url": article["url"], "thumb_url": article["picurl"]}
    return {"touser": body["touser"], "msgtype": "link", "link": link}
