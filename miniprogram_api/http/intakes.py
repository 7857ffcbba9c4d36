"""/v1/intakes: the pre-consultation as read by the person himself and by those who answer him."""

from __future__ import annotations

from sanic import Blueprint

from core.intake import commands as intake
from miniprogram_api.http.api import order_route

blueprint = Blueprint("intakes", url_prefix="/v1")

order_route(blueprint, "GET", "/intakes/current", intake.CurrentIntake)
order_route(blueprint, "GET", "/intakes/<intake_id:str>", intake.IntakeRecord)
order_route(blueprint, "POST", "/intakes/<intake_id:str>/close", intake.CloseIntake)
