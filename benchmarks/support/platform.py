"""What a platform sends and checks: one text message, signed and encrypted in security mode, and the answer opened again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree

from bot.simulator.crypto import CallbackCipher, signature


@dataclass(frozen=True)
class Account:
    """One Official Account: what the platform's console and the developer's settings share."""

    original_id: str
    appid: str
    token: str
    encoding_aes_key: str

    def cipher(self) -> CallbackCipher:
        return CallbackCipher(self.token, self.encoding_aes_key, self.appid)


@dataclass(frozen=True)
class Posted:
    """One HTTP request as bytes, and who is supposed to have written it."""

    openid: str
    request: bytes


def text_message(account: Account, cipher: CallbackCipher, path: str, openid: str, text: str, message_id: int) -> Posted:
    """The callback of a text message in security mode (WeRoBot checks `signature`, we check `msg_signature`; the platform sends both)."""
    content = f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content><MsgId>{message_id}</MsgId>"
    return _posted(account, cipher, path, openid, content, message_id)


def view_event(account: Account, cipher: CallbackCipher, path: str, openid: str, number: int) -> Posted:
    """The callback of a tap on a link of the menu, which every server only acknowledges."""
    content = (
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[VIEW]]></Event>"
        f"<EventKey><![CDATA[https://example.org/{number}]]></EventKey><MenuId>1</MenuId>"
    )
    return _posted(account, cipher, path, openid, content, number)


def _posted(account: Account, cipher: CallbackCipher, path: str, openid: str, content: str, number: int) -> Posted:
    now = str(int(time.time()))
    inner = (
        f"<xml><ToUserName><![CDATA[{account.original_id}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{now}</CreateTime>{content}</xml>"
    )
    encrypted = cipher.seal(inner.encode())
    nonce = str(number % 10**9)
    query = {
        "signature": signature(account.token, now, nonce), "timestamp": now, "nonce": nonce, "openid": openid, "encrypt_type": "aes",
        "msg_signature": cipher.sign(now, nonce, encrypted),
    }  # fmt: skip
    body = f"<xml><ToUserName><![CDATA[{account.original_id}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()
    head = f"POST {path}?{urlencode(query)} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return Posted(openid, head.encode() + body)


def answered_text(cipher: CallbackCipher, body: bytes, openid: str) -> str:
    """The text of a passive reply; raises when the signature, the encryption, the receiver or the shape is wrong."""
    envelope = ElementTree.fromstring(body)  # noqa: S314 - both servers are ours to run
    encrypted = envelope.findtext("Encrypt") or ""
    cipher.check(envelope.findtext("MsgSignature") or "", envelope.findtext("TimeStamp") or "", envelope.findtext("Nonce") or "", encrypted)
    message = ElementTree.fromstring(cipher.open(encrypted))  # noqa: S314
    if message.findtext("ToUserName") != openid or message.findtext("MsgType") != "text":
        raise ValueError("the answer is not a text for the person who wrote")
    return message.findtext("Content") or ""
