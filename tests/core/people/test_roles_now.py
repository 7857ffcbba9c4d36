"""Which roles count: by their dates, the licence, the scope of practice; ended ones at the next order. Of administrators one stays."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from core.foundation.actor import Actor, Role
from core.foundation.due import tick
from core.foundation.errors import NotAllowed, RoleWithheld
from core.foundation.models import AuditEntry
from core.people.commands_staff import (
    ActivatePractitioner,
    ChangeLicence,
    DeactivatePractitioner,
    EndRole,
    GrantRole,
    PractitionerView,
    RegisterOrganisation,
    RegisterPractitioner,
    ViewPractitioner,
)
from core.people.commands_views import MyPatientList
from core.people.errors_staff import (
    LastAdministrator,
    LicenceMissing,
    OtherCounty,
    RoleAlreadyHeld,
    RoleDatesInvalid,
    RoleNotRunning,
    RoleOutOfScope,
    TitleUnknown,
)
from core.people.models import Practitioner, RoleHeld
from core.people.practitioners import TITLES, covers, scope_of_title
from core.people.service import actor_for
from tests.core.dispatch.ward import Ward, open_ward
from tests.support.county import CORP, SYSTEM

pytestmark = pytest.mark.storage


@pytest.fixture
async def ward(practice) -> Ward:
    return await open_ward(practice, hearts=1)


async def again(ward: Ward, actor: Actor) -> Actor:
    return await actor_for(actor.account_id, "wecom_app", ward.clock.now())


def himself(actor: Actor) -> str:
    return str(actor.practitioner_id)


async def enrol(ward: Ward, organisation: str, subject: str, role: Role, **differently) -> Actor:
    facts = {
        "organisation_id": organisation, "full_name": "马兰", "sex": "female", "title_name": "", "licence_number": "",
        "licence_valid_until": date(2030, 1, 1), "years_of_practice": 9, "roles": (role,), "app": CORP, "subject": subject,
    }
    made = await ward.practice.execute(SYSTEM, RegisterPractitioner(**(facts | differently)))
    return await actor_for(made.account_id, "wecom_app", ward.clock.now())


async def test_a_role_counts_from_its_beginning_to_before_its_end(ward: Ward) -> None:
    county, now = ward.county, ward.clock.now()
    order = GrantRole(
        practitioner_id=himself(county.scheduler), organisation_id=county.county_hospital, role="auditor",
        valid_from=now + timedelta(days=1), valid_until=now + timedelta(days=3),
    )
    view: PractitionerView = await ward.practice.execute(county.administrator, order)
    assert [(one.role, one.running) for one in view.roles] == [("scheduler", True), ("auditor", False)]
    with pytest.raises(RoleAlreadyHeld):
        await ward.practice.execute(county.administrator, order)
    seen = []
    for _ in range(4):
        seen.append((await again(ward, county.scheduler)).holds(Role.AUDITOR))
        ward.clock.advance(days=1)
    assert seen == [False, True, True, False]
    await ward.practice.execute(county.administrator, order.model_copy(update={"valid_from": None, "valid_until": None}))
    assert (await again(ward, county.scheduler)).holds(Role.AUDITOR)
    assert await RoleHeld.filter(account_id=county.scheduler.account_id, role="auditor").count() == 1
    for wrong in ({"valid_until": now}, {"valid_from": now + timedelta(days=9), "valid_until": now + timedelta(days=9)}):
        with pytest.raises(RoleDatesInvalid):
            await ward.practice.execute(county.administrator, order.model_copy(update={"role": "administrator", "valid_from": None} | wrong))


async def test_an_ended_role_is_refused_at_the_next_order(ward: Ward) -> None:
    county = ward.county
    doctor = county.village_doctor
    await ward.practice.ask(await again(ward, doctor), MyPatientList())
    end = EndRole(practitioner_id=himself(doctor), organisation_id=county.clinic, role="village_doctor")
    await ward.practice.execute(county.administrator, end)
    with pytest.raises(NotAllowed):
        await ward.practice.ask(await again(ward, doctor), MyPatientList())
    with pytest.raises(RoleNotRunning):
        await ward.practice.execute(county.administrator, end)
    assert "role.ended" in await ward.told(doctor)
    entry = await AuditEntry.filter(action="people.end_role", outcome="done").get()
    assert (entry.account_id, entry.subject_id) == (county.administrator.account_id, himself(doctor))


async def test_without_a_valid_licence_a_doctor_does_nothing_and_is_told_why(ward: Ward) -> None:
    doctor = ward.county.village_doctor
    today = date(2026, 11, 20)
    await Practitioner.filter(id=doctor.practitioner_id).update(licence_valid_until=today)
    await ward.practice.ask(await again(ward, doctor), MyPatientList())
    await Practitioner.filter(id=doctor.practitioner_id).update(licence_valid_until=today - timedelta(days=1))
    with pytest.raises(RoleWithheld) as refused:
        await ward.practice.ask(await again(ward, doctor), MyPatientList())
    assert refused.value.message == "执业证书已过期,请联系管理员。"
    renewed = ChangeLicence(practitioner_id=himself(doctor), licence_valid_until=date(2031, 5, 1))
    await ward.practice.execute(ward.county.administrator, renewed)
    await ward.practice.ask(await again(ward, doctor), MyPatientList())


async def test_a_deactivated_practitioner_does_nothing_until_he_is_active_again(ward: Ward) -> None:
    doctor, administrator = ward.county.village_doctor, ward.county.administrator
    view = await ward.practice.execute(administrator, DeactivatePractitioner(practitioner_id=himself(doctor)))
    assert (view.active, view.roles[0].withheld) == (False, "您的岗位已停用,请联系管理员。")
    with pytest.raises(RoleWithheld):
        await ward.practice.ask(await again(ward, doctor), MyPatientList())
    await ward.practice.execute(administrator, ActivatePractitioner(practitioner_id=himself(doctor)))
    await ward.practice.ask(await again(ward, doctor), MyPatientList())


async def test_the_scope_of_practice_says_which_roles_can_be_given(ward: Ward) -> None:
    county = ward.county
    for role, where in (("pharmacist", county.county_hospital), ("duty_doctor", county.township_centre)):
        with pytest.raises(RoleOutOfScope):
            await ward.practice.execute(
                county.administrator, GrantRole(practitioner_id=himself(county.village_doctor), organisation_id=where, role=role)
            )
    with pytest.raises(LicenceMissing):
        await enrol(ward, county.county_hospital, "nobody", Role.DUTY_DOCTOR, title_name="主治医师")
    with pytest.raises(RoleOutOfScope):
        await enrol(ward, county.county_hospital, "nobody", Role.PHARMACIST, title_name="主治医师", licence_number="L1")
    with pytest.raises(TitleUnknown):
        await enrol(ward, county.county_hospital, "nobody", Role.DUTY_DOCTOR, title_name="神医", licence_number="L1")
    dentist = await enrol(ward, county.county_hospital, "dentist", Role.EXPERT, title_name="主治医师", licence_number="L2", scope="dental")
    assert dentist.holds(Role.EXPERT)
    await Practitioner.filter(id=dentist.practitioner_id).update(scope="public_health")
    withheld = (await again(ward, dentist)).withheld
    assert [one.code for one in withheld] == ["out_of_scope"]


def test_every_title_has_a_scope_or_gives_no_right_to_practise() -> None:
    practising = {title for title in TITLES if any(covers(None, title, role) for role in (Role.VILLAGE_DOCTOR, Role.EXPERT, Role.PHARMACIST))}
    assert practising == {title for title in TITLES if scope_of_title(title) is not None}
    assert all("护" in title or not title for title in set(TITLES) - practising)
    assert covers(None, "", Role.ADMINISTRATOR)


async def test_thirty_days_before_administrators_and_he_himself_are_told_once(ward: Ward) -> None:
    county = ward.county
    doctor, administrator = county.village_doctor, county.administrator
    until = (ward.clock.now() + timedelta(days=40)).date()
    await ward.practice.execute(administrator, ChangeLicence(practitioner_id=himself(doctor), licence_valid_until=until))
    for days, told in ((9, 0), (2, 1), (5, 1), (30, 1)):
        ward.clock.advance(days=days)
        while (await tick(ward.practice)).done:
            pass
        assert (await ward.told(administrator)).count("licence.expiring") == told
    assert (await ward.told(doctor)).count("licence.expiring_own") == 1


async def test_a_licence_that_was_renewed_in_time_is_not_told_of(ward: Ward) -> None:
    county = ward.county
    for days in (40, 400):
        until = (ward.clock.now() + timedelta(days=days)).date()
        order = ChangeLicence(practitioner_id=himself(county.village_doctor), licence_valid_until=until)
        await ward.practice.execute(county.administrator, order)
    ward.clock.advance(days=41)
    while (await tick(ward.practice)).done:
        pass
    assert "licence.expiring" not in await ward.told(county.administrator)


async def test_nothing_reaches_into_another_county(ward: Ward) -> None:
    county, practice = ward.county, ward.practice
    house = await practice.execute(SYSTEM, RegisterOrganisation(full_name="外县人民医院", kind="county_hospital", region_code="520402"))
    foreign = await enrol(ward, house.organisation_id, "foreign", Role.ADMINISTRATOR)
    doctor = himself(county.village_doctor)
    orders = (
        ViewPractitioner(practitioner_id=doctor),
        ChangeLicence(practitioner_id=doctor, licence_valid_until=date(2030, 1, 1)),
        EndRole(practitioner_id=doctor, organisation_id=county.clinic, role="village_doctor"),
        GrantRole(practitioner_id=doctor, organisation_id=county.clinic, role="auditor"),
        DeactivatePractitioner(practitioner_id=doctor),
        ActivatePractitioner(practitioner_id=doctor),
    )
    for order in orders:
        give = practice.ask if isinstance(order, ViewPractitioner) else practice.execute
        with pytest.raises(NotAllowed):
            await give(foreign, order)
    with pytest.raises(OtherCounty):  # a role in his own county for somebody of another
        await practice.execute(foreign, GrantRole(practitioner_id=doctor, organisation_id=house.organisation_id, role="auditor"))
    assert (await again(ward, county.village_doctor)).holds(Role.VILLAGE_DOCTOR)


async def test_the_last_administrator_stays(ward: Ward) -> None:
    county, practice = ward.county, ward.practice
    last = himself(county.administrator)
    end = EndRole(practitioner_id=last, organisation_id=county.county_hospital, role="administrator")
    for order in (end, DeactivatePractitioner(practitioner_id=last)):
        with pytest.raises(LastAdministrator):
            await practice.execute(county.administrator, order)
    second = await enrol(ward, county.county_hospital, "second", Role.ADMINISTRATOR)
    await practice.execute(SYSTEM, EndRole(practitioner_id=himself(second), organisation_id=county.county_hospital, role="administrator"))
    until = ward.clock.now() + timedelta(days=30)
    await practice.execute(
        county.administrator,
        GrantRole(practitioner_id=himself(second), organisation_id=county.county_hospital, role="administrator", valid_until=until),
    )
    with pytest.raises(LastAdministrator):  # a deputy whose time runs out does not stay
        await practice.execute(county.administrator, end)
    house = await practice.execute(SYSTEM, RegisterOrganisation(full_name="外县人民医院", kind="county_hospital", region_code="520402"))
    await enrol(ward, house.organisation_id, "foreign", Role.ADMINISTRATOR)
    with pytest.raises(LastAdministrator):  # nor does one of another county help
        await practice.execute(county.administrator, end)


async def test_of_two_who_end_each_other_at_once_one_stays(ward: Ward) -> None:
    county, practice = ward.county, ward.practice
    for number in range(4):
        second = await enrol(ward, county.county_hospital, f"second{number}", Role.ADMINISTRATOR)
        first = county.administrator
        orders = [
            (first, EndRole(practitioner_id=himself(second), organisation_id=county.county_hospital, role="administrator")),
            (second, DeactivatePractitioner(practitioner_id=himself(first))),
        ]
        done = await asyncio.gather(*(practice.execute(actor, order) for actor, order in orders), return_exceptions=True)
        assert sum(isinstance(one, PractitionerView) for one in done) == 1, done
        assert sum(isinstance(one, LastAdministrator) for one in done) == 1, done
        await Practitioner.filter(id=first.practitioner_id).update(active=True)
        await RoleHeld.filter(account_id=second.account_id).update(ended_at=ward.clock.now())
