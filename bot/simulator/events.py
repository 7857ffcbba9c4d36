"""What people do, turned into the callbacks that the platforms send for it. Payloads only; deliveries.py sends them."""

import json
import secrets
from typing import Any

from . import xmltext
from .settings import Person
from .world import Chat, World

Body = dict[str, Any]


def queue(world: World, channel: str, kind: str, person: Person, conversation: str, plain: str, context: Body | None = None) -> tuple[int, str]:
    """Store one callback to be delivered; call inside the transaction that stores its cause. Delivery number and exchange id.

    Kinds: message, menu, enter, event (nobody waits for an answer), card_click (the robot's are sent once only).
    """
    address = world.platform.account(channel).callback_url
    exchange = world.open_exchange("callback", channel, person.key, address)
    once = channel == "wecom_robot" and kind == "card_click"
    delivery = world.store.insert(
        "INSERT INTO deliveries (exchange, channel, kind, person, conversation, plain, context, allowed, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        exchange, channel, kind, person.key, conversation, plain, json.dumps(context or {}), 1 if once else 3, "pending" if address else "done",
    )  # fmt: skip
    if not address:
        world.note(exchange, outcome="silent", reason="no callback address is set for this account")
    return delivery, exchange


def message_id(world: World) -> int:
    """A message id as large as the platforms' own: 64 bit, growing."""
    with world.store.transaction():
        number = int(world.store.fact("message_number", 0)) + 1
        world.store.remember("message_number", number)
    return 24_000_000_000_000_000 + int(world.now()) * 1_000_000 + number


def _official_head(world: World, person: Person, kind: str) -> Body:
    return {"ToUserName": world.platform.official_account.original_id, "FromUserName": person.official_account_openid,
            "CreateTime": int(world.now()), "MsgType": kind}  # fmt: skip


def official_message(world: World, person: Person, kind: str, fields: Body) -> str:
    return xmltext.render({**_official_head(world, person, kind), **fields, "MsgId": message_id(world)})


def official_event(world: World, person: Person, event: str, fields: Body | None = None) -> str:
    return xmltext.render({**_official_head(world, person, "event"), "Event": event, **(fields or {})})


def mini_program_push(world: World, person: Person, kind: str, fields: Body) -> str:
    """A push of the mini program, in the format set for it."""
    account = world.platform.mini_program
    body = {"ToUserName": account.original_id, "FromUserName": person.mini_program_openid, "CreateTime": int(world.now()), "MsgType": kind, **fields}
    if kind != "event":
        body["MsgId"] = message_id(world)
    return json.dumps(body, ensure_ascii=False) if account.message_format == "json" else xmltext.render(body)


def _app_head(world: World, person: Person, kind: str) -> Body:
    return {"ToUserName": world.platform.wecom.corpid, "FromUserName": person.userid, "CreateTime": int(world.now()), "MsgType": kind}


def app_message(world: World, person: Person, kind: str, fields: Body) -> str:
    return xmltext.render({**_app_head(world, person, kind), **fields, "MsgId": message_id(world), "AgentID": world.platform.wecom.app.agentid})


def app_event(world: World, person: Person, event: str, fields: Body | None = None) -> str:
    return xmltext.render({**_app_head(world, person, "event"), "Event": event, **(fields or {}), "AgentID": world.platform.wecom.app.agentid})


def robot_callback(world: World, chat: Chat, kind: str, fields: Body) -> str:
    """A callback of the robot, with a fresh response_url (to be used once, within an hour)."""
    code = secrets.token_urlsafe(48)
    world.store.run(
        "INSERT INTO codes (code, kind, subject, detail, expires_at) VALUES (?, 'robot_response', ?, ?, ?)",
        code, chat.person.key, chat.conversation, world.now() + 3600,
    )  # fmt: skip
    body: Body = {"msgid": secrets.token_hex(16), "aibotid": world.platform.wecom.robot.aibotid}
    if chat.group:
        body["chatid"] = chat.group
    body |= {"chattype": "group" if chat.group else "single", "from": {"userid": chat.person.userid},
             "response_url": f"{world.origin}/simulator/qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code={code}",
             "msgtype": kind, **fields}  # fmt: skip
    return json.dumps(body, ensure_ascii=False)


def robot_event(world: World, chat: Chat, event: str, detail: Body) -> str:
    return robot_callback(world, chat, "event", {"create_time": int(world.now()), "event": {"eventtype": event, event: detail}})
