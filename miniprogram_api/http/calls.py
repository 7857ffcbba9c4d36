"""/v1/consultations/{id}/call: a seat in the consultation's call, who is in it, its door, why it did not work, the telephone instead; the invitation
of a guest; and what was recorded of the calls. The rest goes over the signalling socket."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import cast

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.calls import commands as calls
from core.calls import commands_guests as guests
from core.calls import commands_rooms as rooms
from core.calls import commands_talk as talk
from core.calls import recording_commands as recordings
from core.calls.recording_rules import KIND
from core.calls.service import look_at, waits
from core.foundation.audit.origin import network_of
from core.people.service import session_holder
from miniprogram_api.http.api import SignInNeeded, actor_of, by_order, carry_out, dumps, order_route, practice_of

blueprint = Blueprint("calls", url_prefix="/v1")

order_route(blueprint, "POST", "/consultations/<consultation_id:str>/call", calls.RequestSeat, status=201)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/call", calls.ViewCall)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/call/trouble", calls.ReportTrouble)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/call/door", rooms.Knock, status=201)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/call/decline", rooms.DeclineCall)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/call/phone", talk.AskForPhone, status=201)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/call/phone/done", talk.PhoneDone)
order_route(blueprint, "POST", "/call-invitations/<invitation_id:str>/take", guests.TakeInvitation)


@blueprint.get("/consultations/<consultation_id:str>/call/door")
@by_order(rooms.AtTheDoor)
async def at_the_door(request: Request, consultation_id: str) -> HTTPResponse:
    """Whether the waiting is over. Whoever asks is at the door: the moderator sees him while he does."""
    door = await carry_out(request, rooms.AtTheDoor(consultation_id=consultation_id))
    if door.state == "waiting":
        await waits(practice_of(request), actor_of(request).account_id, consultation_id)
    return json_response(door.model_dump(mode="json"), dumps=dumps)


order_route(blueprint, "GET", "/consultations/<consultation_id:str>/recordings", recordings.Recordings)

PIECE = 256 * 1024
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline", "Accept-Ranges": "bytes"}
"""Not even in the browser's cache: what lies on a phone's disk lies there unencrypted."""


@blueprint.post("/consultations/<consultation_id:str>/recordings/<file_id:str>/look")
@by_order(recordings.PlayRecording)
async def look(request: Request, consultation_id: str, file_id: str) -> HTTPResponse:
    """Begin a look: what is played under its cookie is one look, however often a player asks. ``<video>`` bears no token, and no address should."""
    practice = practice_of(request)
    found = await practice.ask(actor_of(request), recordings.PlayRecording(consultation_id=consultation_id, file_id=file_id))
    if found.look_ends_at is None:
        raise SignInNeeded
    lasts_s = max(0, int((found.look_ends_at - practice.clock.real_now()).total_seconds()))
    response = json_response({"lasts_s": lasts_s}, status=201, dumps=dumps)
    path = f"{getattr(request, 'mount', '')}/v1/consultations/{consultation_id}/recordings/{file_id}"
    response.add_cookie(
        look_cookie(request), found.look, path=path, max_age=lasts_s, httponly=True, samesite="Strict", secure=not request.app.ctx.demo
    )
    return response


def look_cookie(request: Request) -> str:
    """It has a path of its own, which __Host- forbids."""
    return "huizhen_look" if request.app.ctx.demo else "__Secure-huizhen_look"


@blueprint.get("/consultations/<consultation_id:str>/recordings/<file_id:str>")
@by_order(recordings.PlayRecording)  # type: ignore[arg-type]  # answered in pieces: nothing is left to give back
async def play(request: Request, consultation_id: str, file_id: str) -> HTTPResponse | None:
    """200 with the whole file, 206 with the part that ``Range`` asks for (RFC 9110, 14: one range; others are answered whole), 416 beyond its end.
    Without a look that goes on, it is a look by itself."""
    practice = practice_of(request)
    found = await _found(request, consultation_id, file_id)
    reader = await practice.blobs.reader(found.file_id, KIND, found.recording_id)
    wanted = range_of(request.headers.get("range", ""), reader.size)
    if wanted is not None and not wanted:
        return HTTPResponse(status=416, headers={**_HEADERS, "Content-Range": f"bytes */{reader.size}"})
    part = range(reader.size) if wanted is None else wanted
    headers = {**_HEADERS, "Content-Length": str(len(part))}
    if wanted is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{reader.size}"
    first = await asyncio.to_thread(reader.read_at, part.start, min(PIECE, len(part)))
    response = await request.respond(status=200 if wanted is None else 206, headers=headers, content_type=found.media_type)
    await response.send(first)
    for at in range(part.start + PIECE, part.stop, PIECE):
        await response.send(await asyncio.to_thread(reader.read_at, at, min(PIECE, part.stop - at)))
    await response.eof()
    return None


async def _found(request: Request, consultation_id: str, file_id: str) -> recordings.RecordingFile:
    """The file, as the next piece of the look that the cookie names, or as a new look of whoever asks."""
    practice = practice_of(request)
    word = request.cookies.get(look_cookie(request)) or ""
    begun = await look_at(practice, file_id, word) if word else None
    if begun is not None:
        actor = await session_holder(begun.session_id, practice.clock.real_now(), practice.clock.now())
        if actor is not None:
            actor = replace(actor, address=network_of(getattr(request.ctx, "address", "")))
            goes_on = recordings.GoOnPlaying(consultation_id=consultation_id, file_id=file_id, look=word)
            return cast(recordings.RecordingFile, await practice.ask(actor, goes_on))
    order = recordings.PlayRecording(consultation_id=consultation_id, file_id=file_id)
    return cast(recordings.RecordingFile, await practice.ask(actor_of(request), order))


def range_of(header: str, size: int) -> range | None:
    """The bytes that a ``Range`` names, cut to the file; empty when it lies beyond it, None when the whole is wanted or it cannot be read."""
    told = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header.strip())
    if told is None or told.groups() == ("", ""):
        return None
    first, last = told.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    stop = min(size, int(last) + 1) if last else size
    if last and int(last) < int(first):
        return None
    return range(int(first), stop) if int(first) < size else range(0)
