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


class Unreadable(Exception):
    """What was given cannot be read at all: a sentence in Chinese and English."""


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


def read_lines(path):
    """The lines of a text file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except OSError as error:
        raise Unreadable(f"{path} 打不开 / cannot be opened: {error.strerror}") from None


def read_proof(path):
    """The JSON object in the file."""
    try:
        proof = json.loads("".join(read_lines(path)))
    except (ValueError, RecursionError):
        raise Unreadable(f"{path} 不是 JSON,可能没有传完整 / is no JSON, perhaps cut off on the way") from None
    if not isinstance(proof, dict):
        raise Unreadable(f"{path} 不是证明 / is not a proof")
    return proof


def read_key(text):
    """The 32 bytes of a public key."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Unreadable("--key 请写 64 位十六进制的公钥 / is not a public key of 64 hexadecimal characters")
    return key


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks a proof of Huizhen's audit without Huizhen.")
    parser.add_argument("proof")
    parser.add_argument("--key", action="append", required=True, help="public key of the house, 64 hexadecimal characters; may be repeated")
    parser.add_argument("--anchor", help="file of an anchor: one head a line")
    given = parser.parse_args(arguments)
    try:
        proof, keys = read_proof(given.proof), [read_key(key) for key in given.key]
        try:
            words, heads = check(proof, keys)
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError, AttributeError):
            raise Unreadable(f"{given.proof} 不是完整的证明,请重新取 / is not a whole proof: get it again") from None
        if given.anchor:
            check_anchor(read_lines(given.anchor), heads)
    except NotProved as why:
        print(f"证明不成立 NOT PROVED: {why}")
        return 1
    except Unreadable as why:
        print(f"无法核对 CANNOT BE CHECKED: {why}")
        return 2
    print(f"证明成立 PROVED: {words}")
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a terminal that knows no Chinese still shows the English
    sys.exit(main())
