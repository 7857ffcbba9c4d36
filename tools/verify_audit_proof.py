#!/usr/bin/env python3
"""Checks a proof that `huizhen audit prove` wrote, without any of Huizhen's code and without its database.

    python verify_audit_proof.py PROOF.json --key PUBLIC_KEY_IN_HEXADECIMAL [--key ...] [--anchor FILE.heads]

Needs Python 3.9 and the package `cryptography` (for Ed25519), nothing else. Exit status 0: proved. 1: not proved. 2: cannot be checked.

The public key must come from the house by another way than the proof itself (its printed agreement, its web site). With --anchor, the file of
an anchor (one JSON head a line), the head of the proof must also be among those that left the house. The rules are those of RFC 9162: a leaf is
SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right); a head is signed over {"at","kind","log","root","tree_size"} as canonical JSON.
"""

import argparse
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class NotProved(Exception):
    """Why the proof proves nothing."""


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_head(head, keys):
    """The root of a head that one of `keys` signed."""
    signed = {"kind": "huizhen.audit.head", "log": head["log"], "tree_size": head["tree_size"], "root": head["root"], "at": head["at"]}
    message = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    for key in keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(head["signature"]), message)
            return bytes.fromhex(head["root"])
        except InvalidSignature:
            continue
    raise NotProved(f"the head over {head['tree_size']} entries is not signed by a key that you named (it names key {head['key']})")


def check_inclusion(leaf, index, size, path, root):
    """RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        raise NotProved("the entry's place lies outside the tree")
    fn, sn, found = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            raise NotProved("the path is too long")
        if fn & 1 or fn == sn:
            found = node(sibling, found)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node(found, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn or found != root:
        raise NotProved("the entry is not in the tree of this head")


def check_consistency(first, second, first_root, second_root, path):
    """RFC 9162 section 2.1.4.2."""
    if not 0 < first <= second:
        raise NotProved("the first head is not over fewer entries than the second")
    if first == second:
        if path or first_root != second_root:
            raise NotProved("two different heads over the same number of entries")
        return
    hashes = list(path) if first & (first - 1) else [first_root, *path]
    if not hashes:
        raise NotProved("the path is empty")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if sn == 0:
            raise NotProved("the path is too long")
        if fn & 1 or fn == sn:
            old, new = node(sibling, old), node(sibling, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn or old != first_root or new != second_root:
        raise NotProved("the second head does not go on from the first one")


def check(proof, keys):
    """What is proved, in words, and the heads that it rests on."""
    path = [bytes.fromhex(one) for one in proof["path"]]
    if proof["form"] == "huizhen.audit.inclusion/1":
        head = proof["head"]
        root = check_head(head, keys)
        entry = proof["entry"].encode()
        check_inclusion(hashlib.sha256(b"\x00" + entry).digest(), proof["leaf_index"], head["tree_size"], path, root)
        return f"entry {json.loads(entry)['id']} is leaf {proof['leaf_index']} of {head['tree_size']}:\n{proof['entry']}", [head]
    if proof["form"] == "huizhen.audit.consistency/1":
        first, second = proof["first"], proof["second"]
        if first["log"] != second["log"]:
            raise NotProved("heads of two different logs")
        roots = check_head(first, keys), check_head(second, keys)
        check_consistency(first["tree_size"], second["tree_size"], roots[0], roots[1], path)
        return f"the first {first['tree_size']} of {second['tree_size']} entries are unchanged", [first, second]
    raise NotProved("a form of proof that this program does not know")


def check_anchor(lines, heads):
    """That each head is among those of the anchor's file."""
    kept = set()
    for line in lines:
        try:
            one = json.loads(line)
            kept.add((one["log"], one["tree_size"], one["root"]))
        except (ValueError, KeyError, TypeError):
            continue
    for head in heads:
        if (head["log"], head["tree_size"], head["root"]) not in kept:
            raise NotProved(f"the head over {head['tree_size']} entries is not among those of the anchor")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks a proof of Huizhen's audit without Huizhen.")
    parser.add_argument("proof")
    parser.add_argument("--key", action="append", required=True, help="public key of the house, 64 hexadecimal characters; may be repeated")
    parser.add_argument("--anchor", help="file of an anchor: one head a line")
    given = parser.parse_args(arguments)
    try:
        with open(given.proof, encoding="utf-8") as file:
            proof = json.load(file)
        keys = [bytes.fromhex(key) for key in given.key]
        words, heads = check(proof, keys)
        if given.anchor:
            with open(given.anchor, encoding="utf-8", errors="replace") as file:
                check_anchor(file, heads)
    except NotProved as why:
        print(f"NOT PROVED: {why}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError, AttributeError) as error:
        print(f"CANNOT BE CHECKED: {type(error).__name__}")
        return 2
    print(f"PROVED: {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
