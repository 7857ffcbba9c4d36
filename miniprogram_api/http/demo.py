"""/v1/demo: what only the demonstration has: the movable clock, a look into the outbox and at the media processes, sessions for the terminal.
Absent outside of it."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.foundation.actor import Actor
from core.foundation.clock import spoken
from core.foundation.demonstration import REMINDERS, ClockView, MoveClock, OutboxView, ShowOutbox, next_due, offset_to, read_offset, title_of
from core.foundation.errors import Invalid, NotAllowed
from core.people import commands as people
from core.people import commands_sessions as sessions
from miniprogram_api.http.api import by_order, dumps, json_object, practice_of, public
from miniprogram_api.http.sessions import tokens_of

blueprint = Blueprint("demo", url_prefix="/v1/demo")

STAGE = Actor.system("demo")


class ClockMove(BaseModel):
    """Exactly one of: forward by seconds, to the next due thing or the next reminder, back to real time."""

    model_config = ConfigDict(extra="forbid")

    advance_s: int | None = Field(default=None, ge=1, le=366 * 86400)
    to: str | None = Field(default=None, pattern="^(next|reminder|now)$")


class TerminalSession(BaseModel):
    model_config = ConfigDict(extra="forbid")

    app: str = Field(max_length=64)
    subject: str = Field(max_length=64)


class SecretNeeded(NotAllowed):
    code = "demo.secret"
    sentence = "只有本机的演示程序可以这样登录。"


class NothingDue(Invalid):
    code = "demo.nothing_due"
    sentence = "现在没有等着到期的事。"


@blueprint.get("/clock")
@by_order(MoveClock)
async def read_clock(request: Request) -> HTTPResponse:
    practice = practice_of(request)
    await read_offset(practice)
    return await _clock(practice.clock.now(), practice.clock.now() - practice.clock.real_now())


@blueprint.post("/clock")
@by_order(MoveClock)
async def move_clock(request: Request) -> HTTPResponse:
    practice = practice_of(request)
    move = ClockMove.model_validate(json_object(request))
    # Another web process may have moved it a moment ago, and this one not have heard of it.
    await read_offset(practice)
    offset = practice.clock.now() - practice.clock.real_now()
    if move.advance_s is not None:
        offset += timedelta(seconds=move.advance_s)
    elif move.to == "now":
        offset = timedelta()
    elif move.to is not None:
        row = await next_due(*(REMINDERS if move.to == "reminder" else ()), after=practice.clock.now())
        if row is None:
            raise NothingDue
        offset = max(offset, offset_to(practice, row))
    else:
        raise Invalid
    view: ClockView = await practice.execute(STAGE, MoveClock(offset_s=round(offset.total_seconds())))
    await practice.signals.publish("clock", "due")
    if (tell_phones := getattr(request.app.ctx, "tell_phones", None)) is not None:
        await tell_phones(view.offset_s)
    return await _clock(view.now, timedelta(seconds=view.offset_s))


async def _clock(now: datetime, offset: timedelta) -> HTTPResponse:
    row = await next_due(after=now)
    coming = None if row is None else {"kind": row.kind, "title": title_of(row), "at": row.due_at.isoformat(), "spoken": spoken(row.due_at)}
    body = {"now": now.isoformat(), "spoken": spoken(now), "offset_s": round(offset.total_seconds()), "next": coming}
    return json_response(body, dumps=dumps)


@blueprint.get("/outbox")
@by_order(ShowOutbox)
async def show_outbox(request: Request) -> HTTPResponse:
    view: OutboxView = await practice_of(request).ask(STAGE, ShowOutbox())
    return json_response(view.model_dump(mode="json"), dumps=dumps)


@blueprint.get("/media")
@public("what the media processes count holds nothing of people")
async def show_media(request: Request) -> HTTPResponse:
    """For each media process: packets in and out by seat, and how many decoders and encoders it ever made."""
    line = await request.app.ctx.media_line_over(request.app.ctx.house.redis)
    return json_response({"processes": await line.stats()}, dumps=dumps)


@blueprint.post("/sessions")
@by_order(sessions.OpenSession)
async def open_terminal_session(request: Request) -> HTTPResponse:
    """A session for ``huizhen chat``: whoever can read the secret in the data folder already owns the demonstration."""
    if not hmac.compare_digest(request.headers.get("x-demo-secret", "").encode(), request.app.ctx.demo_secret.encode()):
        raise SecretNeeded
    practice = practice_of(request)
    wanted = TerminalSession.model_validate(json_object(request))
    account = await practice.execute(STAGE, people.EnsureAccount(app=wanted.app, subject=wanted.subject))
    opened = await practice.execute(STAGE, sessions.OpenSession(account_id=account.account_id, kind="terminal", device="终端"))
    return json_response(tokens_of(request, opened), 201, dumps=dumps)
