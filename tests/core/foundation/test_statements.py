"""Statements that are written once say what the object mapper's own would say, on either database."""

from __future__ import annotations

import asyncio
import contextvars
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tortoise.transactions import in_transaction

from core.foundation.database.connection import PRACTICE
from core.foundation.database.sqlite_client import ImmediateSqliteClient
from core.foundation.database.statements import Plus, find, find_all, update
from core.foundation.models import Lease
from core.foundation.practice import Practice
from core.people.models import Account, Identity
from tests.conftest import DatabaseUrls

NOON = datetime(2026, 11, 20, 4, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def leases(practice: Practice) -> list[Lease]:
    later = [NOON + timedelta(hours=number) for number in range(6)]
    return [await Lease.create(id=f"lease-{number}", holder="ab"[number % 2], until=until, fence=number) for number, until in enumerate(later)]


async def _identity(practice: Practice, subject: str, unionid: str | None) -> Identity:
    account = await Account.create(id=practice.ids.new(), created_at=NOON)
    return await Identity.create(id=practice.ids.new(), app="wx1", subject=subject, unionid=unionid, account_id=account.id, created_at=NOON)


async def test_the_same_rows_as_the_mapper_finds(leases: list[Lease]) -> None:
    asked = [
        {}, {"holder": "a"}, {"holder": "a", "fence": 2}, {"id__in": ["lease-1", "lease-5", "nothing"]}, {"until__lt": NOON + timedelta(hours=2)},
        {"until__lte": NOON + timedelta(hours=2)}, {"until__gt": NOON, "holder": "b"}, {"fence__gte": 3},
        {"until": (NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=8)))}, {"holder": "' OR 1=1 --"}, {"holder": "%s ? \"`"},
    ]
    for where in asked:
        wanted = [dict(row) for row in await Lease.filter(**where).order_by("fence")]
        assert [dict(row) for row in await find_all(Lease, order="fence", **where)] == wanted
        assert [dict(row) for row in await find_all(Lease, order="fence", limit=2, **where)] == wanted[:2]
        assert (await find(Lease, **where) is not None) == bool(wanted)


async def test_a_moment_comes_back_as_it_was_written(leases: list[Lease]) -> None:
    row = await find(Lease, id="lease-0")
    assert row is not None
    assert row.until == NOON
    assert row.until.utcoffset() == timedelta(0)
    assert await update(Lease, {"until": NOON.replace(microsecond=0)}, id="lease-0") == 1
    assert [one.until for one in await find_all(Lease, id="lease-0")] == [NOON.replace(microsecond=0)] == [(await Lease.get(id="lease-0")).until]


async def test_null_is_asked_for_and_written_as_null(practice: Practice) -> None:
    await _identity(practice, "o-1", None)
    await _identity(practice, "o-2", "u-2")
    assert [row.subject for row in await find_all(Identity, app="wx1", unionid=None)] == ["o-1"]
    assert await update(Identity, {"unionid": None}, subject="o-2", unionid="u-2") == 1
    assert await Identity.filter(unionid__isnull=True).count() == 2


async def test_an_empty_list_finds_and_changes_nothing(leases: list[Lease]) -> None:
    assert await find_all(Lease, id__in=[]) == []
    assert await update(Lease, {"holder": "c"}, id__in=[]) == 0
    assert not await Lease.filter(holder="c").exists()


async def test_what_was_changed_is_counted_and_added_to(leases: list[Lease]) -> None:
    assert await update(Lease, {"holder": "c", "fence": Plus()}, holder="a", fence__lt=4) == 2
    assert sorted([(row.id, row.fence) for row in await Lease.filter(holder="c")]) == [("lease-0", 1), ("lease-2", 3)]
    assert await update(Lease, {"fence": Plus(10)}, id="lease-1") == 1
    assert (await Lease.get(id="lease-1")).fence == 11
    assert await update(Lease, {"holder": "d"}, holder="nobody") == 0


async def test_it_belongs_to_the_transaction_that_is_open(leases: list[Lease]) -> None:
    async def given_up() -> None:
        async with in_transaction(PRACTICE):
            assert await update(Lease, {"holder": "c"}, id="lease-0") == 1
            assert [row.id for row in await find_all(Lease, lock=True, holder="c")] == ["lease-0"]
            raise RuntimeError("given up")

    with pytest.raises(RuntimeError, match="given up"):
        await given_up()
    assert not await Lease.filter(holder="c").exists()


async def test_what_others_committed_is_seen_at_once(leases: list[Lease], database: DatabaseUrls) -> None:
    assert (await find(Lease, id="lease-0")) is not None
    await Lease.filter(id="lease-0").update(holder="now")
    row = await find(Lease, id="lease-0")
    assert row is not None
    assert row.holder == "now"
    async with in_transaction(PRACTICE):
        await Lease.filter(id="lease-0").update(holder="not yet")
        other = await asyncio.create_task(find(Lease, id="lease-0"), context=contextvars.Context()) if database.practice.startswith("sqlite") else row
        assert other is not None
        assert other.holder == "now"
        mine = await find(Lease, id="lease-0")
        assert mine is not None
        assert mine.holder == "not yet"


async def test_a_reader_that_cannot_read_asks_the_usual_way(leases: list[Lease], database: DatabaseUrls) -> None:
    if not database.practice.startswith("sqlite"):
        pytest.skip("MariaDB is always asked over its connection")
    connection = Lease._meta.db
    assert isinstance(connection, ImmediateSqliteClient)
    assert connection.read_here("SELECT id FROM lease WHERE id=?", ["lease-0"]) is not None
    broken = connection._reader
    assert broken is not None
    broken.close()
    assert (await find(Lease, id="lease-0")) is not None, "found the usual way"
    assert connection.read_here("SELECT id FROM lease WHERE id=?", ["lease-0"]) is not None, "opened anew"
    assert connection._reader is not broken
    assert connection.read_here("SELECT nothing FROM nowhere", []) is None


async def test_a_field_or_comparison_that_is_not_there_is_a_fault(leases: list[Lease]) -> None:
    with pytest.raises(KeyError):
        await find_all(Lease, colour="red")
    with pytest.raises(KeyError):
        await find_all(Lease, holder__like="a")
