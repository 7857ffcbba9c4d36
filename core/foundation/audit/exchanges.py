"""Which leaves changed places: tried out, because a hash tells only that something did. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.foundation.audit.tree import complete

MOST = 12
"""Blocks that are tried against each other; beyond that only exchanges within a block are looked for."""


def exchanged_leaves(broken: Mapping[int, tuple[Sequence[bytes], bytes]]) -> tuple[list[tuple[int, int]], list[int]]:
    """Of blocks whose leaves do not give their node (start → leaf hashes, node): the pairs whose exchange mends them, and the blocks left."""
    left = dict(broken)
    pairs: list[tuple[int, int]] = []
    for start, (hashes, node) in broken.items():
        inside = _exchange(hashes, node, hashes, node, same=True)
        if inside is not None:
            pairs.append((start + inside[0], start + inside[1]))
            del left[start]
    starts = sorted(left)
    for position, start in enumerate(starts[:MOST]):
        for other in starts[position + 1 : MOST]:
            if start not in left or other not in left:
                continue
            across = _exchange(*left[start], *left[other], same=False)
            if across is not None:
                pairs.append((start + across[0], other + across[1]))
                del left[start], left[other]
    return pairs, sorted(left)


def _exchange(one: Sequence[bytes], node: bytes, two: Sequence[bytes], other: bytes, *, same: bool) -> tuple[int, int] | None:
    for first in range(len(one)):
        for second in range(first + 1 if same else 0, len(two)):
            turned = list(one)
            turned[first] = two[second]
            if same:
                turned[second] = one[first]
                if complete(turned) == node:
                    return first, second
            elif complete(turned) == node:
                back = list(two)
                back[second] = one[first]
                if complete(back) == other:
                    return first, second
    return None
