"""/h5: the pages. Static files; who may see data is decided by the API they call. Pages of practitioners open only with a session."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from sanic import Blueprint, HTTPResponse, Request
from sanic.exceptions import NotFound
from sanic.response import file, redirect

from miniprogram_api.http.api import public
from miniprogram_api.http.headers import page_policy
from miniprogram_api.http.oauth import send_to_authorise, send_with_fragment

blueprint = Blueprint("pages", url_prefix="/h5")

ROOT = Path(__file__).resolve().parents[1] / "pages"
WITHOUT_SESSION = ("mini", "shared", "vendor", "verify")
"""The mini program signs in by wx.login from within; shared scripts and styles hold no data; who checks a proof needs no account."""

_FRESH = {"Cache-Control": "no-cache"}
"""Kept by the browser, but asked for each time."""
_ROOM = re.compile(r"^(doctor/)?room/[0-9A-HJKMNP-TV-Z]{26}/$")
"""The call room of one consultation; below ``doctor/`` for those who sign in by WeCom."""
_GUEST = re.compile(r"^guest/([0-9A-HJKMNP-TV-Z]{26})/$")
"""An invitation into a call: the link names it, whoever signs in first has it, and the room's moderator admits."""
_OPENED = re.compile(r"^(desk|pharmacy|sign|doctor|doctor/cases|emergency|staff)/(case|rx|review|person|patient)/([0-9A-HJKMNP-TV-Z]{26})/$")
"""One thing on a page of practitioners, as chats link to it: no script is needed to keep it through the platform's sign-in."""


@blueprint.get("/<path:path>")
@public("pages hold no data; those of practitioners send whoever has no session to the platform's sign-in")
async def page(request: Request, path: str) -> HTTPResponse:
    if (room := _ROOM.match(path)) is not None:
        return await _call_room(request, room)
    if (guest := _GUEST.match(path)) is not None:
        return _guest(request, guest.group(1))
    if (opened := _OPENED.match(path)) is not None:
        return _opened(request, *opened.groups())
    target = _place(path)
    if target.is_dir() and not path.endswith("/"):
        # Pages use relative addresses: without the slash these would miss their folder.
        return redirect(f"{getattr(request, 'mount', '')}{request.path}/")
    if path.endswith("/"):
        target = target / "index.html"
    if not target.is_file():
        raise NotFound
    is_document = target.suffix == ".html"
    if is_document and path.split("/")[0] not in WITHOUT_SESSION and request.ctx.signed_in is None:
        return send_with_fragment(request)
    media_type = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
    return await file(target, mime_type=media_type, headers=dict(_FRESH))


def _opened(request: Request, folder: str, kind: str, its_id: str) -> HTTPResponse:
    if request.ctx.signed_in is None:
        return send_to_authorise(request)
    return redirect(f"{getattr(request, 'mount', '')}/h5/{folder}/#/{kind}/{its_id}")


def _guest(request: Request, invitation_id: str) -> HTTPResponse:
    if request.ctx.signed_in is None:
        return send_to_authorise(request)
    return redirect(f"{getattr(request, 'mount', '')}/h5/room/{invitation_id}/?guest")


async def _call_room(request: Request, room: re.Match[str]) -> HTTPResponse:
    """Its pictures, sounds and socket come from here and from nowhere else. A seat in the call needs a ticket besides."""
    if request.ctx.signed_in is None:
        return send_to_authorise(request)
    if room.group(1):
        return redirect(f"{getattr(request, 'mount', '')}/h5/{room.group(0).removeprefix('doctor/')}")
    policy = page_policy(request, call_room=True)
    return await file(ROOT / "room" / "room.html", mime_type="text/html", headers={**_FRESH, "Content-Security-Policy": policy})


def _place(path: str) -> Path:
    """Where ``path`` lies below the pages; NotFound for what lies outside, or what no file system takes for a name."""
    try:
        target = (ROOT / path).resolve(strict=True)
    except (OSError, ValueError):
        raise NotFound from None
    if not target.is_relative_to(ROOT):
        raise NotFound
    return target
