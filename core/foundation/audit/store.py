"""The tree in the database: leaves and every fourth level of completed subtrees, from which any hash of a proof comes in two questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.foundation.audit.models import AuditLeaf, AuditNode, AuditTree
from core.foundation.audit.tree import Edge, Range, Subtree, complete, consistency_ranges, fold, inclusion_ranges, subtrees

STEP = 4
"""Levels between those that are kept: a sixteenth of the rows of a whole tree, and at most 15 of them for one hash of a proof."""
_LEVEL = 48


class TreeDamaged(Exception):
    """A leaf or node that must be there is not; ``huizhen audit verify`` says which. Holds no data."""


def place(level: int, index: int) -> int:
    return (level << _LEVEL) | index


def is_kept(level: int) -> bool:
    return level % STEP == 0


async def tree_size() -> int:
    """The number of leaves."""
    row = await AuditTree.get_or_none(id=1)
    return 0 if row is None else row.size


async def load_edge(size: int) -> Edge:
    """The right edge of the first ``size`` leaves; :class:`TreeDamaged` when a part of it is gone."""
    wanted = subtrees(0, size)
    found = await hashes_of(wanted)
    return Edge(size, [found[one] for one in wanted])


async def root_of(size: int) -> bytes:
    """The root over the first ``size`` leaves, out of what is kept."""
    return (await load_edge(size)).root()


async def inclusion_path(index: int, size: int) -> list[bytes]:
    """The hashes that prove leaf ``index`` in the tree of ``size`` leaves."""
    return await _over(inclusion_ranges(index, size))


async def consistency_path(first: int, second: int) -> list[bytes]:
    """The hashes that prove that the tree of ``first`` leaves is the beginning of that of ``second``."""
    return await _over(consistency_ranges(first, second))


async def _over(ranges: Sequence[Range]) -> list[bytes]:
    parts = [subtrees(start, end) for start, end in ranges]
    found = await hashes_of([one for part in parts for one in part])
    return [fold([found[one] for one in part]) for part in parts]


async def hashes_of(wanted: Iterable[Subtree]) -> dict[Subtree, bytes]:
    """The hashes of complete subtrees; those of a level that is not kept from the nearest kept one below."""
    asked = list(wanted)
    kept = {below for one in asked for below in _kept_below(one)}
    nodes = [place(level, index) for level, index in kept if level]
    leaves = [index for level, index in kept if not level]
    found: dict[Subtree, bytes] = {}
    for node, hashed in await AuditNode.filter(place__in=nodes).values_list("place", "hash") if nodes else ():
        found[node >> _LEVEL, node & ((1 << _LEVEL) - 1)] = bytes(hashed)
    for index, hashed in await AuditLeaf.filter(leaf_index__in=leaves).values_list("leaf_index", "hash") if leaves else ():
        found[0, index] = bytes(hashed)
    if len(found) < len(kept):
        raise TreeDamaged
    return {one: _combined(one, found) for one in asked}


def _kept_below(one: Subtree) -> list[Subtree]:
    level, index = one
    down = level % STEP
    return [(level - down, (index << down) + number) for number in range(1 << down)]


def _combined(one: Subtree, found: dict[Subtree, bytes]) -> bytes:
    return complete([found[below] for below in _kept_below(one)])
