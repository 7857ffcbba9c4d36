"""POST /v1/commands: a sentence as in any chat ({"text"}), or a named order with its arguments ({"command", "arguments"})."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from bot.runtime import BotRuntime
from core.conversations.commands import FinishTurn
from core.foundation.errors import Invalid, NotFound
from core.foundation.orders import Command, order_named
from miniprogram_api.http.api import actor_of, by_order, carry_out, dumps, json_object

blueprint = Blueprint("commands", url_prefix="/v1")

WAIT_S = 20.0


class Spoken(BaseModel):
    """``text``: what would be typed in a chat; ``button``: the code of something offered before."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=4096)
    button: str = Field(default="", max_length=200)
    command: str = Field(default="", max_length=80)
    arguments: dict[str, Any] = Field(default_factory=dict)


class CommandUnknown(NotFound):
    code = "command.unknown"
    sentence = "没有这个指令。"


class FileNeeded(Invalid):
    code = "command.needs_file"
    sentence = "这一步要带文件,请在会诊页面里上传。"


@blueprint.post("/commands")
@by_order(FinishTurn)
async def give(request: Request) -> HTTPResponse:
    """200 with ``replies`` (or the order's result), 202 when the reply is not there yet: it stays in the conversation."""
    actor = actor_of(request)
    asked = Spoken.model_validate(json_object(request))
    if asked.command and (asked.text or asked.button):
        raise Invalid
    if asked.command:
        return await _named(request, asked)
    if not asked.text.strip() and not asked.button:
        raise Invalid
    bot: BotRuntime = request.app.ctx.bot
    key = request.headers.get("idempotency-key", "")
    shapes = await bot.say(actor.account_id, asked.text, key=key, button=asked.button, seconds=WAIT_S)
    replies = [shape.model_dump(mode="json") for shape in shapes or ()]
    return json_response({"replies": replies}, 202 if shapes is None else 200, dumps=dumps)


async def _named(request: Request, asked: Spoken) -> HTTPResponse:
    order = order_named(asked.command)
    if order is None:
        raise CommandUnknown
    if issubclass(order, Command) and order.comes_with_file:
        raise FileNeeded
    result = await carry_out(request, order.model_validate(asked.arguments))
    return json_response(result.model_dump(mode="json"), dumps=dumps)
