"""Ids, clock, keys and blobs: no database needed but the keyring's."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from core.foundation.clock import ManualClock, spoken
from core.foundation.ids import Ids
from core.foundation.keys import MasterKeys, SealBroken, Sealer
from core.foundation.signals import LocalSignals


def test_ids_are_sortable_and_unique():
    clock = ManualClock(datetime(2026, 11, 20, tzinfo=UTC))
    ids = Ids(clock.real_now, random.Random(1))
    made = [ids.new() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert all(len(one) == 26 for one in made)


def test_times_are_spoken_as_people_read_them():
    assert spoken(datetime(2026, 11, 20, 7, 0, tzinfo=UTC)) == "11月20日 周五 下午3:00"
    assert spoken(datetime(2026, 11, 19, 16, 5, tzinfo=UTC)) == "11月20日 周五 凌晨0:05"
    assert spoken(datetime(2026, 11, 20, 4, 0, tzinfo=UTC)) == "11月20日 周五 下午12:00"


def test_a_sealed_value_opens_only_in_its_place():
    sealer = Sealer("patient:1", b"k" * 32)
    sealed = sealer.seal("patient", "full_name", "row-1", "张三")
    assert sealer.open("patient", "full_name", "row-1", sealed) == "张三"
    for table, column, row in (("x", "full_name", "row-1"), ("patient", "phone", "row-1"), ("patient", "full_name", "row-2")):
        with pytest.raises(SealBroken):
            sealer.open(table, column, row, sealed)
    with pytest.raises(SealBroken):
        Sealer("patient:2", b"k" * 32).open("patient", "full_name", "row-1", sealed)
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(SealBroken):
            sealer.open("patient", "full_name", "row-1", bytes(altered))


def test_master_keys_are_never_overwritten_and_only_ours_to_read(tmp_path):
    path = tmp_path / "secrets" / "keyring.key"
    made = MasterKeys.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert MasterKeys.load(path).keys == made.keys
    with pytest.raises(FileExistsError):
        MasterKeys.create(path)


async def test_a_signal_between_look_and_wait_is_heard():
    signals = LocalSignals()
    with signals.listen("chat") as bell:
        await signals.publish("chat")
        assert await bell.wait(0.05)
        assert not await bell.wait(0.05)
        await signals.publish("other", "chat")
        assert await bell.wait(0.05)
