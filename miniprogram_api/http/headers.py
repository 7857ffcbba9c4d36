"""Headers that every answer carries (OWASP Secure Headers), and the pages' content policy. CORS is closed: nothing lets another origin read."""

from __future__ import annotations

import re
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
    headers, path = response.headers, request.path
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", _PERMISSIONS)
    if path == "/" or path.startswith("/simulator"):
        return
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if not request.app.ctx.demo:
        headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_S}; includeSubDomains")
    if path.startswith("/h5/"):
        headers.setdefault("Content-Security-Policy", page_policy(request))
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cache-Control", "no-store")
    else:
        # An answer that holds data is no page, whatever a browser makes of it.
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        headers.setdefault("Cache-Control", "no-store")
