"""The Official Account's API: customer-service messages with their allowance, template messages, menu, followers."""

import json
from typing import Any

from . import events
from .calls import Body, Call, Endpoint, PlatformError, address, mapping, text
from .media import known
from .settings import Person
from .world import World, refused

MESSAGE_ALLOWANCE = (5, 48 * 3600)
TAP_ALLOWANCE = (3, 60)
OFFICIAL = frozenset({"official_account"})


def grant(world: World, person: Person, kind: str, openid: str = "") -> None:
    """A message of the user opens five replies within 48 hours; a tap, a follow or a scan three within a minute. ``openid``: that of the mini
    program, where the message was said in its customer-service window."""
    remaining, seconds = MESSAGE_ALLOWANCE if kind == "message" else TAP_ALLOWANCE
    world.store.run(
        "INSERT INTO allowances VALUES (?, ?, ?, ?)"
        " ON CONFLICT (openid, kind) DO UPDATE SET remaining = excluded.remaining, expires_at = excluded.expires_at",
        openid or person.official_account_openid, kind, remaining, world.now() + seconds,
    )  # fmt: skip


def _spend(world: World, openid: str) -> None:
    """Take one from the allowance that ends first; 45047 when all are used up, 45015 when none is open."""
    open_now = world.store.rows("SELECT * FROM allowances WHERE openid = ? AND expires_at > ? ORDER BY expires_at", openid, world.now())
    for row in open_now:
        if row["remaining"] > 0:
            world.store.run("UPDATE allowances SET remaining = remaining - 1 WHERE openid = ? AND kind = ?", openid, row["kind"])
            return
    raise PlatformError(45047 if open_now else 45015)


def _person(call: Call, name: str = "touser") -> Person:
    openid = call.body.get(name) if name == "touser" else call.asked(name)
    person = call.world.by_openid.get(openid) if isinstance(openid, str) else None
    if person is None:
        raise PlatformError(40003)
    return person


def _post(call: Call, person: Person, body: Body) -> None:
    title = call.world.platform.title("official_account")
    call.announce.append(call.world.post(f"{person.key}/official_account", "service", title, body, call.exchange))


def customer_service(call: Call) -> Body:
    """POST /cgi-bin/message/custom/send"""
    if call.account == "mini_program":
        return _in_the_mini_program(call)
    person = _person(call)
    body = _kf_body(call, person)
    if not call.world.follows(person):
        raise PlatformError(45015)
    unwanted = refused(call.world, person)["customer_service"] or call.world.conditions.customer_service_refused
    if unwanted:
        raise PlatformError(unwanted)
    _spend(call.world, person.official_account_openid)
    _post(call, person, body)
    return {"errcode": 0, "errmsg": "ok"}


def _in_the_mini_program(call: Call) -> Body:
    """The same address for a mini program's window: text, image, link and page, and nothing that only an Official Account has."""
    openid = call.body.get("touser")
    person = call.world.by_mini_openid.get(openid) if isinstance(openid, str) else None
    if person is None:
        raise PlatformError(40003)
    kind = call.body.get("msgtype")
    if kind == "text":
        body: Body = {"type": "text", "content": text(mapping(call.body, "text"), "content", 44004, bytes_most=2048)}
    elif kind == "image":
        media = text(mapping(call.body, kind), "media_id", 40007)
        if known(call.world, media, "mini_program") is None:
            raise PlatformError(40007)
        body = {"type": kind, "url": f"/simulator/media/{media}", "name": ""}
    elif kind == "link":
        link = mapping(call.body, "link")
        body = {"type": "link", "title": text(link, "title", 47001), "description": text(link, "description", 47001), "url": address(link, "url"),
                "picture": address(link, "thumb_url") if link.get("thumb_url") else ""}  # fmt: skip
    else:
        raise PlatformError(40008)
    _spend(call.world, person.mini_program_openid)
    call.announce.append(call.world.post(f"{person.key}/mini_program", "service", call.world.platform.title("mini_program"), body, call.exchange))
    return {"errcode": 0, "errmsg": "ok"}


def _kf_body(call: Call, person: Person) -> Body:
    kind = call.body.get("msgtype")
    if kind == "text":
        return {"type": "text", "content": text(mapping(call.body, "text"), "content", 44004, bytes_most=2048)}
    if kind in ("image", "voice", "video"):
        media = text(mapping(call.body, kind), "media_id", 40007)
        if known(call.world, media, "official_account") is None:
            raise PlatformError(40007)
        return {"type": kind, "url": f"/simulator/media/{media}", "name": ""}
    if kind == "msgmenu":
        return _menu_message(mapping(call.body, "msgmenu"))
    if kind == "news":
        articles = mapping(call.body, "news").get("articles")
        if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
            raise PlatformError(45008, "one article")
        return _link(articles[0])
    if kind == "miniprogrampage":
        page = mapping(call.body, "miniprogrampage")
        if page.get("appid") != call.world.platform.mini_program.appid:
            raise PlatformError(40013)
        return {"type": "mini_program_page", "title": text(page, "title", 47001), "path": text(page, "pagepath", 47001)}
    raise PlatformError(40008)


def _link(article: Body) -> Body:
    about = str(article.get("description", ""))
    return {"type": "link", "title": text(article, "title", 47001), "description": about, "url": address(article, "url"),
            "picture": address(article, "picurl")}  # fmt: skip


def _menu_message(menu: Body) -> Body:
    items = menu.get("list")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise PlatformError(47001, "msgmenu.list must hold items")
    shown = []
    for item in items:
        ident = item.get("id")
        if isinstance(ident, bool) or not isinstance(ident, str | int) or not str(ident):
            raise PlatformError(47001, "msgmenu.list.id is missing")
        shown.append({"id": str(ident), "content": text(item, "content", 47001)})
    if len({item["id"] for item in shown}) != len(shown):
        raise PlatformError(47001, "msgmenu.list.id must differ")
    for name in ("head_content", "tail_content"):
        if not isinstance(menu.get(name, ""), str):
            raise PlatformError(47001, f"msgmenu.{name} must be a text")
    body = {"type": "menu", "head": menu.get("head_content", ""), "items": shown, "tail": menu.get("tail_content", "")}
    if len(json.dumps(body, ensure_ascii=False).encode()) > 2048 + 512:
        raise PlatformError(45002, "msgmenu")
    return body


def template(call: Call) -> Body:
    """POST /cgi-bin/message/template/send; the result follows as the event TEMPLATESENDJOBFINISH."""
    world, person = call.world, _person(call)
    names = {ident: name for name, ident in world.platform.official_account.templates.items()}
    template_id = call.body.get("template_id")
    if not isinstance(template_id, str) or template_id not in names:
        raise PlatformError(40037)
    data = template_data(mapping(call.body, "data"))
    address(call.body, "url")
    jump = call.body.get("miniprogram")
    if jump is not None and (not isinstance(jump, dict) or jump.get("appid") != world.platform.mini_program.appid):
        raise PlatformError(40013, "miniprogram")
    if not world.follows(person):
        raise PlatformError(43004)
    once = call.body.get("client_msg_id")
    if once is not None:
        remembered = f"client_msg_id:{text(call.body, 'client_msg_id', 47001, 32)}"
        earlier = world.store.fact(remembered)
        if earlier is not None:
            return {"errcode": 0, "errmsg": "ok", "msgid": earlier}
    msgid = events.message_id(world)
    if once is not None:
        world.store.remember(remembered, msgid)
    blocked = refused(world, person)["templates"]
    if not blocked:
        _post_template(call, person, template_id, names[template_id], data)
    status = "failed:user block" if blocked else "success"
    event = events.official_event(world, person, "TEMPLATESENDJOBFINISH", {"MsgID": msgid, "Status": status})
    call.deliver.append(events.queue(world, "official_account", "event", person, f"{person.key}/official_account", event)[0])
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def _post_template(call: Call, person: Person, template_id: str, name: str, data: dict[str, str]) -> None:
    jump = call.body.get("miniprogram")
    page = {"page": str(jump.get("pagepath", ""))} if jump else {}
    _post(call, person, {"type": "template", "template_id": template_id, "name": name, "data": data, "url": call.body.get("url", ""), **page})


def template_data(data: Body) -> dict[str, str]:
    """data: {name: {"value": text}}; answers name → text."""
    values = {}
    for name, item in data.items():
        if not isinstance(item, dict) or set(item) - {"value", "color"}:
            raise PlatformError(47001, f"data.{name[:40]}")
        value = item.get("value")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise PlatformError(47001, f"data.{name[:40]}.value")
        values[name] = str(value)
    if not values:
        raise PlatformError(47001, "data is empty")
    return values


def user_info(call: Call) -> Body:
    """GET /cgi-bin/user/info"""
    person = _person(call, "openid")
    body: Body = {"subscribe": int(call.world.follows(person)), "openid": person.official_account_openid}
    if person.unionid:
        body["unionid"] = person.unionid
    if body["subscribe"]:
        since = int(call.world.store.fact(f"followed_at:{person.official_account_openid}", 1_700_000_000))
        body |= {"language": "zh_CN", "subscribe_time": since, "remark": "", "groupid": 0, "tagid_list": [], "subscribe_scene": "ADD_SCENE_QR_CODE",
                 "qr_scene": 0, "qr_scene_str": ""}  # fmt: skip
    return body


def create_menu(call: Call) -> Body:
    """POST /cgi-bin/menu/create"""
    buttons = call.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise PlatformError(40016, "1 to 3 buttons")
    for button in buttons:
        _button(button, 16, nested=True)
    call.world.store.remember("menu", buttons)
    return {"errcode": 0, "errmsg": "ok"}


def _button(button: Any, name_bytes: int, *, nested: bool = False) -> None:
    if not isinstance(button, dict):
        raise PlatformError(47001)
    name = text(button, "name", 40018)
    if len(name.encode()) > name_bytes:
        raise PlatformError(40018, name)
    below = button.get("sub_button")
    if nested and below:
        if not isinstance(below, list) or len(below) > 5:
            raise PlatformError(40023, "1 to 5 sub-buttons")
        for one in below:
            _button(one, 60)
        return
    kind = button.get("type")
    if kind == "click":
        if len(text(button, "key", 40019).encode()) > 128:
            raise PlatformError(40019)
    elif kind in ("view", "miniprogram"):
        if len(text(button, "url", 40020).encode()) > 1024:
            raise PlatformError(40020)
        address(button, "url")
        if kind == "miniprogram" and not (button.get("appid") and button.get("pagepath")):
            raise PlatformError(40017, "miniprogram needs appid and pagepath")
    else:
        raise PlatformError(40017)


def get_menu(call: Call) -> Body:
    menu = call.world.store.fact("menu")
    if not menu:
        raise PlatformError(46003, "menu no exist")
    return {"menu": {"button": menu}}


def delete_menu(call: Call) -> Body:
    call.world.store.remember("menu", [])
    return {"errcode": 0, "errmsg": "ok"}


WEIXIN = {
    "/cgi-bin/message/custom/send": Endpoint(customer_service, "POST", OFFICIAL | {"mini_program"}, 500_000, recorded=True),
    "/cgi-bin/message/template/send": Endpoint(template, "POST", OFFICIAL, 100_000, recorded=True),
    "/cgi-bin/user/info": Endpoint(user_info, "GET", OFFICIAL, 5_000_000),
    "/cgi-bin/menu/create": Endpoint(create_menu, "POST", OFFICIAL, 1000),
    "/cgi-bin/menu/get": Endpoint(get_menu, "GET", OFFICIAL, 10_000),
    "/cgi-bin/menu/delete": Endpoint(delete_menu, "GET", OFFICIAL, 1000),
}
