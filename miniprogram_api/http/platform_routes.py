"""Which routes are the platforms' (``/callback/…``): what every request of a person passes lets these through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sanic import Request


def is_platforms(request: Request[Any, Any]) -> bool:
    """Whether the route takes the platforms' callbacks: proved by a signature, without session, limit or page."""
    route = request.route
    return route is not None and bool(getattr(route.ctx, "platforms", False))
