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
    stamp, nonce = str(int(world.now())), str(secrets.randbelow(9 * 10**9) + 10**9)
    address = world.platform.account(channel).callback_url
    if channel in ("official_account", "mini_program"):
        return _weixin(world, channel, plain, openid, (address, stamp, nonce))
    cipher = world.ciphers[channel]
    encrypted = cipher.seal(plain.encode())
    query = {"msg_signature": cipher.sign(stamp, nonce, encrypted), "timestamp": stamp, "nonce": nonce}
    if channel == "wecom_robot":
        return Parcel(address, query, json.dumps({"encrypt": encrypted}).encode(), "application/json")
    wecom = world.platform.wecom
    content = xmltext.render({"ToUserName": wecom.corpid, "Encrypt": encrypted, "AgentID": wecom.app.agentid})
    return Parcel(address, query, content.encode(), "text/xml")


def _weixin(world: World, channel: str, plain: str, openid: str, way: tuple[str, str, str]) -> Parcel:
    """Official Account or mini program, in the security mode that is set for it: plain text, both forms side by side, or encrypted alone."""
    address, stamp, nonce = way
    cipher, security = world.ciphers[channel], world.security(channel)
    account = world.platform.mini_program if channel == "mini_program" else world.platform.official_account
    in_json = channel == "mini_program" and world.platform.mini_program.message_format == "json"
    query = {"signature": signature(cipher.token, stamp, nonce), "timestamp": stamp, "nonce": nonce, "openid": openid}
    kind = "application/json" if in_json else "text/xml"
    if security == "plain":
        return Parcel(address, query, plain.encode(), kind)
    encrypted = cipher.seal(plain.encode())
    query |= {"encrypt_type": "aes", "msg_signature": cipher.sign(stamp, nonce, encrypted)}
    if in_json:
        readable = json.loads(plain) if security == "compatible" else {"ToUserName": account.original_id}
        content = json.dumps({**readable, "Encrypt": encrypted}, ensure_ascii=security == "security")
    elif security == "compatible":
        content = plain.removesuffix("</xml>") + xmltext.render({"Encrypt": encrypted}, "xml").removeprefix("<xml>")
    else:
        content = xmltext.render({"ToUserName": account.original_id, "Encrypt": encrypted})
    return Parcel(address, query, content.encode(), kind)


async def verify(world: World, client: httpx.AsyncClient) -> dict[str, Any]:
    """Check every callback address there is by the platforms' GET verification; the result per channel."""
    results = {}
    for channel, cipher in world.ciphers.items():
        address = world.platform.account(channel).callback_url
        if not address:
            continue
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
                response = await client.get(address, params=query)
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
