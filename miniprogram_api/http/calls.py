"""/v1/consultations/{id}/call: a seat in the consultation's call, who is in it, its door, why it did not work, the telephone instead; and the
invitation of a guest. The rest goes over the signalling socket."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.calls import commands as calls
from core.calls import commands_guests as guests
from core.calls import commands_rooms as rooms
from core.calls import commands_talk as talk
from core.calls.service import waits
from miniprogram_api.http.api import actor_of, by_order, carry_out, dumps, order_route, practice_of

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
