"""Who asks: the session behind the bearer token (mini program, terminal) or the cookie (pages)."""

from __future__ import annotations

from sanic import HTTPResponse, Request

from core.foundation.actor import Actor
from core.foundation.errors import Invalid, NotAllowed
from core.people.service import session_actor
from miniprogram_api.http.api import App

COOKIE = "huizhen_session"


class ForeignSite(NotAllowed):
    code = "request.foreign_site"
    sentence = "这个操作要在会诊的页面里进行。"


class HeaderUnreadable(Invalid):
    code = "request.header_unreadable"
    status = 400
    sentence = "请求的格式不对。"


def install_sessions(app: App) -> None:
    """Find the actor before every route."""

    @app.on_request
    async def find_actor(request: Request) -> None:
        if any(_is_unreadable(value) for value in request.headers.values()):
            raise HeaderUnreadable
        request.ctx.actor = await _actor(request)


def _is_unreadable(value: str) -> bool:
    """Bytes that are no UTF-8 arrive as lone surrogates, which nothing behind this can store, hash or compare."""
    return any("\ud800" <= character <= "\udfff" for character in value)


async def _actor(request: Request) -> Actor | None:
    practice = request.app.ctx.practice
    now = practice.clock.real_now()
    if token := bearer_of(request):
        return await session_actor(token, "mini_program", now) or await session_actor(token, "terminal", now)
    token = request.cookies.get(COOKIE) or ""
    if not token:
        return None
    # A cookie travels by itself: a page of another site must not make the browser act for the person (SameSite=Lax covers most, this the rest).
    if request.method not in ("GET", "HEAD"):
        refuse_foreign_site(request)
    return await session_actor(token, "h5", now)


def bearer_of(request: Request) -> str:
    """The bearer token that came along, "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def refuse_foreign_site(request: Request) -> None:
    """:class:`ForeignSite` where the browser says that a page of another site asks."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignSite


def set_session_cookie(request: Request, response: HTTPResponse, token: str, max_age_s: int) -> None:
    mount = getattr(request, "mount", "")
    response.add_cookie(
        COOKIE, token, path=f"{mount}/", httponly=True, samesite="Lax", secure=not request.app.ctx.demo, max_age=max_age_s
    )
