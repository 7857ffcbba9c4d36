"""Callbacks of the Official Account as the platform makes them, with the simulator's own crypto."""

from __future__ import annotations

import secrets
from datetime import datetime

from bot.channels.settings import ChannelSettings
from bot.simulator.crypto import CallbackCipher

Query = dict[str, str]


class OfficialAccountSide:
    """Makes signed, encrypted text messages and opens our answers."""

    def __init__(self, settings: ChannelSettings) -> None:
        account = settings.official_account
        assert account is not None
        self._original_id = account.original_id
        self._cipher = CallbackCipher(account.token.get_secret_value(), account.encoding_aes_key.get_secret_value(), account.appid)

    def text(self, openid: str, content: str, message_id: int, at: datetime) -> tuple[Query, bytes]:
        """Query and body of one delivery; the same ``message_id`` again is another delivery of the same message."""
        return self.message(openid, "text", f"<Content><![CDATA[{content}]]></Content>", message_id, at)

    def message(self, openid: str, kind: str, fields: str, message_id: int, at: datetime) -> tuple[Query, bytes]:
        """The same of any kind; ``fields``: its XML elements."""
        inner = (
            f"<xml><ToUserName><![CDATA[{self._original_id}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
            f"<CreateTime>{int(at.timestamp())}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{fields}<MsgId>{message_id}</MsgId></xml>"
        )
        sealed = self._cipher.seal(inner.encode())
        stamp, nonce = str(int(at.timestamp())), secrets.token_hex(5)
        query = {"timestamp": stamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": self._cipher.sign(stamp, nonce, sealed)}
        return query, f"<xml><ToUserName><![CDATA[{self._original_id}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()

    def read(self, body: bytes) -> str:
        """The inner XML of our answer; empty for ``success``."""
        if body in (b"", b"success"):
            return ""
        encrypted = body.decode().split("<Encrypt><![CDATA[")[1].split("]]>")[0]
        return self._cipher.open(encrypted).decode()
