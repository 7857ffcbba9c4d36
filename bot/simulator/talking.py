"""What a person does on his phone: writing, sending pictures, following, signing in. Stored first, then delivered."""

import base64
import binascii
import json
import re
from typing import Any

from . import events, media
from .codes import issue
from .deliveries import Courier
from .mini_program_api import push_event
from .official_account_api import grant
from .world import Chat, PeopleError, World, refused
from .xmltext import legal

Body = dict[str, Any]
TEXT_MOST = 2000
UPLOAD_BYTES = 20 << 20
FIELDS = {"text": {"content", "quote"}, "voice": {"recognition", "data_base64"}, "image": {"name", "data_base64"}, "file": {"name", "data_base64"},
          "location": {"latitude", "longitude", "label"}}  # fmt: skip
KINDS = {
    "official_account": ("text", "voice", "image", "location"),
    "mini_program": ("text", "image"),
    "wecom_app": ("text", "voice", "image", "location"),
    "wecom_robot": ("text", "voice", "image", "file"),
    "group": ("text", "image", "file"),
    "sms": (),
}
TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp", "webp": "image/webp"}


def invalid(sentence: str) -> PeopleError:
    return PeopleError("message.invalid", 422, sentence)


def write(world: World, courier: Courier, chat: Chat, message: Body) -> Body:
    """A person sends one message. Answers the stored message as he sees it; its callback goes out by itself."""
    kind = message.get("type")
    allowed = KINDS["group" if chat.group else chat.id]
    if not isinstance(kind, str) or kind not in FIELDS:
        raise invalid("不认识这种消息,请发文字、语音、图片、文件或位置")
    if kind not in allowed:
        raise PeopleError("message.unsupported", 422, "这个聊天里不能发这种消息,请换一种方式")
    stray = set(message) - {"type"} - FIELDS[kind]
    if stray:
        raise invalid(f"消息里有多余的内容:{sorted(stray)[0][:40]}")
    if chat.id == "official_account" and not world.follows(chat.person):
        raise PeopleError("account.not_followed", 409, f"还没有关注{world.platform.title('official_account')},请先点“关注”")
    if chat.id == "wecom_robot" or _mentions(world, chat, message):
        _robot_is_free(world, chat)
    body, data = _read(world, chat, kind, message)
    delivery = exchange = None
    with world.store.transaction():
        stored = _keep(world, chat, kind, body, data) if data is not None else ""
        if stored:
            body["url"] = f"/simulator/media/{stored}"
        callback = _callback(world, chat, kind, body, stored, message)
        if callback:
            channel, plain = callback
            delivery, exchange = events.queue(world, channel, "message", chat.person, chat.conversation, plain)
        if chat.id == "official_account":
            grant(world, chat.person, "message")
        elif chat.id == "mini_program":
            grant(world, chat.person, "message", chat.person.mini_program_openid)
        seq = world.post(chat.conversation, "person", chat.person.key, body, exchange)
    world.announce(seq)
    if delivery is not None:
        courier.dispatch(delivery)
    row = world.message(seq)
    return world.view(row, chat.person) if row else {}


def _robot_is_free(world: World, chat: Chat) -> None:
    """A user and a robot have at most three messages open at once."""
    key = chat.person.key
    waiting = world.store.row(
        "SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending' AND channel = 'wecom_robot' AND kind = 'message' AND person = ?)"
        " + (SELECT count(*) FROM streams WHERE (state = 'open' OR state = 'pushed' AND started_at > ?) AND person = ?) AS open",
        key, world.now() - world.timing.stream, key,
    )  # fmt: skip
    if waiting and waiting["open"] >= 3:
        raise PeopleError("robot.busy", 409, "机器人还在回答前面的三条消息,请等它答完再发")


def _mentions(world: World, chat: Chat, message: Body) -> bool:
    content = message.get("content")
    name = re.escape(world.platform.wecom.robot.name)
    group = world.group(chat.group) if chat.group else None
    return bool(group and group["robot"] and isinstance(content, str) and re.match(rf"@{name}(\s|$)", content))


def _read(world: World, chat: Chat, kind: str, message: Body) -> tuple[Body, bytes | None]:
    """The message's body, checked, and the bytes that come with it."""
    if kind == "text":
        body: Body = {"type": "text", "content": _words(message.get("content"), "请写点什么再发")}
        if message.get("quote") is not None:
            body["quote"] = _quoted(world, chat, message["quote"])
        return body, None
    if kind == "voice":
        recognition = message.get("recognition", "")
        audio = _bytes(message["data_base64"]) if "data_base64" in message else b"#!AMR\n"
        return {"type": "voice", "recognition": _words(recognition, "") if recognition else ""}, audio
    if kind == "location":
        latitude, longitude = _number(message.get("latitude"), 90), _number(message.get("longitude"), 180)
        return {"type": "location", "latitude": latitude, "longitude": longitude, "label": _words(message.get("label") or "位置", "")}, None
    name = _words(message.get("name"), "请给文件起个名字")
    data = _bytes(message.get("data_base64"))
    return {"type": kind, "name": name.replace("/", "_").replace("\\", "_")[:120], "size": len(data)}, data


def _bytes(encoded: Any) -> bytes:
    if not isinstance(encoded, str) or not encoded:
        raise invalid("文件是空的,请重新选择")
    if len(encoded) > UPLOAD_BYTES * 4 // 3 + 4:
        raise PeopleError("file.too_large", 413, "文件太大了,演示里最多 20 MB")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("文件内容没有传完整,请重新选择") from None


def _words(value: Any, empty: str) -> str:
    """A text that says something, without characters that cannot be sent."""
    # What XML cannot carry no phone can type either.
    words = legal(value) if isinstance(value, str) else ""
    if not words.strip():
        raise invalid(empty or "内容不是文字")
    if len(words) > TEXT_MOST:
        raise PeopleError("message.too_long", 422, f"一条消息最多 {TEXT_MOST} 个字,请分开发")
    return words


def _number(value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise invalid("位置不对,请重新选择")
    return float(value)


def _quoted(world: World, chat: Chat, seq: Any) -> Body:
    row = world.message(seq) if isinstance(seq, int) and 0 < seq < 2**62 else None
    if row is None or row["conversation"] != chat.conversation:
        raise invalid("引用的消息不在这个聊天里")
    quoted = json.loads(row["body"])
    return {"seq": seq, "content": str(quoted.get("content", "")) or f"[{quoted.get('type')}]"}


def _keep(world: World, chat: Chat, kind: str, body: Body, data: bytes) -> str:
    account = "wecom" if chat.group or chat.id.startswith("wecom") else chat.id
    name = body.get("name", "voice.amr")
    content_type = "audio/amr" if kind == "voice" else TYPES.get(name.rsplit(".", 1)[-1].lower(), "application/octet-stream")
    if kind == "image" and not content_type.startswith("image/"):
        content_type = "image/jpeg"
    return media.keep(world, account, kind, name, content_type, data)


def _callback(world: World, chat: Chat, kind: str, body: Body, stored: str, message: Body) -> tuple[str, str] | None:
    """Channel and plain text of the callback that this message causes; None when only the members see it."""
    person = chat.person
    if chat.group:
        return ("wecom_robot", _robot_message(world, chat, kind, body, stored)) if _mentions(world, chat, message) else None
    if chat.id == "wecom_robot":
        return "wecom_robot", _robot_message(world, chat, kind, body, stored)
    picture = f"{world.origin}/simulator/media/{stored}"
    if chat.id == "mini_program":
        fields = {"Content": body["content"]} if kind == "text" else {"PicUrl": picture, "MediaId": stored}
        return "mini_program", events.mini_program_push(world, person, kind, fields)
    fields = {}
    if kind == "text":
        fields = {"Content": body["content"]}
    elif kind == "image":
        fields = {"PicUrl": picture, "MediaId": stored}
    elif kind == "voice":
        fields = {"MediaId": stored, "Format": "amr"}
        if chat.id == "official_account":
            fields["Recognition"] = body["recognition"]
    else:
        fields = {"Location_X": body["latitude"], "Location_Y": body["longitude"], "Scale": 16, "Label": body["label"]}
    if chat.id == "official_account":
        return "official_account", events.official_message(world, person, kind, fields)
    return "wecom_app", events.app_message(world, person, kind, {**fields, **({"AppType": "wxwork"} if kind == "location" else {})})


def _robot_message(world: World, chat: Chat, kind: str, body: Body, stored: str) -> str:
    if kind == "text":
        fields: Body = {"text": {"content": body["content"]}}
        if "quote" in body:
            fields["quote"] = {"msgtype": "text", "text": {"content": body["quote"]["content"]}}
    elif kind == "voice":
        fields = {"voice": {"content": body["recognition"]}}
    else:
        fields = {kind: {"url": media.link(world, stored)}}
    return events.robot_callback(world, chat, kind, fields)


# following, entering, codes of the mini program


def follow(world: World, courier: Courier, chat: Chat, wanted: bool, scene: str = "") -> Body:
    """Follow (also through a scene code) or unfollow the Official Account; scanning while following is a SCAN event."""
    person, now_following = chat.person, world.follows(chat.person)
    if scene and not re.fullmatch(r"[0-9A-Za-z_\-]{1,64}", scene):
        raise invalid("二维码不对")
    if wanted == now_following and not (wanted and scene):
        return {"following": now_following}
    openid = person.official_account_openid
    ticket = {"Ticket": f"ticket_{scene}"} if scene else {}
    if wanted and now_following:
        event, fields, kind = "SCAN", {"EventKey": scene, **ticket}, "menu"
    elif wanted:
        event, fields, kind = "subscribe", {"EventKey": f"qrscene_{scene}" if scene else "", **ticket}, "menu"
    else:
        event, fields, kind = "unsubscribe", {"EventKey": ""}, "event"
    with world.store.transaction():
        world.store.remember(f"follow:{openid}", wanted)
        if wanted:
            world.store.remember(f"followed_at:{openid}", world.now())
            grant(world, person, "tap")
        else:
            world.store.run("DELETE FROM allowances WHERE openid = ?", openid)
        plain = events.official_event(world, person, event, fields)
        delivery, exchange = events.queue(world, "official_account", kind, person, chat.conversation, plain)
    courier.dispatch(delivery)
    return {"following": wanted, "exchange": exchange}


def enter(world: World, courier: Courier, chat: Chat) -> Body:
    """Open the chat with the robot or the app: enter_chat or enter_agent."""
    with world.store.transaction():
        if chat.id == "wecom_robot":
            plain = events.robot_event(world, chat, "enter_chat", {})
            delivery, exchange = events.queue(world, "wecom_robot", "enter", chat.person, chat.conversation, plain)
        elif chat.id == "wecom_app":
            plain = events.app_event(world, chat.person, "enter_agent", {"EventKey": ""})
            delivery, exchange = events.queue(world, "wecom_app", "menu", chat.person, chat.conversation, plain)
        else:
            return {}
    courier.dispatch(delivery)
    return {"exchange": exchange}


def mini_program_code(world: World, key: str, kind: str) -> Body:
    """The code that wx.login (mini_login) or the phone button (mini_phone) gives the mini program."""
    chat = world.chat(key, "mini_program")
    if kind == "mini_phone" and not chat.person.phone:
        raise PeopleError("phone.missing", 409, "这个人没有手机号,不能授权")
    return {"code": issue(world, kind, chat.person.key)}


def subscribe(world: World, courier: Courier, key: str, answers: Any) -> Body:
    """The dialog of subscription messages: template id → accept, reject or ban; each accept allows one message."""
    chat = world.chat(key, "mini_program")
    if not isinstance(answers, dict) or not 1 <= len(answers) <= 3 or not all(a in ("accept", "reject", "ban") for a in answers.values()):
        raise invalid("一次最多询问 3 个订阅消息,回答只能是 accept、reject 或 ban")
    if refused(world, chat.person)["subscriptions"]:
        raise PeopleError("subscriptions.off", 409, "您已关闭订阅消息,请先在手机上打开")
    openid = chat.person.mini_program_openid
    with world.store.transaction():
        for template, answer in answers.items():
            if answer == "accept":
                world.store.run(
                    "INSERT INTO subscriptions VALUES (?, ?, 1) ON CONFLICT (openid, template) DO UPDATE SET remaining = remaining + 1",
                    openid,
                    template,
                )
        items = [{"TemplateId": template, "SubscribeStatusString": answer, "PopupScene": "0"} for template, answer in answers.items()]
        delivery = push_event(world, chat.person, "subscribe_msg_popup_event", items)
    courier.dispatch(delivery)
    return dict(answers)
