"""The tree by itself: the published test vector of Certificate Transparency, pymerkle as the oracle, and proofs that were tampered with."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_inclusion

from core.foundation.audit.tree import (
    EMPTY_ROOT,
    Edge,
    consistency_ranges,
    fold,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    proves_consistency,
    proves_inclusion,
    subtrees,
)

LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""The inputs and two roots of the reference implementation's test (certificate-transparency, merkle_tree_test)."""


class Whole:
    """Every leaf hash in memory; hashes of ranges by the definition of RFC 9162 section 2.1.1, word by word."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def over(self, start: int, end: int) -> bytes:
        if end - start == 1:
            return self.leaves[start]
        size = 1
        while size * 2 < end - start:
            size *= 2
        return node_hash(self.over(start, start + size), self.over(start + size, end))


def grown(leaves: list[bytes]) -> Edge:
    edge = Edge()
    for leaf in leaves:
        edge.append(leaf)
    return edge


def test_the_published_vector() -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in LEAVES]
    assert Edge().root() == EMPTY_ROOT
    for size, root in ROOTS.items():
        assert grown(leaves[:size]).root().hex() == root


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70))
def test_root_and_inclusion_are_those_of_pymerkle(data: list[bytes]) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    edge, leaves = Edge(), []
    completed: dict[tuple[int, int], bytes] = {}
    for one in data:
        oracle.append_entry(one)
        leaves.append(leaf_hash(one))
        completed |= dict(edge.append(leaves[-1]))
    assert edge.root() == oracle.get_root()
    whole = Whole(leaves)
    for (level, index), hashed in completed.items():
        assert hashed == whole.over(index << level, (index + 1) << level)
    for index in range(len(data)):
        proof = oracle.prove_inclusion(index + 1)
        path = [whole.over(start, end) for start, end in inclusion_ranges(index, len(data))]
        assert [leaves[index], *path] == proof.path
        assert proves_inclusion(leaves[index], index, len(data), path, edge.root())
        verify_inclusion(leaves[index], edge.root(), proof)


def test_every_pair_of_sizes_is_consistent_and_nothing_else_is() -> None:
    rng = random.Random(9162)
    leaves = [leaf_hash(bytes([number])) for number in range(40)]
    whole = Whole(leaves)
    roots = {size: grown(leaves[:size]).root() for size in range(1, 41)}
    oracle = InmemoryTree.init_from_entries([bytes([number]) for number in range(40)], algorithm="sha256")
    for second in range(1, 41):
        assert oracle.get_root(second) == roots[second]
        for first in range(1, second + 1):
            path = [whole.over(start, end) for start, end in consistency_ranges(first, second)]
            assert proves_consistency(first, second, roots[first], roots[second], path)
            assert not proves_consistency(first, second, leaf_hash(b"else"), roots[second], path)
            if first != second:
                assert not proves_consistency(first, second, roots[first], leaf_hash(b"else"), path)
                assert not proves_consistency(first, second, roots[first], roots[second], path[:-1])
                spoilt = list(path)
                spoilt[rng.randrange(len(path))] = leaf_hash(b"else")
                assert not proves_consistency(first, second, roots[first], roots[second], spoilt)


def test_a_tampered_inclusion_proof_proves_nothing() -> None:
    rng = random.Random(6962)
    for _ in range(300):
        size = rng.randrange(2, 200)
        index = rng.randrange(size)
        leaves = [leaf_hash(rng.randbytes(4)) for _ in range(size)]
        whole, root = Whole(leaves), grown(leaves).root()
        path = [whole.over(start, end) for start, end in inclusion_ranges(index, size)]
        assert proves_inclusion(leaves[index], index, size, path, root)
        other = (index + 1) % size
        assert not proves_inclusion(leaves[index], other, size, path, root)
        assert not proves_inclusion(leaf_hash(b"else"), index, size, path, root)
        assert not proves_inclusion(leaves[index], index, size, [*path, leaves[0]], root)
        assert not proves_inclusion(leaves[index], index, size, path[:-1], root)
        assert not proves_inclusion(leaves[index], size, size, path, root)


def test_ranges_fall_into_complete_subtrees() -> None:
    for end in range(1, 130):
        parts = subtrees(0, end)
        assert parts[0][1] == 0
        assert sum(1 << level for level, _ in parts) == end
    hashes = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")]
    assert fold(hashes) == node_hash(hashes[0], node_hash(hashes[1], hashes[2]))


def test_what_is_not_there_has_no_proof() -> None:
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no such"):
            inclusion_ranges(index, size)
    for first, second in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match="no such"):
            consistency_ranges(first, second)
    with pytest.raises(ValueError, match="edge"):
        Edge(3, [leaf_hash(b"one")])
