"""/healthz: whether this process answers and its database does; and the icon that browsers ask for by themselves.

It also tells this process' clock, and what arrived of ``?echo=``: `huizhen wechat doctor` sees by it what stands between the world and us.
"""

from __future__ import annotations

import re

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response
from tortoise.connection import get_connection

from core.foundation.database.away import AWAY
from core.foundation.database.connection import PRACTICE
from core.foundation.errors import Unavailable
from miniprogram_api.http.api import practice_of, public

blueprint = Blueprint("health")

_ECHO = re.compile(r"[0-9A-Za-z+/= ]{1,64}", re.ASCII)


@blueprint.get("/healthz")
@public("says only that the service is up, what time it is here, and what letters the caller sent")
async def healthz(request: Request) -> HTTPResponse:
    try:
        await get_connection(PRACTICE).execute_query("SELECT 1")
    except AWAY:
        raise Unavailable from None
    echo = request.args.get("echo", "")
    arrived = {"echo": echo} if _ECHO.fullmatch(echo) else {}
    return json_response({"up": True, "at": int(practice_of(request).clock.real_now().timestamp()), **arrived})


@blueprint.get("/favicon.ico")
@public("an empty answer")
async def favicon(request: Request) -> HTTPResponse:
    """Browsers ask for it beside every page that names no icon, and would write a refusal into the console."""
    return HTTPResponse(status=204, headers={"Cache-Control": "public, max-age=86400"})
