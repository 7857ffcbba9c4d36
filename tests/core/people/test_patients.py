"""One record for one ID number: registration, the village doctor's list, families, and who may see whom."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from pydantic import ValidationError

from core.foundation.actor import Actor
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.accounts import actor_for
from core.people.cards import listed_patient, patient_accounts, patient_card
from core.people.commands import EnlistPatient, EnsureAccount, RegisterPatient, VerifyPhone
from core.people.commands_staff import RegisterOrganisation
from core.people.commands_views import Me, MyPatientList, WhoLookedAtMyRecord
from core.people.errors import (
    AlreadyListed,
    IdNumberInvalid,
    NameInvalid,
    NoOrganisation,
    NumberTaken,
    OwnRecordExists,
    PatientNotListed,
    RecordNeedsConfirmation,
    TooYoung,
)
from core.people.id_numbers import check_character
from core.people.models import CareRelation, Patient
from tests.support.county import SYSTEM, id_number, seed_small

pytestmark = pytest.mark.storage
OLD_MAN = id_number(date(1968, 3, 9), 11)


async def visitor(practice: Practice, openid: str, phone: str | None = None) -> Actor:
    system = Actor.system("test")
    ref = await practice.execute(system, EnsureAccount(app="wxmini", subject=openid))
    if phone is not None:
        await practice.execute(system, VerifyPhone(account_id=ref.account_id, phone=phone))
    return await actor_for(ref.account_id, "mini_program", practice.clock.now())


async def record_phone(practice: Practice, patient_id: str, phone: str) -> None:
    """As if ``phone`` had been given when the record was made."""
    sealed = (await practice.keys.sealer("patient", patient_id)).seal("patient", "phone", patient_id, phone)
    await Patient.filter(id=patient_id).update(phone=sealed, phone_blind=practice.keys.blind("phone", phone))


async def test_registration_reads_the_number_and_marks_the_demonstration(practice: Practice):
    await seed_small(practice)
    actor = await visitor(practice, "m1", "19900000044")
    ref = await practice.execute(actor, RegisterPatient(full_name=" 王 小梅", id_number=id_number(date(1990, 5, 17), 44)))
    me = await practice.ask(actor, Me())
    (patient,) = me.patients
    assert me.display_name == patient.full_name == "王小梅(演示)"
    assert (patient.patient_id, patient.sex, patient.birth_date, patient.age_years) == (ref.patient_id, "female", date(1990, 5, 17), 36)
    assert (patient.relation, patient.has_wechat, patient.phone) == ("self", True, "19900000044")


async def test_who_was_enlisted_is_joined_and_not_doubled(practice: Practice):
    county = await seed_small(practice)
    await record_phone(practice, county.old_man, "19900000045")
    before = await Patient.all().count()
    actor = await visitor(practice, "m1", "19900000045")
    ref = await practice.execute(actor, RegisterPatient(full_name="罗大山", id_number=OLD_MAN))
    assert ref.patient_id == county.old_man
    assert await Patient.all().count() == before
    again = await practice.execute(actor, RegisterPatient(full_name="罗大山", id_number=OLD_MAN))
    assert again == ref
    (mine,) = [one for one in (await practice.ask(county.village_doctor, MyPatientList())).patients if one.number == 3]
    assert mine.patient_id == county.old_man
    assert mine.has_wechat


async def test_another_name_or_phone_learns_nothing(practice: Practice, system: Actor):
    county = await seed_small(practice)
    ref = await practice.execute(
        system,
        EnlistPatient(
            practitioner_id=county.village_doctor.practitioner_id, number=9, full_name="赵大妈", phone="19900000050",
            id_number=id_number(date(1950, 1, 2), 32),
        ),
    )
    number = id_number(date(1950, 1, 2), 32)
    wrong_phone = await visitor(practice, "m1", "19900000051")
    no_phone = await visitor(practice, "m2")
    right_phone = await visitor(practice, "m3", "19900000050")
    for actor, name in ((wrong_phone, "赵大妈"), (no_phone, "赵大妈"), (right_phone, "赵大娘")):
        with pytest.raises(RecordNeedsConfirmation):
            await practice.execute(actor, RegisterPatient(full_name=name, id_number=number))
        assert (await practice.ask(actor, Me())).patients == ()
    # What somebody types as his phone proves nothing, neither for himself nor for his family.
    for relation in ("self", "mother"):
        with pytest.raises(RecordNeedsConfirmation):
            await practice.execute(no_phone, RegisterPatient(relation=relation, full_name="赵大妈", id_number=number, phone="19900000050"))
    assert (await practice.execute(right_phone, RegisterPatient(full_name="赵大妈", id_number=number))).patient_id == ref.patient_id


async def test_one_person_has_one_account_and_one_account_one_own_record(practice: Practice):
    await seed_small(practice)
    first, second, third = await visitor(practice, "m1", "19900000044"), await visitor(practice, "m2"), await visitor(practice, "m3", "19900000044")
    number = id_number(date(1990, 5, 17), 44)
    await practice.execute(first, RegisterPatient(full_name="王小梅", id_number=number))
    with pytest.raises(RecordNeedsConfirmation):
        await practice.execute(second, RegisterPatient(full_name="王小梅", id_number=number))
    # The same verified phone: the third account is the first person's.
    assert third.account_id == first.account_id
    with pytest.raises(OwnRecordExists):
        await practice.execute(first, RegisterPatient(full_name="王小兰", id_number=id_number(date(1991, 5, 17), 46)))


async def test_two_registrations_of_one_number_at_once(practice: Practice):
    await seed_small(practice)
    number = id_number(date(1990, 5, 17), 44)
    actors = [await visitor(practice, f"m{i}") for i in range(6)]
    results = await asyncio.gather(
        *(practice.execute(actor, RegisterPatient(full_name="王小梅", id_number=number)) for actor in actors), return_exceptions=True
    )
    assert sum(isinstance(result, RecordNeedsConfirmation) for result in results) == 5
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert await CareRelation.filter(relation="self", self_of_id__isnull=False).count() == 2  # the woman of the county and the winner


async def test_a_family_is_registered_by_relation(practice: Practice):
    await seed_small(practice)
    mother = await visitor(practice, "m1", "19900000060")
    await practice.execute(mother, RegisterPatient(full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44)))
    child = await practice.execute(
        mother, RegisterPatient(relation="child", full_name="刘乐乐", id_number=id_number(date(2026, 3, 20), 7))
    )
    me = await practice.ask(mother, Me())
    assert [one.relation for one in me.patients] == ["self", "child"]
    assert not me.patients[1].has_wechat
    assert await patient_accounts(Work(practice, mother, Me()), child.patient_id) == [mother.account_id]


async def test_a_child_does_not_register_itself(practice: Practice):
    await seed_small(practice)
    with pytest.raises(TooYoung):
        await practice.execute(
            await visitor(practice, "m1"), RegisterPatient(full_name="刘乐乐", id_number=id_number(date(2016, 3, 20), 7))
        )


async def test_without_a_hospital_there_is_no_record(practice: Practice):
    actor = await visitor(practice, "m1")
    with pytest.raises(NoOrganisation):
        await practice.execute(actor, RegisterPatient(full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44)))
    assert await Patient.all().count() == 0


@pytest.mark.parametrize(
    ("name", "number", "error"),
    [("王小梅", "522727199005170441", IdNumberInvalid), ("Mei", id_number(date(1990, 5, 17), 44), NameInvalid)],
)
async def test_bad_input_changes_nothing(practice: Practice, name: str, number: str, error: type[DomainError]):
    await seed_small(practice)
    before = await Patient.all().count()
    with pytest.raises(error):
        await practice.execute(await visitor(practice, "m1"), RegisterPatient(full_name=name, id_number=number))
    assert await Patient.all().count() == before


def test_the_form_of_the_order_is_checked_first():
    with pytest.raises(ValidationError):
        RegisterPatient(full_name="王小梅", id_number="12345")


async def test_the_list_has_numbers_that_are_given_once(practice: Practice, system: Actor):
    county = await seed_small(practice)
    doctor = county.village_doctor

    def enlist(number: int, name: str, id_text: str) -> EnlistPatient:
        return EnlistPatient(practitioner_id=doctor.practitioner_id, number=number, full_name=name, id_number=id_text)

    with pytest.raises(NumberTaken) as taken:
        await practice.execute(doctor, enlist(3, "王小梅", id_number(date(1990, 5, 17), 44)))
    assert taken.value.message.startswith("3号")
    with pytest.raises(AlreadyListed) as listed:
        await practice.execute(doctor, enlist(8, "罗大山", OLD_MAN))
    assert listed.value.fields == {"number": 3}
    await practice.execute(doctor, enlist(8, "王小梅", id_number(date(1990, 5, 17), 44)))
    view = await practice.ask(doctor, MyPatientList())
    assert [(one.number, one.full_name) for one in view.patients] == [(3, "罗大山(演示)"), (5, "李秀英(演示)"), (8, "王小梅(演示)")]
    work = Work(practice, doctor, MyPatientList())
    assert await listed_patient(work, 3) == county.old_man
    with pytest.raises(PatientNotListed):
        await listed_patient(work, 4)
    assert (await patient_card(work, county.old_man)).age_spoken == "58 岁"


async def test_nobody_fills_the_list_of_another_doctor(practice: Practice):
    county = await seed_small(practice)
    order = EnlistPatient(
        practitioner_id=county.village_doctor.practitioner_id, number=8, full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44)
    )
    for actor in (county.experts[0], county.woman_account, county.administrator):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, order)


async def test_the_patient_reads_who_looked(practice: Practice):
    county = await seed_small(practice)
    log = await practice.ask(county.woman_account, WhoLookedAtMyRecord(patient_id=county.woman))
    assert [(entry.who, entry.action) for entry in log.entries] == [("本人", "知情同意"), ("本人", "知情同意"), ("系统", "登记签约病人")]
    for actor in (county.stranger, county.village_doctor, county.administrator):
        with pytest.raises(NotAllowed):
            await practice.ask(actor, WhoLookedAtMyRecord(patient_id=county.woman))


async def test_of_several_counties_the_one_of_the_id_number_keeps_the_record(practice: Practice):
    county = await seed_small(practice)
    far = await practice.execute(SYSTEM, RegisterOrganisation(
        full_name="外县人民医院(演示)", kind="county_hospital", region_code="520402", region_name="外县", parent_id=None
    ))
    homes = []
    for name, region in (("甲", "520402"), ("乙", "522727"), ("丙", "110101")):
        body = f"{region}19900517{len(homes)}34"
        order = RegisterPatient(full_name=f"王小{name}", id_number=body + check_character(body))
        made = await practice.execute(await visitor(practice, f"county-{region}"), order)
        homes.append((await Patient.get(id=made.patient_id)).organisation_id)
    assert homes == [far.organisation_id, county.county_hospital, county.county_hospital]
