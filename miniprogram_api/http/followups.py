"""/v1/patients/…/plans and readings, /v1/plans, /v1/readings/…/trend: follow-up. The picture is a PNG behind the sign-in."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from core.followups import commands as followups
from core.foundation.errors import NotFound
from miniprogram_api.http.api import by_order, carry_out, order_route, practice_of

blueprint = Blueprint("followups", url_prefix="/v1")

order_route(blueprint, "GET", "/plans", followups.MyPlans)
order_route(blueprint, "GET", "/plans/<plan_id:str>", followups.ReadPlan)
order_route(blueprint, "POST", "/plans/<plan_id:str>/end", followups.EndPlan)
order_route(blueprint, "POST", "/plans/<plan_id:str>/visits", followups.RecordVisit, status=201)
order_route(blueprint, "GET", "/patients/<patient_id:str>/plans", followups.PatientPlans)
order_route(blueprint, "POST", "/patients/<patient_id:str>/plans", followups.StartPlan, status=201)
order_route(blueprint, "GET", "/patients/<patient_id:str>/readings", followups.Readings)
order_route(blueprint, "POST", "/patients/<patient_id:str>/readings", followups.RecordReading, status=201)


class TrendNotDrawn(NotFound):
    code = "followups.trend_not_drawn"
    sentence = "趋势图正在画,请过几秒再看。"


@blueprint.get("/readings/<reading_id:str>/trend")
@by_order(followups.Trend)
async def trend(request: Request, reading_id: str) -> HTTPResponse:
    """The trend picture up to this reading."""
    view = await carry_out(request, followups.Trend(reading_id=reading_id))
    if view.blob_id is None:
        raise TrendNotDrawn
    picture = await practice_of(request).blobs.get(view.blob_id, "patient", view.patient_id)
    return raw(picture, content_type="image/png", headers={"Cache-Control": "private, no-store"})
