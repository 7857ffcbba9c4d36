"""Prescriptions: one MedicationRequest a drug, active with the pharmacist's review and not before; the patient reads it from then on. What was handed
out is a MedicationDispense. A single emergency dose is a MedicationRequest too: that it was ordered is known, that it was taken is not."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.fhir import encounter, people
from core.fhir.elements import OURS, UCUM, Case, Json, coding, concept, identifier, instant, quantity
from core.foundation.actor import Role
from core.foundation.work import Work
from core.prescriptions.dose_views import dose_view
from core.prescriptions.drugs import drug
from core.prescriptions.items import DoseBody
from core.prescriptions.knowledge_base import knowledge
from core.prescriptions.models import EmergencyDose, Prescription
from core.prescriptions.steps import body_of, was_released
from core.prescriptions.views import item_view
from core.prescriptions.workflow import State

STATUS = {
    State.PROPOSED: "draft", State.REFERRED: "draft", State.SIGNED: "on-hold", State.RETURNED: "draft", State.RELEASED: "active",
    State.DISPENSED: "completed", State.WITHDRAWN: "cancelled", State.EXPIRED: "stopped",
}  # fmt: skip
UCUM_UNITS = {"unit": "[iU]"}
"""Units of the drug list that UCUM calls otherwise."""
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
        requests: list[Json] = []
        for place, item in enumerate(body.items, 1):
            shown, one = item_view(item), drug(item.drug)
            medication = concept(f"{shown.name} {shown.form}", coding(f"{OURS}:drug", one.code, shown.name))
            packs = {"value": shown.packs, "unit": shown.pack, "system": f"{OURS}:pack", "code": shown.pack}
            request = case.add(
                "MedicationRequest", f"{prescription.id}-{place}", identifier=[identifier("prescription-item", f"{prescription.code}/{place}")],
                groupIdentifier=identifier("prescription", prescription.code), status=await _status(prescription, state),
                intent="order" if signed else "proposal", medicationCodeableConcept=medication,
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
                    "doseAndRate": [{"doseQuantity": quantity(item.dose, one.unit, UCUM_UNITS.get(one.unit, one.unit))}],
                }],
                dispenseRequest={"quantity": packs},
            )  # fmt: skip
            requests.append(request)
            if prescription.dispensed_at is not None:
                by = prescription.dispensed_by_id
                case.add(
                    "MedicationDispense", f"{prescription.id}-{place}", status="completed", medicationCodeableConcept=medication,
                    subject=case.ref("Patient", row.patient_id), context=encounter_ref, authorizingPrescription=[request], quantity=packs,
                    whenHandedOver=instant(prescription.dispensed_at),
                    **({} if by is None else {"performer": [{"actor": await people.practitioner(case, work, by)}]}),
                )
        if prescription.signer_id is not None:
            await encounter.signed(case, work, "prescription", prescription.id, requests, prescription.signer_id)
        if prescription.pharmacist_id is not None and state in _EFFECTIVE:
            await encounter.signed(case, work, "review", prescription.id, requests, prescription.pharmacist_id)


async def _status(prescription: Prescription, state: State) -> str:
    """What the pharmacist took back after its release is not a draft again: it is held until it was changed."""
    return "on-hold" if state is State.RETURNED and await was_released(prescription) else STATUS[state]


async def emergency_dose(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """The dose that the decision alone ordered, with what was ruled out; for those who read it in its own room, so not for the patient."""
    given = await EmergencyDose.get_or_none(consultation_id=row.id)
    if given is None or work.role is Role.VISITOR:
        return
    view = await dose_view(work, given)
    sealer = await work.sealer("patient", row.patient_id)
    dose = knowledge().doses[DoseBody.model_validate_json(sealer.open("emergency_dose", "body", given.id, bytes(given.body))).dose]
    one = drug(dose.drug)
    request = case.add(
        "MedicationRequest", given.id, status="active", intent="order", priority="stat",
        category=[concept("急用一剂", coding(f"{OURS}:prescription-kind", "emergency-dose"))],
        medicationCodeableConcept=concept(f"{one.name} {one.form}", coding(f"{OURS}:drug", one.code, one.name)),
        subject=case.ref("Patient", row.patient_id), encounter=encounter_ref, authoredOn=instant(given.ordered_at),
        requester=await people.practitioner(case, work, given.practitioner_id),
        supportingInformation=[case.ref("Task", given.decision_id)] if case.has("Task", given.decision_id) else None,
        note=[{"text": "已排除:" + ";".join(view.ruled_out)}] if view.ruled_out else None,
        dosageInstruction=[{
            "text": f"{view.amount},{view.directions}",
            "timing": {"repeat": {"count": 1}},
            "doseAndRate": [{"doseQuantity": quantity(dose.amount, one.unit, UCUM_UNITS.get(one.unit, one.unit))}],
        }],
    )  # fmt: skip
    await encounter.signed(case, work, "emergency_dose", given.id, [request], given.practitioner_id)
