"""Who asks: the session behind the access token (bearer of the mini program and the terminal, cookie of the pages), and how its tokens are renewed.

A page holds two cookies that no script can read: the access token for every address of ours, the refresh token for ``/v1/sessions/`` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.foundation.actor import Actor
from core.foundation.audit.origin import network_of
from core.foundation.errors import Invalid, NotAllowed
from core.people.commands_sessions import CloseOtherSessions, CloseSession, MySessions, RefreshSession, SessionOpened
from core.people.errors import SessionOver, SessionReused
from core.people.service import BEARERS, PAGES, SignedIn, signed_in
from miniprogram_api.http.api import App, actor_of, by_order, carry_out, dumps, json_object, order_route, practice_of, public, refusal
from miniprogram_api.http.client_address import Network, client_address
from miniprogram_api.http.devices import device_words
from miniprogram_api.http.platform_routes import is_platforms

blueprint = Blueprint("sessions", url_prefix="/v1/sessions")

PROCESS = Actor.system("web")
REFRESH_PATH = "/v1/sessions/"


class ForeignSite(NotAllowed):
    code = "request.foreign_site"
    sentence = "这个操作要在会诊的页面里进行。"


class HeaderUnreadable(Invalid):
    code = "request.header_unreadable"
    status = 400
    sentence = "请求的格式不对。"


class Refresh(BaseModel):
    """Empty for a page, whose cookie says it."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: str = Field(default="", max_length=120)


def install_sessions(app: App, trusted_proxies: Sequence[Network]) -> None:
    """Find the actor, and the address that asks, before every route."""

    @app.on_request
    async def find_actor(request: Request) -> None:
        if is_platforms(request):
            return
        if any(_is_unreadable(value) for value in request.headers.values()):
            raise HeaderUnreadable
        forwarded_for = ",".join(request.headers.getall("x-forwarded-for", []))
        request.ctx.address = client_address(request.ip, forwarded_for, trusted_proxies)
        found = await _signed_in(request)
        request.ctx.signed_in = found
        actor = None if found is None else found.actor
        request.ctx.actor = None if actor is None else replace(actor, address=network_of(request.ctx.address))


def _is_unreadable(value: str) -> bool:
    """Bytes that are no UTF-8 arrive as lone surrogates, which nothing behind this can store, hash or compare."""
    return any("\ud800" <= character <= "\udfff" for character in value)


async def _signed_in(request: Request) -> SignedIn | None:
    practice = practice_of(request)
    real_now, now = practice.clock.real_now(), practice.clock.now()
    if token := bearer_of(request):
        return await signed_in(token, BEARERS, real_now, now)
    token = request.cookies.get(access_cookie(request)) or ""
    if not token:
        return None
    # A cookie travels by itself: a page of another site must not make the browser act for the person (SameSite=Lax covers most, this the rest).
    if request.method not in ("GET", "HEAD"):
        refuse_foreign_site(request)
    return await signed_in(token, PAGES, real_now, now)


def bearer_of(request: Request) -> str:
    """The bearer token that came along, "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def refuse_foreign_site(request: Request) -> None:
    """:class:`ForeignSite` where the browser says that a page of another site asks."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignSite


def device_of(request: Request) -> str:
    """The device that asks, as its owner would call it."""
    return device_words(request.headers.get("user-agent", ""))


def access_cookie(request: Request) -> str:
    """Browsers take a __Host- cookie over TLS only, for this host only and for every path of it; the demonstration has neither TLS nor one path."""
    return "huizhen_session" if request.app.ctx.demo else "__Host-huizhen_session"


def refresh_cookie(request: Request) -> str:
    """It has a path of its own, which __Host- forbids."""
    return "huizhen_refresh" if request.app.ctx.demo else "__Secure-huizhen_refresh"


def tokens_of(request: Request, opened: SessionOpened) -> dict[str, Any]:
    """What a bearer is told of its session. ``token_lasts_s``: from now, because phones' clocks are wrong."""
    return {
        "token": opened.token, "token_lasts_s": _lasts_s(request, opened.token_expires_at), "refresh_token": opened.refresh_token,
        "expires_at": opened.expires_at.isoformat(),
    }


def _lasts_s(request: Request, until: datetime) -> int:
    return max(0, int((until - practice_of(request).clock.real_now()).total_seconds()))


def set_session_cookies(request: Request, response: HTTPResponse, opened: SessionOpened) -> None:
    """Both tokens as cookies until the session ends. The access token runs out before: then its cookie says that refreshing is worth the try."""
    mount = getattr(request, "mount", "")
    left = _lasts_s(request, opened.expires_at)
    shared: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": not request.app.ctx.demo, "max_age": left}
    response.add_cookie(access_cookie(request), opened.token, path=f"{mount}/", **shared)
    response.add_cookie(refresh_cookie(request), opened.refresh_token, path=f"{mount}{REFRESH_PATH}", **shared)


def _forget_cookies(request: Request, response: HTTPResponse) -> None:
    mount = getattr(request, "mount", "")
    response.cookies.delete_cookie(access_cookie(request), path=f"{mount}/", secure=not request.app.ctx.demo)
    response.cookies.delete_cookie(refresh_cookie(request), path=f"{mount}{REFRESH_PATH}", secure=not request.app.ctx.demo)


order_route(blueprint, "GET", "/", MySessions)
order_route(blueprint, "POST", "/close-others", CloseOtherSessions)


@blueprint.post("/close")
@by_order(CloseSession)
async def close(request: Request) -> HTTPResponse:
    """Without ``session_id`` the one that asks, whose cookies go with it."""
    order = CloseSession.model_validate(json_object(request))
    result = await carry_out(request, order)
    response = json_response(result.model_dump(mode="json"), dumps=dumps)
    if order.session_id in (None, actor_of(request).session_id):
        _forget_cookies(request, response)
    return response


@blueprint.post("/refresh")
@public("the refresh token vouches: it is good for one turn, and known again when it comes twice")
async def refresh(request: Request) -> HTTPResponse:
    """New tokens: in the body for who sent the refresh token in the body, as cookies for a page."""
    given = Refresh.model_validate(json_object(request)).refresh_token
    if given:
        opened = await practice_of(request).execute(PROCESS, _order(given, page=False))
        return json_response(tokens_of(request, opened), dumps=dumps)
    refuse_foreign_site(request)
    try:
        opened = await practice_of(request).execute(PROCESS, _order(request.cookies.get(refresh_cookie(request)) or "", page=True))
    except (SessionOver, SessionReused) as over:
        response = refusal(over)
        _forget_cookies(request, response)
        return response
    response = json_response({"expires_at": opened.expires_at.isoformat()}, dumps=dumps)
    set_session_cookies(request, response, opened)
    return response


def _order(token: str, *, page: bool) -> RefreshSession:
    if not 40 <= len(token) <= 120:
        raise SessionOver
    return RefreshSession(refresh_token=token, page=page)
