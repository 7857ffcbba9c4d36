"""The Merkle tree of RFC 9162 section 2: leaf = SHA-256(0x00 ‖ data), node = SHA-256(0x01 ‖ left ‖ right). Pure; hashes are 32 bytes.

A range ``(start, end)`` stands for the leaves from ``start`` up to, not with, ``end``; a subtree ``(level, index)`` for the complete range
of ``2**level`` leaves that begins at ``index * 2**level``.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

Range = tuple[int, int]
Subtree = tuple[int, int]


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = sha256(b"").digest()


class Edge:
    """The right edge of a growing tree: one hash for each complete subtree that its leaves fall into, largest first (at most 64)."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size.bit_count() != len(hashes):
            raise ValueError("not the edge of a tree of that size")
        self.size = size
        self._hashes = list(hashes)

    def append(self, node: bytes, level: int = 0) -> list[tuple[Subtree, bytes]]:
        """Add a leaf hash, or a whole subtree of ``level`` where one begins; the subtrees above it that it completes, lowest first."""
        completed: list[tuple[Subtree, bytes]] = []
        index = self.size >> level
        self.size += 1 << level
        while index & 1:
            node = sha256(b"\x01" + self._hashes.pop() + node).digest()
            level, index = level + 1, index >> 1
            completed.append(((level, index), node))
        self._hashes.append(node)
        return completed

    def root(self) -> bytes:
        return fold(self._hashes) if self._hashes else EMPTY_ROOT

    def copy(self) -> Edge:
        return Edge(self.size, self._hashes)


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash over neighbouring complete subtrees that grow smaller, from left to right."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def complete(hashes: Sequence[bytes]) -> bytes:
    """The hash over a power of two of neighbouring leaves or subtrees of one level."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\x01" + row[number] + row[number + 1]).digest() for number in range(0, len(row), 2)]
    return row[0]


def subtrees(start: int, end: int) -> list[Subtree]:
    """The complete subtrees that make up a range which begins where a larger one ended (as every range of a proof does), largest first."""
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose hashes prove that leaf ``index`` is in the tree of ``size`` leaves (section 2.1.3.1), leaf upwards."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    path: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(first: int, second: int) -> list[Range]:
    """The ranges whose hashes prove that the tree of ``first`` leaves is the beginning of that of ``second`` (section 2.1.4.1)."""
    if not 0 < first <= second:
        raise ValueError("no such trees")
    path: list[Range] = []
    start, end, whole = 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, whole = middle, False
    if not whole:
        path.append((start, end))
    return path[::-1]


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def proves_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` shows leaf hash ``leaf`` at ``index`` under ``root`` (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` shows that the tree of ``first`` leaves is the beginning of that of ``second`` (section 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    hashes = list(path) if first & (first - 1) else [first_root, *path]
    if not hashes:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
