"""The sequencer: brings entries into the tree, one process at a time, so that the orders themselves never wait for each other there.

An entry is written by its order with ``in_tree`` null. A batch is one transaction: the lease's fence is checked (and its row taken), leaves and
nodes are written, the size moves by compare-and-set, the entries are marked. A sequencer that is killed leaves a whole batch or none; two at
once cannot both write, because fence, size and the unique leaf index each forbid it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from core.foundation.audit.entries import SELECTED, entry_bytes
from core.foundation.audit.models import AuditTree
from core.foundation.audit.store import TreeDamaged, is_kept, load_edge, place, tree_size
from core.foundation.audit.tree import Edge, leaf_hash
from core.foundation.database.connection import PRACTICE, dialect
from core.foundation.leases import take_lease
from core.foundation.models import AuditEntry, Lease

if TYPE_CHECKING:
    from core.foundation.practice import Practice

logger = logging.getLogger("huizhen.audit")

LEASE = "audit.sequencer"
LEASE_S = 10.0
BATCH = 500
"""Entries in one transaction: on SQLite nobody else writes meanwhile, so it stays at some tens of milliseconds."""

BREATH_S = 0.01
"""Between batches when many wait (the first start after an upgrade): whoever waits for the write lock gets his turn."""


class NotLeading(Exception):
    """Another sequencer has taken over, or appended first: nothing was written."""


class Sequencer:
    """``holder`` is unique among living processes. What it keeps in memory is only a copy of what the database says."""

    def __init__(self, practice: Practice, holder: str, *, batch: int = BATCH) -> None:
        self._practice = practice
        self._holder = holder
        self._batch = batch
        self._edge = Edge()

    async def run_once(self) -> int:
        """Bring in what waits; the number of new leaves. 0 when nothing waits or another one leads."""
        if not await AuditEntry.filter(in_tree=None).exists():
            return 0
        if not await take_lease(self._practice, LEASE, self._holder, LEASE_S):
            return 0
        fence = (await Lease.get(id=LEASE)).fence
        added = 0
        try:
            while count := await self.append_batch(fence):
                added += count
                if count < self._batch:
                    break
                await asyncio.sleep(BREATH_S)
        except NotLeading:
            logger.info("another sequencer leads")
        except TreeDamaged:
            logger.error("entries wait because the audit tree is damaged: run huizhen audit verify")
        return added

    async def append_batch(self, fence: int) -> int:
        """One batch in one transaction; its number of entries.

        :class:`NotLeading` unless ``fence`` is the lease's and nobody appended meanwhile; :class:`TreeDamaged` where a row of the tree was
        taken away, or lies where the next one belongs.
        """
        edge = self._edge.copy()
        try:
            async with in_transaction(PRACTICE) as connection:
                await self._check_fence(fence)
                size = await _size_for_append()
                if size != edge.size:
                    edge = await load_edge(size)
                rows = await _waiting(connection, self._batch)
                if not rows:
                    return 0
                await _append(connection, edge, rows)
                if not await AuditTree.filter(id=1, size=size).update(size=edge.size):
                    raise NotLeading
        except IntegrityError:
            # Under the fence nobody else writes here: a row lies where the next one belongs.
            raise TreeDamaged from None
        self._edge = edge
        return len(rows)

    async def _check_fence(self, fence: int) -> None:
        """Write the lease's row under the fence: whoever takes the lease waits for this transaction, and whoever has lost it stops here."""
        now = self._practice.clock.real_now()
        mine = Lease.filter(id=LEASE, holder=self._holder, fence=fence, until__gt=now)
        if not await mine.update(holder=self._holder):
            raise NotLeading


async def _size_for_append() -> int:
    if not await AuditTree.filter(id=1).exists():
        await AuditTree.create(id=1, size=0)
    return await tree_size()


async def _waiting(connection: Any, limit: int) -> list[tuple[Any, ...]]:
    mark = "?" if dialect() == "sqlite" else "%s"
    _, rows = await connection.execute_query(
        f"SELECT {SELECTED} FROM audit_entry e WHERE e.in_tree IS NULL ORDER BY e.id LIMIT {mark}",  # noqa: S608 - constants
        [limit],
    )
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in rows]


async def _append(connection: Any, edge: Edge, rows: list[tuple[Any, ...]]) -> None:
    """Leaves and kept nodes for ``rows``, except those that have a leaf already (their mark was taken away by hand): they are marked again."""
    mark = "?" if dialect() == "sqlite" else "%s"
    ids = [str(row[0]) for row in rows]
    marks = ", ".join([mark] * len(ids))
    _, leaves_there = await connection.execute_query(f"SELECT entry_id FROM audit_leaf WHERE entry_id IN ({marks})", ids)  # noqa: S608
    known = {one["entry_id"] for one in leaves_there}
    leaves: list[list[Any]] = []
    nodes: list[list[Any]] = []
    for row in rows:
        if row[0] in known:
            continue
        hashed = leaf_hash(entry_bytes(row))
        leaves.append([row[0], edge.size, hashed])
        nodes += [[place(level, index), node] for (level, index), node in edge.append(hashed) if is_kept(level)]
    if leaves:
        await connection.execute_many(f"INSERT INTO audit_leaf (entry_id, leaf_index, hash) VALUES ({mark}, {mark}, {mark})", leaves)  # noqa: S608
    if nodes:
        await connection.execute_many(f"INSERT INTO audit_node (place, hash) VALUES ({mark}, {mark})", nodes)  # noqa: S608
    await connection.execute_query(f"UPDATE audit_entry SET in_tree = 1 WHERE id IN ({marks})", ids)  # noqa: S608
