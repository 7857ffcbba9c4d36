"""/v1/me, patients, consents, sessions."""

from __future__ import annotations

from sanic import Blueprint

from core.people import commands as people
from miniprogram_api.http.api import order_route

blueprint = Blueprint("people", url_prefix="/v1")

order_route(blueprint, "GET", "/me", people.Me)
order_route(blueprint, "GET", "/consent-texts/<purpose:str>", people.CurrentConsentText)
order_route(blueprint, "POST", "/patients", people.RegisterPatient, status=201)
order_route(blueprint, "POST", "/patients/<patient_id:str>/consents", people.GiveConsent, status=201)
order_route(blueprint, "DELETE", "/patients/<patient_id:str>/consents/<purpose:str>", people.WithdrawConsent)
order_route(blueprint, "GET", "/patients/<patient_id:str>/access-log", people.WhoLookedAtMyRecord)
order_route(blueprint, "GET", "/patient-list", people.MyPatientList)
order_route(blueprint, "POST", "/patient-list", people.EnlistPatient, status=201)
order_route(blueprint, "POST", "/sessions/close", people.CloseSession)
