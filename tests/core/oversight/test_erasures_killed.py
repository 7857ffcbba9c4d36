"""Killed over an erasure, wherever: before the commit nothing has happened, after it everything is erased once, by whoever comes next."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.consultations.models import Consultation
from core.conversations.models import Message
from core.conversations.words import words_key
from core.foundation.encryption import intended
from core.foundation.encryption.intended import ERASING, LOCKING
from core.foundation.events import SEND_LANE
from core.foundation.keyring.models import WrappedKey
from core.foundation.locking import is_locked
from core.foundation.models import AuditEntry, OutboxEvent
from core.foundation.orders import Done
from core.foundation.outbox import TRIES, OutboxWorker
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.oversight.commands_erasures import EraseMine, UnlockRecord
from core.people.models import Account, Consent
from core.practice_rooms import load_rooms
from tests.conftest import START, DatabaseUrls
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.oversight.ended import SYSTEM, said, with_a_case
from tests.core.oversight.test_erasures import opens
from tests.support.forked import Forked

load_rooms()
pytestmark = pytest.mark.storage
ERASE = EraseMine(confirm=True)


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice)


async def treated_before(ward: Ward) -> list[str]:
    """A woman with a record that stays, and words that go; the subjects whose keys must go."""
    account = ward.county.woman_account.account_id
    now = ward.clock.now()
    await with_a_case(ward, ward.county.woman, state="COMPLETED")
    await Consultation.filter(patient_id=ward.county.woman).update(created_at=now, closed_at=now)
    await Account.filter(id=account).update(created_at=now - timedelta(days=300))
    word = await said(ward, account, days=200)
    return [f"account:{account}", f"words:{words_key(account, (await Message.get(id=word)).received_at)}"]


async def worked(ward: Ward) -> None:
    while await OutboxWorker(ward.practice, SEND_LANE, "test").work_once():
        pass


async def locked(ward: Ward) -> bool:
    work = Work(ward.practice, SYSTEM, ERASE)
    return await is_locked(work, ward.county.woman)


@pytest.mark.parametrize("when", ["rows", "before", "between", "after"])
async def test_killed_between_rows_and_keys(ward: Ward, database: DatabaseUrls, tmp_path: Path, when: str) -> None:
    practice, county = ward.practice, ward.county
    account = county.woman_account.account_id
    subjects = await treated_before(ward)
    seconds = str((ward.clock.now() - START).total_seconds())
    module = "tests.core.oversight.erasing_process"
    process = await Forked.begin(module, database.practice, database.keyring, str(tmp_path), seconds, account, when)
    assert await process.end() == -signal.SIGKILL
    await practice.keys.look()
    done = AuditEntry.filter(action="oversight.erase_mine", outcome="done", subject_id=county.woman)
    assert await done.count() == (0 if when == "rows" else 1)
    assert [await opens(practice, one) for one in subjects] == [when != "after"] * 2
    assert await locked(ward) == (when in ("between", "after"))
    if when == "rows":
        assert await Message.all().exists()
        assert not await OutboxEvent.filter(topic__in=(ERASING, LOCKING)).exists()
        await practice.execute(county.woman_account, ERASE)
    await worked(ward)
    assert not any([await opens(practice, one) for one in subjects])
    assert await locked(ward)
    assert not await Message.all().exists()
    assert not await Consent.filter(patient_id=county.woman, withdrawn_at__isnull=True).exists()
    assert await done.count() == 1, "one act, one entry"
    assert {one.state for one in await OutboxEvent.filter(topic__in=(ERASING, LOCKING))} == {"done"}
    once = await WrappedKey.filter(id__in=subjects, erased_at__isnull=False).count()
    assert once == len(subjects)


async def test_what_fails_after_the_commit_is_a_workers_and_no_late_lock_follows_an_unlocking(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice, county = ward.practice, ward.county
    subjects = await treated_before(ward)

    async def away(*_: object, **__: object) -> int:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(intended, "set_lock", away)
        broken.setattr(intended, "destroy_all", away)
        assert (await practice.execute(county.woman_account, ERASE)).state == "done"
    assert all([await opens(practice, one) for one in subjects])
    order = UnlockRecord(patient_id=county.woman, confirm=True)
    assert await practice.execute(county.village_doctor, order) == Done(done=False)
    await worked(ward)
    assert not any([await opens(practice, one) for one in subjects])
    assert not await locked(ward)


async def test_an_unlocking_that_overtakes_a_lock_on_its_way_is_what_stays(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    practice, county = ward.practice, ward.county
    await treated_before(ward)
    on_its_way, go_on, does = asyncio.Event(), asyncio.Event(), intended.set_lock

    async def slowly(*arguments: Any, locked: bool) -> int:
        if locked:
            on_its_way.set()
            await go_on.wait()
        return await does(*arguments, locked=locked)

    monkeypatch.setattr(intended, "set_lock", slowly)
    erasing = asyncio.create_task(practice.execute(county.woman_account, ERASE))
    await on_its_way.wait()
    await practice.execute(county.village_doctor, UnlockRecord(patient_id=county.woman, confirm=True))
    go_on.set()
    await erasing
    await worked(ward)
    assert not await locked(ward)


async def test_what_was_promised_is_never_given_up_whatever_goes_wrong(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    practice, county = ward.practice, ward.county
    subjects = await treated_before(ward)

    async def breaks(*_: object, **__: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(intended, "set_lock", breaks)
        broken.setattr(intended, "destroy_all", breaks)
        await practice.execute(county.woman_account, ERASE)
        for _ in range(TRIES + 2):
            await worked(ward)
            await OutboxEvent.filter(topic__in=(ERASING, LOCKING)).update(claimed_until=practice.clock.real_now())
    assert {one.state for one in await OutboxEvent.filter(topic__in=(ERASING, LOCKING))} == {"waiting"}
    await worked(ward)
    assert not any([await opens(practice, one) for one in subjects])
    assert await locked(ward)
