"""Sealed values: how a field or a piece of a file of one subject is written, and what it is bound to.

``0x02 ‖ suite (1 byte) ‖ key version (2 bytes, big endian) ‖ nonce (12 bytes) ‖ ciphertext and tag``. The associated data is that head together
with table, column, row and subject, so that a value moved elsewhere, or said to be under another key, does not open. Values of the first
format, ``0x01 ‖ nonce ‖ ciphertext and tag`` under key version 1, still open; nothing writes them any more.

Nonces are random (NIST SP 800-38D 8.3: at most 2^32 messages under one key). A key belongs to one person, whose fields and file pieces stay
some powers of ten below that; a new key version begins anew.
"""

from __future__ import annotations

from os import urandom

from cryptography.exceptions import InvalidTag

from core.foundation.encryption.suites import AES, NONCE, Aead, Suite
from core.foundation.errors import DomainError

FIRST_FORMAT = 1
FORMAT = 2
HEAD = 4
"""Bytes before the nonce."""
LAST_VERSION = 0xFFFF


class SealBroken(DomainError):
    """A sealed value does not open: altered, moved to another row, or sealed for another subject. Holds where it stands, no data.

    A refusal as others are (409, never 500): trying again does not help, an administrator must look, who is told (core/people/alarms.py).
    """

    code = "record.unreadable"
    status = 409
    sentence = "这份资料读不出来了(可能被改动或损坏),系统已通知管理员。请先用纸质记录;急事请直接打电话。"

    def __init__(self, table: str = "", column: str = "", row_id: str = "") -> None:
        super().__init__()
        self.table, self.column, self.row_id = table, column, row_id


class Sealer:
    """Seals and opens fields of one subject. ``former``: version, suite and key that values not yet rewritten are still sealed under.

    ``seals_former``: the newest key is there for opening only, until every process is certain to have it.
    """

    __slots__ = ("_ciphers", "_encrypt", "_first", "_head", "_subject", "_writes", "locked", "version")

    def __init__(
        self, subject: str, key: bytes, *, version: int = 1, suite: Suite = AES, former: tuple[int, Suite, bytes] | None = None,
        seals_former: bool = False,
    ) -> None:  # fmt: skip
        self.version = version
        self.locked = False
        self._subject = subject
        self._head = head_of(suite, version)
        cipher = suite.cipher(key)
        self._encrypt = cipher.encrypt
        self._writes = self._head
        self._ciphers: dict[bytes, Aead] = {self._head: cipher}
        self._first: Aead | None = cipher if version == 1 and suite is AES else None
        if former is not None:
            old_version, old_suite, old_key = former
            old = self._ciphers[head_of(old_suite, old_version)] = old_suite.cipher(old_key)
            if old_version == 1 and old_suite is AES:
                self._first = old
            if seals_former:
                self._encrypt, self._writes = old.encrypt, head_of(old_suite, old_version)

    def __repr__(self) -> str:
        return f"Sealer(version={self.version})"

    def seal(self, table: str, column: str, row_id: str, text: str) -> bytes:
        """``text`` sealed for this place."""
        return self.seal_bytes(table, column, row_id, text.encode())

    def open(self, table: str, column: str, row_id: str, sealed: bytes) -> str:
        """The text; :class:`SealBroken` if it was not sealed for this place and subject."""
        return self.open_bytes(table, column, row_id, sealed).decode()

    def seal_bytes(self, table: str, column: str, row_id: str, data: bytes) -> bytes:
        nonce = urandom(NONCE)
        head = self._writes
        place = f"{table}\x1f{column}\x1f{row_id}\x1f{self._subject}"
        return head + nonce + self._encrypt(nonce, data, head + place.encode())

    def open_bytes(self, table: str, column: str, row_id: str, sealed: bytes) -> bytes:
        head = sealed[:HEAD]
        cipher = self._ciphers.get(head)
        try:
            if cipher is not None:
                place = f"{table}\x1f{column}\x1f{row_id}\x1f{self._subject}"
                return cipher.decrypt(sealed[HEAD : HEAD + NONCE], sealed[HEAD + NONCE :], head + place.encode())
            if sealed[:1] == b"\x01" and self._first is not None:
                place = f"{table}.{column}:{row_id}:{self._subject}"
                return self._first.decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], place.encode())
        except (InvalidTag, ValueError):
            pass
        raise SealBroken(table, column, row_id)

    def is_current(self, sealed: bytes) -> bool:
        """Whether ``sealed`` is of the newest format under the subject's newest key."""
        return sealed[:HEAD] == self._head


def head_of(suite: Suite, version: int) -> bytes:
    """OverflowError beyond the last key version."""
    return bytes((FORMAT, suite.code)) + version.to_bytes(2, "big")
