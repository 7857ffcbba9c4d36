"""What the classes of fhir.resources let pass: required bindings, ids, reference targets, codes with systems, order of times. Pure.

The bindings are those of R4 (4.0.1) for the elements that we write; an element without an entry here is not bound to a closed list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core.fhir.elements import Json

ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")
BINDINGS: dict[str, frozenset[str]] = {
    name: frozenset(codes.split())
    for name, codes in {
        "Bundle.type": "document message transaction transaction-response batch batch-response history searchset collection",
        "Bundle.entry.search.mode": "match include outcome",
        "Patient.gender": "male female other unknown",
        "Practitioner.gender": "male female other unknown",
        "AllergyIntolerance.clinicalStatus.coding.code": "active inactive resolved",
        "AllergyIntolerance.verificationStatus.coding.code": "unconfirmed confirmed refuted entered-in-error",
        "AllergyIntolerance.category": "food medication environment biologic",
        "Encounter.status": "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
        "ServiceRequest.status": "draft active on-hold revoked completed entered-in-error unknown",
        "ServiceRequest.intent": "proposal plan directive order original-order reflex-order filler-order instance-order option",
        "ServiceRequest.priority": "routine urgent asap stat",
        "Observation.status": "registered preliminary final amended corrected cancelled entered-in-error unknown",
        "DiagnosticReport.status": "registered partial preliminary final amended corrected appended cancelled entered-in-error unknown",
        "Task.status": "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed entered-in-error",
        "Task.intent": "unknown proposal plan order original-order reflex-order filler-order instance-order option",
        "QuestionnaireResponse.status": "in-progress completed amended entered-in-error stopped",
        "Consent.status": "draft proposed active rejected inactive entered-in-error",
        "Consent.provision.type": "deny permit",
        "ImagingStudy.status": "registered available cancelled entered-in-error unknown",
        "Appointment.status": "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist",
        "Appointment.participant.status": "accepted declined tentative needs-action",
        "Appointment.participant.required": "required optional information-only",
        "Communication.status": "preparation in-progress not-done on-hold stopped completed entered-in-error unknown",
        "CommunicationRequest.status": "draft active on-hold revoked completed entered-in-error unknown",
        "CarePlan.status": "draft active on-hold revoked completed entered-in-error unknown",
        "CarePlan.intent": "proposal plan order option",
        "CarePlan.activity.detail.status": "not-started scheduled in-progress on-hold completed cancelled stopped unknown entered-in-error",
        "Coverage.status": "active cancelled draft entered-in-error",
        "Claim.status": "active cancelled draft entered-in-error",
        "Claim.use": "claim preauthorization predetermination",
        "ClaimResponse.status": "active cancelled draft entered-in-error",
        "ClaimResponse.use": "claim preauthorization predetermination",
        "ClaimResponse.outcome": "queued complete error partial",
        "MedicationDispense.status": "preparation in-progress cancelled on-hold completed entered-in-error stopped declined unknown",
        "MedicationRequest.priority": "routine urgent asap stat",
        "MedicationRequest.status": "active on-hold cancelled completed entered-in-error stopped draft unknown",
        "MedicationRequest.intent": "proposal plan order original-order reflex-order filler-order instance-order option",
    }.items()
}
_PERSON = "Practitioner PractitionerRole Organization Patient"
TARGETS: dict[str, frozenset[str]] = {
    name: frozenset(kinds.split())
    for name, kinds in {
        "Patient.managingOrganization": "Organization",
        "PractitionerRole.practitioner": "Practitioner",
        "PractitionerRole.organization": "Organization",
        "Encounter.subject": "Patient",
        "AllergyIntolerance.patient": "Patient",
        "AllergyIntolerance.recorder": _PERSON,
        "Encounter.basedOn": "ServiceRequest",
        "Encounter.partOf": "Encounter",
        "Encounter.participant.individual": "Practitioner PractitionerRole",
        "Encounter.serviceProvider": "Organization",
        "ServiceRequest.subject": "Patient",
        "ServiceRequest.encounter": "Encounter",
        "ServiceRequest.requester": _PERSON,
        "ServiceRequest.performer": _PERSON,
        "Observation.subject": "Patient",
        "Observation.encounter": "Encounter",
        "Observation.performer": _PERSON,
        "Observation.basedOn": "CarePlan ServiceRequest",
        "DiagnosticReport.subject": "Patient",
        "DiagnosticReport.encounter": "Encounter",
        "DiagnosticReport.performer": _PERSON,
        "DiagnosticReport.basedOn": "ServiceRequest CarePlan",
        "Task.for": "Patient",
        "Task.encounter": "Encounter",
        "Task.owner": _PERSON,
        "QuestionnaireResponse.subject": "Patient",
        "QuestionnaireResponse.encounter": "Encounter",
        "Consent.patient": "Patient",
        "Consent.organization": "Organization",
        "ImagingStudy.subject": "Patient",
        "ImagingStudy.encounter": "Encounter",
        "Appointment.participant.actor": "Patient Practitioner PractitionerRole",
        "Appointment.basedOn": "ServiceRequest",
        "Provenance.agent.who": _PERSON,
        "Provenance.signature.who": _PERSON,
        "Communication.subject": "Patient",
        "Communication.encounter": "Encounter",
        "Communication.recipient": _PERSON,
        "CommunicationRequest.subject": "Patient",
        "CommunicationRequest.encounter": "Encounter",
        "CommunicationRequest.recipient": _PERSON,
        "CarePlan.subject": "Patient",
        "CarePlan.encounter": "Encounter",
        "Coverage.beneficiary": "Patient",
        "Coverage.payor": "Organization Patient",
        "Claim.patient": "Patient",
        "Claim.insurer": "Organization",
        "Claim.provider": "Organization Practitioner PractitionerRole",
        "Claim.insurance.coverage": "Coverage",
        "Claim.item.encounter": "Encounter",
        "ClaimResponse.patient": "Patient",
        "ClaimResponse.insurer": "Organization",
        "ClaimResponse.request": "Claim",
        "MedicationDispense.subject": "Patient",
        "MedicationDispense.context": "Encounter",
        "MedicationDispense.authorizingPrescription": "MedicationRequest",
        "MedicationRequest.subject": "Patient",
        "MedicationRequest.encounter": "Encounter",
        "MedicationRequest.requester": _PERSON,
    }.items()
}


def faults(bundle: Json) -> tuple[str, ...]:
    """What is wrong with a bundle, as "path: what"; empty when nothing is. No values of a patient stand in it."""
    places = {f"{entry['resource'].get('resourceType')}/{entry['resource'].get('id')}" for entry in bundle.get("entry", ())}
    found = list(_bound("Bundle", bundle))
    if len(places) != len(bundle.get("entry", ())):
        found.append("Bundle.entry: two resources under one id")
    for entry in bundle.get("entry", ()):
        resource = entry["resource"]
        kind = resource["resourceType"]
        if not ID.match(resource.get("id", "")):
            found.append(f"{kind}.id: not an id")
        if not str(entry.get("fullUrl", "")).endswith(f"/{kind}/{resource.get('id')}"):
            found.append(f"{kind}: fullUrl names another resource")
        found.extend(_walk(kind, resource, places))
    return tuple(found)


def _bound(path: str, element: Any) -> Iterator[str]:
    """Closed code lists, also of the bundle's own elements."""
    if isinstance(element, dict):
        for name, value in element.items():
            if name == "resource":
                continue
            below = f"{path}.{name}"
            yield from _unlisted(below, value)
            yield from _bound(below, value)
    elif isinstance(element, list):
        for one in element:
            yield from _bound(path, one)


def _unlisted(path: str, value: Any) -> Iterator[str]:
    """One code or several against the list that binds them."""
    if path in BINDINGS and not BINDINGS[path].issuperset(value if isinstance(value, list) else [value]):
        yield f"{path}: not a code of its list"


def _walk(path: str, element: Any, places: set[str]) -> Iterator[str]:
    if isinstance(element, list):
        for one in element:
            yield from _walk(path, one, places)
        return
    if not isinstance(element, dict):
        if isinstance(element, str) and "<" in element and path.endswith(".div"):
            yield f"{path}: narrative is not written here"
        return
    if not element:
        yield f"{path}: empty"
    yield from _of_element(path, element, places)
    for name, value in element.items():
        below = f"{path}.{name}"
        yield from _unlisted(below, value)
        yield from _walk(below, value, places)


def _of_element(path: str, element: Json, places: set[str]) -> Iterator[str]:
    reference = element.get("reference")
    if isinstance(reference, str):
        kind = reference.split("/")[0]
        if reference not in places:
            yield f"{path}: refers to what is not in the bundle"
        if path in TARGETS and kind not in TARGETS[path]:
            yield f"{path}: may not refer to {kind}"
        if element.get("type", kind) != kind:
            yield f"{path}: says another type"
    if "code" in element and isinstance(element["code"], str) and "system" not in element and ("display" in element or "value" in element):
        yield f"{path}: a code without its system"
    if "value" in element and "unit" in element and not {"system", "code"} <= element.keys():
        yield f"{path}: a quantity without its UCUM code"
    start, end = element.get("start"), element.get("end")
    if isinstance(start, str) and isinstance(end, str) and end < start:
        yield f"{path}: ends before it begins"


def missing_bindings(resource_types: set[str]) -> set[str]:
    """Types of resources whose status is bound to no list here (for the tests: a new type needs its entry)."""
    return {kind for kind in resource_types if not any(name.startswith(f"{kind}.") for name in (*BINDINGS, *TARGETS))}
