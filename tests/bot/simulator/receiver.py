"""A small developer's server: takes the simulator's callbacks and answers them, with wechatpy's cryptography.

Nothing here uses our own code: what it accepts and what it sends was written by others.
"""

import asyncio
import base64
import json
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import xmltodict
from wechatpy.crypto import PrpCrypto, WeChatCrypto, _get_signature

Body = dict[str, Any]
Answering = Callable[[str, Body], Awaitable[Any] | Any]


class Receiver:
    """`answering(channel, message)` gives the answer: None = success, a str = raw body, a dict/XML text in a Sealed = encrypted."""

    def __init__(self, credentials: dict[str, tuple[str, str, str]]) -> None:
        self.credentials = credentials
        self.received: list[tuple[str, Body]] = []
        self.errors: list[str] = []
        self.answering: Answering = lambda channel, message: None
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=listening)

    async def stop(self) -> None:
        assert self._server
        self._server.close()

    def of(self, channel: str, kind: str = "") -> list[Body]:
        return [m for c, m in self.received if c == channel and (not kind or kind in (m.get("MsgType"), m.get("msgtype"), m.get("Event")))]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n")[0].split(" ")
            length = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
            raw = await reader.readexactly(length)
            channel = urlsplit(target).path.removeprefix("/callback/").replace("-", "_")
            query = dict(parse_qsl(urlsplit(target).query))
            status, body = 200, b""
            try:
                result = self._verify(channel, query) if method == "GET" else await self._answer(channel, query, raw)
                status, body = result
            except Exception as exc:
                self.errors.append(f"{channel}: {type(exc).__name__} {exc}")
                status = 500
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _verify(self, channel: str, query: dict[str, str]) -> tuple[int, bytes]:
        token, key, receive_id = self.credentials[channel]
        if channel in ("official_account", "mini_program"):
            assert _get_signature(token, query["timestamp"], query["nonce"], "") == query["signature"]
            return 200, query["echostr"].encode()
        crypto = WeChatCrypto(token, key, receive_id)
        return 200, crypto._check_signature(query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"], PrpCrypto).encode()

    async def _answer(self, channel: str, query: dict[str, str], raw: bytes) -> tuple[int, bytes]:
        token, key, receive_id = self.credentials[channel]
        crypto = WeChatCrypto(token, key, receive_id)
        json_body = raw.startswith(b"{")
        envelope = json.loads(raw) if json_body else xmltodict.parse(raw.decode())["xml"]
        if channel in ("official_account", "mini_program"):
            assert query["encrypt_type"] == "aes"
            assert _get_signature(token, query["timestamp"], query["nonce"], "") == query["signature"]
        sealed = {"Encrypt": envelope.get("Encrypt") or envelope["encrypt"]}
        plain = crypto.decrypt_message(sealed, query["msg_signature"], query["timestamp"], query["nonce"])
        plain = plain.decode() if isinstance(plain, bytes) else plain
        message: Body = json.loads(plain) if plain.startswith("{") else xmltodict.parse(plain)["xml"]
        self.received.append((channel, message))
        reply = self.answering(channel, message)
        if asyncio.iscoroutine(reply):
            reply = await reply
        if isinstance(reply, int):
            return reply, b""
        if reply is None:
            return 200, b"success"
        if isinstance(reply, bytes):
            return 200, reply
        stamp = str(int(time.time()))
        if channel == "wecom_robot":
            text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
            encrypted = PrpCrypto(crypto.key).encrypt(text, receive_id)
            encrypted = encrypted.decode() if isinstance(encrypted, bytes) else encrypted
            body = {"encrypt": encrypted, "msgsignature": _get_signature(token, stamp, query["nonce"], encrypted), "timestamp": int(stamp),
                    "nonce": query["nonce"]}  # fmt: skip
            return 200, json.dumps(body).encode()
        return 200, crypto.encrypt_message(reply, query["nonce"], stamp).encode()

    def key(self, channel: str) -> bytes:
        return base64.b64decode(self.credentials[channel][1] + "=")


def xml_text(message: Body, content: str) -> str:
    """A passive text reply, the naive way: the content is not escaped."""
    return (
        f"<xml><ToUserName><![CDATA[{message['FromUserName']}]]></ToUserName><FromUserName><![CDATA[{message['ToUserName']}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content></xml>"
    )
