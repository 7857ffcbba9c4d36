"""Who is on record already is listed by another village doctor: in the county everybody concerned hears of it, from elsewhere it takes the phone."""

from __future__ import annotations

from datetime import date

import pytest

from core.foundation.actor import Actor, Role
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.commands import EnlistPatient, VerifyPhone
from core.people.commands_consents import Consents
from core.people.commands_staff import RegisterOrganisation
from core.people.errors import LivesElsewhere
from core.people.models import ListedPatient, Organisation
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.prescriptions.pharmacy import add_staff
from tests.support.county import SYSTEM, id_number

pytestmark = pytest.mark.storage


async def elsewhere(ward: Ward) -> Actor:
    house = await ward.practice.execute(SYSTEM, RegisterOrganisation(
        full_name="外县人民医院(演示)", kind="county_hospital", region_code="520402", region_name="外县", parent_id=None
    ))
    return await add_staff(ward, house.organisation_id, Role.VILLAGE_DOCTOR, "主治医师", 77)


def woman(doctor: Actor, phone: str | None = None) -> EnlistPatient:
    return EnlistPatient(
        practitioner_id=doctor.practitioner_id or "", number=8, full_name="李秀英", id_number=id_number(date(1975, 7, 1), 22), phone=phone
    )


async def told(kind: str) -> set[str]:
    return {str(row.account_id) for row in await Notification.filter(kind=kind)}


async def test_from_another_county_a_name_and_a_number_open_nothing(practice: Practice):
    ward = await open_ward(practice)
    doctor = await elsewhere(ward)
    for phone in (None, "13900009999"):
        with pytest.raises(LivesElsewhere):
            await practice.execute(doctor, woman(doctor, phone))
    with pytest.raises(NotAllowed):
        await practice.ask(doctor, Consents(patient_id=ward.county.woman))
    assert not await ListedPatient.filter(practitioner_id=doctor.practitioner_id).exists()


async def test_with_the_phone_that_the_patients_account_verified_it_opens_and_his_side_is_told(practice: Practice):
    ward = await open_ward(practice)
    doctor = await elsewhere(ward)
    await practice.execute(SYSTEM, VerifyPhone(account_id=ward.county.woman_account.account_id, phone="13800001111"))
    await practice.execute(doctor, woman(doctor, "13800001111"))
    await practice.ask(doctor, Consents(patient_id=ward.county.woman))
    assert ward.county.woman_account.account_id in await told("people.listed")
    assert await told("people.listed_too") == {ward.county.village_doctor.account_id}
    assert not await told("people.listed_review")


async def test_in_the_county_everybody_concerned_hears_of_it(practice: Practice):
    ward = await open_ward(practice)
    house = await Organisation.get(id=ward.county.township_centre)
    colleague = await add_staff(ward, house.id, Role.VILLAGE_DOCTOR, "主治医师", 78)
    await practice.execute(colleague, woman(colleague))
    assert ward.county.woman_account.account_id in await told("people.listed")
    assert await told("people.listed_too") == {ward.county.village_doctor.account_id}
    assert ward.county.administrator.account_id in await told("people.listed_review")


async def test_who_is_new_is_told_nothing(practice: Practice):
    ward = await open_ward(practice)
    doctor = ward.county.village_doctor
    await practice.execute(doctor, EnlistPatient(
        practitioner_id=doctor.practitioner_id or "", number=8, full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44)
    ))
    assert not (await told("people.listed") | await told("people.listed_too") | await told("people.listed_review"))
