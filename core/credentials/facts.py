"""What is on record of a patient that may be attested, and on whose word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.coverage.memberships import InsuredAs, insured_as
from core.credentials.attributes import youngest_adult
from core.credentials.errors import BirthNotChecked, NotInsured, NotOfAge
from core.foundation.work import Work
from core.people.counties import county_of_organisation
from core.people.models import ListedPatient, Organisation, Patient
from core.people.real_name import RealName
from core.people.relations import birth_dates
from core.people.rules import local_date

BASIS_LABELS = {"insurer": "医保系统", "real_name": "实名核验", "id_card": "村医按身份证登记"}


@dataclass(frozen=True, slots=True)
class Birth:
    """A birth date that may be attested. ``basis``: real_name or id_card."""

    day: date
    basis: str


async def insured_now(work: Work, patient_id: str) -> InsuredAs:
    """As what the insurer knows the patient today; the insurer is asked, so call it outside a transaction."""
    return await insured_as(work, patient_id, local_date(work.now))


async def insured_county(told: InsuredAs) -> str:
    """The county whose house recorded the membership; :class:`NotInsured` when the insurer does not know him as insured.

    The insurer's answer names no county: it is the county in whose scheme the number was recorded and found.
    """
    if told.membership is None:
        raise NotInsured(why="还没有登记医保。请先在「登记医保」里登记。")
    if not told.standing.insured:
        raise NotInsured(why=told.standing.why_not)
    county = await county_of_organisation(told.membership.organisation_id)
    if county is None:
        raise NotInsured(why="登记医保的机构已经不在。")
    return county


async def attested_birth(work: Work, patient_id: str) -> Birth:
    """The birth date, if somebody has vouched for it: a provider that name and number are one person's, or a village doctor who enlisted him by
    his ID card. :class:`BirthNotChecked` for a number that he only typed himself, or that was found to be another's."""
    row = await Patient.get(id=patient_id)
    if row.real_name_state == RealName.MATCH:
        basis = "real_name"
    elif row.real_name_state != RealName.MISMATCH and await ListedPatient.filter(patient_id=patient_id).exists():
        basis = "id_card"
    else:
        raise BirthNotChecked
    return Birth((await birth_dates(work, {patient_id}))[patient_id], basis)


async def birth_of_adult(work: Work, patient_id: str) -> Birth:
    """The same of who is of age today (real time). BirthNotChecked, NotOfAge."""
    birth = await attested_birth(work, patient_id)
    if birth.day > youngest_adult(local_date(work.practice.clock.real_now())):
        raise NotOfAge
    return birth


async def county_of_patient(patient_id: str) -> str:
    """The county of the house that keeps the patient's record."""
    row = await Patient.get(id=patient_id)
    county = await county_of_organisation(row.organisation_id)
    assert county is not None  # noqa: S101 - a patient's house is never removed
    return county


async def county_name(county: str) -> str:
    """How the county's issuer is called: by its hospital, else by its code."""
    house = await Organisation.filter(kind="county_hospital", region_code__startswith=county, closed_at__isnull=True).order_by("id").first()
    return f"{county} 县" if house is None else house.name
