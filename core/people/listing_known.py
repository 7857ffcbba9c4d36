"""A village doctor lists somebody who is on record already: what that takes, and who hears of it.

Being on her list opens the record (个人信息保护法 articles 28 and 29: sensitive, under strict protection), and a name with an ID number is found out
easily. In the patient's own county that is enough, because the doctors there must be able to take over from each other, and everybody concerned
is told; from another county it takes the phone as well, which only the patient can give her.
"""

from __future__ import annotations

from core.foundation.actor import Role
from core.foundation.work import Work
from core.people.counties import county_of_organisation
from core.people.errors import LivesElsewhere
from core.people.holders import holders
from core.people.lists import village_doctors_of
from core.people.models import Account, ListedPatient, Patient, Practitioner
from core.people.relations import live_relations
from core.people.telling import tell_person


async def check_listing(work: Work, patient: Patient, clinic_id: str, phone: str | None) -> None:
    """:class:`LivesElsewhere` from another county without the patient's phone."""
    if await _phone_proves(work, patient, phone):
        return
    doctors = await village_doctors_of(work, patient.id)
    clinics = await ListedPatient.filter(patient_id=patient.id, practitioner_id__in=doctors).values_list("organisation_id", flat=True)
    homes = {await county_of_organisation(str(house)) for house in (patient.organisation_id, *clinics)}
    if await county_of_organisation(clinic_id) not in homes:
        raise LivesElsewhere


async def tell_of_listing(work: Work, patient: Patient, practitioner_id: str, phone: str | None) -> None:
    """The patient's side and the doctors who have him hear that another one has him too; without the phone those who watch over the house as well."""
    speakers = [row.account_id for row in await live_relations(work, patient_id=patient.id)]
    others = [one for one in await village_doctors_of(work, patient.id) if one != practitioner_id]
    doctors = [row.account_id for row in await Practitioner.filter(id__in=others).order_by("id")]
    for account_id in dict.fromkeys(speakers):
        await tell_person(work, account_id, "people.listed", patient_id=patient.id, practitioner_id=practitioner_id)
    for account_id in dict.fromkeys(doctors):
        await tell_person(work, account_id, "people.listed_too", patient_id=patient.id, practitioner_id=practitioner_id)
    if (speakers or doctors) and not await _phone_proves(work, patient, phone):
        county = await county_of_organisation(patient.organisation_id)
        for account_id in await holders(work, Role.ADMINISTRATOR, county=county or ""):
            await tell_person(work, account_id, "people.listed_review", patient_id=patient.id, practitioner_id=practitioner_id)


async def _phone_proves(work: Work, patient: Patient, phone: str | None) -> bool:
    """It is the phone on the record, or the one that the patient's own account has verified."""
    if phone is None:
        return False
    blind = work.blind("phone", phone)
    if patient.phone_blind == blind:
        return True
    own = [row.account_id for row in await live_relations(work, patient_id=patient.id) if row.relation == "self"]
    return bool(own) and await Account.filter(id__in=own, phone_blind=blind, phone_verified_at__isnull=False).exists()
