"""The mini program's server API: login and phone codes, subscription messages with their value rules and allowance."""

import base64
import re
import secrets

from . import events
from .calls import Body, Call, Endpoint, PlatformError, check_code_grant, mapping, text
from .codes import redeem
from .official_account_api import template_data
from .settings import Person
from .world import World, refused

MINI = frozenset({"mini_program"})
TIME = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
DATE = r"\d{4}(年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2})"
MOMENT = rf"({DATE}(\s?{TIME})?|{TIME})"
VALUE_RULES = {
    "thing": r"[\s\S]{1,20}",
    "number": r"-?[\d.]{1,32}",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s\u4e00-\u9fff]{1,5}",
    "character_string": r"[\x21-\x7e]{1,32}",
    "time": rf"{MOMENT}(\s?~\s?{MOMENT})?",
    "date": rf"{DATE}(\s?{TIME})?(\s?~\s?{MOMENT})?",
    "amount": r"[^\w\s]?\d{1,10}(\.\d{1,2})?元?",
    "phone_number": r"[+\d\-*()]{1,17}",
    "car_number": r"[\u4e00-\u9fffA-Za-z0-9]{1,8}",
    "name": r"[\u4e00-\u9fff·]{1,10}|[A-Za-z.\s\-']{1,20}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
    "enum": r"[\s\S]{1,20}",
}


def login(call: Call) -> Body:
    """GET /sns/jscode2session"""
    world, account = call.world, call.world.platform.mini_program
    check_code_grant(call, account.appid, account.secret)
    person = world.person(redeem(world, "mini_login", call.asked("js_code"))["subject"])
    if world.store.count(f"login:{person.key}", world.now(), 60) > 100:
        raise PlatformError(45011)
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    world.store.remember(f"session_key:{person.key}", key)
    body: Body = {"openid": person.mini_program_openid, "session_key": key}
    if person.unionid:
        body["unionid"] = person.unionid
    return body


def phone_number(call: Call) -> Body:
    """POST /wxa/business/getuserphonenumber"""
    person = call.world.person(redeem(call.world, "mini_phone", text(call.body, "code", 40029))["subject"])
    if call.body.get("openid") not in (None, person.mini_program_openid):
        raise PlatformError(40003)
    return {"errcode": 0, "errmsg": "ok", "phone_info": {
        "phoneNumber": person.phone, "purePhoneNumber": person.phone, "countryCode": "86",
        "watermark": {"timestamp": int(call.world.now()), "appid": call.world.platform.mini_program.appid}}}  # fmt: skip


def subscribe_send(call: Call) -> Body:
    """POST /cgi-bin/message/subscribe/send; each accept of the user allows one message of that template."""
    world = call.world
    openid = call.body.get("touser")
    person = world.by_mini_openid.get(openid) if isinstance(openid, str) else None
    if person is None:
        raise PlatformError(40003)
    template_id = call.body.get("template_id")
    known = set(world.platform.mini_program.templates.values())
    if not isinstance(template_id, str) or not template_id or (known and template_id not in known):
        raise PlatformError(40037)
    if call.body.get("miniprogram_state", "formal") not in ("developer", "trial", "formal"):
        raise PlatformError(47001, "miniprogram_state")
    data = template_data(mapping(call.body, "data"))
    for name, value in data.items():
        _check_value(name, value)
    if world.conditions.subscriptions_refused or refused(world, person)["subscriptions"]:
        raise PlatformError(43101)
    row = world.store.row("SELECT remaining FROM subscriptions WHERE openid = ? AND template = ?", openid, template_id)
    if row is None or row["remaining"] < 1:
        raise PlatformError(43101)
    world.store.run("UPDATE subscriptions SET remaining = remaining - 1 WHERE openid = ? AND template = ?", openid, template_id)
    names = {ident: name for name, ident in world.platform.mini_program.templates.items()}
    shown = {
        "type": "subscription",
        "template_id": template_id,
        "name": names.get(template_id, ""),
        "data": data,
        "page": str(call.body.get("page", "")),
    }
    call.announce.append(world.post(f"{person.key}/mini_program", "service", world.platform.title("mini_program"), shown, call.exchange))
    msgid = events.message_id(world)
    sent = {"TemplateId": template_id, "MsgID": str(msgid), "ErrorCode": "0", "ErrorStatus": "success"}
    call.deliver.append(push_event(world, person, "subscribe_msg_sent_event", [sent]))
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def _check_value(name: str, value: str) -> None:
    rule = VALUE_RULES.get(re.sub(r"\d+$", "", name))
    if rule is None or not re.fullmatch(rule, value):
        raise PlatformError(47003, f"data.{name[:40]}.value invalid")


def push_event(world: World, person: Person, event: str, items: list[Body]) -> int:
    """Queue a subscription event. One element stands alone, several are a list: as the platform does it."""
    # In JSON the key is plain List; in XML it sits inside an element named after the event.
    content: Body = {"List": items[0] if len(items) == 1 else items}
    if world.platform.mini_program.message_format != "json":
        content = {"".join(part.capitalize() for part in event.split("_")): content}
    plain = events.mini_program_push(world, person, "event", {"Event": event, **content})
    return events.queue(world, "mini_program", "event", person, f"{person.key}/mini_program", plain)[0]


WEIXIN = {
    "/sns/jscode2session": Endpoint(login, "GET", daily=5_000_000),
    "/wxa/business/getuserphonenumber": Endpoint(phone_number, "POST", MINI, 5_000_000),
    "/cgi-bin/message/subscribe/send": Endpoint(subscribe_send, "POST", MINI, 10_000_000, recorded=True),
}
