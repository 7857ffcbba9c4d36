"""/v1/reminders: stop and resume. /v1/notifications: what was sent to me, and what the mini program may send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from bot.sending.templates import TEMPLATES
from core.foundation.errors import Invalid
from core.notifications import commands as notifications
from miniprogram_api.http.api import actor_of, by_order, carry_out, dumps, house_of, json_object, order_route

blueprint = Blueprint("notifications", url_prefix="/v1")

order_route(blueprint, "GET", "/reminders", notifications.ReadReminders)
order_route(blueprint, "POST", "/reminders/stop", notifications.StopReminders)
order_route(blueprint, "POST", "/reminders/resume", notifications.ResumeReminders)
order_route(blueprint, "GET", "/notifications", notifications.MyNotices)

ASKED_AT_ONCE = 3
"""What wx.requestSubscribeMessage takes."""


class UnknownTemplate(Invalid):
    code = "subscription.unknown_template"
    sentence = "没有这种提醒。请退出小程序再进一次。"


class Answers(BaseModel):
    """What wx.requestSubscribeMessage gave, without its errMsg: the platform's template id → its word."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[
        Annotated[str, StringConstraints(min_length=1, max_length=64)], Literal["accept", "reject", "ban", "filter"]
    ] = Field(min_length=1, max_length=ASKED_AT_ONCE)  # fmt: skip


@blueprint.get("/notifications/subscriptions")
@by_order(notifications.ReadSubscriptions)
async def subscriptions(request: Request) -> HTTPResponse:
    """{templates: [{template, title, why, long_term, open}]}: what the mini program may ask for, and whether there is leave already."""
    actor_of(request)
    settings = house_of(request).channel_settings.mini_program
    known = {} if settings is None else {template: TEMPLATES[name] for name, template in settings.templates.items() if name in TEMPLATES}
    if settings is None or not known:
        return json_response({"templates": []}, dumps=dumps)
    asked = notifications.ReadSubscriptions(app=settings.appid, templates=tuple(known)[:ASKED_AT_ONCE])
    found = await carry_out(request, asked)
    shown = [
        {"template": one.template, "title": known[one.template].title, "why": known[one.template].why,
         "long_term": known[one.template].name in settings.long_term, "open": one.open}
        for one in found.states
    ]  # fmt: skip
    return json_response({"templates": shown}, dumps=dumps)


@blueprint.post("/notifications/subscriptions")
@by_order(notifications.AnswerSubscriptions)
async def answer(request: Request) -> HTTPResponse:
    """{answers: {template: accept | reject | ban | filter}}, as the person has just answered the dialog."""
    actor_of(request)
    given = Answers.model_validate(json_object(request)).answers
    settings = house_of(request).channel_settings.mini_program
    if settings is None or not set(given) <= set(settings.templates.values()):
        raise UnknownTemplate
    answers = tuple(notifications.SubscriptionAnswer(template=template, answer=word) for template, word in given.items())
    done = await carry_out(request, notifications.AnswerSubscriptions(app=settings.appid, answers=answers))
    return json_response(done.model_dump(mode="json"), dumps=dumps)
