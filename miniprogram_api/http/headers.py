"""Headers that every answer carries (OWASP Secure Headers), and the pages' content policy. CORS is closed: nothing lets another origin read."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sanic import Request

_YEAR_S = 365 * 86400
_PERMISSIONS = "camera=(self), microphone=(self), geolocation=(), payment=(), usb=(), serial=(), midi=(), browsing-topics=()"
"""The call room films and listens; nothing else of a device is asked for."""
_HOST = re.compile(r"^[A-Za-z0-9.\-\[\]:]{1,100}$")


def page_policy(request: Request, *, call_room: bool = False) -> str:
    """The Content-Security-Policy of a page. Only the demonstration frames pages: its phones are frames of the simulator, of the same origin."""
    framed = "'self'" if request.app.ctx.demo else "'none'"
    policy = (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {framed}"
    )
    if not call_room:
        return policy
    # Not every browser takes 'self' to mean the socket of the same origin too.
    sockets = f" ws://{request.host} wss://{request.host}" if _HOST.match(request.host) else ""
    return f"{policy}; connect-src 'self'{sockets}; media-src 'self' blob: mediastream:"


async def secure_headers(request: Request, response: Any) -> None:
    """Also on refusals and errors. What the simulator answers is its own affair, but for what concerns the whole origin."""
    if getattr(response, "has_secure_headers", False):
        return
    path = request.path
    if path == "/" or path.startswith("/simulator"):
        wanted = _EVERYWHERE
    elif path.startswith("/h5/"):
        page = {"Content-Security-Policy": page_policy(request), "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"}
        wanted = _everywhere_but_simulator(request.app.ctx.demo) | page
    else:
        wanted = _of_data(request.app.ctx.demo)
    for name, value in wanted.items():
        response.headers.setdefault(name, value)


@cache
def secure_headers_of_data(demo: bool) -> tuple[tuple[bytes, bytes], ...]:
    """What every answer that is no page carries, as it goes out."""
    return tuple((name.encode(), value.encode()) for name, value in _of_data(demo).items())


_EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Permissions-Policy": _PERMISSIONS}


def _everywhere_but_simulator(demo: bool) -> dict[str, str]:
    transport = {} if demo else {"Strict-Transport-Security": f"max-age={_YEAR_S}; includeSubDomains"}
    return {**_EVERYWHERE, "Cross-Origin-Resource-Policy": "same-origin", **transport}


def _of_data(demo: bool) -> dict[str, str]:
    # An answer that holds data is no page, whatever a browser makes of it.
    return {
        **_everywhere_but_simulator(demo), "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store",
    }
