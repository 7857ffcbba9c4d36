"""A backup from before an erasure is restored: the destroyed stays so, what was locked is locked, what was opened again is open."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.foundation.encryption.erasure import destroy_keys, set_lock
from core.foundation.keyring.models import KeyRenewal, KeyringEdition, WrappedKey
from core.foundation.practice import Practice
from miniprogram_api.backups.key_lines import erased_now, export_keys, import_keys
from miniprogram_api.backups.lock_lines import add_locks, locked_now, locks_in_force, read_locks

pytestmark = pytest.mark.storage


async def test_locks_and_destroyed_keys_outlive_an_older_set(practice: Practice, tmp_path: Path) -> None:
    for name in "ABCD":
        await practice.keys.sealer("patient", name)
    await set_lock(practice, ["patient:C"], locked=True)
    listed, older = tmp_path / "elsewhere/locked.keys", tmp_path / "older.jsonl"
    await export_keys(older)
    now = practice.clock.real_now()
    assert add_locks(listed, await locked_now(), now) == 1
    await set_lock(practice, ["patient:A"], locked=True)
    await set_lock(practice, ["patient:C"], locked=False)
    await destroy_keys(practice, "patient", "D")
    assert add_locks(listed, await locked_now(), now + timedelta(minutes=1)) == 2
    assert add_locks(listed, await locked_now(), now + timedelta(minutes=1)) == 0, "said once"
    destroyed = await erased_now()
    for model in (WrappedKey, KeyringEdition, KeyRenewal):
        await model.all().delete()
    await import_keys(older.read_bytes(), destroyed, locks_in_force(older.read_bytes(), listed))
    assert (await locked_now()).keys() == {"patient:A"}
    assert (await erased_now()).keys() == {"patient:D"}


async def test_the_newest_key_ring_speaks_where_the_list_is_lost_and_in_doubt_it_is_locked(practice: Practice, tmp_path: Path) -> None:
    await practice.keys.sealer("patient", "A")
    listed, newest = tmp_path / "locked.keys", tmp_path / "newest.jsonl"
    await set_lock(practice, ["patient:A"], locked=True)
    await export_keys(newest)
    at = (await locked_now())["patient:A"]
    assert locks_in_force(newest.read_bytes(), listed)["patient:A"]
    listed.write_text(f"patient:A open {(at - timedelta(days=1)).isoformat()}\npatient:B lock")
    assert locks_in_force(newest.read_bytes(), listed)["patient:A"], "locked again since"
    assert read_locks(listed).keys() == {"patient:A"}
    assert add_locks(listed, await locked_now(), at) == 1, "a torn line does not spoil the next"
    assert read_locks(listed)["patient:A"].locked
