"""WeCom's API: app messages and template cards, changing cards, groups made by the app, members, the robot's late answer."""

import hashlib
import json
import re
import secrets
import sqlite3
from typing import Any

from . import cards
from .answers import STREAM_BYTES, cut_bytes
from .calls import Body, Call, Endpoint, PlatformError, address, mapping, text
from .codes import detail, redeem
from .media import known
from .settings import Person
from .store import dump
from .world import World

WECOM = frozenset({"wecom"})
CARD_CODE_LIFETIME = 72 * 3600
MEMBER_HOUR = 1000
# The platform documents that a response_code works once, not the number it answers afterwards: this is the number for an unknown task.
CARD_CODE_SPENT = 42016


def card_code(world: World, task_id: str) -> str:
    """A response_code: changes the card once, within 72 hours."""
    code = secrets.token_urlsafe(48)
    world.store.run(
        "INSERT INTO codes (code, kind, subject, detail, expires_at) VALUES (?, 'card', ?, '{}', ?)", code, task_id, world.now() + CARD_CODE_LIFETIME
    )
    return code


def _receivers(call: Call) -> tuple[list[Person], list[str]]:
    touser = call.body.get("touser", "")
    if not isinstance(touser, str):
        raise PlatformError(40003, "touser")
    if touser == "@all":
        return list(call.world.by_userid.values()), []
    userids = list(dict.fromkeys(part for part in touser.split("|") if part))
    if len(userids) > 1000:
        raise PlatformError(40032, "touser takes at most 1000")
    found = [call.world.by_userid[userid] for userid in userids if userid in call.world.by_userid]
    if not found:
        raise PlatformError(81013)
    return found, [userid for userid in userids if userid not in call.world.by_userid]


def _agent(call: Call) -> None:
    agentid = call.body.get("agentid")
    if isinstance(agentid, bool) or agentid != call.world.platform.wecom.app.agentid:
        raise PlatformError(40056)


def send(call: Call) -> Body:
    """POST /cgi-bin/message/send: text, markdown, image, file, textcard, news, template_card."""
    world = call.world
    _agent(call)
    people, unknown = _receivers(call)
    body = _content(call, ("text", "markdown", "image", "voice", "video", "file", "textcard", "news", "template_card"))
    answer: Body = {"errcode": 0, "errmsg": "ok", "invaliduser": "|".join(unknown), "msgid": secrets.token_urlsafe(40)}
    if call.body.get("enable_duplicate_check") == 1 and _repeated(call):
        return answer
    task_id = body["card"].get("task_id") if body["type"] == "card" else None
    if task_id and world.store.row("SELECT 1 FROM cards WHERE scope = 'wecom_app' AND task_id = ?", task_id):
        raise PlatformError(42014)
    limit = world.platform.wecom.app.messages_a_minute
    for person in people:
        if task_id:
            # The card belongs to its receiver even when the message itself is dropped below.
            world.store.run("INSERT INTO cards VALUES ('wecom_app', ?, 0, ?)", task_id, person.userid)
        minute = world.store.count(f"member:minute:{person.userid}", world.now(), 60)
        if minute > limit or world.store.count(f"member:hour:{person.userid}", world.now(), 3600) > MEMBER_HOUR:
            call.warnings.append(f"dropped: {person.userid} got more than {limit} messages this minute or {MEMBER_HOUR} this hour")
            continue
        seq = world.post(f"{person.key}/wecom_app", "service", world.platform.wecom.app.name, body, call.exchange)
        call.announce.append(seq)
        if task_id:
            world.store.run("UPDATE cards SET seq = ? WHERE scope = 'wecom_app' AND task_id = ? AND userid = ?", seq, task_id, person.userid)
    if task_id and body["card"]["card_type"] in cards.TAPPABLE:
        answer["response_code"] = card_code(world, task_id)
    return answer


def _repeated(call: Call) -> bool:
    """The same message to the same people within the interval (default 1800 s) is taken and not shown."""
    interval = call.body.get("duplicate_check_interval", 1800)
    if isinstance(interval, bool) or not isinstance(interval, int) or not 0 < interval <= 4 * 3600:
        raise PlatformError(40058, "duplicate_check_interval")
    told = dump({key: value for key, value in sorted(call.body.items()) if not key.startswith(("enable_", "duplicate_"))})
    name = f"duplicate:{hashlib.sha256(told.encode()).hexdigest()}"
    earlier = call.world.store.fact(name)
    call.world.store.remember(name, call.world.now())
    return earlier is not None and call.world.now() - float(earlier) < interval


def _content(call: Call, allowed: tuple[str, ...]) -> Body:
    kind = call.body.get("msgtype")
    if kind not in allowed:
        raise PlatformError(40008)
    part = mapping(call.body, kind, 40058)
    if kind == "text":
        return {"type": "text", "content": _cut(call, text(part, "content", 44004), 2048)}
    if kind == "markdown":
        return {"type": "markdown", "content": _cut(call, text(part, "content", 44004), 2048), "finished": True}
    if kind in ("image", "voice", "video", "file"):
        media = text(part, "media_id", 40007)
        row = known(call.world, media, "wecom")
        if row is None:
            raise PlatformError(40007)
        return {"type": kind, "url": f"/simulator/media/{media}", "name": row["name"]}
    if kind == "textcard":
        if not address(part, "url"):
            raise PlatformError(40058, "textcard.url is missing")
        return {"type": "link", "title": text(part, "title")[:128], "description": text(part, "description")[:512], "url": part["url"], "picture": ""}
    if kind == "news":
        return articles(part)
    call.warnings += _checked(part)
    return {"type": "card", "card": part}


def articles(part: Body) -> Body:
    """The message that `news` makes."""
    listed = part.get("articles")
    if not isinstance(listed, list) or not 1 <= len(listed) <= 8 or not all(isinstance(one, dict) for one in listed):
        raise PlatformError(40058, "news.articles must hold 1 to 8")
    return {"type": "articles", "items": [
        {"title": text(one, "title"), "description": str(one.get("description", "")), "url": address(one, "url"), "picture": address(one, "picurl")}
        for one in listed]}  # fmt: skip


def _cut(call: Call, content: str, limit: int) -> str:
    if len(content.encode()) > limit:
        call.warnings.append(f"content: {len(content.encode())} bytes, cut at {limit}")
    return cut_bytes(content, limit)


def _checked(card: Any, *, new: bool = True) -> list[str]:
    try:
        return cards.check(card, new=new)
    except cards.CardError as exc:
        raise PlatformError(40058, str(exc)) from None


def update_card(call: Call) -> Body:
    """POST /cgi-bin/message/update_template_card: grey a card's buttons, or replace the card, for some or for all."""
    world = call.world
    _agent(call)
    code = text(call.body, "response_code", 40058)
    change: Body
    if "button" in call.body:
        change = {"replaced": text(mapping(call.body, "button", 40058), "replace_name", 40058, 20)}
    elif "template_card" in call.body:
        call.warnings += _checked(call.body["template_card"], new=False)
        change = call.body["template_card"]
    else:
        raise PlatformError(40058, "button or template_card is missing")
    row = world.store.row("SELECT * FROM codes WHERE code = ? AND kind = 'card'", code)
    userids = call.body.get("userids", [])
    if not isinstance(userids, list) or len(userids) > 1000 or not all(isinstance(one, str) for one in userids):
        raise PlatformError(40058, "userids must be a list of at most 1000")
    everyone = call.body.get("atall") == 1
    if not everyone and not userids:
        raise PlatformError(40058, "userids, partyids, tagids or atall is missing")
    if row is None or row["expires_at"] <= world.now():
        raise PlatformError(CARD_CODE_SPENT, "response_code is invalid or older than 72 hours")
    if not world.store.run("UPDATE codes SET used = 1 WHERE code = ? AND used = 0", code):
        raise PlatformError(CARD_CODE_SPENT, "response_code has been used")
    held = {one["userid"]: one["seq"] for one in world.store.rows("SELECT * FROM cards WHERE scope = 'wecom_app' AND task_id = ?", row["subject"])}
    for userid, seq in held.items():
        if seq and (everyone or userid in userids):
            apply_card(world, seq, change)
            call.changed.append(seq)
    return {"errcode": 0, "errmsg": "ok", "invaliduser": [userid for userid in userids if userid not in held]}


def apply_card(world: World, seq: int, change: Body) -> None:
    """Put a changed card into a message: {"replaced": name} greys the buttons, anything else is the whole new card."""
    row = world.message(seq)
    if row is None:
        return
    body = json.loads(row["body"])
    new = {**body["card"], **change} if set(change) == {"replaced"} else dict(change)
    if body["card"].get("task_id"):
        new["task_id"] = body["card"]["task_id"]
    world.rewrite(seq, {**body, "card": new})


def create_group(call: Call) -> Body:
    """POST /cgi-bin/appchat/create"""
    world = call.world
    userids = _userids(call, "userlist")
    if not all(one in world.by_userid for one in userids):
        raise PlatformError(86216, "userlist has a member that does not exist")
    _group_size(userids)
    owner = _group_owner(call.body.get("owner", userids[0]), userids)
    chatid = call.body.get("chatid") or secrets.token_hex(16)
    if not isinstance(chatid, str) or not re.fullmatch(r"[0-9A-Za-z]{1,32}", chatid):
        raise PlatformError(86001, "chatid must be 1 to 32 of 0-9a-zA-Z")
    if world.group(chatid) is not None:
        raise PlatformError(86215, "chatid exists")
    if world.store.count("appchat:create", world.now(), 86400) > 1000:
        raise PlatformError(45009)
    name = _group_name(call.body.get("name", "群聊"))
    members = [world.by_userid[one].key for one in userids]
    world.store.run("INSERT INTO groups VALUES (?, ?, ?, ?, 0)", chatid, name or "群聊", owner, dump(members))
    return {"errcode": 0, "errmsg": "ok", "chatid": chatid}


def change_group(call: Call) -> Body:
    """POST /cgi-bin/appchat/update"""
    world = call.world
    group = _own_group(call, text(call.body, "chatid", 86001))
    there = [person.userid for person in world.members(group)]
    added, gone = _userids(call, "add_user_list", optional=True), _userids(call, "del_user_list", optional=True)
    if not all(one in world.by_userid for one in added) or not all(one in there for one in gone):
        raise PlatformError(86216, "add_user_list has nobody's userid, or del_user_list one that is not in the group")
    userids = list(dict.fromkeys([*(one for one in there if one not in gone), *added]))
    _group_size(userids)
    owner = _group_owner(call.body.get("owner", group["owner"]), userids)
    name = _group_name(call.body.get("name", group["name"]))
    if world.store.count("appchat:update", world.now(), 3600) > 1000:
        raise PlatformError(45009)
    members = dump([world.by_userid[one].key for one in userids])
    world.store.run("UPDATE groups SET name = ?, owner = ?, members = ? WHERE chatid = ?", name or group["name"], owner, members, group["chatid"])
    return {"errcode": 0, "errmsg": "ok"}


def _userids(call: Call, field: str, *, optional: bool = False) -> list[str]:
    listed = call.body.get(field, [] if optional else None)
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed) or len(set(listed)) != len(listed):
        raise PlatformError(40058, f"{field} must hold different userids")
    return listed


def _group_size(userids: list[str]) -> None:
    if not 2 <= len(userids) <= 2000:
        raise PlatformError(86006, "a group has 2 to 2000 members")


def _group_owner(owner: Any, userids: list[str]) -> str:
    if not isinstance(owner, str) or owner not in userids:
        raise PlatformError(86207, "owner must be a member")
    return owner


def _group_name(name: Any) -> str:
    if not isinstance(name, str):
        raise PlatformError(86004, "name must be a text")
    return name[:50]


def _own_group(call: Call, chatid: str) -> sqlite3.Row:
    """A group that people made, such as the one with the robot, is none of the app's."""
    group = call.world.group(chatid)
    if group is None:
        raise PlatformError(86003, "chatid does not exist")
    if group["robot"]:
        raise PlatformError(86008, "the group was not made by this app")
    return group


def send_to_group(call: Call) -> Body:
    """POST /cgi-bin/appchat/send: text, image, file, textcard, news, markdown; no cards."""
    world = call.world
    group = _own_group(call, text(call.body, "chatid", 86001))
    body = _content(call, ("text", "markdown", "image", "voice", "video", "file", "textcard", "news"))
    call.announce.append(world.post(f"group:{group['chatid']}", "service", world.platform.wecom.app.name, body, call.exchange))
    return {"errcode": 0, "errmsg": "ok"}


def get_group(call: Call) -> Body:
    group = _own_group(call, call.asked("chatid"))
    members = [person.userid for person in call.world.members(group)]
    return {"errcode": 0, "errmsg": "ok",
            "chat_info": {"chatid": group["chatid"], "name": group["name"], "owner": group["owner"], "userlist": members,
                          "chat_type": 0}}  # fmt: skip


def who(call: Call) -> Body:
    """GET /cgi-bin/auth/getuserinfo"""
    code = redeem(call.world, "wecom_oauth", call.asked("code"))
    answer: Body = {"errcode": 0, "errmsg": "ok", "userid": call.world.person(code["subject"]).userid}
    if detail(code).get("scope") == "snsapi_privateinfo":
        answer |= {"user_ticket": secrets.token_urlsafe(48), "expires_in": 1800}
    return answer


def member(call: Call) -> Body:
    """GET /cgi-bin/user/get"""
    person = call.world.by_userid.get(call.asked("userid"))
    if person is None:
        raise PlatformError(60111)
    return {"errcode": 0, "errmsg": "ok", "userid": person.userid, "name": person.name, "department": [1], "position": person.title, "status": 1,
            "isleader": 0, "enable": 1, "main_department": 1}  # fmt: skip


def robot_response(call: Call) -> Body:
    """POST to the response_url of a robot callback: one markdown or card, within an hour, without a token."""
    world = call.world
    row = world.store.row("SELECT * FROM codes WHERE code = ? AND kind = 'robot_response'", call.asked("response_code"))
    if row is None or row["expires_at"] <= world.now():
        raise PlatformError(40058, "response_url is invalid or older than an hour")
    if row["used"]:
        raise PlatformError(40058, "response_url has been used")
    kind = call.body.get("msgtype")
    if kind not in ("markdown", "template_card") or set(call.body) != {"msgtype", kind}:
        raise PlatformError(40008, "markdown or template_card")
    part = mapping(call.body, kind, 40058)
    body: Body
    if kind == "markdown":
        content = text(part, "content", 44004)
        if set(part) - {"content", "feedback"} or len(content.encode()) > STREAM_BYTES:
            raise PlatformError(45002, "markdown.content")
        body = {"type": "markdown", "content": content, "finished": True}
    else:
        call.warnings += _checked(part)
        if "task_id" in part and world.store.row("SELECT 1 FROM cards WHERE scope = 'robot' AND task_id = ?", part["task_id"]):
            raise PlatformError(42014)
        body = {"type": "card", "card": part}
    world.store.run("UPDATE codes SET used = 1 WHERE code = ?", row["code"])
    seq = world.post(row["detail"], "service", world.platform.wecom.robot.name, body, call.exchange)
    call.announce.append(seq)
    if kind == "template_card" and "task_id" in part:
        world.store.run("INSERT INTO cards VALUES ('robot', ?, ?, '')", part["task_id"], seq)
    return {"errcode": 0, "errmsg": "ok"}


WECOM_API = {
    "/cgi-bin/message/send": Endpoint(send, "POST", WECOM, 1_000_000, recorded=True),
    "/cgi-bin/message/update_template_card": Endpoint(update_card, "POST", WECOM, 1_000_000, recorded=True),
    "/cgi-bin/appchat/create": Endpoint(create_group, "POST", WECOM, 1000),
    "/cgi-bin/appchat/update": Endpoint(change_group, "POST", WECOM, 24_000),
    "/cgi-bin/appchat/send": Endpoint(send_to_group, "POST", WECOM, 1_000_000, recorded=True),
    "/cgi-bin/appchat/get": Endpoint(get_group, "GET", WECOM),
    "/cgi-bin/auth/getuserinfo": Endpoint(who, "GET", WECOM, 1_000_000),
    "/cgi-bin/user/getuserinfo": Endpoint(who, "GET", WECOM, 1_000_000),
    "/cgi-bin/user/get": Endpoint(member, "GET", WECOM, 1_000_000),
    "/cgi-bin/aibot/response": Endpoint(robot_response, "POST", recorded=True),
}
