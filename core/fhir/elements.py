"""Pieces of FHIR R4 (4.0.1) resources as plain dictionaries, and the case that collects resources and their references."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

Json = dict[str, Any]

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
SNOMED = "http://snomed.info/sct"
ICD10_CN = "http://hl7.org/fhir/sid/icd-10"
OURS = "urn:huizhen"
"""Systems of our own codes and numbers: urn:huizhen:<what>."""


def instant(moment: datetime) -> str:
    """A time with its zone, to the second."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def day(value: date) -> str:
    return value.isoformat()


def coding(system: str, code: str, display: str = "") -> Json:
    return {"system": system, "code": code, **({"display": display} if display else {})}


def concept(text: str = "", *codings: Json) -> Json:
    """A CodeableConcept: codes with their systems, or words."""
    return {**({"coding": list(codings)} if codings else {}), **({"text": text} if text else {})}


def quantity(value: Decimal | float, unit: str, code: str) -> Json:
    return {"value": float(value), "unit": unit, "system": UCUM, "code": code}


def money(fen: int) -> Json:
    """Yuan with two decimals."""
    return {"value": float(Decimal(fen) / 100), "currency": "CNY"}


def period(start: datetime | None, end: datetime | None = None) -> Json:
    return {**({"start": instant(start)} if start else {}), **({"end": instant(end)} if end else {})}


def identifier(what: str, value: str) -> Json:
    return {"system": f"{OURS}:{what}", "value": value}


class Case:
    """The resources of one case. ``base`` is the address under which they are read; a resource added twice stands once. ``whole``: with what its
    reader might not read, because it is rewritten before anybody does."""

    def __init__(self, base: str, *, whole: bool = False) -> None:
        self.base = base.rstrip("/")
        self.whole = whole
        self.resources: dict[str, Json] = {}

    def add(self, kind: str, resource_id: str, **elements: Any) -> Json:
        """Add a resource, without what is None or empty; the reference to it."""
        body = {name.rstrip("_"): value for name, value in elements.items() if value is not None and value not in ({}, [], "")}
        self.resources.setdefault(f"{kind}/{resource_id}", {"resourceType": kind, "id": resource_id, **body})
        return self.ref(kind, resource_id)

    @staticmethod
    def ref(kind: str, resource_id: str, display: str = "") -> Json:
        return {"reference": f"{kind}/{resource_id}", "type": kind, **({"display": display} if display else {})}

    def has(self, kind: str, resource_id: str) -> bool:
        return f"{kind}/{resource_id}" in self.resources

    def bundle(self, *, now: datetime, bundle_id: str, about: Json, operation: str) -> Json:
        """A searchset: the resource that ``about`` refers to is what was asked for, the rest is included."""
        entries = [
            {
                "fullUrl": f"{self.base}/{place}", "resource": resource,
                "search": {"mode": "match" if place == about["reference"] else "include"},
            }
            for place, resource in self.resources.items()
        ]
        return {
            "resourceType": "Bundle", "id": bundle_id, "type": "searchset", "timestamp": instant(now), "total": 1,
            "link": [{"relation": "self", "url": f"{self.base}/{about['reference']}/{operation}"}], "entry": entries,
        }
