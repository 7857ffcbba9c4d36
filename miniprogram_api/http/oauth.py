"""Sign-in of people to pages: Official-Account OAuth inside WeChat, WeCom OAuth inside WeCom (wechat-facts 3b).

A page without a session sends the browser to the platform's authorise page; the answer comes back with a one-time code. ``state`` is bound
to the browser by a short-lived cookie, so that nobody can finish a sign-in that somebody else began. No page opens by a link alone.
"""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import quote, unquote

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from bot.channels.api.errors import ApiError, SnapshotUser
from bot.channels.api.sign_in import official_account_authorize_url, wecom_authorize_url
from core.people import commands as people
from core.people import commands_sessions as sessions
from miniprogram_api.http.api import house_of, practice_of, public
from miniprogram_api.http.explaining import explain
from miniprogram_api.http.sessions import PROCESS, device_of, set_session_cookies

blueprint = Blueprint("oauth", url_prefix="/h5/oauth")

STATE_LIFE_S = 600

WECOM_PAGES = ("doctor", "desk", "pharmacy", "sign", "factor", "staff", "emergency")
"""Pages of practitioners; all others are patients' pages."""


def _state_cookie(request: Request) -> str:
    return "huizhen_oauth" if request.app.ctx.demo else "__Secure-huizhen_oauth"


def send_to_authorise(request: Request) -> HTTPResponse:
    """Where a page without a session goes: the authorise page of the platform it belongs to, with a fresh state."""
    settings = house_of(request).channel_settings
    state = practice_of(request).ids.token(32)
    mount = getattr(request, "mount", "")
    kind = "wecom" if request.path.split("/")[2] in WECOM_PAGES else "official-account"
    redirect_uri = f"{request.app.ctx.public_url}{mount}/h5/oauth/{kind}"
    open_base = settings.addresses.wechat_open
    if kind == "wecom":
        address = wecom_authorize_url(open_base, settings.wecom.corpid, settings.wecom.app.agentid, redirect_uri, state)
    else:
        address = official_account_authorize_url(open_base, settings.official_account.appid, redirect_uri, state)
    response = redirect(address)
    response.add_cookie(
        _state_cookie(request), f"{state}.{quote(request.path, safe='')}", path=f"{mount}/h5/oauth/", httponly=True, samesite="Lax",
        secure=not request.app.ctx.demo, max_age=STATE_LIFE_S,
    )
    return response


@blueprint.get("/<kind:str>")
@public("the platform sends the browser here with a one-time code; state binds it to this browser")
async def come_back(request: Request, kind: str) -> HTTPResponse:
    state, _, page = (request.cookies.get(_state_cookie(request)) or "").partition(".")
    given = request.args.get("state") or ""
    code = request.args.get("code") or ""
    if kind not in ("wecom", "official-account") or not state or not code or not hmac.compare_digest(state.encode(), given.encode(errors="replace")):
        return explain("登录没有完成", "请回到微信,从消息里重新打开这个页面。", 400)
    try:
        app, subject, unionid = await _who(house_of(request), kind, code)
    except SnapshotUser:
        return explain("现在是预览模式", "请点页面下方的「使用完整服务」,再打开一次。", 403)
    except ApiError:
        return explain("登录没有完成", "微信的登录码已经用过或过期。请回到微信,从消息里重新打开这个页面。", 403)
    practice = practice_of(request)
    account = await practice.execute(PROCESS, people.EnsureAccount(app=app, subject=subject, unionid=unionid))
    opened = await practice.execute(PROCESS, sessions.OpenSession(account_id=account.account_id, kind="h5", device=device_of(request)))
    mount = getattr(request, "mount", "")
    target = unquote(page)
    response = redirect(f"{mount}{target if target.startswith('/h5/') and '//' not in target else '/h5/mini/'}")
    set_session_cookies(request, response, opened)
    response.cookies.delete_cookie(_state_cookie(request), path=f"{mount}/h5/oauth/", secure=not request.app.ctx.demo)
    return response


async def _who(house: Any, kind: str, code: str) -> tuple[str, str, str | None]:
    settings = house.channel_settings
    if kind == "wecom":
        member = await house.apis.wecom.user_by_code(code)
        return settings.wecom.corpid, member.userid, None
    user = await house.apis.official_account.web_user(code)
    return settings.official_account.appid, user.openid, user.unionid or None
