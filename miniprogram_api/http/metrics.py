"""/metrics: how often what happened in the whole house, as Prometheus text. Counts only, no person; all the same it is for operators alone.

Who may read: programs on this machine itself, not through a proxy; and who carries the token of ``HUIZHEN_METRICS_TOKEN``, from anywhere.
Everybody else is told that there is no such address.
"""

from __future__ import annotations

import hmac

from redis.exceptions import RedisError
from sanic import Blueprint, HTTPResponse, Request

from core.foundation.errors import NotFound, Unavailable
from miniprogram_api.http.api import practice_of, public
from miniprogram_api.http.client_address import is_loopback
from miniprogram_api.http.sessions import bearer_of

blueprint = Blueprint("metrics")

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PASSED_ON = ("x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "via")
"""What proxies add. A proxy on this machine makes everybody look local: whoever it passes on is not."""


@blueprint.get("/metrics")
@public("read on this machine, or with the token of the settings; counts and nothing else")
async def metrics(request: Request) -> HTTPResponse:
    if not _may_read(request):
        raise NotFound
    try:
        return HTTPResponse(await practice_of(request).counts.text(), content_type=CONTENT_TYPE)
    except (RedisError, TimeoutError):
        raise Unavailable from None


def _may_read(request: Request) -> bool:
    token: str = request.app.ctx.metrics_token
    if token and hmac.compare_digest(token.encode(), bearer_of(request).encode()):
        return True
    return is_loopback(request.ip) and not any(name in request.headers for name in _PASSED_ON)
