"""/v1/me/second-factor: the code that unlocks signing; /v1/practitioners/…/second-factor: an administrator's reset."""

from __future__ import annotations

from sanic import Blueprint

from core.people import commands_second_factor as factor
from miniprogram_api.http.api import order_route

blueprint = Blueprint("second_factor", url_prefix="/v1")

order_route(blueprint, "GET", "/me/second-factor", factor.MyFactor)
order_route(blueprint, "POST", "/me/second-factor", factor.BeginFactor, status=201)
order_route(blueprint, "POST", "/me/second-factor/confirmation", factor.ConfirmFactor, status=201)
order_route(blueprint, "POST", "/me/second-factor/codes", factor.UnlockSigning, status=201)
order_route(blueprint, "DELETE", "/practitioners/<practitioner_id:str>/second-factor", factor.ResetFactor)
