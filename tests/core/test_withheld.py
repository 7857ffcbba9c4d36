"""A person was erased, a value was altered: every list still shows what opens and says what does not, every single read answers in a typed way.

By construction over every query of the practice, with everybody in the scene who may ask it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.connection import get_connection

from core.foundation.actor import Role
from core.foundation.database.connection import APP, PRACTICE
from core.foundation.encryption.erasure import destroy_keys
from core.foundation.encryption.fields import sealed_tables
from core.foundation.errors import DomainError
from core.foundation.events import SEND_LANE
from core.foundation.keys import SealBroken, SubjectErased
from core.foundation.models import AuditEntry, OutboxEvent
from core.foundation.orders import Query, all_orders
from core.foundation.outbox import OutboxWorker
from core.foundation.withheld import WithWithheld
from core.notifications.models import Notification
from core.people.commands_views import MyPatientList
from core.practice_rooms import load_rooms
from tests.conftest import DatabaseUrls, _delete_all_rows
from tests.core.test_query_counts import LISTS
from tests.support.examples import example
from tests.support.scene import Scene, scene_in

load_rooms()
pytestmark = pytest.mark.storage

QUERIES = [name for name, order in all_orders().items() if issubclass(order, Query) and not name.startswith("test.")]


@pytest.fixture
async def scene(database: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    yield await scene_in(tmp_path_factory.mktemp("scene"))
    await _delete_all_rows()


async def answers(scene: Scene) -> dict[tuple[str, str], Any]:
    """What one of each role who may ask gets, by query and person: a result or a refusal. Anything else is a failure."""
    found: dict[tuple[str, str], Any] = {}
    for name in QUERIES:
        order_type = all_orders()[name]
        order: Any = example(order_type, scene)
        asked: dict[frozenset[Role], str] = {}
        for person, actor in scene.people.items():
            if scene.may(person, order_type):
                asked.setdefault(frozenset(held.role for held in actor.roles), person)
        for person in asked.values():
            try:
                found[name, person] = await scene.practice.ask(scene.people[person], order)
            except DomainError as refusal:
                found[name, person] = refusal
    return found


async def alter(table: str, column: str, key: str, *, limit: int = 100_000) -> int:
    """Turn one bit in every value of the column; how many."""
    connection = get_connection(PRACTICE)
    mark, quote = ("%s", "`") if connection.capabilities.dialect == "mysql" else ("?", '"')
    rows = await connection.execute_query_dict(
        f"SELECT {quote}{key}{quote} AS k, {quote}{column}{quote} AS v FROM {quote}{table}{quote} WHERE {quote}{column}{quote} IS NOT NULL"  # noqa: S608
    )
    for row in rows[:limit]:
        value = bytearray(row["v"])
        value[-1] ^= 1
        await connection.execute_query(
            f"UPDATE {quote}{table}{quote} SET {quote}{column}{quote}={mark} WHERE {quote}{key}{quote}={mark}", [bytes(value), row["k"]]  # noqa: S608
        )
    return min(len(rows), limit)


async def test_when_a_patient_is_erased_lists_say_so_and_nothing_fails(scene: Scene) -> None:
    assert await destroy_keys(scene.practice, "patient", scene.values["patient_id"])
    after = await answers(scene)
    says: Counter[str] = Counter()
    for key, now in after.items():
        for one in getattr(now, "withheld", ()):
            assert (one.reason, one.sentence) == ("erased", "这一条已按规定删除。")
            says[key[0]] += 1
    assert len(says) >= 8, says
    # A list that is nobody's own in particular never ends as a whole because of one person in it.
    whole = {name for (name, _), now in after.items() if isinstance(now, SubjectErased)}
    several = {name for name in LISTS if all_orders()[name].no_relation}
    assert whole & several == set()
    assert not any(isinstance(now, SealBroken) for now in after.values())


async def test_when_values_are_altered_nothing_fails_and_the_administrators_are_told(scene: Scene) -> None:
    altered = 0
    for table in sealed_tables((Tortoise.apps or {})[APP].values()):
        if table.table not in ("idempotency_record", "token_key", "signing_key", "second_factor"):
            for column in table.columns:
                altered += await alter(table.table, column, table.key)
    assert altered > 60
    after = await answers(scene)
    broken = {key for key, now in after.items() if isinstance(now, SealBroken)}
    assert len(broken) > 10
    assert all(after[key].status == 409 and "管理员" in after[key].message for key in broken)
    assert sum(bool(getattr(now, "withheld", ())) for now in after.values()) > 8
    assert await AuditEntry.filter(outcome="record.unreadable").count() >= len(broken) // 2
    while await OutboxWorker(scene.practice, SEND_LANE, "test", batch=50).work_once():
        pass
    told = await Notification.filter(kind="record.unreadable")
    assert told
    assert len(told) == len({(one.account_id, one.ids["about"]) for one in told}), "once a day for each table"
    for event in await OutboxEvent.filter(topic="seal.broken"):
        assert set(event.body) == {"table", "row_id"}


async def test_one_altered_line_leaves_the_others(scene: Scene) -> None:
    doctor = scene.people["village_doctor"]
    whole = await scene.practice.ask(doctor, MyPatientList())
    assert len(whole.patients) > 1
    assert isinstance(whole, WithWithheld)
    await alter("patient", "birth_date", "id", limit=1)
    rest = await scene.practice.ask(doctor, MyPatientList())
    lost = {one.patient_id for one in whole.patients} - {one.patient_id for one in rest.patients}
    assert len(rest.patients) + len(rest.withheld) == len(whole.patients)
    assert [one.reason for one in rest.withheld] == ["unreadable"] * len(lost)
