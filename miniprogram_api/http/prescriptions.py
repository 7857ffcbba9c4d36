"""/v1/prescriptions, the drug list, facts for the safety check, single emergency doses."""

from __future__ import annotations

import segno
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.foundation.errors import NotFound
from core.prescriptions import commands as prescriptions
from core.prescriptions import commands_doses as doses
from core.prescriptions import commands_drugs as drugs
from core.prescriptions import commands_facts as facts
from core.prescriptions import commands_lists as lists
from core.prescriptions import commands_waiting as queues
from miniprogram_api.http.api import by_order, carry_out, dumps, order_route

blueprint = Blueprint("prescriptions", url_prefix="/v1")

order_route(blueprint, "GET", "/drugs", drugs.Drugs)
order_route(blueprint, "GET", "/emergency-doses", doses.EmergencyDoses)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/safety-facts", facts.ReadFacts)
order_route(blueprint, "PUT", "/consultations/<consultation_id:str>/safety-facts", facts.RecordFacts)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/drug-check", prescriptions.Check)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/prescriptions", prescriptions.Propose, status=201)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/medicines", lists.CaseMedicines)
order_route(blueprint, "GET", "/patients/<patient_id:str>/prescriptions", lists.PatientPrescriptions)
order_route(blueprint, "GET", "/patients/<patient_id:str>/emergency-head", facts.EmergencyHead)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/emergency-dose", doses.OrderDose, status=201)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/emergency-dose-check", doses.CheckDose)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/emergency-dose-not-given", doses.DeclineDose)
order_route(blueprint, "GET", "/prescriptions", lists.Mine)
order_route(blueprint, "GET", "/prescriptions/waiting", queues.Waiting)
order_route(blueprint, "GET", "/prescriptions/stages", lists.Stages)
order_route(blueprint, "GET", "/prescriptions/<prescription_id:str>", prescriptions.View)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/revise", prescriptions.Revise)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/refer", prescriptions.Refer)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/sign", prescriptions.Sign)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/withdraw", prescriptions.Withdraw)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/release", prescriptions.Release)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/return", prescriptions.ReturnPrescription)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/dispense", prescriptions.Dispense)
order_route(blueprint, "GET", "/doses/<dose_id:str>", doses.ViewDose)
order_route(blueprint, "POST", "/doses/<dose_id:str>/acknowledge", doses.AcknowledgeDose)

PIXELS = 8
"""Of the picture, for each square of the code."""


class NoDispenseCode(NotFound):
    code = "prescription.no_dispense_code"
    sentence = "这张处方现在没有取药码:药师审方通过后才有,发药后就用不着了。"


@blueprint.get("/prescriptions/<prescription_id:str>/dispense-code")
@by_order(prescriptions.View)
async def show_dispense_code(request: Request, prescription_id: str) -> HTTPResponse:
    """What the patient shows at the counter: ``dispense_code`` to read aloud, ``picture`` the same with the prescription's code as a QR code
    (PNG as a data: address). No name and no drug is in it."""
    view = await carry_out(request, prescriptions.View(prescription_id=prescription_id))
    if view.dispense_code is None:
        raise NoDispenseCode
    picture = segno.make(f"{view.code} {view.dispense_code}", error="m", micro=False).png_data_uri(scale=PIXELS, border=4)
    return json_response({"code": view.code, "dispense_code": view.dispense_code, "picture": picture}, dumps=dumps)
