"""What an operator's tools ask of an account: which templates it has, what is left of a quota, the app of WeCom and its menu.

Official Account: get_all_private_template; mini program: newtmpl/gettemplate; both: openapi/quota/get. WeCom: agent/get, menu/create, get, delete.
"""

from typing import Any

from .calls import Body, Call, Endpoint, PlatformError, address, text
from .settings import Account

OFFICIAL, MINI, WECOM_APP = frozenset({"official_account"}), frozenset({"mini_program"}), frozenset({"wecom"})
CONTENTS = {
    "progress": "编号:{{character_string1.DATA}}\n状态:{{phrase2.DATA}}\n说明:{{thing3.DATA}}\n",
    "appointment": "编号:{{character_string1.DATA}}\n状态:{{phrase2.DATA}}\n地点:{{thing3.DATA}}\n时间:{{time4.DATA}}\n",
    "reminder": "事项:{{thing1.DATA}}\n说明:{{thing2.DATA}}\n",
    "reply": "事项:{{thing1.DATA}}\n说明:{{thing2.DATA}}\n",
}
"""What the templates of the demonstration hold; `template_contents` of an account says another for one name, or adds one."""
LONG_TERM = 3
"""What the platform calls a template that may be sent again and again once it was accepted; 2 is one that goes once."""
MENU_TYPES = {"click", "view", "view_miniprogram", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin",
              "location_select"}  # fmt: skip


def _contents(account: Account) -> dict[str, str]:
    return CONTENTS | account.template_contents


def official_templates(call: Call) -> Body:
    """GET /cgi-bin/template/get_all_private_template"""
    account = call.world.platform.official_account
    return {"template_list": [
        {"template_id": ident, "title": name, "primary_industry": "医疗护理", "deputy_industry": "医药医疗",
         "content": _contents(account).get(name, ""), "example": ""}
        for name, ident in account.templates.items()]}  # fmt: skip


def subscription_templates(call: Call) -> Body:
    """GET /wxaapi/newtmpl/gettemplate"""
    account = call.world.platform.mini_program
    return {"errcode": 0, "errmsg": "ok", "data": [
        {"priTmplId": ident, "title": name, "content": _contents(account).get(name, ""), "example": "", "type": LONG_TERM}
        for name, ident in account.templates.items()]}  # fmt: skip


def quota(call: Call) -> Body:
    """POST /cgi-bin/openapi/quota/get: what the account may call an address a day, and what is left of it."""
    from .platform_api import WEIXIN as KNOWN  # that table holds this one

    path = text(call.body, "cgi_path", 47001)
    endpoint = KNOWN.get(path)
    if endpoint is None:
        raise PlatformError(76021, "cgi_path not found, please check")
    if call.account not in endpoint.accounts:
        raise PlatformError(76022, "could not use this cgi_path, no permission")
    row = call.world.store.row(
        "SELECT count FROM counters WHERE name = ? AND window = ?", f"day:{call.account}:{path}", int(call.world.now() // 86400)
    )
    used = int(row["count"]) if row else 0
    return {"errcode": 0, "errmsg": "ok", "quota": {"daily_limit": endpoint.daily, "used": used, "remain": max(0, endpoint.daily - used)}}


def _check_agent(call: Call) -> None:
    if call.asked("agentid") != str(call.world.platform.wecom.app.agentid):
        raise PlatformError(40056)


def agent(call: Call) -> Body:
    """GET /cgi-bin/agent/get"""
    _check_agent(call)
    app = call.world.platform.wecom.app
    origins = call.world.platform.redirect_origins or [app.callback_url]
    domain = origins[0].partition("://")[2].partition("/")[0]
    return {
        "errcode": 0, "errmsg": "ok", "agentid": app.agentid, "name": app.name, "square_logo_url": "", "description": "",
        "allow_userinfos": {"user": [{"userid": userid} for userid in call.world.by_userid]}, "allow_partys": {"partyid": []},
        "allow_tags": {"tagid": []}, "close": 0, "redirect_domain": domain, "report_location_flag": 0, "isreportenter": 1, "home_url": "",
    }  # fmt: skip


def create_menu(call: Call) -> Body:
    """POST /cgi-bin/menu/create?agentid="""
    _check_agent(call)
    buttons = call.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise PlatformError(40016, "1 to 3 buttons")
    for button in buttons:
        _button(button, 16, nested=True)
    call.world.store.remember("wecom_menu", buttons)
    return {"errcode": 0, "errmsg": "ok"}


def _button(button: Any, name_bytes: int, *, nested: bool = False) -> None:
    if not isinstance(button, dict):
        raise PlatformError(47001)
    if len(text(button, "name", 40018).encode()) > name_bytes:
        raise PlatformError(40018, "name")
    below = button.get("sub_button")
    if nested and below:
        if not isinstance(below, list) or len(below) > 5:
            raise PlatformError(40023, "1 to 5 sub-buttons")
        for one in below:
            _button(one, 40)
        return
    kind = button.get("type")
    if kind not in MENU_TYPES:
        raise PlatformError(40017, "type")
    if kind == "view":
        text(button, "url", 40020)
        address(button, "url")
    elif kind == "view_miniprogram":
        if not (button.get("appid") and button.get("pagepath")):
            raise PlatformError(40017, "view_miniprogram needs appid and pagepath")
    elif len(text(button, "key", 40019).encode()) > 128:
        raise PlatformError(40019)


def get_menu(call: Call) -> Body:
    """GET /cgi-bin/menu/get?agentid="""
    _check_agent(call)
    menu = call.world.store.fact("wecom_menu")
    if not menu:
        raise PlatformError(46003, "menu no exist")
    return {"errcode": 0, "errmsg": "ok", "button": [one if one.get("sub_button") else {**one, "sub_button": []} for one in menu]}


def delete_menu(call: Call) -> Body:
    """GET /cgi-bin/menu/delete?agentid="""
    _check_agent(call)
    call.world.store.remember("wecom_menu", [])
    return {"errcode": 0, "errmsg": "ok"}


WEIXIN = {
    "/cgi-bin/template/get_all_private_template": Endpoint(official_templates, "GET", OFFICIAL, 100_000),
    "/wxaapi/newtmpl/gettemplate": Endpoint(subscription_templates, "GET", MINI, 100_000),
    "/cgi-bin/openapi/quota/get": Endpoint(quota, "POST", OFFICIAL | MINI, 10_000),
}
WECOM = {
    "/cgi-bin/agent/get": Endpoint(agent, "GET", WECOM_APP),
    "/cgi-bin/menu/create": Endpoint(create_menu, "POST", WECOM_APP, 1000),
    "/cgi-bin/menu/get": Endpoint(get_menu, "GET", WECOM_APP),
    "/cgi-bin/menu/delete": Endpoint(delete_menu, "GET", WECOM_APP, 1000),
}
