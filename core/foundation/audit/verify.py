"""Verification: everything is computed again from the entries' rows and compared with leaves, tree, signed heads and anchors.

It may run while the practice works: anchors and heads are read first, then the tree up to the size it has by then. Evidence is weighed from the
outside in: an anchored head is believed before one of the database, that before the tree's inner nodes, those before leaves, leaves before
entries. So a finding names the narrowest place that the evidence outside what was tampered with still tells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from core.foundation.audit.anchors import Anchor
from core.foundation.audit.claims import Claim, gather
from core.foundation.audit.completeness import find_missing, rows_of
from core.foundation.audit.entries import COLUMNS, SELECTED, entry_bytes
from core.foundation.audit.exchanges import exchanged_leaves
from core.foundation.audit.findings import Finding, Report, What
from core.foundation.audit.models import AuditLeaf, AuditNode
from core.foundation.audit.store import STEP, is_kept, place, tree_size
from core.foundation.audit.times import Bounds
from core.foundation.audit.tree import Edge, complete, leaf_hash

PAGE = 4096
"""Leaves read at once; a multiple of the blocks over which nodes are kept."""
BLOCK = 1 << STEP
GONE = bytes(32)
"""Stands for the hash of a leaf that is not there: no leaf has it."""

_AT, _REAL_AT = COLUMNS.index("at"), COLUMNS.index("real_at")

Progress = Callable[[int, int], None]


async def verify(
    keys: Mapping[str, bytes], log_id: str, anchors: Sequence[Anchor] = (), *, former: Collection[str] = (), known: Collection[str] = (),
    progress: Progress | None = None,
) -> Report:
    """The report on the practice's audit. ``keys``: the log's public keys by id; ``progress`` gets leaves done and leaves in all.

    ``former``: logs that the keys' file calls former; counted as such where the tree says so. ``known``: logs by which whoever asks knows this
    house.
    """  # fmt: skip
    report = Report()
    claims = await gather(report, keys, log_id, anchors, former=former, known=known)
    await _measure(report)
    walk = _Walk(report, claims, progress or (lambda done, whole: None))
    await walk.run()
    await find_missing(report)
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


class _Walk:
    """Once over the leaves, from the first to the last, by blocks of sixteen."""

    def __init__(self, report: Report, claims: Iterable[Claim], progress: Progress) -> None:
        self._report = report
        self._progress = progress
        # Two trees grow: one over the leaves as they are, one that trusts the inner nodes where leaves and nodes disagree.
        self._leaves = Edge()
        self._nodes = Edge()
        self._claims = deque(sorted(claims, key=lambda one: one.head.tree_size))
        self._bounds = Bounds(claim.head for claim in self._claims)
        report.begun_at = self._bounds.first
        for set_back in self._bounds.set_back:
            self._found(Finding(What.CLOCK_SET_BACK, upto=set_back))
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
        for row in await rows_of(
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
            elif self._bounds.too_early(index, entry_id, row[3 + _AT], row[3 + _REAL_AT]):
                self._found(Finding(What.ENTRY_BACKDATED, index, entry_id=entry_id))
            elif self._bounds.too_late(entry_id, row[3 + _REAL_AT]):
                self._found(Finding(What.ENTRY_POSTDATED, index, entry_id=entry_id))
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

    def _check(self, claim: Claim, start: int, hashes: list[bytes], ids: list[str]) -> None:
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
