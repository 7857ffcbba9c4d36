"""/v1/prescriptions, the drug list, facts for the safety check, single emergency doses."""

from __future__ import annotations

from sanic import Blueprint

from core.prescriptions import commands as prescriptions
from miniprogram_api.http.api import order_route

blueprint = Blueprint("prescriptions", url_prefix="/v1")

order_route(blueprint, "GET", "/drugs", prescriptions.Drugs)
order_route(blueprint, "GET", "/emergency-doses", prescriptions.EmergencyDoses)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/safety-facts", prescriptions.ReadFacts)
order_route(blueprint, "PUT", "/consultations/<consultation_id:str>/safety-facts", prescriptions.RecordFacts)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/drug-check", prescriptions.Check)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/prescriptions", prescriptions.Propose, status=201)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/medicines", prescriptions.CaseMedicines)
order_route(blueprint, "GET", "/patients/<patient_id:str>/prescriptions", prescriptions.PatientPrescriptions)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/emergency-dose", prescriptions.OrderDose, status=201)
order_route(blueprint, "GET", "/prescriptions", prescriptions.Mine)
order_route(blueprint, "GET", "/prescriptions/standings", prescriptions.WhereTheyStand)
order_route(blueprint, "GET", "/prescriptions/<prescription_id:str>", prescriptions.View)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/revise", prescriptions.Revise)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/refer", prescriptions.Refer)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/sign", prescriptions.Sign)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/withdraw", prescriptions.Withdraw)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/release", prescriptions.Release)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/return", prescriptions.ReturnPrescription)
order_route(blueprint, "POST", "/prescriptions/<prescription_id:str>/dispense", prescriptions.Dispense)
order_route(blueprint, "GET", "/doses/<dose_id:str>", prescriptions.ViewDose)
order_route(blueprint, "POST", "/doses/<dose_id:str>/acknowledge", prescriptions.AcknowledgeDose)
