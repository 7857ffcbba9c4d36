"""A FHIR resource without who it is about: names, numbers and places left out, ids and days exchanged, words masked. Pure.

Everything is treated as words that need masking unless it is listed as a code: a new element is safe until somebody looks at it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.deidentification.pseudonyms import PatientKey
from core.deidentification.rules import Levels, Quasi, Row, department_code, department_name
from core.fhir.elements import OURS
from core.people.rules import local_date
from nlp.interface.masking import Masked

Json = dict[str, Any]

LEFT_OUT = frozenset({
    "identifier", "name", "telecom", "address", "photo", "contact", "birthDate", "qualification", "managingOrganization", "signature", "fullUrl",
    "meta", "text_", "deceasedDateTime", "maritalStatus", "multipleBirthInteger", "communication", "generalPractitioner", "link",
})  # fmt: skip
"""Elements that name somebody, or that a signature would let be guessed."""
CODES = frozenset({
    "resourceType", "system", "code", "unit", "status", "intent", "priority", "use", "type", "currency", "linkId", "mode", "url", "periodUnit",
    "required", "display", "lifecycleStatus", "outcome", "sigFormat", "targetFormat", "disposition",
})  # fmt: skip
"""Elements that hold our own codes and their names, never a person's words."""
_OF_PERSONS = ("Patient", "Practitioner")
DATED = ("authoredOn", "authored", "issued", "effectiveDateTime", "occurrenceDateTime", "recordedDate", "started", "created", "date")
"""Elements that say when a resource was written, the surest first; else the start of its period, its consultation, the last one."""
AGE_BAND = f"{OURS}:age-band"
_DEPARTMENT = f"{OURS}:department"


@dataclass
class Rewriting:
    """One patient's record. ``masks`` masks words that were written on a day; ``days``: of each consultation, by its reference; ``last``: the day of
    the last one, for what says no day of its own; ``counts``: how often what was masked."""

    key: PatientKey
    levels: Levels
    quasi: Quasi
    row: Row
    masks: Callable[[date, str], Masked]
    days: Mapping[str, date]
    last: date
    counts: Counter[str] = field(default_factory=Counter)
    _written_on: date = date.min

    def resource(self, one: Json) -> Json:
        """``one`` as it stands in the copy."""
        self._written_on = self.written_on(one)
        kind = one["resourceType"]
        if kind == "Patient":
            return self._patient(one)
        out: Json = self._object(one)
        out["id"] = self.key.pseudonym(one["id"])
        if kind == "Practitioner":
            out.pop("gender", None)
        if kind == "PractitionerRole":
            # A title in a department of a county is one person.
            out.pop("code", None)
        return out

    def written_on(self, one: Json) -> date:
        """The day of the words in ``one``: by it a day without a year finds its year."""
        own = next((one[name] for name in DATED if isinstance(one.get(name), str)), (one.get("period") or {}).get("start"))
        if own is not None:
            return date.fromisoformat(own) if len(own) == 10 else local_date(datetime.fromisoformat(own))
        place = one.get("encounter")
        reference = place.get("reference", "") if isinstance(place, dict) else f"{one['resourceType']}/{one.get('id', '')}"
        return self.days.get(reference, self.last)

    def _patient(self, one: Json) -> Json:
        band, sex, region, _ = self.row
        out: Json = {"resourceType": "Patient", "id": self.key.pseudonym(one["id"]), "active": True, "gender": "unknown" if self.levels.sex else sex}
        if self.levels.age < 3:
            out["extension"] = [{"url": AGE_BAND, "valueString": band}]
        if self.levels.region < 2:
            out["address"] = [{"state": region[:2], "country": "CN", **({"city": region} if len(region) > 2 else {})}]
        return out

    def _object(self, element: Json) -> Json:
        if "reference" in element and isinstance(element["reference"], str):
            return self._reference(element)
        if any(one.get("system") == _DEPARTMENT for one in element.get("coding", ()) if isinstance(one, dict)):
            return self._department(element)
        out: Json = {}
        for name, value in element.items():
            if name in LEFT_OUT:
                continue
            kept = self._value(name, value)
            if kept not in (None, "", [], {}):
                out[name] = kept
        return out

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return [kept for one in value if (kept := self._value(name, one)) not in (None, "", [], {})]
        if not isinstance(value, str):
            return value
        if name == "uid":
            return self.key.uid(value)
        moved = self.key.shifted(value)
        if moved is not None:
            return moved
        return value if name in CODES else self._words(value)

    def _words(self, text: str) -> str:
        masked = self.masks(self._written_on, text)
        self.counts.update({kind.value: count for kind, count in masked.counts.items()})
        return masked.text

    def _reference(self, element: Json) -> Json:
        kind, _, row_id = element["reference"].partition("/")
        return {"reference": f"{kind}/{self.key.pseudonym(row_id)}", "type": kind}

    def _department(self, element: Json) -> Json:
        code = next(one["code"] for one in element["coding"] if one.get("system") == _DEPARTMENT)
        name = department_name(code, self.levels.department)
        if not name:
            return {}
        return {"coding": [{"system": _DEPARTMENT, "code": department_code(code, self.levels.department), "display": name}], "text": name}
