"""/v1/consultations/{id}/call: a seat in the consultation's call, who is in it, why it did not work. The rest goes over the signalling socket."""

from __future__ import annotations

from sanic import Blueprint

from core.calls import commands as calls
from miniprogram_api.http.api import order_route

blueprint = Blueprint("calls", url_prefix="/v1")

order_route(blueprint, "POST", "/consultations/<consultation_id:str>/call", calls.RequestSeat, status=201)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/call", calls.ViewCall)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/call/trouble", calls.ReportTrouble)
