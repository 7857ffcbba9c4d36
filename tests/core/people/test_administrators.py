"""The first administrator: only where there is none, by a code that is good once, from WeCom, for half an hour."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.foundation.actor import Actor, Role
from core.foundation.clock import ManualClock
from core.foundation.errors import NotAllowed
from core.foundation.orders import Done
from core.foundation.practice import Practice
from core.people.administrators import TRIES, VALID_FOR
from core.people.commands import EnsureAccount
from core.people.commands_staff import Administrators, DeactivatePractitioner, InviteAdministrator, RedeemInvitation, RegisterOrganisation
from core.people.errors_staff import AdministratorExists, InvitationElsewhere, InvitationWrong, LastAdministrator
from core.people.models import AdministratorInvitation, Practitioner, RoleHeld
from core.people.service import actor_for
from tests.support.county import CORP, SYSTEM

pytestmark = pytest.mark.storage


@pytest.fixture
async def hospital(practice: Practice) -> str:
    order = RegisterOrganisation(full_name="平塘县人民医院", kind="county_hospital", region_code="522727")
    return str((await practice.execute(SYSTEM, order)).organisation_id)


def invite(hospital: str, name: str = "何平") -> InviteAdministrator:
    return InviteAdministrator(organisation_id=hospital, full_name=name, phone="19900000077")


async def somebody(practice: Practice, subject: str) -> Actor:
    account = await practice.execute(SYSTEM, EnsureAccount(app=CORP, subject=subject))
    return await actor_for(account.account_id, "wecom_app", practice.clock.now())


async def test_who_sends_the_code_from_wecom_is_the_administrator(practice: Practice, hospital: str) -> None:
    invited = await practice.execute(SYSTEM, invite(hospital))
    he = await somebody(practice, "heping")
    with pytest.raises(InvitationElsewhere):
        await practice.execute(replace(he, channel="official_account"), RedeemInvitation(invitation_code=invited.code))
    assert await practice.execute(he, RedeemInvitation(invitation_code=invited.code.lower())) == Done()
    now = await somebody(practice, "heping")
    assert now.holds(Role.ADMINISTRATOR)
    (listed,) = (await practice.ask(SYSTEM, Administrators())).administrators
    assert (listed.full_name, listed.organisation, listed.counts) == ("何平(演示)", "平塘县人民医院", True)
    with pytest.raises(InvitationWrong):
        await practice.execute(await somebody(practice, "thief"), RedeemInvitation(invitation_code=invited.code))
    with pytest.raises(AdministratorExists):
        await practice.execute(SYSTEM, invite(hospital))
    with pytest.raises(LastAdministrator):
        await practice.execute(now, DeactivatePractitioner(practitioner_id=str(now.practitioner_id)))
    with pytest.raises(NotAllowed):
        await practice.execute(now, invite(hospital))


async def test_a_code_is_good_for_half_an_hour_and_a_new_one_replaces_it(practice: Practice, clock: ManualClock, hospital: str) -> None:
    he = await somebody(practice, "heping")
    first = await practice.execute(SYSTEM, invite(hospital))
    second = await practice.execute(SYSTEM, invite(hospital))
    with pytest.raises(InvitationWrong):
        await practice.execute(he, RedeemInvitation(invitation_code=first.code))
    clock.advance(seconds=VALID_FOR.total_seconds())
    with pytest.raises(InvitationWrong):
        await practice.execute(he, RedeemInvitation(invitation_code=second.code))
    assert not await RoleHeld.exists()


async def test_guessing_ends_it(practice: Practice, hospital: str) -> None:
    he = await somebody(practice, "heping")
    invited = await practice.execute(SYSTEM, invite(hospital))
    for _ in range(TRIES):
        with pytest.raises(InvitationWrong):
            await practice.execute(he, RedeemInvitation(invitation_code="AAAAA-AAAAA"))
    with pytest.raises(InvitationWrong):
        await practice.execute(he, RedeemInvitation(invitation_code=invited.code))


async def test_of_many_who_send_it_at_once_one_is_bound(practice: Practice, hospital: str) -> None:
    invited = await practice.execute(SYSTEM, invite(hospital))
    people = [await somebody(practice, f"p{number}") for number in range(6)]
    done = await asyncio.gather(
        *(practice.execute(one, RedeemInvitation(invitation_code=invited.code)) for one in people), return_exceptions=True
    )
    assert sum(isinstance(one, Done) for one in done) == 1, done
    assert await Practitioner.all().count() == await RoleHeld.all().count() == 1


async def test_name_and_phone_are_sealed_and_the_code_is_nowhere(practice: Practice, hospital: str) -> None:
    invited = await practice.execute(SYSTEM, invite(hospital))
    row = await AdministratorInvitation.get()
    stored = bytes(row.full_name) + bytes(row.phone) + row.code_blind.encode()
    for secret in ("何平", "19900000077", invited.code, invited.code.replace("-", "")):
        assert secret.encode() not in stored
