"""/callback: the platforms' callbacks. Who may call is decided by their signature; what leaves is the channel's answer, never a detail.

Nobody is signed in here and nobody is counted by address: sessions and the log of requests let these routes pass (``is_platforms``), limits do not
hold for them, and their headers are ready-made: half the cost of an acknowledged event. What came and what was refused is counted
(``GET /metrics``).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

from sanic import Blueprint, HTTPResponse, Request
from sanic.exceptions import PayloadTooLarge

from bot.inbox.answer import REFUSED, HttpAnswer
from bot.runtime import BotRuntime
from miniprogram_api.http.api import public
from miniprogram_api.http.headers import secure_headers_of_data

blueprint = Blueprint("callbacks", url_prefix="/callback")

LARGEST_CALLBACK = 64 << 10
CHANNELS = ("official-account", "mini-program", "wecom-app", "wecom-robot")


@blueprint.get("/<name:str>", ctx_platforms=True)
@public("the platform's check of our address, proved by its signature")
async def verify(request: Request, name: str) -> HTTPResponse:
    return _http(request, _bot(request).verify_url(name, _query(request)))


@blueprint.post("/<name:str>", ctx_platforms=True)
@public("a message of the platform, proved by its signature")
async def receive(request: Request, name: str) -> HTTPResponse:
    if len(request.body) > LARGEST_CALLBACK:
        return _http(request, REFUSED)
    return _http(request, await _bot(request).receive(name, _query(request), request.headers, request.body))


async def too_large(request: Request, _error: PayloadTooLarge) -> HTTPResponse:
    """Beyond what the server reads at all: the same answer as to everything that is refused."""
    return _http(request, REFUSED)


blueprint.exception(PayloadTooLarge)(too_large)


def _bot(request: Request) -> BotRuntime:
    bot: BotRuntime = request.app.ctx.bot
    return bot


def _query(request: Request) -> dict[str, str]:
    """The first value of each name."""
    text = request.query_string
    if "%" in text or "+" in text:
        pairs = parse_qsl(text, keep_blank_values=True)
    else:  # the platforms' own signatures, stamps and nonces: nothing in them is encoded
        pairs = [(name, value) for name, _, value in (part.partition("=") for part in text.split("&"))]
    return dict(reversed(pairs))


class PlatformAnswer(HTTPResponse):
    """An answer of one piece whose headers are written here and not put together one by one for each."""

    __slots__ = ("_demo",)

    has_secure_headers = True

    def __init__(self, answer: HttpAnswer, *, demo: bool) -> None:
        super().__init__(answer.body, answer.status, content_type=answer.content_type)
        self._demo = demo

    @property
    def processed_headers(self) -> Iterator[tuple[bytes, bytes]]:
        yield b"content-length", b"%d" % len(self.body or b"")
        yield b"connection", str(self.headers.get("connection", "close")).encode()
        yield b"content-type", (self.content_type or "").encode()
        yield from secure_headers_of_data(self._demo)


def _http(request: Request, answer: HttpAnswer) -> HTTPResponse:
    return PlatformAnswer(answer, demo=request.app.ctx.demo)
