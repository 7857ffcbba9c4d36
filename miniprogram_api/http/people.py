"""/v1/me, patients, consents."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.people import commands as people
from core.people import commands_accounts as accounts
from core.people import commands_consents as consents
from core.people import commands_families as families
from core.people import commands_views as views
from core.people import finding
from miniprogram_api.http.api import actor_of, by_order, dumps, order_route, practice_of
from miniprogram_api.http.consultations import give_file, store_photo

blueprint = Blueprint("people", url_prefix="/v1")

order_route(blueprint, "GET", "/me", views.Me)
order_route(blueprint, "GET", "/consent-texts/<purpose:str>", consents.CurrentConsentText)
order_route(blueprint, "POST", "/patients", people.RegisterPatient, status=201)
order_route(blueprint, "POST", "/patients/<patient_id:str>/consents", consents.GiveConsent, status=201)
order_route(blueprint, "GET", "/patients/<patient_id:str>/consents", consents.Consents)
order_route(blueprint, "DELETE", "/patients/<patient_id:str>/consents/<purpose:str>", consents.WithdrawConsent)
order_route(blueprint, "GET", "/patients/<patient_id:str>/speakers", families.Speakers)
order_route(blueprint, "POST", "/patients/<patient_id:str>/speakers", people.ConfirmAccount, status=201)
order_route(blueprint, "POST", "/patients/<patient_id:str>/speakers/claimant", people.LookAtClaim)
order_route(blueprint, "PUT", "/patients/<patient_id:str>/speakers/<relation_id:str>", families.AllowSpeaker)
order_route(blueprint, "DELETE", "/patients/<patient_id:str>/speakers/<relation_id:str>", families.EndSpeaker)
order_route(blueprint, "POST", "/patients/<patient_id:str>/speakers/<relation_id:str>/end", families.EndSpeaker)
order_route(blueprint, "GET", "/patients/<patient_id:str>/access-log", views.WhoLookedAtMyRecord)
order_route(blueprint, "GET", "/join-reviews", accounts.JoinReviews)
order_route(blueprint, "POST", "/join-reviews/<review_id:str>", accounts.SettleJoinReview)
order_route(blueprint, "GET", "/patient-list", views.MyPatientList)
order_route(blueprint, "POST", "/patient-list", people.EnlistPatient, status=201)
order_route(blueprint, "POST", "/patient-list/find", finding.FindOnMyList)


@blueprint.post("/patients/<patient_id:str>/consents/<purpose:str>/paper", stream=True)
@by_order(consents.AttachPaperConsent)
async def attach_paper_consent(request: Request, patient_id: str, purpose: str) -> HTTPResponse:
    """The photo of a signed paper, as the body."""
    consents.CurrentConsentText.model_validate({"purpose": purpose})
    await practice_of(request).ask(actor_of(request), consents.PaperTarget(patient_id=patient_id))
    blob, kind = await store_photo(request, patient_id)
    order = consents.AttachPaperConsent.model_validate({
        "patient_id": patient_id, "purpose": purpose, "blob_id": blob.id, "media_type": kind, "size": blob.size, "sha256": blob.sha256,
    })
    return json_response((await give_file(request, order, blob.id)).model_dump(mode="json"), 201, dumps=dumps)
