"""A callback as it goes over the wire, and the verification of the address it goes to."""

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from . import xmltext
from .crypto import signature
from .world import World


@dataclass(frozen=True)
class Parcel:
    """One callback as it goes over the wire."""

    url: str
    query: dict[str, str]
    content: bytes
    content_type: str


def pack(world: World, channel: str, plain: str, openid: str = "") -> Parcel:
    """Sign and encrypt one callback for its channel."""
    cipher = world.ciphers[channel]
    stamp, nonce = str(int(world.now())), str(secrets.randbelow(9 * 10**9) + 10**9)
    encrypted = cipher.seal(plain.encode())
    query = {"msg_signature": cipher.sign(stamp, nonce, encrypted), "timestamp": stamp, "nonce": nonce}
    platform = world.platform
    if channel in ("official_account", "mini_program"):
        query = {"signature": signature(cipher.token, stamp, nonce), "timestamp": stamp, "nonce": nonce, "openid": openid, "encrypt_type": "aes",
                 "msg_signature": query["msg_signature"]}  # fmt: skip
    if channel == "wecom_robot":
        content, kind = json.dumps({"encrypt": encrypted}), "application/json"
    elif channel == "mini_program" and platform.mini_program.message_format == "json":
        content, kind = json.dumps({"ToUserName": platform.mini_program.original_id, "Encrypt": encrypted}), "application/json"
    elif channel == "wecom_app":
        content = xmltext.render({"ToUserName": platform.wecom.corpid, "Encrypt": encrypted, "AgentID": platform.wecom.app.agentid})
        kind = "text/xml"
    else:
        account = platform.mini_program if channel == "mini_program" else platform.official_account
        content, kind = xmltext.render({"ToUserName": account.original_id, "Encrypt": encrypted}), "text/xml"
    return Parcel(world.callback_url(channel), query, content.encode(), kind)


async def verify(world: World, client: httpx.AsyncClient) -> dict[str, Any]:
    """Check every callback address by the platforms' GET verification; the result per channel."""
    results = {}
    for channel, cipher in world.ciphers.items():
        stamp, nonce, text = str(int(world.now())), secrets.token_hex(5), str(secrets.randbelow(10**18))
        if channel in ("official_account", "mini_program"):
            query = {"signature": signature(cipher.token, stamp, nonce), "echostr": text, "timestamp": stamp, "nonce": nonce}
            patience = world.timing.answer
        else:
            sealed = cipher.seal(text.encode())
            query = {"msg_signature": cipher.sign(stamp, nonce, sealed), "timestamp": stamp, "nonce": nonce, "echostr": sealed}
            patience = world.timing.verification
        reason = ""
        try:
            async with asyncio.timeout(patience):
                response = await client.get(world.callback_url(channel), params=query)
            if response.status_code != 200:
                reason = f"status {response.status_code} instead of 200"
            elif response.content != text.encode():
                reason = "the answer is not the expected text, unchanged"
        except TimeoutError:
            reason = f"no answer within {patience:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            reason = f"the connection failed ({type(exc).__name__})"
        results[channel] = {"ok": not reason, "reason": reason}
    return results
