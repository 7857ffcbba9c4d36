"""The demonstration's one port: `/` and `/simulator/...` are handed to the simulator as they came, streams included. Never outside it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
from sanic import HTTPResponse, Request, Sanic
from sanic.compat import Header
from sanic.exceptions import PayloadTooLarge

from core.foundation.authorities import authorities

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of a request: an image sent from a phone in the simulator, base64 in JSON."""

FIRST_ANSWER_LIMIT = 30.0
"""Seconds until the simulator's answer begins; how long a stream then lasts is its own affair."""

logger = logging.getLogger("huizhen.proxy")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
"""Headers about one connection and not about the message (RFC 9110, 7.6.1)."""

AWAY = {
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "code": "simulator.away",
    "detail": "模拟微信正在启动,请过一两秒再试。",
}


class NotDemonstration(Exception):
    """The simulator's addresses exist in the demonstration only."""


def hand_to_simulator(app: Sanic[Any, Any], simulator_url: str, *, demo: bool) -> None:
    """Route `/` and `/simulator/...` of `app` to `simulator_url` (a loopback origin). Raises NotDemonstration unless `demo`."""
    if not demo or not simulator_url:
        raise NotDemonstration
    origin = httpx.URL(simulator_url)

    @app.before_server_start
    async def open_client(app: Sanic[Any, Any]) -> None:
        app.ctx.simulator = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=5.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            trust_env=False,
            follow_redirects=False,
            verify=authorities(),
        )

    @app.after_server_stop
    async def close_client(app: Sanic[Any, Any]) -> None:
        await app.ctx.simulator.aclose()

    async def tell_phones(offset_s: int) -> None:
        try:
            await app.ctx.simulator.put(origin.join("/simulator/clock"), json={"offset_s": offset_s}, timeout=FIRST_ANSWER_LIMIT)
        except httpx.HTTPError:
            logger.warning("the phones were not told that the clock was moved")

    app.ctx.tell_phones = tell_phones

    async def forward(request: Request, path: str = "") -> HTTPResponse | None:
        target = origin.copy_with(raw_path=bytes(request.raw_url))
        if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
            raise PayloadTooLarge("Request body exceeds the size limit")
        if not _has_body(request):
            await _read_nothing(request)
        outgoing = app.ctx.simulator.build_request(
            request.method,
            target,
            headers=[(name, value) for name, value in _end_to_end(request.headers.items()) if name != "content-length"] + _length_of(request),
            content=_body(request) if _has_body(request) else None,
        )
        try:
            async with asyncio.timeout(FIRST_ANSWER_LIMIT):
                answer = await app.ctx.simulator.send(outgoing, stream=True)
        except (httpx.TransportError, TimeoutError):
            return HTTPResponse(json.dumps(AWAY, ensure_ascii=False), 503, Header({"Retry-After": "1"}), "application/problem+json")
        try:
            await _pass_on(request, answer)
        finally:
            await answer.aclose()
        return None

    for name, uri in (("simulator_home", "/"), ("simulator_root", "/simulator"), ("simulator", "/simulator/<path:path>")):
        app.add_route(forward, uri, methods=METHODS, name=name, stream=True, unquote=False)


async def _pass_on(request: Request, answer: httpx.Response) -> None:
    headers = Header(_end_to_end(answer.headers.multi_items()))
    content_type = headers.pop("content-type", None)
    response = await request.respond(status=answer.status_code, headers=headers, content_type=content_type)
    if request.method != "HEAD":
        try:
            async for piece in answer.aiter_raw():
                await response.send(piece)
        except httpx.TransportError:
            # The simulator died while it was speaking: close, so that the browser notices and asks again.
            transport: Any = request.transport
            transport.abort()
            return
    await response.eof()


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers that travel on, in order, repeated ones repeated, without those the Connection header names."""
    pairs = [(name.lower(), str(value)) for name, value in headers]
    named = {part.strip().lower() for name, value in pairs if name == "connection" for part in value.split(",")}
    return [(name, value) for name, value in pairs if name not in HOP_BY_HOP | named]


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or int(request.headers.get("content-length") or 0) > 0


async def _read_nothing(request: Request) -> None:
    """An announced body of no bytes has to be read all the same, or Sanic complains that it was left."""
    incoming: Any = request.stream
    while incoming is not None and await incoming.read() is not None:
        pass


def _length_of(request: Request) -> list[tuple[str, str]]:
    length = request.headers.get("content-length")
    return [("content-length", length)] if length and "transfer-encoding" not in request.headers else []


async def _body(request: Request) -> AsyncIterator[bytes]:
    """The request's body as it arrives; raises PayloadTooLarge past the limit (a streaming route has none of its own)."""
    taken = 0
    incoming: Any = request.stream
    while (piece := await incoming.read()) is not None:
        taken += len(piece)
        if taken > LARGEST_BODY:
            raise PayloadTooLarge("Request body exceeds the size limit")
        yield piece
