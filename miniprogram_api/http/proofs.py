"""/v1/patients/…/credentials and proofs: what the patient holds and shows. /v1/credentials: what a verifier without an account may do.

A verifier learns the answer to one question and no more; what lets him ask is the number that the holder shows him, good once, for two minutes.
"""

from __future__ import annotations

import segno
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.credentials import commands as credentials
from core.foundation.orders import Command
from miniprogram_api.http.api import by_order, carry_out, dumps, json_object, order_route, practice_of, public
from miniprogram_api.http.sessions import PROCESS

blueprint = Blueprint("proofs", url_prefix="/v1")

PIXELS = 6
"""Of the picture, for each square of the code."""

order_route(blueprint, "GET", "/patients/<patient_id:str>/credentials", credentials.MyCredentials)
order_route(blueprint, "POST", "/patients/<patient_id:str>/credentials", credentials.IssueCredential)
order_route(blueprint, "DELETE", "/patients/<patient_id:str>/credentials/<attribute:str>", credentials.WithdrawCredential)


@blueprint.post("/patients/<patient_id:str>/proofs")
@by_order(credentials.OfferProof)
async def offer(request: Request, patient_id: str) -> HTTPResponse:
    """``code`` to read aloud, ``link`` to the verifier's page with it, ``picture`` the link as a QR code (PNG as a data: address). A proof itself
    is too long for a QR code: SD-JWT has some 1,300 characters, AnonCreds some 37,000. The number stands behind ``#``: no server's log has it."""
    told = await carry_out(request, credentials.OfferProof.model_validate({**json_object(request), "patient_id": patient_id}), keyed=False)
    address = f"{request.app.ctx.public_url}/h5/verify/#{told.code}"
    picture = segno.make(address, error="m", micro=False).png_data_uri(scale=PIXELS, border=4)
    return json_response({**told.model_dump(mode="json"), "link": address, "picture": picture}, dumps=dumps)


@blueprint.post("/credentials/checks")
@public("a verifier begins: he gets a random number, nothing of anybody")
async def begin(request: Request) -> HTTPResponse:
    return await _given(request, credentials.OpenCheck.model_validate(json_object(request)), 201)


@blueprint.post("/credentials/shown")
@public("the number that the holder shows is what lets a verifier fetch one proof, once")
async def fetch(request: Request) -> HTTPResponse:
    return await _given(request, credentials.ShowProof.model_validate(json_object(request)))


@blueprint.post("/credentials/checked")
@public("a proof that somebody brings is answered with what it proves")
async def check(request: Request) -> HTTPResponse:
    return await _given(request, credentials.CheckProof.model_validate(json_object(request)))


@blueprint.get("/credentials/issuers/<county:str>")
@public("public keys, definitions and revocation lists, made to be shown; they name nobody")
async def published(request: Request, county: str) -> HTTPResponse:
    view = await practice_of(request).ask(PROCESS, credentials.Published.model_validate({"county": county}))
    return json_response(view.model_dump(mode="json"), dumps=dumps)


async def _given(request: Request, order: Command, status: int = 200) -> HTTPResponse:
    result = await practice_of(request).execute(PROCESS, order)
    return json_response(result.model_dump(mode="json"), status=status, dumps=dumps)
