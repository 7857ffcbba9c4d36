"""Accounts, identities joined by unionid, phones, sessions, actors."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from core.foundation.actor import Actor, Role
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.people.accounts import actor_for
from core.people.commands import EnsureAccount, RegisterPatient, VerifyPhone
from core.people.commands_sessions import OpenSession
from core.people.commands_views import Me
from core.people.errors import AccountUnknown
from core.people.models import Account, CareRelation, Identity, Practitioner
from tests.support.county import id_number, seed_small

pytestmark = pytest.mark.storage
NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


async def ensure(practice: Practice, system: Actor, app: str, subject: str, unionid: str | None = None):
    return await practice.execute(system, EnsureAccount(app=app, subject=subject, unionid=unionid))


async def test_an_identity_is_one_account(practice: Practice, system: Actor):
    first = await ensure(practice, system, "wx1", "o1")
    again = await ensure(practice, system, "wx1", "o1")
    other = await ensure(practice, system, "wx1", "o2")
    assert first.created
    assert not again.created
    assert first.account_id == again.account_id != other.account_id


async def test_two_first_messages_at_once_make_one_account(practice: Practice, system: Actor):
    refs = await asyncio.gather(*(ensure(practice, system, "wx1", "o-new") for _ in range(8)))
    assert len({ref.account_id for ref in refs}) == 1
    assert await Account.all().count() == 1


async def test_a_unionid_joins_two_apps(practice: Practice, system: Actor):
    official = await ensure(practice, system, "wx1", "o1", "u1")
    mini = await ensure(practice, system, "wx2", "m1", "u1")
    assert mini.account_id == official.account_id
    assert not mini.created


async def test_a_unionid_learned_later_joins_two_accounts(practice: Practice, system: Actor):
    county = await seed_small(practice)
    official = await ensure(practice, system, "wx1", "o1")
    mini = await ensure(practice, system, "wx2", "m1", "u1")
    assert official.account_id != mini.account_id
    await practice.execute(system, VerifyPhone(account_id=mini.account_id, phone="19900000033"))
    patient = await practice.execute(
        await actor_for(mini.account_id, "mini_program", practice.clock.now()),
        RegisterPatient(full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44)),
    )
    joined = await ensure(practice, system, "wx1", "o1", "u1")
    assert {row.account_id for row in await Identity.filter(unionid="u1")} == {joined.account_id}
    for channel, account_id in (("official_account", official.account_id), ("mini_program", mini.account_id)):
        actor = await actor_for(account_id, channel, practice.clock.now())
        assert actor.account_id == joined.account_id
        me = await practice.ask(actor, Me())
        assert [one.patient_id for one in me.patients] == [patient.patient_id]
        assert me.phone_verified
    assert county.woman != patient.patient_id


async def test_nobody_vouches_for_his_own_phone(practice: Practice, system: Actor):
    ref = await ensure(practice, system, "wx1", "o1")
    actor = await actor_for(ref.account_id, "official_account", practice.clock.now())
    with pytest.raises(NotAllowed):
        await practice.execute(actor, VerifyPhone(account_id=ref.account_id, phone="19900000001"))


async def test_actors_hold_their_roles(practice: Practice):
    county = await seed_small(practice)
    assert county.village_doctor.holds(Role.VILLAGE_DOCTOR)
    assert not county.village_doctor.holds(Role.PATIENT)
    assert county.village_doctor.organisations(Role.VILLAGE_DOCTOR) == {county.clinic}
    assert county.woman_account.holds(Role.PATIENT)
    assert county.woman_account.practitioner_id is None
    await Practitioner.filter(id=county.village_doctor.practitioner_id).update(active=False)
    assert (await actor_for(county.village_doctor.account_id, "wecom_app", practice.clock.now())).roles == ()


async def test_an_unknown_account_is_a_typed_error(practice: Practice, system: Actor):
    with pytest.raises(AccountUnknown):
        await actor_for(NOBODY, "h5", practice.clock.now())
    with pytest.raises(AccountUnknown):
        await practice.execute(system, OpenSession(account_id=NOBODY, kind="h5"))


async def test_two_accounts_of_one_person_keep_his_own_record_his_own(practice: Practice, system: Actor):
    """Registered once as himself and once by the way: what is left is his own record, not a relative's."""
    await seed_small(practice)
    number = id_number(date(1990, 5, 17), 44)
    first = await practice.execute(system, EnsureAccount(app="wxoa", subject="o1", unionid="u-one"))
    second = await practice.execute(system, EnsureAccount(app="wxmini", subject="m1"))
    await practice.execute(system, VerifyPhone(account_id=second.account_id, phone="19900000044"))
    older = await actor_for(first.account_id, "official_account", practice.clock.now())
    younger = await actor_for(second.account_id, "mini_program", practice.clock.now())
    await practice.execute(older, RegisterPatient(relation="other", full_name="王小梅", id_number=number, phone="19900000044"))
    own = await practice.execute(younger, RegisterPatient(full_name="王小梅", id_number=number))
    await practice.execute(system, EnsureAccount(app="wxmini", subject="m1", unionid="u-one"))
    (left,) = await CareRelation.filter(patient_id=own.patient_id)
    assert (left.account_id, left.relation, left.self_of_id) == (older.account_id, "self", own.patient_id)
