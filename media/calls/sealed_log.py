"""A file that grows in sealed chunks and that its writer cannot read: what is recorded lies on the disk like this from its first second on.

File = ``HZR1`` ‖ data key in an envelope (HPKE base mode of RFC 9180 with X25519, HKDF-SHA256, AES-256-GCM; 80 bytes) ‖ chunks.
Chunk = its length (4 bytes, big endian) ‖ AES-256-GCM under the data key. The nonce is the chunk's number, so that chunks cannot be moved, repeated
or dropped (NIST SP 800-38D 8.2.1: a counter, and a key that seals this file alone); the associated data says whether it is the last, so that an end
that was cut off is seen (the STREAM construction). The envelope is bound to the name that the file is opened with. Whoever writes has the public
key alone and forgets the data key: only the holder of the private key reads. A writer that is killed leaves every chunk that it had written.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import BinaryIO, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

MAGIC = b"HZR1"
ENVELOPE = 80
LARGEST_CHUNK = 1 << 20
_TAG = 16
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)

Ending = Literal["whole", "cut", "damaged"]
"""whole: its writer closed it; cut: the writer died, or the end was taken away; damaged: what comes does not open under the key."""


class NotOurs(ValueError):
    """The file is no sealed log, or not one for this key and name."""


def new_key_pair() -> tuple[bytes, bytes]:
    """Private and public key, 32 bytes each."""
    key = X25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _about(name: str) -> bytes:
    return b"huizhen recording\0" + name.encode()


class LogSealer:
    """Makes the bytes of one file; the caller writes them, in the order in which they were made. ValueError for what is no public key."""

    def __init__(self, public_key: bytes, name: str) -> None:
        key = secrets.token_bytes(32)
        self.head = MAGIC + _SUITE.encrypt(key, X25519PublicKey.from_public_bytes(public_key), _about(name))
        self._cipher = AESGCM(key)
        self._number = 0

    def chunk(self, data: bytes, *, last: bool = False) -> bytes:
        sealed = self._cipher.encrypt(_nonce(self._number), data, b"last" if last else b"more")
        self._number += 1
        return len(sealed).to_bytes(4, "big") + sealed


class LogReader:
    """The chunks of a file, once through. NotOurs at once for what cannot be one; afterwards `ending` says how it ended. A chunk at a time is
    in memory."""

    def __init__(self, file: BinaryIO, private_key: bytes, name: str) -> None:
        head = file.read(len(MAGIC) + ENVELOPE)
        if len(head) < len(MAGIC) + ENVELOPE or head[: len(MAGIC)] != MAGIC:
            raise NotOurs
        try:
            key = _SUITE.decrypt(head[len(MAGIC) :], X25519PrivateKey.from_private_bytes(private_key), _about(name))
            self._cipher = AESGCM(key)
        except (InvalidTag, ValueError):
            raise NotOurs from None
        self._file = file
        self.ending: Ending = "cut"

    def chunks(self) -> Iterator[bytes]:
        number, last = 0, False
        while not last:
            length = self._file.read(4)
            size = int.from_bytes(length, "big")
            if len(length) < 4:
                return
            if not _TAG <= size <= LARGEST_CHUNK + _TAG:
                self.ending = "damaged"
                return
            sealed = self._file.read(size)
            if len(sealed) < size:
                return
            data, last = self._opened(number, sealed)
            if data is None:
                self.ending = "damaged"
                return
            number += 1
            yield data
        self.ending = "damaged" if self._file.read(1) else "whole"

    def _opened(self, number: int, sealed: bytes) -> tuple[bytes | None, bool]:
        for kind in (b"more", b"last"):
            try:
                return self._cipher.decrypt(_nonce(number), sealed, kind), kind == b"last"
            except InvalidTag:
                continue
        return None, False


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
