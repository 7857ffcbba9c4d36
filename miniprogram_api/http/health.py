"""/healthz: whether this process answers and its database does; and the icon that browsers ask for by themselves."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response
from tortoise.connection import get_connection

from core.foundation.database.away import AWAY
from core.foundation.database.connection import PRACTICE
from core.foundation.errors import Unavailable
from miniprogram_api.http.api import public

blueprint = Blueprint("health")


@blueprint.get("/healthz")
@public("says only that the service is up")
async def healthz(request: Request) -> HTTPResponse:
    try:
        await get_connection(PRACTICE).execute_query("SELECT 1")
    except AWAY:
        raise Unavailable from None
    return json_response({"up": True})


@blueprint.get("/favicon.ico")
@public("an empty answer")
async def favicon(request: Request) -> HTTPResponse:
    """Browsers ask for it beside every page that names no icon, and would write a refusal into the console."""
    return HTTPResponse(status=204, headers={"Cache-Control": "public, max-age=86400"})
