"""Field encryption: one AES-256-GCM data key per subject, wrapped by a key that lives outside every database.

A sealed value is ``0x01 ‖ nonce (12 bytes) ‖ ciphertext and tag``; the associated data name table, column and row, so that a value moved
elsewhere does not open. Nonces are random (NIST SP 800-38D 8.2.2: below 2^32 messages a key). Blind indexes are HMAC-SHA256 under a key
of their own, because a bare hash of a phone or ID number is reversed in seconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from tortoise.exceptions import IntegrityError

from core.foundation.clock import Clock
from core.foundation.keyring.models import WrappedKey

_VERSION = b"\x01"


class SealBroken(Exception):
    """A sealed value does not open: altered, moved to another row, or sealed for another subject. Holds no data."""


class MasterKeys:
    """The key-encryption keys and the blind-index key, from a file that only the service's user can read."""

    def __init__(self, current: str, keys: dict[str, bytes], blind: bytes) -> None:
        self.current = current
        self.keys = keys
        self.blind = blind

    @staticmethod
    def create(path: Path) -> MasterKeys:
        """Make a new key file (mode 0600); FileExistsError if there is one already, because losing keys loses the data."""
        keys = MasterKeys("1", {"1": secrets.token_bytes(32)}, secrets.token_bytes(32))
        text = json.dumps({
            "current": keys.current,
            "keys": {name: base64.b64encode(key).decode() for name, key in keys.keys.items()},
            "blind": base64.b64encode(keys.blind).decode(),
        })
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        return keys

    @staticmethod
    def load(path: Path) -> MasterKeys:
        record = json.loads(path.read_text())
        return MasterKeys(
            record["current"],
            {name: base64.b64decode(key) for name, key in record["keys"].items()},
            base64.b64decode(record["blind"]),
        )


class Sealer:
    """Seals and opens fields of one subject."""

    def __init__(self, subject: str, key: bytes) -> None:
        self._subject = subject
        self._cipher = AESGCM(key)

    def _bound_to(self, table: str, column: str, row_id: str) -> bytes:
        return f"{table}.{column}:{row_id}:{self._subject}".encode()

    def seal(self, table: str, column: str, row_id: str, text: str) -> bytes:
        """``text`` sealed for this place."""
        return self.seal_bytes(table, column, row_id, text.encode())

    def open(self, table: str, column: str, row_id: str, sealed: bytes) -> str:
        """The text; :class:`SealBroken` if it was not sealed for this place and subject."""
        return self.open_bytes(table, column, row_id, sealed).decode()

    def seal_bytes(self, table: str, column: str, row_id: str, data: bytes) -> bytes:
        nonce = os.urandom(12)
        return _VERSION + nonce + self._cipher.encrypt(nonce, data, self._bound_to(table, column, row_id))

    def open_bytes(self, table: str, column: str, row_id: str, sealed: bytes) -> bytes:
        if sealed[:1] != _VERSION:
            raise SealBroken
        try:
            return self._cipher.decrypt(sealed[1:13], sealed[13:], self._bound_to(table, column, row_id))
        except InvalidTag:
            raise SealBroken from None


class KeyRing:
    """Gives the sealer of a subject; makes its key on first use, before the subject's first row."""

    CACHE = 20_000

    def __init__(self, master: MasterKeys, clock: Clock) -> None:
        self._master = master
        self._clock = clock
        self._cache: OrderedDict[str, Sealer] = OrderedDict()

    async def sealer(self, kind: str, subject_id: str) -> Sealer:
        """The sealer of subject ``kind:subject_id``. The key row is committed on its own connection, whatever the caller's transaction does."""
        subject = f"{kind}:{subject_id}"
        sealer = self._cache.get(subject)
        if sealer is None:
            return self._keep(subject, await self._load_or_create(subject))
        self._cache.move_to_end(subject)
        return sealer

    async def fetch(self, kind: str, subject_ids: Iterable[str]) -> None:
        """Have the keys of many subjects at hand with one question, before each is asked for by :meth:`sealer`."""
        missing = [subject for subject in (f"{kind}:{one}" for one in subject_ids) if subject not in self._cache]
        for row in await WrappedKey.filter(id__in=missing) if missing else ():
            self._keep(row.id, self._unwrapped(row))

    def _keep(self, subject: str, key: bytes) -> Sealer:
        sealer = self._cache[subject] = Sealer(subject, key)
        if len(self._cache) > self.CACHE:
            self._cache.popitem(last=False)
        return sealer

    async def _load_or_create(self, subject: str) -> bytes:
        row = await WrappedKey.get_or_none(id=subject)
        if row is None:
            key = secrets.token_bytes(32)
            wrapped = aes_key_wrap(self._master.keys[self._master.current], key)
            try:
                await WrappedKey.create(
                    id=subject, wrapped=wrapped, kek_version=self._master.current, created_at=self._clock.real_now()
                )
                return key
            except IntegrityError:
                row = await WrappedKey.get(id=subject)
        return self._unwrapped(row)

    def _unwrapped(self, row: WrappedKey) -> bytes:
        return aes_key_unwrap(self._master.keys[row.kek_version], bytes(row.wrapped))

    def blind(self, kind: str, value: str) -> str:
        """The blind index of ``value`` (normalise it first) among values of ``kind``: 64 hex characters."""
        return hmac.new(self._master.blind, f"{kind}\x00{value}".encode(), hashlib.sha256).hexdigest()
