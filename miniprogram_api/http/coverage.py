"""/v1/patients/…/membership, quotes and claims, /v1/claims: what the insurance pays. Amounts are whole fen."""

from __future__ import annotations

from sanic import Blueprint

from core.coverage import commands as coverage
from miniprogram_api.http.api import order_route

blueprint = Blueprint("coverage", url_prefix="/v1")

order_route(blueprint, "GET", "/patients/<patient_id:str>/membership", coverage.MyMembership)
order_route(blueprint, "POST", "/patients/<patient_id:str>/membership", coverage.RecordMembership, status=201)
order_route(blueprint, "POST", "/patients/<patient_id:str>/quotes", coverage.Quote)
order_route(blueprint, "GET", "/patients/<patient_id:str>/claims", coverage.Claims)
order_route(blueprint, "GET", "/prescriptions/<prescription_id:str>/quote", coverage.QuotePrescription)
order_route(blueprint, "GET", "/claims/<claim_id:str>", coverage.ReadClaim)
order_route(blueprint, "POST", "/claims/<claim_id:str>/reverse", coverage.ReverseClaim)
