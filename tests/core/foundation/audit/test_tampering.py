"""Tampering is done directly in the database, at random places that a seed names; the verifier must find each one and say where."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.connection import get_connection

from core.consultations.models import TimelineEntry
from core.foundation.actor import Actor
from core.foundation.audit.anchoring import Anchorer
from core.foundation.audit.anchors import FileAnchor
from core.foundation.audit.entries import SELECTED, entry_bytes
from core.foundation.audit.findings import Finding, GivenUp, Report, What
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.models import Anchoring, AuditHead, AuditLeaf, AuditNode, AuditTree
from core.foundation.audit.recovery import recover
from core.foundation.audit.sequencer import LEASE, Sequencer
from core.foundation.audit.tree import leaf_hash
from core.foundation.audit.verify import verify
from core.foundation.ids import lowest_id
from core.foundation.models import AuditEntry, AuditSubject, Lease, OutboxEvent
from core.foundation.practice import Practice
from core.foundation.work import shown_digest
from tests.core.foundation.audit.stage import grow, new_keys, write_entries
from tests.support.reports import TOLD

pytestmark = pytest.mark.storage

ROUNDS = 100 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 4
"""Of each kind of tampering; 100 of each at full scale. `test_a_hundred_of_a_hundred` makes at least a hundred in all."""
MADE, FOUND = Counter[str](), Counter[str]()


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    """How often tampering was found is told at the end of the run."""
    yield
    kinds = ", ".join(f"{kind} {FOUND[kind]} of {made}" for kind, made in MADE.items())
    TOLD.append(f"audit: tampering was found {FOUND.total()} of {MADE.total()} times ({kinds})")


@dataclass
class Log:
    """An anchored audit: ``ids`` in the order of their leaves, heads signed at several sizes on the way."""

    practice: Practice
    keys: HeadKeys
    anchor: FileAnchor
    ids: list[str]

    async def verify(self) -> Report:
        return await verify(self.keys.public, self.keys.log_id, [self.anchor], former=self.keys.former)

    async def anchored(self) -> None:
        await Anchorer(self.practice, self.keys, [self.anchor], _silent).run_once()

    async def more(self, count: int) -> None:
        self.ids += await grow(self.practice, count)
        await self.anchored()


async def _silent(kind: str, anchor: str) -> None:
    """Nobody is told here."""


async def remember_all(log: Log) -> Callable[[], Awaitable[None]]:
    """What undoes everything since: in the database, in the keys' file, at the anchor."""
    snapshot, keys = await remember(), log.keys
    folder = log.anchor._folder
    files = {path: path.read_bytes() for path in (*folder.iterdir(), folder.parent / "audit.key")}

    async def undo() -> None:
        await restore(snapshot)
        log.keys = keys
        for path in {*folder.iterdir()} - files.keys():
            path.unlink()
        for path, content in files.items():
            path.write_bytes(content)

    return undo


async def open_log(practice: Practice, folder: Path, sizes: tuple[int, ...] = (9, 30, 14, 8)) -> Log:
    log = Log(practice, new_keys(folder, practice), FileAnchor(folder / "anchor"), [])
    for size in sizes:
        await log.more(size)
    return log


@pytest.fixture
async def log(practice: Practice, tmp_path: Path) -> Log:
    return await open_log(practice, tmp_path / "log")


Snapshot = dict[type[Any], list[dict[str, Any]]]
TABLES: tuple[type[Any], ...] = (AuditEntry, AuditSubject, AuditLeaf, AuditNode, AuditTree, AuditHead, Anchoring, OutboxEvent, TimelineEntry)


async def remember() -> Snapshot:
    return {table: await table.all().values() for table in TABLES}


async def restore(snapshot: Snapshot) -> None:
    for table, rows in snapshot.items():
        await table.all().delete()
        await table.bulk_create([table(**row) for row in rows])


async def entry_hash(entry_id: str) -> bytes:
    rows = await get_connection("practice").execute_query_dict(
        f"SELECT {SELECTED} FROM audit_entry e WHERE e.id = '{entry_id}'"  # noqa: S608 - an id made here
    )
    return leaf_hash(entry_bytes(list(rows[0].values())))


async def rebuild(log: Log, rng: random.Random, order: list[str] | None = None) -> None:
    """What somebody does who has the database whole: the tree over what he wants to have been."""
    await AuditLeaf.all().delete()
    await AuditNode.all().delete()
    await AuditTree.all().delete()
    await Lease.filter(id=LEASE).delete()
    await AuditEntry.all().update(in_tree=None)
    await Sequencer(log.practice, "one").run_once()


# Each way of tampering: does it, and gives what must be among the findings.
Tampering = Callable[[Log, random.Random], Awaitable[Callable[[Finding], bool]]]


async def edit(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    index = rng.randrange(len(log.ids))
    column, value = rng.choice((
        ("account_id", "somebody-else"), ("outcome", "access.denied"), ("subject_id", "another"), ("detail", {"consultation_id": "another"}),
        ("action", "test.nothing"), ("reason", "emergency"), ("session_id", "another"), ("relation", "any"), ("address", "10.0.0.0/24"),
    ))  # fmt: skip
    await AuditEntry.filter(id=log.ids[index]).update(**{column: value})
    return lambda one: (one.what, one.leaf, one.entry_id) == (What.ENTRY_EDITED, index, log.ids[index])


async def delete(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    index = rng.randrange(len(log.ids))
    await AuditEntry.filter(id=log.ids[index]).delete()
    return lambda one: (one.what, one.leaf, one.entry_id) == (What.ENTRY_REMOVED, index, log.ids[index])


async def delete_with_leaf(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    index = rng.randrange(len(log.ids))
    await AuditEntry.filter(id=log.ids[index]).delete()
    await AuditLeaf.filter(leaf_index=index).delete()
    return lambda one: one.what is What.LEAF_REMOVED and one.leaf is not None and one.leaf <= index < (one.upto or one.leaf + 1)


async def delete_leaf(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    index = rng.randrange(len(log.ids))
    await AuditLeaf.filter(leaf_index=index).delete()
    return lambda one: (one.what, one.entry_id) == (What.ENTRY_OUTSIDE, log.ids[index])


async def reorder(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    first, second = sorted(rng.sample(range(len(log.ids)), 2))
    await _exchange(log, first, second)
    last = len(log.ids) // 16 * 16
    if first < last <= second:  # across the end of the last whole block: the whole one is named, the rest by the heads over it
        return lambda one: one.leaf is not None and one.leaf <= first < (one.upto or 0)
    return lambda one: (one.what, one.leaf, one.upto, one.entry_id, one.other_id) == (
        What.REORDERED, first, second, log.ids[second], log.ids[first],
    )  # fmt: skip


async def _exchange(log: Log, first: int, second: int) -> None:
    rows = {row.leaf_index: row for row in await AuditLeaf.filter(leaf_index__in=[first, second])}
    await AuditLeaf.filter(leaf_index__in=[first, second]).delete()
    for index, row in ((first, rows[second]), (second, rows[first])):
        await AuditLeaf.create(leaf_index=index, entry_id=row.entry_id, hash=bytes(row.hash))


async def edit_with_leaf(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    index = rng.randrange(len(log.ids))
    await AuditEntry.filter(id=log.ids[index]).update(account_id="somebody-else")
    await AuditLeaf.filter(leaf_index=index).update(hash=await entry_hash(log.ids[index]))
    return lambda one: (
        one.what in (What.LEAF_ALTERED, What.HISTORY_REWRITTEN) and one.leaf is not None and one.upto is not None and one.leaf <= index < one.upto
    )


async def alter_node(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    row = rng.choice(await AuditNode.all())
    await AuditNode.filter(place=row.place).update(hash=rng.randbytes(32))
    block = (row.place & (2**48 - 1)) * 16
    return lambda one: (one.what, one.leaf) == (What.NODE_ALTERED, block)


async def cut_tail(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """Everything of the last entries goes: entries, leaves, nodes, heads, the size. What the anchor holds stays."""
    kept = rng.randrange(len(log.ids))
    await AuditEntry.filter(id__in=log.ids[kept:]).delete()
    await AuditLeaf.filter(leaf_index__gte=kept).delete()
    for row in await AuditNode.all():
        level, index = row.place >> 48, row.place & (2**48 - 1)
        if (index + 1) << level > kept:
            await row.delete()
    await AuditTree.filter(id=1).update(size=kept)
    await AuditHead.filter(tree_size__gt=kept).delete()
    await Anchoring.all().update(tree_size=kept)
    return lambda one: (one.what, one.leaf, one.upto, one.seen_by) == (What.TAIL_CUT, kept, len(log.ids), "file")


async def rewrite(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """One entry is changed and the whole tree built anew over it; heads as they were."""
    index = rng.randrange(len(log.ids))
    await AuditEntry.filter(id=log.ids[index]).update(subject_id="another")
    await rebuild(log, rng)
    return lambda one: one.what is What.HISTORY_REWRITTEN and one.leaf is not None and one.upto is not None and one.leaf <= index < one.upto


async def rewrite_with_heads(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """As before, and the database's heads are made anew with the true key, as the operator himself could."""
    index = rng.randrange(len(log.ids))
    heads = await AuditHead.all().order_by("tree_size")
    await AuditEntry.filter(id=log.ids[index]).update(subject_id="another")
    await rebuild(log, rng)
    from core.foundation.audit.store import root_of

    for row in heads:
        head = log.keys.sign(row.tree_size, await root_of(row.tree_size), row.at)
        await AuditHead.filter(tree_size=row.tree_size).update(root=head.root, signature=head.signature)
    return lambda one: (
        (one.what, one.seen_by) == (What.HISTORY_REWRITTEN, "file")
        and one.leaf is not None and one.upto is not None and one.leaf <= index < one.upto
    )  # fmt: skip


async def forge_head(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    row = rng.choice(await AuditHead.all())
    await AuditHead.filter(tree_size=row.tree_size).update(root=rng.randbytes(32))
    return lambda one: (one.what, one.upto) == (What.HEAD_FORGED, row.tree_size)


async def remove_head(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    row = rng.choice(await AuditHead.all())
    await AuditHead.filter(tree_size=row.tree_size).delete()
    return lambda one: (one.what, one.upto, one.seen_by) == (What.HEAD_REMOVED, row.tree_size, "file")


async def add(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    (new,) = await write_entries(log.practice, 1)
    await AuditEntry.filter(id=new).update(in_tree=True)
    return lambda one: (one.what, one.entry_id) == (What.ENTRY_OUTSIDE, new)


async def alter_shown(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """Who stood in a list that somebody read is said to be others, fewer or more."""
    (new,) = await write_entries(log.practice, 1)
    shown = [log.practice.ids.new() for _ in range(3)]
    await AuditEntry.filter(id=new).update(detail={"patients": "3", "shown": shown_digest(shown)})
    lines = [AuditSubject(id=log.practice.ids.new(), entry_id=new, patient_id=one) for one in shown]
    await AuditSubject.bulk_create(lines)
    await Sequencer(log.practice, "one").run_once()
    await log.anchored()
    assert (await log.verify()).clean
    touched = new
    way = rng.randrange(4)
    if way == 0:
        await AuditSubject.filter(id=rng.choice(lines).id).update(patient_id=log.practice.ids.new())
    elif way == 1:
        await AuditSubject.filter(id=rng.choice(lines).id).delete()
    elif way == 2:
        await AuditSubject.filter(entry_id=new).delete()
    else:
        touched = rng.choice(log.ids)
        await AuditSubject.create(id=log.practice.ids.new(), entry_id=touched, patient_id=shown[0])
    return lambda one: (one.what, one.entry_id) == (What.SHOWN_ALTERED, touched)


async def begin_anew(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """Everything is thrown away, the keys too, and another history is written and anchored at the same place."""
    old = log.keys.log_id
    for table in TABLES:
        await table.all().delete()
    path = log.anchor._folder.parent / "audit.key"
    path.unlink()
    log.keys = HeadKeys.create(path, log.practice.ids.new())
    if rng.random() < 0.5:  # the keys' file calls the old log a former one
        log.keys.former[old] = 0
    await grow(log.practice, rng.randrange(1, 90))
    await log.anchored()
    told = log.keys.former  # who calls it his own is measured by its heads, which no key of his signed
    return lambda one: (one.what, one.seen_by) == (What.ANCHOR_DAMAGED, "file") if told else (one.what, one.row) == (What.LOG_ABANDONED, old)


async def call_it_a_loss(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """The tail is cut, and the keys' file says that a backup was restored: nothing in the tree says so."""
    await cut_tail(log, rng)
    kept = await AuditLeaf.all().count()
    await Anchoring.all().delete()
    log.keys = log.keys.begun_anew(log.anchor._folder.parent / "audit.key", log.practice.ids.new(), kept)
    if kept and rng.random() < 0.5:
        await grow(log.practice, 3)
        kept += 3
        await log.anchored()
    return lambda one: one.what in (What.TAIL_CUT, What.HISTORY_REWRITTEN) and one.upto is not None and one.upto > kept - 4 and one.seen_by == "file"


async def backdate(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """An entry of long ago is written now, and taken into the tree as if it had waited."""
    (new,) = await write_entries(log.practice, 1)
    long_ago = log.practice.clock.real_now() - timedelta(days=rng.randrange(1, 400))
    forged = rng.choice(({"real_at": long_ago}, {"at": long_ago}, {"id": lowest_id(long_ago)}, {"at": long_ago, "real_at": long_ago}))
    await AuditEntry.filter(id=new).delete()
    row = AuditEntry(**{**_VALUES, "id": new, "at": log.practice.clock.now(), "real_at": log.practice.clock.real_now(), **forged})
    await row.save(force_create=True)
    await grow(log.practice, 3)
    await log.anchored()
    return lambda one: (one.what, one.entry_id) == (What.ENTRY_BACKDATED, row.id)


_VALUES = {
    "account_id": "account-1", "role": "expert", "relation": "assigned_expert", "channel": "api", "action": "consultations.case", "outcome": "done",
    "subject_kind": "patient", "subject_id": "patient-1",
}  # fmt: skip


async def postdate(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """An entry of a later day is written now, so that on that day it looks like one of them."""
    later = log.practice.clock.real_now() + timedelta(days=rng.randrange(1, 400))
    forged = rng.choice(({"real_at": later, "at": later}, {"id": lowest_id(later)}))
    now = log.practice.clock.real_now()
    row = AuditEntry(**{**_VALUES, "id": log.practice.ids.new(), "at": now, "real_at": now, **forged})
    await row.save(force_create=True)
    await grow(log.practice, 3)
    await log.anchored()
    return lambda one: (one.what, one.entry_id) == (What.ENTRY_POSTDATED, row.id)


async def set_the_clock_back(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """The machine's clock is set back, so that an entry of long ago comes in behind a head of long ago."""
    clock: Any = log.practice.clock
    now = clock.time
    try:
        clock.advance(days=-rng.randrange(1, 400))
        await Lease.filter(id=LEASE).delete()
        await grow(log.practice, 2)
        await log.anchored()
        (entry,) = await grow(log.practice, 1)
        await log.anchored()
    finally:
        clock.time = now
    expected = rng.choice((lambda one: (one.what, one.upto) == (What.CLOCK_SET_BACK, len(log.ids) + 2),
                           lambda one: (one.what, one.entry_id) == (What.ENTRY_BACKDATED, entry)))  # fmt: skip
    return expected


async def truncate_anchor(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    path = log.anchor._folder / f"{log.keys.log_id}.heads"
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) - 1)])
    return lambda one: (one.what, one.upto, one.seen_by) == (What.ANCHOR_LOST, len(log.ids), "file")


async def swap_anchor(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """Another house's heads lie where ours lay."""
    other = HeadKeys.new(log.practice.ids.new())
    path = log.anchor._folder / f"{log.keys.log_id}.heads"
    if rng.random() < 0.5:
        path.unlink()
    await log.anchor.put(other.sign(500, rng.randbytes(32), 1))
    return lambda one: (one.what, one.row, one.upto) == (What.LOG_ABANDONED, other.log_id, 500)


async def fork(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """With the true key another head over as many leaves is given to the anchor: what it holds disagrees with itself."""
    size = rng.choice([row.tree_size for row in await AuditHead.all()])
    await log.anchor.put(log.keys.sign(size, rng.randbytes(32), 1))
    return lambda one: (one.what, one.upto, one.seen_by) == (What.HISTORY_REWRITTEN, size, "file")


async def blank_entry_ids(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    """Rows of an act that has no entry: and no row of the table, or none up to there, names any entry."""
    now = log.practice.clock.real_now()
    new = log.practice.ids.new
    table: Any = rng.choice((OutboxEvent, TimelineEntry))
    if table is OutboxEvent:
        made = [{"topic": "case.changed", "lane": "send", "body": {}, "created_at": now, "claimed_until": now}] * 3
    else:
        case = {"consultation_id": new(), "at": now, "kind": "assigned", "account_id": "account-1", "role": "expert"}
        made = [{**case, "sequence": number} for number in range(3)]
    rows = [await table.create(id=new(), entry_id=log.ids[0], **values) for values in made]
    until = rng.choice((0, 1, 2))
    await table.filter(id__in=[row.id for row in rows[: until + 1]]).update(entry_id=None)
    what = "case.changed" if table is OutboxEvent else "assigned"
    return lambda one: (one.what, one.row) == (What.ACT_WITHOUT_ENTRY, f"{table._meta.db_table}:{rows[until].id}:{what}")


async def act_without_entry(log: Log, rng: random.Random) -> Callable[[Finding], bool]:
    now = log.practice.clock.real_now()
    rows = [
        await OutboxEvent.create(
            id=log.practice.ids.new(), topic="case.changed", lane="send", body={}, entry_id=entry, created_at=now, claimed_until=now
        )
        for entry in (log.ids[0], "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    ]
    return lambda one: (one.what, one.row) == (What.ACT_WITHOUT_ENTRY, f"outbox_event:{rows[1].id}:case.changed")


EDITS: tuple[Tampering, ...] = (edit, delete, reorder, cut_tail)
OTHERS: tuple[Tampering, ...] = (
    alter_shown, delete_with_leaf, delete_leaf, edit_with_leaf, alter_node, rewrite, rewrite_with_heads, forge_head, remove_head, add,
    act_without_entry, begin_anew, call_it_a_loss, backdate, postdate, set_the_clock_back, truncate_anchor, swap_anchor, fork, blank_entry_ids,
)  # fmt: skip


async def test_an_untouched_audit_is_clean(log: Log) -> None:
    report = await log.verify()
    assert report.clean, report.findings
    assert (report.size, report.heads, report.anchored) == (61, 4, {"file": 4})
    assert report.unprotected == 0
    await grow(log.practice, 5)
    await write_entries(log.practice, 2)
    report = await log.verify()
    assert report.clean, report.findings
    assert (report.size, report.waiting, report.anchored_size, report.unprotected) == (66, 2, 61, 7)
    TOLD.append(f"audit: unprotected window: the {report.unprotected} of {report.size + report.waiting} entries after the last anchored head")


async def test_a_hundred_of_a_hundred(log: Log) -> None:
    """At least twenty-five each: an entry edited, deleted, re-ordered, the tail cut, directly in the database."""
    snapshot = await remember()
    for number in range(max(100, 4 * ROUNDS)):
        await _found(log, EDITS[number % 4], number)
        await restore(snapshot)
    assert (await log.verify()).clean


@pytest.mark.parametrize("tampering", OTHERS, ids=lambda one: one.__name__)
async def test_everything_else_is_found_too(log: Log, tampering: Tampering) -> None:
    undo = await remember_all(log)
    for number in range(ROUNDS):
        await _found(log, tampering, number)
        await undo()
    assert (await log.verify()).clean


async def _found(log: Log, tampering: Tampering, number: int) -> None:
    MADE[tampering.__name__] += 1
    expected = await tampering(log, random.Random(f"{tampering.__name__}:{number}"))
    report = await log.verify()
    assert any(expected(one) for one in report.findings), (tampering.__name__, number, report.findings)
    FOUND[tampering.__name__] += 1


async def test_rows_from_before_the_log_need_name_no_entry(log: Log) -> None:
    """A house that was there before its acts named their entries: by the earliest head that is signed, not by the rows."""
    assert (await log.verify()).begun_at == int(log.practice.clock.real_now().timestamp() * 1000)
    before = log.practice.clock.real_now() - timedelta(seconds=1)
    for entry_id in (None, log.ids[0], "01ARZ3NDEKTSV4RRFFQ69G5FAV"):
        new = lowest_id(before)[:10] + log.practice.ids.new()[10:]
        await OutboxEvent.create(id=new, topic="case.changed", lane="send", body={}, entry_id=entry_id, created_at=before, claimed_until=before)
    assert [(one.what, one.entry_id) for one in (await log.verify()).findings] == [(What.ACT_WITHOUT_ENTRY, "01ARZ3NDEKTSV4RRFFQ69G5FAV")]


async def test_what_waited_long_is_in_the_tree_before_a_head_says_so(log: Log) -> None:
    """The house stood still with entries that waited: none of them is called a later addition, and nothing is signed before they are in."""
    clock: Any = log.practice.clock
    late = await write_entries(log.practice, 5)
    clock.advance(days=2)
    await log.anchored()
    assert (await log.verify()).heads == 4
    await Lease.filter(id=LEASE).delete()
    await log.more(1)
    report = await log.verify()
    assert (report.clean, report.heads, report.anchored_size) == (True, 5, 67), report.findings
    assert late[0] in {leaf.entry_id for leaf in await AuditLeaf.filter(leaf_index__gte=61)}


async def test_a_declared_loss_is_believed_only_as_a_leaf(log: Log, tmp_path: Path) -> None:
    practice, path, old = log.practice, tmp_path / "log" / "audit.key", log.keys
    kept = 20
    undo = await remember_all(log)
    await AuditEntry.filter(id__in=log.ids[kept:]).delete()
    await rebuild(log, random.Random(1))
    await AuditHead.filter(tree_size__gt=kept).delete()
    await Lease.filter(id=LEASE).delete()
    log.keys = await recover(practice, Actor.system("operator"), log.keys, path, practice.ids.new(), kept)
    report = await log.verify()
    assert (report.clean, report.given_up) == (True, {old.log_id: GivenUp(kept, 41)}), report.findings
    # Once more: what was left of the first log grows less, and both losses stay told.
    await Lease.filter(id=LEASE).delete()
    await grow(practice, 9)
    await log.anchored()
    second = log.keys
    await AuditEntry.filter(id__in=[one.entry_id for one in await AuditLeaf.filter(leaf_index__gte=15)]).delete()
    await rebuild(log, random.Random(1))
    await AuditHead.filter(tree_size__gt=15).delete()
    await Lease.filter(id=LEASE).delete()
    assert not (await log.verify()).clean
    log.keys = await recover(practice, Actor.system("operator"), log.keys, path, practice.ids.new(), 15)
    report = await log.verify()
    assert (report.clean, report.given_up) == (True, {old.log_id: GivenUp(15, 46), second.log_id: GivenUp(15, 15)}), report.findings
    # Whoever takes the declaration out of the tree takes the loss's excuse.
    await AuditEntry.filter(action="audit.recover").delete()
    found = {one.what for one in (await log.verify()).findings}
    assert {What.ENTRY_REMOVED, What.TAIL_CUT} <= found
    await undo()


async def test_who_knows_the_log_by_its_id_sees_that_it_is_another(log: Log) -> None:
    async def asked(*known: str) -> list[Finding]:
        return (await verify(log.keys.public, log.keys.log_id, [log.anchor], known=known)).findings

    assert await asked(log.keys.log_id) == []
    assert await asked("01ARZ3NDEKTSV4RRFFQ69G5FAV") == [Finding(What.LOG_UNKNOWN, row="01ARZ3NDEKTSV4RRFFQ69G5FAV")]


async def test_of_two_anchors_that_disagree_the_wrong_one_is_named(log: Log, tmp_path: Path) -> None:
    """With the true key a rewritten history is signed and taken to one of them; the other cannot be reached."""
    other = FileAnchor(tmp_path / "other")
    other.name = "other"
    for row in await AuditHead.all():
        await other.put(log.keys.sign(row.tree_size, b"f" * 32, row.at))
    report = await verify(log.keys.public, log.keys.log_id, [other, log.anchor])
    told = {(one.what, one.leaf, one.upto, one.seen_by) for one in report.findings if one.what is not What.HEAD_REMOVED}
    assert told == {(What.HISTORY_REWRITTEN, 0, 9, "other")}
    await rewrite_with_heads(log, random.Random(4))
    report = await verify(log.keys.public, log.keys.log_id, [other, log.anchor])
    assert {one.seen_by for one in report.findings if one.what is What.HISTORY_REWRITTEN} == {"other", "file"}


async def test_an_anchor_that_holds_nothing_of_the_log_is_told(log: Log, tmp_path: Path) -> None:
    await Anchoring.all().delete()
    report = await verify(log.keys.public, log.keys.log_id, [FileAnchor(tmp_path / "other")])
    assert (report.clean, report.without) == (True, ["file"])


async def test_several_at_once_are_all_named(practice: Practice, tmp_path: Path) -> None:
    log = await open_log(practice, tmp_path / "log", (70, 90, 40))
    await AuditEntry.filter(id=log.ids[3]).update(outcome="access.denied")
    await AuditEntry.filter(id=log.ids[5]).update(account_id="somebody-else")
    await AuditLeaf.filter(leaf_index=5).update(hash=await entry_hash(log.ids[5]))
    await AuditEntry.filter(id=log.ids[100]).delete()
    await _exchange(log, 40, 130)
    found = {(one.what, one.leaf, one.upto) for one in (await log.verify()).findings}
    assert found == {
        (What.ENTRY_EDITED, 3, None), (What.LEAF_ALTERED, 0, 16), (What.ENTRY_REMOVED, 100, None), (What.REORDERED, 40, 130),
    }  # fmt: skip


async def test_more_than_a_page(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.foundation.audit.verify.PAGE", 64)
    log = await open_log(practice, tmp_path / "log", (300, 250, 77))
    assert (await log.verify()).clean
    await AuditNode.filter(place=(8 << 48) | 1).update(hash=b"?" * 32)
    await AuditEntry.filter(id=log.ids[600]).update(outcome="x")
    found = {(one.what, one.leaf, one.upto) for one in (await log.verify()).findings}
    assert found == {(What.NODE_ALTERED, 256, 512), (What.ENTRY_EDITED, 600, None)}
    done: list[tuple[int, int]] = []
    await verify(log.keys.public, log.keys.log_id, [], progress=lambda one, whole: done.append((one, whole)))
    assert done[-1] == (627, 627)


async def test_a_head_of_a_stranger_counts_nothing(log: Log, tmp_path: Path, practice: Practice) -> None:
    stranger = HeadKeys.create(tmp_path / "stranger.key", log.keys.log_id)
    head = stranger.sign(61, b"x" * 32, 0)
    await log.anchor.put(head)
    await AuditHead.create(tree_size=60, log_id=head.log_id, root=head.root, at=0, key_id=head.key_id, signature=head.signature)
    found = {(one.what, one.upto, one.seen_by) for one in (await log.verify()).findings}
    assert found == {(What.HEAD_FORGED, 60, "database"), (What.ANCHOR_DAMAGED, None, "file")}


async def test_an_anchor_that_lost_its_heads_is_told(log: Log, tmp_path: Path) -> None:
    (tmp_path / "log" / "anchor" / f"{log.keys.log_id}.heads").unlink()
    assert {(one.what, one.seen_by) for one in (await log.verify()).findings} == {(What.ANCHOR_LOST, "file")}
