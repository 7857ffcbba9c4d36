"""Patient, Practitioner, PractitionerRole, Organization. ID numbers, phones and licences stay at home: a case is read without them."""

from __future__ import annotations

from core.fhir.elements import OURS, Case, Json, coding, concept, day, identifier
from core.foundation.work import Work
from core.people.models import Organisation
from core.people.service import PractitionerCard, patient_card, practitioner_card
from nlp.interface.departments import department

_KINDS = {"provincial_hospital": "省级医院", "county_hospital": "县级医院", "township_centre": "乡镇卫生院", "village_clinic": "村卫生室"}


def gender(sex: str) -> str:
    """administrative-gender (required binding)."""
    return sex if sex in ("male", "female") else "unknown"


async def organisation(case: Case, organisation_id: str) -> Json:
    if case.has("Organization", organisation_id):
        return case.ref("Organization", organisation_id)
    row = await Organisation.get(id=organisation_id)
    return case.add(
        "Organization", row.id, identifier=[identifier("organisation", row.id)], active=True, name=row.name,
        type_=[concept(_KINDS.get(row.kind, ""), coding(f"{OURS}:organisation-kind", row.kind))],
        address=[{"use": "work", "district": row.region_name, "country": "CN"}] if row.region_name else None,
    )


async def patient(case: Case, work: Work, patient_id: str) -> Json:
    card = await patient_card(work, patient_id)
    return case.add(
        "Patient", patient_id, identifier=[identifier("patient", patient_id)], active=True,
        name=[{"use": "official", "text": card.full_name}], gender=gender(card.sex), birthDate=day(card.birth_date),
        managingOrganization=await organisation(case, card.organisation_id),
    )


async def practitioner(case: Case, work: Work, practitioner_id: str) -> Json:
    """The practitioner, with his role beside him."""
    if case.has("Practitioner", practitioner_id):
        return case.ref("Practitioner", practitioner_id)
    card = await practitioner_card(work, practitioner_id)
    reference = case.add(
        "Practitioner", practitioner_id, identifier=[identifier("practitioner", practitioner_id)], active=card.active,
        name=[{"use": "official", "text": card.full_name}], gender=gender(card.sex),
        qualification=[{"code": concept(card.title_name)}] if card.title_name else None,
    )
    await _role(case, card, reference)
    return reference


async def _role(case: Case, card: PractitionerCard, reference: Json) -> None:
    specialty = None
    if card.department_code is not None:
        specialty = [concept(department(card.department_code).name, coding(f"{OURS}:department", card.department_code))]
    case.add(
        "PractitionerRole", card.practitioner_id, active=card.active, practitioner=reference,
        organization=await organisation(case, card.organisation_id), code=[concept(card.title_name)] if card.title_name else None,
        specialty=specialty,
    )
