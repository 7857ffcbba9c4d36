"""/v1/offers and /v1/alerts: what a push card does, for pages and tests."""

from __future__ import annotations

from sanic import Blueprint

from core.dispatch import commands as dispatch
from miniprogram_api.http.api import order_route

blueprint = Blueprint("dispatch", url_prefix="/v1")

order_route(blueprint, "GET", "/desk", dispatch.ExpertDesk)
order_route(blueprint, "GET", "/offers", dispatch.MyOffers)
order_route(blueprint, "GET", "/offers/<offer_id:str>", dispatch.Offer)
order_route(blueprint, "POST", "/offers/<offer_id:str>/accept", dispatch.AcceptOffer)
order_route(blueprint, "POST", "/offers/<offer_id:str>/decline", dispatch.DeclineOffer)
order_route(blueprint, "POST", "/offers/<offer_id:str>/defer", dispatch.DeferOffer)
order_route(blueprint, "GET", "/alerts/<alert_id:str>", dispatch.Alert)
order_route(blueprint, "POST", "/alerts/<alert_id:str>/acknowledge", dispatch.AcknowledgeAlert)
