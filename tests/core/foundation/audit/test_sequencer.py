"""The sequencer: everything once, in the order of arrival, whoever dies and however many run."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tortoise.connection import get_connection

from core.foundation.audit.entries import COLUMNS, SELECTED, document, entry_bytes
from core.foundation.audit.models import AuditLeaf, AuditNode, AuditTree
from core.foundation.audit.sequencer import LEASE, LEASE_S, NotLeading, Sequencer
from core.foundation.audit.store import TreeDamaged, consistency_path, inclusion_path, root_of, tree_size
from core.foundation.audit.tree import Edge, leaf_hash, proves_consistency, proves_inclusion
from core.foundation.canonical import canonical
from core.foundation.leases import take_lease
from core.foundation.models import AuditEntry, Lease
from core.people.commands import EnsureAccount
from tests.core.foundation.audit.stage import grow, write_entries

pytestmark = pytest.mark.storage


async def leaves() -> list[tuple[int, str, bytes]]:
    rows = await AuditLeaf.all().order_by("leaf_index")
    return [(row.leaf_index, row.entry_id, bytes(row.hash)) for row in rows]


async def test_an_entry_has_the_same_bytes_by_both_ways_of_reading(practice: Any, system: Any) -> None:
    await practice.execute(system, EnsureAccount(app="test", subject="somebody"))
    await write_entries(practice, 3)
    rows = await get_connection("practice").execute_query_dict(f"SELECT {SELECTED} FROM audit_entry e ORDER BY e.id")  # noqa: S608
    entries = await AuditEntry.all().order_by("id")
    assert [entry_bytes(list(row.values())) for row in rows] == [canonical(document(entry)) for entry in entries]
    assert tuple(rows[0]) == COLUMNS


async def test_what_an_order_did_is_in_the_tree_and_can_be_proved(practice: Any, system: Any) -> None:
    await practice.execute(system, EnsureAccount(app="test", subject="somebody"))
    ids = [entry.id for entry in await AuditEntry.all().order_by("id")]
    ids += await write_entries(practice, 90)
    sequencer = Sequencer(practice, "one", batch=7)
    assert await sequencer.run_once() == len(ids)
    assert await sequencer.run_once() == 0
    found = await leaves()
    assert [(index, entry) for index, entry, _ in found] == list(enumerate(ids))
    edge = Edge()
    roots = {}
    for _, _, hashed in found:
        edge.append(hashed)
        roots[edge.size] = edge.root()
    size = await tree_size()
    assert size == len(ids)
    assert not await AuditEntry.filter(in_tree=None).exists()
    for index, _, hashed in found:
        assert await root_of(index + 1) == roots[index + 1]
        assert proves_inclusion(hashed, index, size, await inclusion_path(index, size), roots[size])
    for first in (1, 16, 17, 64, 90, size):
        assert proves_consistency(first, size, roots[first], roots[size], await consistency_path(first, size))


async def test_a_later_sequencer_goes_on_where_the_first_one_stopped(practice: Any, clock: Any) -> None:
    first = await grow(practice, 21)
    await write_entries(practice, 5)
    assert await Sequencer(practice, "two").run_once() == 0  # the other one leads
    clock.advance(seconds=LEASE_S + 1)
    second = Sequencer(practice, "two")
    assert await second.run_once() == 5
    await grow(practice, 0, holder="two")
    found = await leaves()
    assert [entry for _, entry, _ in found][:21] == first
    edge = Edge()
    for _, _, hashed in found:
        edge.append(hashed)
    assert await root_of(26) == edge.root()


async def test_who_has_lost_the_lease_writes_nothing(practice: Any, clock: Any) -> None:
    await write_entries(practice, 3)
    assert await take_lease(practice, LEASE, "old", LEASE_S)
    fence = (await Lease.get(id=LEASE)).fence
    clock.advance(seconds=LEASE_S + 1)
    assert await take_lease(practice, LEASE, "new", LEASE_S)
    with pytest.raises(NotLeading):
        await Sequencer(practice, "old").append_batch(fence)
    assert await leaves() == []
    assert await Sequencer(practice, "new").append_batch(fence + 1) == 3


async def test_many_sequencers_at_once_double_nothing(practice: Any) -> None:
    """All of one name, so that the lease lets each of them in: fence and size alone must keep them apart."""
    ids = await write_entries(practice, 60)
    assert await take_lease(practice, LEASE, "one", LEASE_S)

    async def one() -> int:
        done = 0
        for _ in range(40):
            try:
                done += await Sequencer(practice, "one", batch=4).append_batch(1)
            except (NotLeading, TreeDamaged):
                await asyncio.sleep(0)
        return done

    done = await asyncio.gather(*(one() for _ in range(5)))
    assert sum(done) == 60
    assert [(index, entry) for index, entry, _ in await leaves()] == list(enumerate(sorted(ids)))


async def test_a_mark_that_was_taken_away_gives_no_second_leaf(practice: Any) -> None:
    ids = await grow(practice, 9)
    await AuditEntry.filter(id=ids[4]).update(in_tree=None)
    await grow(practice, 2)
    assert await AuditLeaf.all().count() == 11
    assert await tree_size() == 11
    assert not await AuditEntry.filter(in_tree=None).exists()


async def test_a_row_in_the_way_stops_it_and_is_no_silent_stop(practice: Any, caplog: Any) -> None:
    await grow(practice, 4)
    await AuditTree.filter(id=1).update(size=3)
    await write_entries(practice, 1)
    assert await Sequencer(practice, "one").run_once() == 0
    assert "huizhen audit verify" in caplog.text
    await AuditNode.all().delete()


KILLED = """
import asyncio, random, sys
from pathlib import Path
from core.foundation.audit.sequencer import Sequencer
from core.foundation.blobs import BlobStore
from core.foundation.clock import SystemClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals

async def main(practice_url, keyring_url, folder, name):
    await open_database(practice_url, keyring_url)
    clock, rng = SystemClock(), random.SystemRandom()
    keys = KeyRing(MasterKeys("1", {"1": b"k" * 32}, b"b" * 32), clock)
    practice = Practice(clock=clock, ids=Ids(clock.real_now, rng), rng=rng, keys=keys, blobs=BlobStore(Path(folder), keys), signals=LocalSignals())
    print("ready", flush=True)
    while True:
        await Sequencer(practice, name, batch=3).run_once()
        await asyncio.sleep(0.001)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_kill_minus_nine_loses_nothing_and_doubles_nothing(practice: Any, database: Any, clock: Any, tmp_path: Path) -> None:
    ids: list[str] = []
    rounds = 2
    for number in range(rounds):
        ids += await write_entries(practice, 150)
        child = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", KILLED, database.practice, database.keyring, str(tmp_path), "killed"], stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[4],
        )  # fmt: skip
        assert child.stdout is not None
        await asyncio.to_thread(child.stdout.readline)
        # Killed somewhere in its work: after a different number of leaves each time.
        async with asyncio.timeout(60):
            while await AuditLeaf.all().count() < number * 150 + 20 + 30 * number:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        os.kill(child.pid, signal.SIGKILL)
        await asyncio.to_thread(child.wait)
        child.stdout.close()
        clock.time = (await Lease.get(id=LEASE)).until
        clock.advance(seconds=1)
        finisher = Sequencer(practice, "killed" if number % 2 else f"finisher-{number}")
        async with asyncio.timeout(60):
            while await AuditEntry.filter(in_tree=None).exists():
                await finisher.run_once()
                await asyncio.sleep(0.01)
        await Lease.filter(id=LEASE).delete()
    found = await leaves()
    assert sorted(entry for _, entry, _ in found) == sorted(ids)
    assert [index for index, _, _ in found] == list(range(150 * rounds))
    edge = Edge()
    for _, _, hashed in found:
        edge.append(hashed)
    assert await tree_size() == edge.size
    assert await root_of(edge.size) == edge.root()
    assert leaf_hash(b"") not in {hashed for _, _, hashed in found}
