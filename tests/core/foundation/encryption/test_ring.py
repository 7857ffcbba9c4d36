"""The ring: keys from file and environment, forgotten everywhere when destroyed, never given out when the ring cannot be looked at."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from core.foundation.actor import Actor
from core.foundation.encryption import erasure, ring
from core.foundation.encryption.erasure import erase_subject
from core.foundation.encryption.master_keys import MasterKeyMissing, MasterKeys, UnusableMasterKeys
from core.foundation.encryption.reencryption import reencrypt
from core.foundation.encryption.rotation import rotate
from core.foundation.encryption.suites import AES, SM4
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import KeyRing, SealBroken, SubjectErased
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.foundation.rule_signing import SignRules
from core.foundation.work import Work
from core.people.models import Patient
from tests.core.foundation.encryption.every_column import make_row, tables, without_references

pytestmark = pytest.mark.storage

_NONE = timedelta(0)


class Watch:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def another(practice: Practice, tmp_path: Path, watch: Watch | None = None) -> KeyRing:
    return KeyRing(MasterKeys.load(tmp_path / "keyring.key"), practice.clock, monotonic=watch or Watch())


async def erase(practice: Practice, subject_id: str) -> bool:
    """As an order's handler does it."""
    order = SignRules(rule_set="erase", digest="0" * 64, signed_by="测试", licence="123456")
    work = Work(practice, Actor.system("test"), order)
    done = await erase_subject(work, "patient", subject_id)
    await work.audit("done")
    return done


async def test_a_key_is_destroyed_together_with_the_edition_that_tells_of_it(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed() -> None:
        raise ConnectionResetError

    elsewhere = another(practice, tmp_path, watch := Watch())
    await elsewhere.sealer("patient", "A")
    with monkeypatch.context() as patch:
        patch.setattr(erasure, "new_edition", killed)
        with pytest.raises(ConnectionResetError):
            await erasure.destroy_keys(practice, "patient", "A")
    watch.now += 2
    await elsewhere.sealer("patient", "A")
    assert await erasure.destroy_keys(practice, "patient", "A"), "the repeat finds it done and tells nobody"
    assert not await erasure.destroy_keys(practice, "patient", "A")
    watch.now += 2
    with pytest.raises(SubjectErased):
        await elsewhere.sealer("patient", "A")


async def test_an_erased_subject_opens_nowhere_and_never_again(practice: Practice, tmp_path: Path) -> None:
    """Neither in this process nor in others that had the key in memory, neither from the tables nor from an old copy of them."""
    async with without_references():
        row, texts = await make_row(practice, next(table for table in tables() if table.table == "patient"))
    await practice.blobs.put(blob_id := practice.ids.new(), "patient", row.id, b"x" * 100)
    backup = bytes(row.full_name)
    watch = Watch()
    other = another(practice, tmp_path, watch)
    held = await other.sealer("patient", row.id)
    assert held.open("patient", "full_name", row.id, backup) == texts["full_name"]
    assert await erase(practice, row.id)
    assert not await erase(practice, row.id)
    watch.now += ring.LOOK_EVERY_S
    for keys in (practice.keys, other, another(practice, tmp_path)):
        with pytest.raises(SubjectErased):
            await keys.sealer("patient", row.id)
        await keys.fetch("patient", [row.id])
        assert await keys.sealers([f"patient:{row.id}"]) == {}
    with pytest.raises(SubjectErased):
        await practice.blobs.get(blob_id, "patient", row.id)
    key = await WrappedKey.get(id=f"patient:{row.id}")
    assert (bytes(key.wrapped), key.former, key.erased_at is not None) == (b"", None, True)
    # No other key of the ring opens it, and neither renewal brings it back or takes it for damage.
    for one in await WrappedKey.filter(erased_at__isnull=True):
        sealer = await practice.keys.sealer(*one.id.split(":", 1))
        with pytest.raises(SealBroken):
            sealer.open("patient", "full_name", row.id, backup)
    await rotate(practice)
    run = await reencrypt(practice, settle=_NONE, overlap=_NONE)
    assert run.unopened == 0
    assert bytes((await WrappedKey.get(id=key.id)).wrapped) == b""
    assert bytes((await Patient.get(id=row.id)).full_name) == backup
    entry = await AuditEntry.filter(subject_id=row.id).order_by("-id").first()
    assert entry is not None
    assert (entry.subject_kind, entry.detail) == ("patient", {"erased": "key"})


async def test_other_processes_hear_of_it_at_once(practice: Practice, tmp_path: Path) -> None:
    other = another(practice, tmp_path)  # its clock stands still: only the bell makes it look
    await other.sealer("patient", "somebody")
    following = asyncio.create_task(other.follow(practice.signals))
    await asyncio.sleep(0)
    try:
        await erase(practice, "somebody")
        for _ in range(200):
            await asyncio.sleep(0.01)
            if not other._cache:
                break
        with pytest.raises(SubjectErased):
            await other.sealer("patient", "somebody")
    finally:
        following.cancel()


async def test_a_key_being_loaded_while_it_is_destroyed_is_not_kept(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await practice.keys.sealer("patient", "somebody")
    other = another(practice, tmp_path)
    await other.look()
    unwrapped = other._unwrapped

    async def slow(row: WrappedKey) -> Any:
        sealer = await unwrapped(row)
        await erase(practice, "somebody")
        await other.look()
        return sealer

    monkeypatch.setattr(other, "_unwrapped", slow)
    await other.sealer("patient", "somebody")
    monkeypatch.setattr(other, "_unwrapped", unwrapped)
    with pytest.raises(SubjectErased):
        await other.sealer("patient", "somebody")


async def test_a_ring_that_cannot_look_gives_no_key(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    keys = another(practice, tmp_path, watch)
    await keys.sealer("patient", "somebody")

    async def away(**_: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(ring.KeyringEdition, "get_or_none", away)
    watch.now += 2
    await keys.sealer("patient", "somebody")
    watch.now += ring.TRUST_S
    for _ in range(3):
        with pytest.raises(OperationalError):
            await keys.sealer("patient", "somebody")


async def test_two_processes_make_one_key(practice: Practice, tmp_path: Path) -> None:
    rings = [another(practice, tmp_path) for _ in range(6)]
    sealers = await asyncio.gather(*(keys.sealer("patient", "new") for keys in rings))
    sealed = sealers[0].seal("t", "c", "r", "张三")
    assert [sealer.open("t", "c", "r", sealed) for sealer in sealers] == ["张三"] * 6


async def test_a_wrapped_key_moved_to_another_subject_does_not_open(practice: Practice, tmp_path: Path) -> None:
    await practice.keys.sealer("patient", "one")
    await practice.keys.sealer("patient", "two")
    one = await WrappedKey.get(id="patient:one")
    await WrappedKey.filter(id="patient:two").update(wrapped=one.wrapped)
    keys = another(practice, tmp_path)
    with pytest.raises(SealBroken):
        await keys.sealer("patient", "two")
    for column, value in (("suite", "none"), ("suite", "sm4"), ("key_version", 7)):
        await WrappedKey.filter(id="patient:one").update(**{column: value})
        with pytest.raises(SealBroken):
            await another(practice, tmp_path).sealer("patient", "one")


async def test_a_key_file_of_the_first_edition_still_opens_and_is_renewed(practice: Practice, tmp_path: Path) -> None:
    path = tmp_path / "old.key"
    path.write_text(json.dumps({"current": "1", "keys": {"1": base64.b64encode(b"m" * 32).decode()}, "blind": base64.b64encode(b"b" * 32).decode()}))
    practice.keys = KeyRing(MasterKeys.load(path), practice.clock)
    sealer = await practice.keys.sealer("patient", "old")
    assert len(bytes((await WrappedKey.get(id="patient:old")).wrapped)) == 40
    sealed = sealer.seal("t", "c", "r", "张三")
    blind = practice.keys.blind("phone", "19900000001")
    run = await rotate(practice)
    assert run.target == "2"
    keys = KeyRing(MasterKeys.load(path), practice.clock)
    assert (await keys.sealer("patient", "old")).open("t", "c", "r", sealed) == "张三"
    assert keys.blind("phone", "19900000001") == blind


async def test_master_keys_of_the_environment_are_not_changed_here(practice: Practice, tmp_path: Path) -> None:
    text = (tmp_path / "keyring.key").read_text()
    keys = MasterKeys.parse(text)
    assert repr(keys.keys["1"]).startswith("<")
    with pytest.raises(UnusableMasterKeys):
        await keys.new_version(AES)
    more = MasterKeys.parse(text).with_new_version(SM4)
    practice.keys = KeyRing(MasterKeys.parse(text), practice.clock)
    await practice.keys.sealer("patient", "somebody")
    practice.keys = KeyRing(MasterKeys.parse(more.text()), practice.clock)
    run = await rotate(practice, new_master=False)
    assert run.target == "2"
    with pytest.raises(MasterKeyMissing):
        await KeyRing(MasterKeys.parse(text), practice.clock).sealer("patient", "somebody")


def test_whatever_stands_in_a_key_file_is_read_or_refused(tmp_path: Path) -> None:
    rng = random.Random(4)
    good = MasterKeys.create(tmp_path / "k").text()
    pieces = ['"', "{", "}", "null", "[]", "1", '"keys"', '"aes"', "AAAA", "[" * 2000, "é", "\\u0000"]
    for _ in range(2000):
        text = list(good)
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(len(text))
            text[at : at + rng.randrange(0, 12)] = rng.choice(pieces)
        try:
            keys = MasterKeys.parse("".join(text))
        except UnusableMasterKeys:
            continue
        assert keys.newest in keys.keys
