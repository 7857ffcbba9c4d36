"""Signed tree heads: Ed25519 (RFC 8032) over the canonical form of log, tree size, root and time; and the keys that sign them.

The tree is that of RFC 9162; the form of the head is our own, because that of Certificate Transparency belongs to TLS.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.foundation.canonical import canonical


class HeadMalformed(ValueError):
    """What was read is no signed head. Holds no data."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """``at``: milliseconds since 1970, real time. ``root`` has 32 bytes, ``signature`` 64; ``key_id`` is that of :func:`key_id_of`."""

    log_id: str
    tree_size: int
    root: bytes
    at: int
    key_id: str
    signature: bytes

    def signed(self) -> bytes:
        """What the signature is made over."""
        return head_bytes(self.log_id, self.tree_size, self.root, self.at)

    def document(self) -> dict[str, Any]:
        """As JSON: one line of an anchor, part of a proof."""
        return {
            "log": self.log_id, "tree_size": self.tree_size, "root": self.root.hex(), "at": self.at, "key": self.key_id,
            "signature": self.signature.hex(),
        }  # fmt: skip


def read_head(document: Any) -> SignedHead:
    """The head of a document; :class:`HeadMalformed` for anything that is none, whoever sent it."""
    if not isinstance(document, Mapping):
        raise HeadMalformed("not an object")
    try:
        head = SignedHead(
            document["log"], document["tree_size"], bytes.fromhex(document["root"]), document["at"], document["key"],
            bytes.fromhex(document["signature"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        raise HeadMalformed("not a head") from None
    sizes = len(head.root) == 32 and len(head.signature) == 64
    names = all(isinstance(name, str) and name.isascii() and name.isalnum() for name in (head.log_id, head.key_id))
    numbers = all(type(number) is int and 0 <= number < 2**53 for number in (head.tree_size, head.at))
    if not (sizes and names and numbers and len(head.log_id) == 26 and len(head.key_id) == 16):
        raise HeadMalformed("not a head")
    return head


def head_bytes(log_id: str, tree_size: int, root: bytes, at: int) -> bytes:
    return canonical({"kind": "huizhen.audit.head", "log": log_id, "tree_size": tree_size, "root": root.hex(), "at": at})


def key_id_of(public: bytes) -> str:
    """The first 16 hexadecimal characters of the SHA-256 of the public key: a key cannot be exchanged under its id."""
    return hashlib.sha256(public).hexdigest()[:16]


def is_signed_by(head: SignedHead, keys: Mapping[str, bytes]) -> bool:
    """Whether ``head`` is signed by the key that it names, among ``keys`` (raw public keys by id)."""
    public = keys.get(head.key_id)
    if public is None or key_id_of(public) != head.key_id:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(head.signature, head.signed())
    except (InvalidSignature, ValueError):
        return False
    return True


class HeadKeys:
    """The keys of one log, from a file that only the service's user can read. Old public keys stay, so that old heads can be checked.

    ``former``: logs that were given up when a backup was restored, with the number of leaves that were left of each. A note: what verification
    believes of it stands in the tree (:mod:`core.foundation.audit.former`).
    """

    def __init__(
        self, log_id: str, current: str, private: Ed25519PrivateKey, public: Mapping[str, bytes], former: Mapping[str, int] | None = None
    ) -> None:
        self.log_id = log_id
        self.current = current
        self.public = dict(public)
        self.former = dict(former or {})
        self._private = private

    @staticmethod
    def new(log_id: str) -> HeadKeys:
        """The keys of a new log, not yet kept anywhere."""
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        return HeadKeys(log_id, key_id_of(public), private, {key_id_of(public): public})

    @staticmethod
    def create(path: Path, log_id: str) -> HeadKeys:
        """As :meth:`new`, in a file of its own (mode 0600); FileExistsError if there is one."""
        return HeadKeys.new(log_id).put_first(path)

    def put_first(self, path: Path) -> HeadKeys:
        """Written to ``path`` (mode 0600); FileExistsError if there is a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written whole and then linked into place: another process never reads half of it, and no key is overwritten.
        draft = path.with_name(f".{path.name}.{os.getpid()}.{self.log_id}")
        self._write(draft)
        try:
            os.link(draft, path)
        finally:
            draft.unlink()
        return self

    @staticmethod
    def load(path: Path) -> HeadKeys:
        """FileNotFoundError without the file."""
        record = json.loads(path.read_text())
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(record["private"]))
        public = {name: bytes.fromhex(key) for name, key in record["public"].items()}
        return HeadKeys(record["log"], record["current"], private, public, record.get("former"))

    def renewed(self) -> HeadKeys:
        """The same log with a new key, not yet kept anywhere: put in place, the old private key is gone, its public one stays."""
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        return HeadKeys(self.log_id, key_id_of(public), private, {**self.public, key_id_of(public): public}, self.former)

    def replaced(self, path: Path) -> HeadKeys:
        """As :meth:`renewed`, written over ``path``."""
        return self.renewed().put_in_place(path)

    def begun_anew(self, path: Path, log_id: str, size: int) -> HeadKeys:
        """Another log with the same keys, written over ``path``: of the present one ``size`` leaves are left, and anchors may hold more."""
        left = {former: min(size, left) for former, left in self.former.items()}
        return HeadKeys(log_id, self.current, self._private, self.public, {**left, self.log_id: size}).put_in_place(path)

    def put_in_place(self, path: Path) -> HeadKeys:
        """Written over ``path``, whole or not at all."""
        draft = path.with_name(f".{path.name}.{os.getpid()}.{self.log_id}")
        self._write(draft)
        draft.replace(path)
        return self

    def sign(self, tree_size: int, root: bytes, at: int) -> SignedHead:
        return SignedHead(self.log_id, tree_size, root, at, self.current, self._private.sign(head_bytes(self.log_id, tree_size, root, at)))

    def _write(self, path: Path) -> None:
        text = json.dumps({
            "log": self.log_id, "current": self.current, "private": base64.b64encode(self._private.private_bytes_raw()).decode(),
            "public": {name: key.hex() for name, key in self.public.items()}, "former": self.former,
        })  # fmt: skip
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
