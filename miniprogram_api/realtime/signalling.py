"""The address of the signalling socket, `/v1/realtime/call`, and this process's line to the media processes."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from sanic import Request

from miniprogram_api.http.api import App, RouteAccess, SessionStale, SignInNeeded
from miniprogram_api.realtime import messages
from miniprogram_api.realtime.link import MediaLine
from miniprogram_api.realtime.messages import Closed
from miniprogram_api.realtime.session import CallSession

PATH = "/v1/realtime/call"
FOREIGN = Closed(code="request.foreign_site", sentence="视频要在会诊的页面里打开。")
NOBODY = Closed(code=SignInNeeded.code, sentence=SignInNeeded.sentence)
STALE = Closed(code=SessionStale.code, sentence=SessionStale.sentence)


def install_signalling(app: App) -> None:
    """Add the socket. The line is opened by the first who comes: a process in which nobody calls keeps no subscription."""
    app.config.WEBSOCKET_MAX_SIZE = messages.LARGEST_MESSAGE
    app.ctx.media_line = None
    opening = asyncio.Lock()

    async def line(redis: Any) -> MediaLine:
        async with opening:
            if app.ctx.media_line is None:
                opened = MediaLine(redis)
                await opened.open()
                app.ctx.media_line = opened
            made: MediaLine = app.ctx.media_line
            return made

    app.ctx.media_line_over = line

    async def signalling(request: Request, ws: Any) -> None:
        actor = request.ctx.actor
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            await ws.send(messages.to_json(FOREIGN))
        elif actor is None:
            await ws.send(messages.to_json(NOBODY if request.ctx.signed_in is None else STALE))
        else:
            house = app.ctx.house
            await CallSession(ws, house.practice, await line(house.redis), house.redis, actor, house.relays, app.ctx.public_url).run()
        await ws.close()

    app.add_websocket_route(signalling, PATH, name="signalling")
    for route in app.router.routes:
        if getattr(route.handler, "is_websocket", False):
            route.handler.access = RouteAccess(reason="nothing is told before a single-use ticket of the signed-in person was used")

    @app.after_server_stop
    async def close_line(app: App) -> None:
        if app.ctx.media_line is not None:
            await app.ctx.media_line.close()
