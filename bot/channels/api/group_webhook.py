"""The message push of a WeCom group (formerly its group robot): words into one group, unprompted, by an address that is a secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pydantic import SecretStr

from bot.channels.api.errors import ReceiverUnknown
from bot.channels.api.transport import Transport
from bot.channels.pace import MemberPace
from bot.channels.stops import Stops
from bot.channels.words import split_text

MARKDOWN_BYTES = 4096
A_MINUTE = 20
"""Messages of one robot in any sixty seconds (developer.work.weixin.qq.com/document/path/91770)."""


class GroupWebhookApi:
    """One push for each group of ``keys``: the chatid under which the group is known here → the key. Methods raise ApiError and nothing else."""

    def __init__(self, transport: Transport, keys: Mapping[str, SecretStr], pace: MemberPace, stops: Stops) -> None:
        self._transport, self._keys, self._pace, self._stops = transport, keys, pace, stops

    def reaches(self, chatid: str) -> bool:
        """Whether there is a push for this group."""
        return chatid in self._keys

    async def send(self, chatid: str, markdown: str) -> None:
        """Send words, in pieces where they are long. Never a patient's identity. PlatformBusy where the minute is full: all or nothing goes."""
        key = self._keys.get(chatid)
        if key is None:
            raise ReceiverUnknown("group_webhook", note="no push for this group")
        # Logs and Redis know the group by a name that says nothing.
        name = hashlib.sha256(chatid.encode()).hexdigest()[:12]
        transport = self._transport.behind(self._stops.of(f"group_webhook:{name}"))
        pieces = split_text(markdown, MARKDOWN_BYTES)
        await self._pace.take(name, len(pieces))
        for piece in pieces:
            body = {"msgtype": "markdown", "markdown": {"content": piece}}
            await transport.post("/cgi-bin/webhook/send", {"key": key.get_secret_value()}, body, call="group_webhook")
