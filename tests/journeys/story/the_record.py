"""Step 10: the whole case as FHIR R4, read over HTTP and validated here, under classes that are not the product's."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.journeys.story.cast import Person
from tests.journeys.story.scene import Scene

EXPECTED = (
    "Patient", "Encounter", "ServiceRequest", "Observation", "MedicationRequest", "Coverage", "Claim", "ClaimResponse", "CommunicationRequest",
    "Consent", "Provenance",
)  # fmt: skip


class TheRecord(Scene):
    def read(self) -> None:
        self.out.begin("第十步 全部记录:FHIR R4")
        doctor: Person = self.notes["doctor"]
        daughter: Person = self.notes["daughter"]
        path = f"/fhir/R4/Encounter/{self.notes['consultation_id']}/$everything"
        for person in (doctor, daughter):
            bundle = self._answered(person.api("GET", path), 200, f"{person.name} reads the whole case")
            kinds = self._validated(bundle)
            missing = [kind for kind in EXPECTED if not kinds[kind]]
            self._need(not missing, f"{person.name} lacks {missing}: {kinds}")
        self.out.fact("、".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
        stranger: Person = self.notes["patient"]
        refused = stranger.api("GET", path)
        self._need(refused["status"] in (403, 404) and refused["body"]["resourceType"] == "OperationOutcome", f"a stranger reads nothing: {refused}")
        self.out.end()

    def _validated(self, bundle: dict[str, Any]) -> Counter[str]:
        from fhir.resources.R4B.bundle import Bundle  # two seconds, and only here

        read = Bundle.model_validate(bundle)
        self._need(read.type == "searchset", "it is the answer to a search")
        resources = [entry["resource"] for entry in bundle["entry"]]
        known = {f"{one['resourceType']}/{one['id']}" for one in resources}
        dangling = sorted({ref for one in resources for ref in _references(one)} - known)
        self._need(not dangling, f"every reference leads somewhere in the case: {dangling}")
        return Counter(one["resourceType"] for one in resources)


def _references(value: Any) -> list[str]:
    """Every relative reference in a resource."""
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [ref for inner in value.values() for ref in _references(inner)]
    return [ref for inner in value for ref in _references(inner)] if isinstance(value, list) else []
