"""The group webhook (消息推送, once 群机器人): whoever knows its address speaks into one group, twenty times a minute."""

import base64
import binascii
import hashlib
import secrets

from . import cards, media
from .calls import Body, Call, Endpoint, PlatformError, mapping, text
from .wecom_api import articles

NAME = "群消息推送"
A_MINUTE = 20
TEXT_BYTES, MARKDOWN_BYTES, IMAGE_BYTES = 2048, 4096, 2 << 20
NOTICES = ("text_notice", "news_notice")
INVALID_KEY = 93000


def _chatid(call: Call) -> str:
    """The group whose webhook the address names: set with the accounts, or with the group itself."""
    key = call.asked("key").encode("utf-8", "replace")
    named = [*call.world.platform.wecom.group_webhooks.items(), *((group.chatid, group.webhook) for group in call.world.roster.groups)]
    for chatid, webhook in named:
        if webhook and secrets.compare_digest(webhook.encode(), key):
            return chatid
    raise PlatformError(INVALID_KEY, "invalid webhook url")


def send(call: Call) -> Body:
    """POST /cgi-bin/webhook/send?key=…: text, markdown, image, news, notice cards. No token: the address is the secret."""
    world, chatid = call.world, _chatid(call)
    body = _content(call)
    if world.store.count(f"webhook:{chatid}", world.now(), 60) > A_MINUTE:
        raise PlatformError(45009)
    call.announce.append(world.post(f"group:{chatid}", "service", NAME, body, call.exchange))
    return {"errcode": 0, "errmsg": "ok"}


def _content(call: Call) -> Body:
    kind = call.body.get("msgtype")
    if kind not in ("text", "markdown", "image", "news", "template_card"):
        raise PlatformError(40008)
    part = mapping(call.body, kind, 40058)
    if kind == "text":
        return {"type": "text", "content": text(part, "content", 44004, bytes_most=TEXT_BYTES)}
    if kind == "markdown":
        return {"type": "markdown", "content": text(part, "content", 44004, bytes_most=MARKDOWN_BYTES), "finished": True}
    if kind == "image":
        return _image(call, part)
    if kind == "news":
        return articles(part)
    if part.get("card_type") not in NOTICES:
        raise PlatformError(40058, "template_card.card_type must be text_notice or news_notice")
    try:
        call.warnings += cards.check(part)
    except cards.CardError as exc:
        raise PlatformError(40058, str(exc)) from None
    return {"type": "card", "card": part}


def _image(call: Call, part: Body) -> Body:
    try:
        data = base64.b64decode(text(part, "base64"), validate=True)
    except (binascii.Error, ValueError):
        raise PlatformError(40058, "image.base64 is not base64") from None
    if len(data) > IMAGE_BYTES:
        raise PlatformError(45002, "image")
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != part.get("md5"):
        raise PlatformError(40058, "image.md5 does not match the image")
    content_type = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    kept = media.keep(call.world, "wecom", "image", "image", content_type, data)
    return {"type": "image", "url": f"/simulator/media/{kept}", "name": ""}


WECOM_API = {"/cgi-bin/webhook/send": Endpoint(send, "POST", recorded=True)}
