"""/v1/images: one frame of an image as a picture. A worker draws it; this process reads the encrypted file and never sees a pixel."""

from __future__ import annotations

import asyncio
import logging

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.foundation.actor import Actor
from core.foundation.errors import Invalid, NotFound
from core.foundation.keys import SealBroken
from core.imaging import commands as imaging
from miniprogram_api.http.api import actor_of, by_order, dumps, order_route, practice_of, problem

logger = logging.getLogger("huizhen.images")
blueprint = Blueprint("images", url_prefix="/v1")

order_route(blueprint, "GET", "/image-conflicts", imaging.Conflicts)
order_route(blueprint, "POST", "/image-conflicts/<conflict_id:str>/settle", imaging.SettleConflict)

FRAME_WAIT_S = 8.0
"""How long a request waits for the worker before the page is told to ask again."""
ASK_AGAIN_S = 2
TRIES = 2
"""A kept picture that cannot be read is drawn anew once; whoever asks again has it tried again."""
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
"""Not even in the browser's cache: what lies on a phone's disk lies there unencrypted."""


@blueprint.get("/images/<image_id:str>/frames/<number:str>")
@by_order(imaging.ShowFrame)
async def frame(request: Request, image_id: str, number: str) -> HTTPResponse:
    """200 with the picture; 202 with Retry-After while a worker is still drawing; 422 with the sentence when it cannot be shown.

    ``number`` from 1; query: ``window`` (as the list of images offers), ``size`` thumb or full.
    """
    if not number.isascii() or not number.isdigit() or len(number) > 5:
        raise Invalid
    asked = {"image_id": image_id, "frame": int(number), **{name: values[0] for name, values in request.args.items()}}
    shown = await practice_of(request).execute(actor_of(request), imaging.ShowFrame.model_validate(asked))
    state, picture = imaging.FrameState.model_validate(asked), None
    for _ in range(TRIES):
        if shown.state == "asked":
            shown = await _drawn(request, shown, state)
        if shown.state != "ready" or (picture := await _kept(request, shown)) is not None:
            break
        shown = await practice_of(request).execute(Actor.system("web"), imaging.RedrawFrame(frame_id=shown.frame_id))
    if shown.state == "refused":
        return problem(422, shown.refusal_code or "image.refused", shown.refusal or "")
    if picture is None:
        return json_response({"state": "asked"}, 202, headers={"Retry-After": str(ASK_AGAIN_S), **_HEADERS}, dumps=dumps)
    return HTTPResponse(picture, headers=_HEADERS, content_type=shown.media_type)


async def _kept(request: Request, shown: imaging.FrameView) -> bytes | None:
    """The picture; None when its file is away or altered."""
    try:
        return await practice_of(request).blobs.get(shown.frame_id, "patient", shown.patient_id)
    except (NotFound, SealBroken):
        # Nobody is alarmed: a picture is a copy, made anew from the image, and that one's damage is told.
        logger.warning("picture %s is away or altered and is drawn anew", shown.frame_id)
        return None


async def _drawn(request: Request, shown: imaging.FrameView, state: imaging.FrameState) -> imaging.FrameView:
    practice, deadline = practice_of(request), asyncio.get_running_loop().time() + FRAME_WAIT_S
    with practice.signals.listen(f"frame:{shown.frame_id}") as bell:
        while shown.state == "asked" and (left := deadline - asyncio.get_running_loop().time()) > 0:
            shown = await practice.ask(actor_of(request), state)
            if shown.state == "asked":
                await bell.wait(min(0.5, left))
    return shown
