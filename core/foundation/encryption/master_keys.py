"""Master keys: what wraps every subject's data key, and the blind-index keys. They live outside every database.

Held in a file that only the service's user can read, or in an environment variable, as JSON:
``{"current": "2", "keys": {"1": {"suite": "aes", "key": base64}, "2": …}, "blind": {"suite": "aes", "key": base64}}``. A key given as bare
base64 is of the first edition of this format: it wraps by RFC 3394 (AES-KW). Newer ones wrap by their suite's authenticated encryption, with
subject and key version as associated data, so that a wrapped key moved to another subject's row does not open.

Python cannot wipe memory: the keys stay in the memory of a running process, and in what it leaves on a swap device, until that is overwritten.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from core.foundation.encryption.sealer import SealBroken
from core.foundation.encryption.suites import AES, NONCE, SUITES, Suite
from core.foundation.errors import Unavailable


class MasterKeyMissing(Unavailable):
    """A data key is wrapped by a master key that this process does not have. ``version`` names it."""

    code = "keys.master_missing"
    sentence = "资料的密钥暂时取不到,请稍后再试,或联系管理员。"


class UnusableMasterKeys(ValueError):
    """The file or variable does not hold master keys of this format. Holds nothing of what it holds."""


class KeyEncryption(Protocol):
    """The port that wraps data keys: a file, an environment variable or a key service on another machine.

    Every method may raise :class:`Unavailable` when what it asks is away.
    """

    async def current(self) -> str:
        """The version of the master key that new data keys are wrapped by."""
        ...

    async def refresh(self) -> None:
        """Look for newer master keys; called when the key ring changed."""
        ...

    async def wrap(self, master: str, context: str, key: bytes) -> bytes:
        """``key`` wrapped by version ``master``, bound to ``context``."""
        ...

    async def unwrap(self, master: str, context: str, wrapped: bytes) -> bytes:
        """The key; :class:`SealBroken` if it was not wrapped by ``master`` for ``context``."""
        ...

    async def new_version(self, suite: Suite) -> str:
        """Make a new master key, which becomes the current one; its version. :class:`UnusableMasterKeys` where that is done elsewhere."""
        ...

    async def remove_version(self, version: str) -> None:
        """Destroy a master key for good. KeyError for one that is not there, ValueError for the current one."""
        ...

    def blind_key(self) -> BlindKey | None:
        """The key of the blind indexes where it is kept beside the master keys; None when it lies wrapped in the key ring."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class BlindKey:
    """One key of the blind indexes."""

    suite: Suite
    key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """``wraps_by_rfc3394``: made by the first edition of the file."""

    suite: Suite
    key: bytes
    wraps_by_rfc3394: bool = False

    def wrap(self, context: str, key: bytes) -> bytes:
        if self.wraps_by_rfc3394:
            return aes_key_wrap(self.key, key)
        nonce = os.urandom(NONCE)
        return nonce + self.suite.cipher(self.key).encrypt(nonce, key, context.encode())

    def unwrap(self, context: str, wrapped: bytes) -> bytes:
        try:
            if self.wraps_by_rfc3394:
                return aes_key_unwrap(self.key, wrapped)
            return self.suite.cipher(self.key).decrypt(wrapped[:NONCE], wrapped[NONCE:], context.encode())
        except (InvalidTag, InvalidUnwrap, ValueError):
            raise SealBroken from None


class MasterKeys:
    """The master keys of this process. ``path``: the file they came from, read again when it changed; None from the environment."""

    def __init__(self, current: str, keys: dict[str, MasterKey], blind: BlindKey, path: Path | None = None) -> None:
        self.newest = current
        self.keys = keys
        self.blind = blind
        self.path = path

    @staticmethod
    def create(path: Path, suite: Suite = AES) -> MasterKeys:
        """Make a new key file (mode 0600); FileExistsError if there is one already, because losing keys loses the data."""
        made = MasterKeys("1", {"1": MasterKey(suite, suite.new_key())}, BlindKey(suite, secrets.token_bytes(32)), path)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(made.text())
            file.flush()
            os.fsync(file.fileno())
        return made

    @staticmethod
    def load(path: Path) -> MasterKeys:
        """FileNotFoundError, or :class:`UnusableMasterKeys`."""
        return MasterKeys.parse(path.read_text(), path)

    @staticmethod
    def parse(text: str, path: Path | None = None) -> MasterKeys:
        """From the JSON described above; :class:`UnusableMasterKeys` for anything else."""
        try:
            record = json.loads(text)
            keys = {str(version): _master_key(one) for version, one in record["keys"].items()}
            current = record["current"]
            blind = _blind_key(record["blind"])
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError):
            raise UnusableMasterKeys("master keys cannot be read") from None
        if not isinstance(current, str) or current not in keys or any(not 1 <= len(version) <= 16 for version in keys):
            raise UnusableMasterKeys("master keys name no current one")
        return MasterKeys(current, keys, blind, path)

    def text(self) -> str:
        """The JSON described above: secret."""
        return json.dumps({
            "current": self.newest,
            "keys": {
                version: _b64(one.key) if one.wraps_by_rfc3394 else {"suite": one.suite.name, "key": _b64(one.key)}
                for version, one in self.keys.items()
            },
            "blind": {"suite": self.blind.suite.name, "key": _b64(self.blind.key)},
        })

    def replace_file(self) -> None:
        """Write these keys over the file they came from, in one step."""
        if self.path is None:
            raise UnusableMasterKeys("master keys of the environment are changed in the environment")
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(self.text())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def with_new_version(self, suite: Suite) -> MasterKeys:
        """The same with one more master key, which becomes the current one."""
        version = str(max((int(name) for name in self.keys if name.isdigit()), default=0) + 1)
        return MasterKeys(version, {**self.keys, version: MasterKey(suite, suite.new_key())}, self.blind, self.path)

    def without(self, version: str) -> MasterKeys:
        """The same without one that is not the current one; KeyError, ValueError."""
        if version == self.newest:
            raise ValueError("the current master key stays")
        rest = dict(self.keys)
        del rest[version]
        return MasterKeys(self.newest, rest, self.blind, self.path)

    async def current(self) -> str:
        return self.newest

    async def refresh(self) -> None:
        if self.path is not None:
            fresh = MasterKeys.load(self.path)
            self.newest, self.keys, self.blind = fresh.newest, fresh.keys, fresh.blind

    async def wrap(self, master: str, context: str, key: bytes) -> bytes:
        return (await self._version(master)).wrap(context, key)

    async def unwrap(self, master: str, context: str, wrapped: bytes) -> bytes:
        return (await self._version(master)).unwrap(context, wrapped)

    async def new_version(self, suite: Suite) -> str:
        fresh = self.with_new_version(suite)
        fresh.replace_file()
        await self.refresh()
        return fresh.newest

    async def remove_version(self, version: str) -> None:
        self.without(version).replace_file()
        await self.refresh()

    def blind_key(self) -> BlindKey | None:
        return self.blind

    async def _version(self, master: str) -> MasterKey:
        if master not in self.keys:
            await self.refresh()
        if master not in self.keys:
            raise MasterKeyMissing(version=master)
        return self.keys[master]


def _master_key(value: Any) -> MasterKey:
    if isinstance(value, str):
        key = base64.b64decode(value, validate=True)
        if len(key) != AES.key_bytes:
            raise ValueError("a key of another length")
        return MasterKey(AES, key, wraps_by_rfc3394=True)
    suite, key = _suite_and_key(value)
    suite.cipher(key)
    return MasterKey(suite, key)


def _blind_key(value: Any) -> BlindKey:
    if isinstance(value, str):
        return BlindKey(AES, base64.b64decode(value, validate=True))
    suite, key = _suite_and_key(value)
    if len(key) < AES.key_bytes:
        raise ValueError("a key of another length")
    return BlindKey(suite, key)


def _suite_and_key(value: Any) -> tuple[Suite, bytes]:
    return SUITES[value["suite"]], base64.b64decode(value["key"], validate=True)


def _b64(key: bytes) -> str:
    return base64.b64encode(key).decode()
