"""Prescriptions: one MedicationRequest a drug. It is active with the pharmacist's review and not before; the patient reads it from then on."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.fhir import people
from core.fhir.elements import OURS, UCUM, Case, Json, coding, concept, identifier, instant
from core.foundation.actor import Role
from core.foundation.work import Work
from core.prescriptions.drugs import drug
from core.prescriptions.models import Prescription
from core.prescriptions.steps import body_of
from core.prescriptions.views import item_view
from core.prescriptions.workflow import State

STATUS = {
    State.PROPOSED: "draft", State.REFERRED: "draft", State.SIGNED: "on-hold", State.RETURNED: "draft", State.RELEASED: "active",
    State.DISPENSED: "completed", State.WITHDRAWN: "cancelled", State.EXPIRED: "stopped",
}  # fmt: skip
_EFFECTIVE = (State.RELEASED, State.DISPENSED)


async def medication_requests(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """The prescriptions of the consultation; a proposal is the expert's, an order is who signed it's."""
    for prescription in await Prescription.filter(consultation_id=row.id).order_by("id"):
        state = State(prescription.state)
        if work.role is Role.VISITOR and state not in _EFFECTIVE:
            continue
        signed = prescription.signed_at is not None
        requester = await people.practitioner(case, work, prescription.signer_id or prescription.expert_id)
        body = await body_of(work, prescription)
        for place, item in enumerate(body.items, 1):
            shown, one = item_view(item), drug(item.drug)
            case.add(
                "MedicationRequest", f"{prescription.id}-{place}", identifier=[identifier("prescription-item", f"{prescription.code}/{place}")],
                groupIdentifier=identifier("prescription", prescription.code), status=STATUS[state], intent="order" if signed else "proposal",
                medicationCodeableConcept=concept(f"{shown.name} {shown.form}", coding(f"{OURS}:drug", one.code, shown.name)),
                subject=case.ref("Patient", row.patient_id), encounter=encounter_ref,
                authoredOn=instant(prescription.signed_at or prescription.proposed_at), requester=requester,
                reasonCode=[concept(body.diagnosis)] if body.diagnosis else None, note=[{"text": body.note}] if body.note else None,
                dosageInstruction=[{
                    "text": f"每次 {shown.amount},每天 {item.times_per_day} 次,{item.days} 天,{shown.route}",
                    "patientInstruction": item.directions or shown.route,
                    "timing": {"repeat": {
                        "boundsDuration": {"value": item.days, "unit": "天", "system": UCUM, "code": "d"},
                        "frequency": item.times_per_day, "period": 1, "periodUnit": "d",
                    }},
                    "doseAndRate": [{"doseQuantity": {"value": float(item.dose), "unit": one.unit, "system": UCUM, "code": one.unit}}],
                }],
                dispenseRequest={"quantity": {"value": shown.packs, "unit": shown.pack, "system": f"{OURS}:pack", "code": shown.pack}},
            )  # fmt: skip
