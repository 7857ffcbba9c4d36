"""Verification: everything is computed again from the entries' rows and compared with leaves, tree, signed heads and anchors.

It may run while the practice works: anchors and heads are read first, then the tree up to the size it has by then. Evidence is weighed from the
outside in: an anchored head is believed before one of the database, that before the tree's inner nodes, those before leaves, leaves before
entries. So a finding names the narrowest place that the evidence outside what was tampered with still tells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.connection import get_connection

from core.foundation.audit.anchoring import head_of
from core.foundation.audit.anchors import Anchor, AnchorFailed
from core.foundation.audit.entries import SELECTED, entry_bytes
from core.foundation.audit.exchanges import exchanged_leaves
from core.foundation.audit.findings import Finding, Report, What
from core.foundation.audit.heads import SignedHead, is_signed_by
from core.foundation.audit.links import Link, links
from core.foundation.audit.models import Anchoring, AuditHead, AuditLeaf, AuditNode
from core.foundation.audit.store import STEP, is_kept, place, tree_size
from core.foundation.audit.tree import Edge, complete, leaf_hash
from core.foundation.database.connection import PRACTICE, dialect
from core.foundation.models import AuditEntry

PAGE = 4096
"""Leaves read at once; a multiple of the blocks over which nodes are kept."""
BLOCK = 1 << STEP
GONE = bytes(32)
"""Stands for the hash of a leaf that is not there: no leaf has it."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Claim:
    """A head with who holds it."""

    head: SignedHead
    seen_by: str


async def verify(
    keys: Mapping[str, bytes], log_id: str, anchors: Sequence[Anchor] = (), *, former: Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> Report:
    """The report on the practice's audit. ``keys``: the log's public keys by id; ``progress`` gets leaves done and leaves in all.

    ``former``: logs given up when a backup was restored, with the leaves that were left: up to there their heads count like the log's own.
    """  # fmt: skip
    report = Report()
    logs = {**(former or {}), log_id: None}
    claims = await _anchored(report, keys, logs, anchors)
    claims += await _own_heads(report, keys, logs, claims)
    await _measure(report)
    walk = _Walk(report, claims, progress or (lambda done, whole: None))
    await walk.run()
    await _outside(report)
    for link in links():
        await _complete(report, link)
    report.findings.sort(key=lambda one: (one.leaf is None, one.leaf or 0, one.what.value))
    return report


async def _measure(report: Report) -> None:
    """How many leaves there are to check. The last leaf is read before the size: what is appended meanwhile is no finding."""
    last = await AuditLeaf.all().order_by("-leaf_index").first()
    leaves = 0 if last is None else last.leaf_index + 1
    size = await tree_size()
    if leaves > size:
        report.findings.append(Finding(What.TAIL_CUT, size, leaves))
    after = await AuditLeaf.filter(leaf_index__gte=leaves, leaf_index__lt=size).count()
    if size > leaves + after:
        report.findings.append(Finding(What.LEAF_REMOVED, leaves + after, size))
    report.size = min(size, leaves + after)


Logs = Mapping[str, int | None]
"""The log by its id (None), and former ones with the leaves that are left of each."""


async def _anchored(report: Report, keys: Mapping[str, bytes], logs: Logs, anchors: Sequence[Anchor]) -> list[_Claim]:
    claims = []
    rows = {row.id: row for row in await Anchoring.all()}
    for anchor in anchors:
        good: list[SignedHead] = []
        bad = 0
        try:
            for log_id, left in logs.items():
                kept = await anchor.kept(log_id)
                right = [head for head in kept.heads if head.log_id == log_id and is_signed_by(head, keys)]
                bad += kept.damaged + len(kept.heads) - len(right)
                good += _still_there(report, log_id, left, right)
        except AnchorFailed as error:
            report.unasked[anchor.name] = f"{type(error).__name__}:{error.args[0] if error.args else ''}"
            continue
        report.anchored[anchor.name] = len(good)
        claims += [_Claim(head, anchor.name) for head in good]
        if bad:
            report.findings.append(Finding(What.ANCHOR_DAMAGED, seen_by=anchor.name, row=str(bad)))
        row = rows.get(anchor.name)
        if row is not None and row.tree_size > max((head.tree_size for head in good), default=0):
            report.findings.append(Finding(What.ANCHOR_LOST, upto=row.tree_size, seen_by=anchor.name))
    return claims


def _still_there(report: Report, log_id: str, left: int | None, heads: list[SignedHead]) -> list[SignedHead]:
    """The heads that the tree must still agree with; what those of a former log tell beyond what is left of it is told by itself."""
    if left is None:
        return heads
    most = max((head.tree_size for head in heads), default=0)
    report.given_up[log_id] = max(report.given_up.get(log_id, 0), most - left, 0)
    return [head for head in heads if head.tree_size <= left]


async def _own_heads(report: Report, keys: Mapping[str, bytes], logs: Logs, anchored: Sequence[_Claim]) -> list[_Claim]:
    claims = []
    known: set[tuple[int, bytes]] = set()
    async for row in _all_heads():
        head = head_of(row)
        report.heads += 1
        known.add((head.tree_size, head.root))
        if head.log_id in logs and is_signed_by(head, keys):
            claims.append(_Claim(head, "database"))
        else:
            report.findings.append(Finding(What.HEAD_FORGED, upto=head.tree_size))
    missed = {(one.head.tree_size, one.head.root): one for one in anchored if (one.head.tree_size, one.head.root) not in known}
    for (size, _), claim in sorted(missed.items()):
        report.findings.append(Finding(What.HEAD_REMOVED, upto=size, seen_by=claim.seen_by))
    return claims


async def _all_heads() -> Any:
    after = 0
    while rows := await AuditHead.filter(tree_size__gt=after).order_by("tree_size").limit(PAGE):
        for row in rows:
            yield row
        after = rows[-1].tree_size


class _Walk:
    """Once over the leaves, from the first to the last, by blocks of sixteen."""

    def __init__(self, report: Report, claims: Iterable[_Claim], progress: Progress) -> None:
        self._report = report
        self._progress = progress
        # Two trees grow: one over the leaves as they are, one that trusts the inner nodes where leaves and nodes disagree.
        self._leaves = Edge()
        self._nodes = Edge()
        self._claims = deque(sorted(claims, key=lambda one: one.head.tree_size))
        self._good = {claim.seen_by: 0 for claim in self._claims}
        self._wrong: set[str] = set()
        self._broken: dict[int, tuple[list[bytes], bytes]] = {}
        self._altered: dict[int, tuple[list[bytes], bytes]] = {}
        self._ids: dict[int, str] = {}
        self._edited: dict[int, bytes] = {}

    async def run(self) -> None:
        size = self._report.size
        for start in range(0, size, PAGE):
            await self._page(start, min(start + PAGE, size))
            self._progress(min(start + PAGE, size), size)
        for claim in self._claims:  # what is left stands over more leaves than there are
            if claim.head.tree_size > size and claim.seen_by not in self._wrong:
                last = max(one.head.tree_size for one in self._claims if one.seen_by == claim.seen_by)
                self._found(Finding(What.TAIL_CUT, size, last, seen_by=claim.seen_by))
                self._wrong.add(claim.seen_by)
        self._explain_broken()

    async def _page(self, start: int, end: int) -> None:
        hashes = [GONE] * (end - start)
        ids = [""] * (end - start)
        for row in await _rows(
            f"SELECT l.leaf_index, l.entry_id, l.hash, {SELECTED} FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id"  # noqa: S608
            " WHERE l.leaf_index >= {0} AND l.leaf_index < {0} ORDER BY l.leaf_index", [start, end],
        ):  # fmt: skip
            index, entry_id, hashed = row[0], row[1], bytes(row[2])
            hashes[index - start] = hashed
            ids[index - start] = entry_id
            if row[3] is None:
                self._found(Finding(What.ENTRY_REMOVED, index, entry_id=entry_id))
            elif (own := leaf_hash(entry_bytes(row[3:]))) != hashed:
                self._edited[index] = own
                self._found(Finding(What.ENTRY_EDITED, index, entry_id=entry_id))
        for number, entry_id in enumerate(ids):
            if not entry_id:
                self._found(Finding(What.LEAF_REMOVED, start + number))
        kept = await _kept_nodes(start, end)
        for offset in range(0, end - start, BLOCK):
            self._block(start + offset, hashes[offset : offset + BLOCK], ids[offset : offset + BLOCK], kept)

    def _block(self, start: int, hashes: list[bytes], ids: list[str], kept: dict[int, bytes]) -> None:
        end = start + len(hashes)
        computed = complete(hashes) if len(hashes) == BLOCK else GONE  # the unfinished block at the end has no node yet
        stored = kept.get(place(STEP, start >> STEP), computed)
        while self._claims and (self._claims[0].head.tree_size < end or (len(hashes) < BLOCK and self._claims[0].head.tree_size == end)):
            claim = self._claims.popleft()
            if stored == computed:  # else the block is told by itself, and the next head behind it tells the rest
                self._check(claim, start, hashes, ids)
        if len(hashes) < BLOCK:
            return
        if stored != computed:
            self._broken[start] = (hashes, stored)
            self._ids |= {start + number: entry_id for number, entry_id in enumerate(ids)}
        elif place(STEP, start >> STEP) not in kept:
            self._found(Finding(What.NODE_ALTERED, start, end))
        above = self._leaves.append(computed, STEP)
        self._nodes.append(stored, STEP)
        for (level, index), node in above:
            if is_kept(level) and kept.get(place(level, index)) != node and not self._is_broken(index << level, (index + 1) << level):
                self._found(Finding(What.NODE_ALTERED, index << level, (index + 1) << level))
        while self._claims and self._claims[0].head.tree_size == end:
            self._check(self._claims.popleft(), end, [], [])

    def _check(self, claim: _Claim, start: int, hashes: list[bytes], ids: list[str]) -> None:
        """Compare a head with the tree over its leaves: those of both edges, which end at ``start``, and the first of ``hashes``."""
        size = claim.head.tree_size
        tail = hashes[: size - start]
        if self._fits(claim.head.root, tail):
            self._good[claim.seen_by] = size
            if claim.seen_by != "database" and size >= self._report.anchored_size:
                self._report.anchored_size, self._report.anchored_at = size, claim.head.at
            return
        if claim.seen_by in self._wrong:
            return  # every head after the first wrong one is wrong for the same reason
        self._wrong.add(claim.seen_by)
        if GONE in tail:
            return  # told already: the leaf is gone
        for first in range(len(tail)):
            for second in range(first + 1, len(hashes)):
                turned = [*hashes]
                turned[first], turned[second] = hashes[second], hashes[first]
                if self._fits(claim.head.root, turned[: len(tail)]):
                    self._found(Finding(What.REORDERED, start + first, start + second, ids[first], ids[second]))
                    return
        # What the database's own heads say counts nothing against an anchor: who has the key can sign them anew.
        since = max(good for seen_by, good in self._good.items() if claim.seen_by == "database" or seen_by != "database")
        self._found(Finding(What.HISTORY_REWRITTEN, min(since, size), size, seen_by=claim.seen_by))

    def _fits(self, root: bytes, tail: Sequence[bytes]) -> bool:
        """Whether a head's root is that of either edge; it then tells which of them was right so far, and both go on from there."""
        if root == _root(self._leaves, tail):
            for start in self._broken:
                self._found(Finding(What.NODE_ALTERED, start, start + BLOCK))
            self._broken.clear()
            self._nodes = self._leaves.copy()
            return True
        if root == _root(self._nodes, tail):
            self._altered |= self._broken
            self._broken.clear()
            self._leaves = self._nodes.copy()
            return True
        return False

    def _is_broken(self, start: int, end: int) -> bool:
        return any(start <= block < end for block in (*self._broken, *self._altered))

    def _explain_broken(self) -> None:
        """Blocks whose leaves do not give their node: leaves that were exchanged are named, of the rest the block, or the one whose entry tells."""
        self._altered |= self._broken
        asked = {start: block for start, block in self._altered.items() if GONE not in block[0] and not self._mended(start, *block)}
        pairs, rest = exchanged_leaves(asked)
        for first, second in pairs:
            self._found(Finding(What.REORDERED, first, second, self._ids[first], self._ids[second]))
        for start in rest:
            self._found(Finding(What.LEAF_ALTERED, start, start + BLOCK))

    def _mended(self, start: int, hashes: list[bytes], node: bytes) -> bool:
        """Whether the entries give the node, so that it is the leaf's hash that was altered: told already, with its index."""
        return complete([self._edited.get(start + number, hashed) for number, hashed in enumerate(hashes)]) == node

    def _found(self, finding: Finding) -> None:
        if finding not in self._report.findings[-64:]:
            self._report.findings.append(finding)


def _root(edge: Edge, tail: Sequence[bytes]) -> bytes:
    grown = edge.copy()
    for leaf in tail:
        grown.append(leaf)
    return grown.root()


async def _kept_nodes(start: int, end: int) -> dict[int, bytes]:
    """The tree's rows over complete subtrees that end in this page, by place."""
    found: dict[int, bytes] = {}
    level = STEP
    while (end >> level) > 0:
        first, last = place(level, start >> level), place(level, end >> level)
        for at, node in await AuditNode.filter(place__gte=first, place__lt=last).values_list("place", "hash"):
            found[at] = bytes(node)
        level += STEP
    return found


async def _outside(report: Report) -> None:
    """Entries that wait for the tree, and entries that claim to be in it."""
    waiting = AuditEntry.filter(in_tree=None)
    report.waiting = await waiting.count()
    oldest = await waiting.order_by("id").first()
    report.oldest_waiting_at = None if oldest is None else int(oldest.real_at.timestamp() * 1000)
    after = ""
    while True:
        rows = await _rows(
            "SELECT e.id FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id"
            " WHERE e.id > {0} AND e.in_tree IS NOT NULL AND l.entry_id IS NULL ORDER BY e.id LIMIT {0}", [after, PAGE],
        )  # fmt: skip
        report.findings += [Finding(What.ENTRY_OUTSIDE, entry_id=row[0]) for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


async def _complete(report: Report, link: Link) -> None:
    """Rows of an act without its entry. Those written before there was the link are let be: they are older than the first that has one."""
    table, what = link.table, link.what  # names of our own models, never a person's
    first = await _rows(f"SELECT MIN(id) FROM {table} WHERE entry_id IS NOT NULL", [])  # noqa: S608
    since = first[0][0] if first and first[0][0] is not None else "~"
    after = ""
    while True:
        rows = await _rows(
            f"SELECT t.id, t.{what}, t.entry_id FROM {table} t LEFT JOIN audit_entry e ON e.id = t.entry_id"  # noqa: S608
            " WHERE t.id > {0} AND e.id IS NULL AND (t.entry_id IS NOT NULL OR t.id > {0}) ORDER BY t.id LIMIT {0}", [after, since, PAGE],
        )  # fmt: skip
        report.findings += [
            Finding(What.ACT_WITHOUT_ENTRY, entry_id=row[2] or "", row=f"{table}:{row[0]}:{row[1]}")
            for row in rows
            if not (row[2] is None and row[1] in link.without_act)
        ]
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


async def _rows(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    """Rows as tuples; ``{0}`` in ``statement`` becomes the dialect's placeholder."""
    mark = "?" if dialect() == "sqlite" else "%s"
    _, rows = await get_connection(PRACTICE).execute_query(statement.replace("{0}", mark), values)
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in rows]

