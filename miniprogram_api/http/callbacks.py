"""/callback: the platforms' callbacks. Who may call is decided by their signature; what leaves is the channel's answer, never a detail."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request
from sanic.exceptions import PayloadTooLarge

from bot.inbox.answer import REFUSED, HttpAnswer
from bot.runtime import BotRuntime
from miniprogram_api.http.api import public

blueprint = Blueprint("callbacks", url_prefix="/callback")

LARGEST_CALLBACK = 64 << 10
CHANNELS = ("official-account", "mini-program", "wecom-app", "wecom-robot")


@blueprint.get("/<name:str>")
@public("the platform's check of our address, proved by its signature")
async def verify(request: Request, name: str) -> HTTPResponse:
    return _http(_bot(request).verify_url(name, _query(request)))


@blueprint.post("/<name:str>")
@public("a message of the platform, proved by its signature")
async def receive(request: Request, name: str) -> HTTPResponse:
    if len(request.body) > LARGEST_CALLBACK:
        return _http(REFUSED)
    return _http(await _bot(request).receive(name, _query(request), dict(request.headers), request.body))


async def too_large(_request: Request, _error: PayloadTooLarge) -> HTTPResponse:
    """Beyond what the server reads at all: the same answer as to everything that is refused."""
    return _http(REFUSED)


blueprint.exception(PayloadTooLarge)(too_large)


def _bot(request: Request) -> BotRuntime:
    bot: BotRuntime = request.app.ctx.bot
    return bot


def _query(request: Request) -> dict[str, str]:
    arguments: dict[str, list[str]] = request.get_args(keep_blank_values=True)
    return {name: values[0] for name, values in arguments.items()}


def _http(answer: HttpAnswer) -> HTTPResponse:
    return HTTPResponse(answer.body, answer.status, content_type=answer.content_type)
