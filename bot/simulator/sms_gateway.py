"""A gateway for SMS, as strict as the real ones: registered texts only, a signature over the bytes, a minute and a day of limits per number.

    POST /simulator/sms/v1/messages   {key, time, once, phone, template, values}, header X-Signature: HMAC-SHA256 (hex) of the body

Answers HTTP 200 {"code": "ok" | "busy.…" | "refused.…"}. What was taken stands on the phone of whoever has the number, as the chat 短信.
"""

import asyncio
import hashlib
import hmac
import json
import re

from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import json as answer

from .calls import Body
from .settings import Person, Sms
from .world import World

A_MINUTE, A_DAY = 1, 10
LATE_S = 300
PLACE = re.compile(r"\{(\w+)\}")
FIELDS = {"key", "time", "once", "phone", "template", "values"}


class Declined(Exception):
    """The code of an answer that is not ok."""


def build(world: World) -> Blueprint:
    """The blueprint of the gateway; without an account for it every call is refused."""
    gateway = Blueprint("sms", url_prefix="/simulator/sms")

    @gateway.post("/v1/messages")
    async def send(request: Request) -> HTTPResponse:
        await asyncio.sleep(world.conditions.delay_ms / 1000)
        try:
            with world.store.transaction():
                seq = _take(world, request.body, request.headers.get("x-signature", ""))
        except Declined as declined:
            return answer({"code": str(declined)})
        if seq is not None:
            world.announce(seq)
        return answer({"code": "ok"})

    return gateway


def _take(world: World, content: bytes, signature: str) -> int | None:
    """The stored message; None where the same was taken before."""
    account = world.platform.sms
    if account is None:
        raise Declined("refused.no_account")
    if world.conditions.api_error == -1:
        raise Declined("busy.as_asked")
    body = _checked(world, account, content, signature)
    if world.store.fact(f"sms:{body['once']}"):
        return None
    text = _text(account, body)
    _count(world, body["phone"])
    world.store.remember(f"sms:{body['once']}", True)
    owner = _owner(world, body["phone"])
    return None if owner is None else world.post(f"{owner.key}/sms", "service", "短信", {"type": "text", "content": text})


def _count(world: World, phone: str) -> None:
    """One more to this number, if a minute and a day still take it."""
    name, now = f"sms:times:{phone}", world.now()
    times = [at for at in world.store.fact(name, []) if at > now - 86400]
    if sum(at > now - 60 for at in times) >= A_MINUTE:
        raise Declined("busy.minute")
    if len(times) >= A_DAY:
        raise Declined("busy.day")
    world.store.remember(name, [*times, now])


def _checked(world: World, account: Sms, content: bytes, signature: str) -> Body:
    wanted = hmac.new(account.secret.encode(), content, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
        raise Declined("refused.signature")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise Declined("refused.shape") from None
    if not isinstance(body, dict) or set(body) != FIELDS or body["key"] != account.key or not isinstance(body["values"], dict):
        raise Declined("refused.shape")
    if not all(isinstance(body[name], str) and 0 < len(body[name]) <= 64 for name in ("once", "phone", "template")):
        raise Declined("refused.shape")
    if isinstance(body["time"], bool) or not isinstance(body["time"], int) or abs(world.now() - body["time"]) > LATE_S:
        raise Declined("refused.time")
    if not re.fullmatch(r"1[0-9]{10}", body["phone"], re.ASCII):
        raise Declined("refused.number")
    return body


def _text(account: Sms, body: Body) -> str:
    """The registered text with its places filled; nothing else may be said."""
    text = account.texts.get(body["template"])
    if text is None:
        raise Declined("refused.template")
    values = body["values"]
    if set(values) != set(PLACE.findall(text)) or not all(isinstance(value, str) and 0 < len(value) <= 20 for value in values.values()):
        raise Declined("refused.values")
    return PLACE.sub(lambda place: str(values[place[1]]), text)


def _owner(world: World, phone: str) -> Person | None:
    return next((person for person in world.roster.people if person.phone == phone), None)
