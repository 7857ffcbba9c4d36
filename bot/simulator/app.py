"""The simulator's HTTP server: people's side, platforms' side, the stream of events, the page."""

import asyncio
import json
import logging
import secrets
from functools import partial
from pathlib import Path
from typing import Any

from sanic import Request, Sanic
from sanic.exceptions import SanicException
from sanic.handlers import ErrorHandler
from sanic.response import HTTPResponse, file, html
from sanic.response import json as answer

from . import long_connection, people_api, platform_api, sms_gateway
from .deliveries import Courier
from .people_api import HEARTBEAT
from .world import PeopleError, World

App = Sanic[Any, Any]
log = logging.getLogger(__name__)
PAGE_FOLDER = Path(__file__).parent / "page"
NO_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>会诊模拟器</title>
<p>模拟器正在运行,但它的页面还没有安装。</p></html>"""
SENTENCES = {400: "请求不对", 404: "没有这个地址", 405: "这个地址不能这样用", 413: "内容太大"}


class Errors(ErrorHandler):
    """Every error leaves as {"error", "message"}; nothing of the request is repeated."""

    def default(self, request: Request, exception: Exception) -> HTTPResponse:
        if isinstance(exception, PeopleError):
            return answer({"error": exception.code, "message": exception.sentence}, status=exception.status)
        if isinstance(exception, SanicException) and exception.status_code < 500:
            status = exception.status_code
            return answer({"error": f"http.{status}", "message": SENTENCES.get(status, "请求不能完成")}, status=status)
        log.error("request %s failed", request.id, exc_info=exception)
        return answer({"error": "simulator.failed", "message": "模拟器出了问题,请稍后再试"}, status=503, headers={"Retry-After": "1"})


def create_app(world: World) -> App:
    """The application over one world. world.origin must be set before the first callback goes out."""
    app: App = Sanic(
        f"simulator-{secrets.token_hex(4)}", error_handler=Errors(), configure_logging=False,
        dumps=partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
    )  # fmt: skip
    app.config.update(
        AUTO_EXTEND=False, TOUCHUP=False, REQUEST_MAX_SIZE=32 << 20, GRACEFUL_SHUTDOWN_TIMEOUT=3.0, ACCESS_LOG=False, FALLBACK_ERROR_FORMAT="json"
    )
    courier = Courier(world)
    app.ctx.world, app.ctx.courier = world, courier
    app.blueprint(people_api.build(world, courier))
    app.blueprint(platform_api.build(world, courier))
    connections = long_connection.LongConnections(world, courier)
    courier.carry = connections.carry

    async def long_connected(_: Request, socket: Any) -> None:
        await connections.serve(socket)

    app.add_websocket_route(long_connected, long_connection.PATH, name="long_connection")
    app.blueprint(sms_gateway.build(world))

    @app.get("/")
    async def page(_: Request) -> HTTPResponse:
        index = PAGE_FOLDER / "index.html"
        return await file(index, headers={"Cache-Control": "no-cache"}) if index.is_file() else html(NO_PAGE)

    @app.get("/simulator/static/<path:path>", name="static")
    async def static(_: Request, path: str) -> HTTPResponse:
        wanted = (PAGE_FOLDER / path).resolve()
        if not wanted.is_relative_to(PAGE_FOLDER.resolve()) or not wanted.is_file():
            raise PeopleError("page.unknown", 404, "没有这个文件")
        return await file(wanted, headers={"Cache-Control": "no-cache"})

    @app.get("/simulator/events")
    async def events(request: Request) -> None:
        # The watcher is entered before the first byte, so whoever saw the start misses nothing.
        queue = world.watch()
        person = request.args.get("person")
        try:
            response = await request.respond(
                content_type="text/event-stream; charset=utf-8", headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
            )
            await response.send("retry: 1000\n\n")
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    await response.send(": still here\n\n")
                    continue
                if event is None:
                    break
                if person is None or event["person"] == person:
                    await response.send(f"data: {json.dumps(event, ensure_ascii=False, separators=(',', ':'))}\n\n")
            await response.eof()
        finally:
            world.unwatch(queue)

    @app.after_server_start
    async def resume(_: App) -> None:
        courier.resume()

    @app.before_server_stop
    async def quiet(_: App) -> None:
        world.dismiss_watchers()
        await courier.close()
        # Calls that a platform that is down keeps waiting are let go.
        world.up.set()

    @app.after_server_stop
    async def close(_: App) -> None:
        world.store.close()

    return app
