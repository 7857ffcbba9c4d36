"""Blind indexes made anew while orders come in: what is looked for is found before, meanwhile and after, and one person stays one row."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.conversations.inbound import Chat, conversation_of
from core.conversations.models import Conversation
from core.foundation.actor import Actor
from core.foundation.encryption.erasure import destroy_keys
from core.foundation.encryption.reencryption import reencrypt
from core.foundation.encryption.reindexing import reindex
from core.foundation.encryption.rotation import rotate
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.people.commands import EnsureAccount, VerifyPhone
from core.people.models import Account, Patient, Practitioner
from tests.support.county import id_number, seed_small

pytestmark = pytest.mark.storage

AT_ONCE = timedelta(0)


def another(practice: Practice, tmp_path: Path) -> Practice:
    """Another process that hears nothing: its ring's clock stands still."""
    keys = KeyRing(MasterKeys.load(tmp_path / "keyring.key"), practice.clock, monotonic=lambda: 1000.0)
    return Practice(practice.clock, practice.ids, practice.rng, keys, practice.blobs, practice.signals, demo=True)


async def indexes() -> dict[str, set[str | None]]:
    return {
        "patients": {row.id_number_blind for row in await Patient.all()} | {row.phone_blind for row in await Patient.all() if row.phone_blind},
        "practitioners": {row.licence_blind for row in await Practitioner.all() if row.licence_blind},
        "accounts": {row.phone_blind for row in await Account.all() if row.phone_blind},
        "conversations": {row.chat_blind for row in await Conversation.all()},
    }


async def test_every_index_is_made_anew_and_finds_what_it_found(practice: Practice, tmp_path: Path) -> None:
    county = await seed_small(practice)
    account = (await practice.execute(Actor.system("test"), EnsureAccount(app="a", subject="s"))).account_id
    await practice.execute(Actor.system("test"), VerifyPhone(account_id=account, phone="19900000099"))
    chat = Chat("wecom_app", "corp", "wu01", False, account)
    conversation = await conversation_of(practice, chat)
    number = id_number(date(1968, 3, 9), 11)
    assert (await Patient.get(id_number_blind=practice.keys.blind("id_number", number))).id == county.old_man
    before = await indexes()
    run = await reindex(practice, overlap=AT_ONCE)
    assert run.target == "2"
    assert run.unopened == 0
    after = await indexes()
    for name in before:
        assert len(after[name]) == len(before[name])
        assert after[name] & before[name] == set(), name
    assert (await Patient.get(id_number_blind=practice.keys.blind("id_number", number))).id == county.old_man
    assert (await conversation_of(practice, chat)).id == conversation.id
    # Values that stand in no index stay with the first key; renewing the other keys leaves the indexes alone.
    fresh = another(practice, tmp_path)
    await fresh.keys.start()
    assert fresh.keys.blind("order", "x") == another(practice, tmp_path).keys.blind("order", "x")
    assert fresh.keys.blind("phone", "1") == practice.keys.blind("phone", "1") != another(practice, tmp_path).keys.blind("phone", "1")
    await rotate(practice)
    await reencrypt(practice, settle=AT_ONCE, overlap=AT_ONCE)
    again = another(practice, tmp_path)
    await again.keys.start()
    assert again.keys.blind("phone", "1") == fresh.keys.blind("phone", "1")
    assert await indexes() == after


async def test_a_process_that_has_not_heard_writes_no_value_of_the_former_key(practice: Practice, tmp_path: Path) -> None:
    stale = another(practice, tmp_path)
    system = Actor.system("test")
    account = (await stale.execute(system, EnsureAccount(app="a", subject="s"))).account_id
    await reindex(practice, overlap=AT_ONCE)
    assert stale.keys.blind_edition == 1
    await stale.execute(system, VerifyPhone(account_id=account, phone="19900000099"))
    assert stale.keys.blind_edition == 2
    assert (await Account.get(id=account)).phone_blind == practice.keys.blind("phone", "19900000099")
    chat = Chat("wecom_app", "corp", "wu01", False, account)
    known = await conversation_of(practice, chat)
    slow = another(practice, tmp_path)
    assert slow.keys.blind_edition == 1
    assert (await conversation_of(slow, chat)).id == known.id


async def test_while_orders_come_in(practice: Practice, tmp_path: Path) -> None:
    system, other = Actor.system("test"), another(practice, tmp_path)
    accounts = [(await practice.execute(system, EnsureAccount(app="a", subject=f"s{number}"))).account_id for number in range(12)]
    numbers = dict.fromkeys(accounts, "")
    working, done = True, 0

    async def people(house: Practice, mine: list[str]) -> None:
        nonlocal done
        while working:
            for account in mine:
                phone = f"1{practice.rng.randrange(10**10):010d}"
                await house.execute(system, VerifyPhone(account_id=account, phone=phone))
                numbers[account] = phone
                done += 1
                await asyncio.sleep(0)

    busy = [asyncio.create_task(people(house, accounts[start::2])) for start, house in enumerate((practice, other))]
    for _ in range(2):
        await reindex(practice, overlap=timedelta(seconds=0.05))
        await asyncio.sleep(0.05)
    working = False
    await asyncio.gather(*busy)
    assert done > 12
    for account, phone in numbers.items():
        assert (await Account.get(id=account)).phone_blind == practice.keys.blind("phone", phone)


async def test_a_stopped_run_changes_nothing(practice: Practice) -> None:
    await seed_small(practice)
    before = await indexes()

    def stop(phase: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await reindex(practice, overlap=AT_ONCE, progress=stop)
    assert await indexes() == before
    await practice.keys.look()
    assert practice.keys.blind_edition == 1
    assert (await reindex(practice, overlap=AT_ONCE)).target == "2"


async def test_an_erased_person_is_found_by_nothing(practice: Practice) -> None:
    county = await seed_small(practice)
    number = id_number(date(1968, 3, 9), 11)
    await destroy_keys(practice, "patient", county.old_man)
    run = await reindex(practice, overlap=AT_ONCE)
    assert run.unopened == 0
    assert await Patient.get_or_none(id_number_blind=practice.keys.blind("id_number", number)) is None
    assert len((await Patient.get(id=county.old_man)).id_number_blind) == 64
