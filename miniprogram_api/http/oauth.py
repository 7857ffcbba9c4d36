"""Sign-in of people to pages: Official-Account OAuth inside WeChat, WeCom OAuth inside WeCom (wechat-facts 3b).

A page without a session sends the browser to the platform's authorise page; the answer comes back with a one-time code. ``state`` is bound
to the browser by a short-lived cookie, so that nobody can finish a sign-in that somebody else began. No page opens by a link alone.
"""

from __future__ import annotations

import hmac
import re
from html import escape
from typing import Any
from urllib.parse import quote, unquote

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import html, redirect

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


_OPENED = re.compile(r"/[A-Za-z0-9_/-]{1,200}")
"""What stands behind ``#`` on a page of ours: a name, and codes."""
_BY_WAY_OF_THE_BROWSER = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    "<title>会诊 · 登录</title><style>body{{font:18px/1.6 system-ui,sans-serif;margin:20vh auto;max-width:24em;padding:0 20px;text-align:center}}"
    'a{{display:inline-block;min-height:44px;line-height:44px;color:#06753a}}</style><p>正在登录…</p>'
    '<p><a id="sign-in" href="{address}">没有反应,点这里</a></p>'
    '<script src="{script}"></script>'
)


def _state_cookie(request: Request) -> str:
    return "huizhen_oauth" if request.app.ctx.demo else "__Secure-huizhen_oauth"


def send_to_authorise(request: Request) -> HTTPResponse:
    """Where a page without a session goes: the authorise page of the platform it belongs to, with a fresh state."""
    address, state = _authorise(request)
    return _bound(request, redirect(address), state)


def _authorise(request: Request) -> tuple[str, str]:
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
    return address, state


def send_with_fragment(request: Request) -> HTTPResponse:
    """The same of a page of which a link may open one thing (``/h5/desk/#/case/…``). Only the browser knows what stands behind ``#``, and the
    platform puts its own in its place: so the browser is given a page whose script takes it along in the address to come back to."""
    if "text/html" not in request.headers.get("accept", ""):
        return send_to_authorise(request)
    address, state = _authorise(request)
    script = f"{getattr(request, 'mount', '')}/h5/shared/to_sign_in.js"
    return _bound(request, html(_BY_WAY_OF_THE_BROWSER.format(address=escape(address), script=escape(script))), state)


def _bound(request: Request, response: HTTPResponse, state: str) -> HTTPResponse:
    """``state`` and the page that was asked for, kept by this browser alone."""
    response.add_cookie(
        _state_cookie(request), f"{state}.{quote(request.path, safe='')}", path=f"{getattr(request, 'mount', '')}/h5/oauth/", httponly=True,
        samesite="Lax", secure=not request.app.ctx.demo, max_age=STATE_LIFE_S,
    )  # fmt: skip
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
    session = await practice.execute(PROCESS, sessions.OpenSession(account_id=account.account_id, kind="h5", device=device_of(request)))
    mount = getattr(request, "mount", "")
    target, opened = unquote(page), request.args.get("opened") or ""
    target = target if target.startswith("/h5/") and "//" not in target else "/h5/mini/"
    # Whoever wrote the address chooses at most what is open on our own page; who may see it is asked there.
    response = redirect(f"{mount}{target}#{opened}" if _OPENED.fullmatch(opened) else f"{mount}{target}")
    set_session_cookies(request, response, session)
    response.cookies.delete_cookie(_state_cookie(request), path=f"{mount}/h5/oauth/", secure=not request.app.ctx.demo)
    return response


async def _who(house: Any, kind: str, code: str) -> tuple[str, str, str | None]:
    settings = house.channel_settings
    if kind == "wecom":
        member = await house.apis.wecom.user_by_code(code)
        return settings.wecom.corpid, member.userid, None
    user = await house.apis.official_account.web_user(code)
    return settings.official_account.appid, user.openid, user.unionid or None
