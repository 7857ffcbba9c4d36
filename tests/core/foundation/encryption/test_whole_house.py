"""A house with the national algorithms from its first start: every room's real orders, and nothing in it sealed by another suite."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.encryption.master_keys import MasterKeys
from core.foundation.encryption.suites import SM4
from core.foundation.encryption.walking import rows_after
from core.foundation.ids import Ids
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import KeyRing
from core.foundation.practice import Engines, Practice
from core.foundation.signals import LocalSignals
from core.people.commands_views import MyPatientList
from core.people.models import Patient
from core.practice_rooms import load_rooms
from tests.conftest import START
from tests.core.foundation.encryption.every_column import tables
from tests.support.scene import factor_given, open_scene

load_rooms()
pytestmark = pytest.mark.storage


@pytest.mark.usefixtures("practice")
async def test_every_room_works_and_everything_is_sealed_with_sm4(tmp_path: Path) -> None:
    clock, rng = ManualClock(START), random.Random(5)
    keys = KeyRing(MasterKeys.create(tmp_path / "sm4.key", SM4), clock, suite=SM4)
    house = Practice(
        clock=clock, ids=Ids(clock.real_now, rng), rng=rng, keys=keys, blobs=BlobStore(tmp_path / "sm4", keys), signals=LocalSignals(),
        engines=Engines(), demo=True,
    )  # fmt: skip
    with factor_given():
        scene = await open_scene(house)
    rows = [row for table in tables() for row in await rows_after(table, "", 1000)]
    sealed = [value for row in rows for _, value in row.values.values() if value is not None]
    assert len(sealed) > 50
    assert {value[:2] for value in sealed} == {bytes((2, SM4.code))}
    assert {row.suite for row in await WrappedKey.all()} == {"sm4"}
    # Read by a process that has nothing in its memory, and found by SM3 indexes.
    fresh = KeyRing(MasterKeys.load(tmp_path / "sm4.key"), clock, suite=SM4)
    house.keys = fresh
    listed = await house.ask(scene.people["village_doctor"], MyPatientList())
    assert "李秀英" in " ".join(one.full_name for one in listed.patients)
    woman = await Patient.get(id=scene.values["patient_id"])
    number = (await fresh.sealer("patient", woman.id)).open("patient", "id_number", woman.id, bytes(woman.id_number))
    assert fresh.blind("id_number", number) == woman.id_number_blind
