"""What the FHIR face of the practice can do: its CapabilityStatement."""

from __future__ import annotations

from core.fhir.elements import Json

RESOURCES = (
    "AllergyIntolerance", "Appointment", "CarePlan", "Claim", "ClaimResponse", "Communication", "CommunicationRequest", "Consent", "Coverage",
    "DiagnosticReport", "Encounter", "ImagingStudy", "MedicationDispense", "MedicationRequest", "Observation", "Organization", "Patient",
    "Practitioner", "PractitionerRole", "Provenance", "QuestionnaireResponse", "ServiceRequest", "Task",
)  # fmt: skip
"""Every type of resource that a case may hold."""
PUBLISHED = "2026-11-20"


def capability_statement(base: str) -> Json:
    """R4 CapabilityStatement of kind instance: one operation, everything else comes inside its bundle."""
    return {
        "resourceType": "CapabilityStatement", "status": "active", "date": PUBLISHED, "kind": "instance", "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"], "software": {"name": "会诊 Huizhen"},
        "implementation": {"description": "会诊 Huizhen: 远程会诊记录", "url": base},
        "rest": [{
            "mode": "server",
            "security": {"description": "登录会话(Cookie 或 Bearer);按与会诊的关系授权,每次读取留审计。"},
            "resource": [
                {
                    "type": "Encounter",
                    "operation": [{
                        "name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Encounter-everything",
                        "documentation": "一次会诊的全部记录,作为 searchset Bundle。",
                    }],
                },
                *({"type": kind, "documentation": "随会诊的 $everything 一起读取。"} for kind in RESOURCES if kind != "Encounter"),
            ],
        }],
    }  # fmt: skip
