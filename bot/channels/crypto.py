"""The callback envelope that Official Account, mini program, WeCom app and WeCom robot share.

AES-256-CBC, key = base64(EncodingAESKey + "="), IV = first 16 bytes of the key, PKCS#7 to multiples of 32;
plain = 16 random bytes + 4 bytes big-endian length + message + receive id. The signature is the SHA-1 of the
sorted and joined token, timestamp, nonce and cipher text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.refused import Reason, Refused

BODY_LIMIT = 64 * 1024
"""Bytes of a callback body that are read at all."""

BLOCK = 32
NONCE_LIMIT = 128
REPLAY_WINDOW = timedelta(minutes=5)

KeyName = Literal["current", "previous"]

_SIGNATURE = re.compile(r"[0-9a-f]{40}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)


def decode_aes_key(encoding_aes_key: str) -> bytes:
    """The 32 key bytes of a 43 character EncodingAESKey. ValueError where it is none."""
    if len(encoding_aes_key) != 43:
        raise ValueError("an EncodingAESKey has 43 characters")
    try:
        # Tencent's console gives keys whose last character carries unused bits, so only the alphabet is checked.
        key = base64.b64decode(encoding_aes_key.encode("ascii") + b"=", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("an EncodingAESKey holds letters and digits only") from None
    return key


def signature_of(token: str, *parts: str) -> str:
    """SHA-1 hex of the sorted, joined token and parts."""
    joined = sorted(part.encode("utf-8", "surrogatepass") for part in (token, *parts))
    return hashlib.sha1(b"".join(joined), usedforsecurity=False).hexdigest()


def same(left: str, right: str) -> bool:
    """Constant-time comparison of two texts."""
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=16)
def _cbc(key: bytes) -> Cipher[modes.CBC]:
    """Of the few keys that the settings hold anyway."""
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def _unpadded(plain: bytes) -> bytes:
    count = plain[-1]
    if not 1 <= count <= BLOCK or count > len(plain) or plain[-count:] != bytes([count]) * count:
        raise Refused(Reason.PADDING)
    return plain[:-count]


def decrypt_blocks(key: bytes, cipher: bytes) -> bytes:
    """Decrypt and take the padding off. Refused(BLOCK) or Refused(PADDING) where it does not fit."""
    if not cipher or len(cipher) % 16:
        raise Refused(Reason.BLOCK)
    decryptor = _cbc(key).decryptor()
    return _unpadded(decryptor.update(cipher) + decryptor.finalize())


def encrypt_blocks(key: bytes, plain: bytes) -> bytes:
    """Pad to a multiple of 32 (a whole block where it is aligned already) and encrypt."""
    count = BLOCK - len(plain) % BLOCK
    encryptor = _cbc(key).encryptor()
    return encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()


def decrypt_file(encoding_aes_key: str, content: bytes) -> bytes:
    """A file that the robot's platform hands out encrypted with the callback key. Refused where it does not open."""
    return decrypt_blocks(decode_aes_key(encoding_aes_key), content)


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope held: the message bytes and which key opened it (the answer uses the same one)."""

    message: bytes
    key: KeyName


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted answer: four values that each channel writes in its own format."""

    encrypt: str
    signature: str
    timestamp: int
    nonce: str


class Envelope:
    """Opens callbacks and seals answers of one account.

    `receive_id` is the appid, the corpid, or empty for the robot. `random_bytes` gives the 16 leading bytes of an
    answer. `window` is how far a callback's timestamp may lie from the real clock, either way.
    """

    def __init__(
        self,
        token: str,
        encoding_aes_key: str,
        receive_id: str,
        *,
        previous_encoding_aes_key: str | None = None,
        window: timedelta = REPLAY_WINDOW,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._token = token
        self._receive_id = receive_id.encode()
        self._window = window
        self._random_bytes = random_bytes
        self._keys: dict[KeyName, bytes] = {"current": decode_aes_key(encoding_aes_key)}
        if previous_encoding_aes_key:
            self._keys["previous"] = decode_aes_key(previous_encoding_aes_key)

    def check_plain(self, query: Mapping[str, str], now: datetime) -> None:
        """Check `signature`, which covers token, timestamp and nonce only (address verification, plain mode)."""
        given, timestamp, nonce = self._stamps(query, "signature")
        if not same(signature_of(self._token, timestamp, nonce), given):
            raise Refused(Reason.SIGNATURE)
        self._check_age(timestamp, now)

    def open(self, query: Mapping[str, str], encrypt: str, now: datetime) -> Opened:
        """Check and decrypt one envelope, in this order: lengths, signature, age, base64, cipher, padding, length, receiver."""
        given, timestamp, nonce = self._stamps(query, "msg_signature")
        if not encrypt:
            raise Refused(Reason.MISSING)
        if len(encrypt) > BODY_LIMIT:
            raise Refused(Reason.TOO_LONG)
        if not same(signature_of(self._token, timestamp, nonce, encrypt), given):
            raise Refused(Reason.SIGNATURE)
        self._check_age(timestamp, now)
        try:
            cipher = base64.b64decode(encrypt.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise Refused(Reason.BASE64) from None
        return self._opened(cipher)

    def seal(self, message: bytes, *, now: datetime, nonce: str, key: KeyName = "current") -> Sealed:
        """Encrypt and sign an answer. A key that has been retired meanwhile gives way to the current one."""
        framed = self._random_bytes(16) + len(message).to_bytes(4, "big") + message + self._receive_id
        encrypt = base64.b64encode(encrypt_blocks(self._keys.get(key, self._keys["current"]), framed)).decode()
        timestamp = int(now.timestamp())
        return Sealed(encrypt, signature_of(self._token, str(timestamp), nonce, encrypt), timestamp, nonce)

    def _opened(self, cipher: bytes) -> Opened:
        first: Refused | None = None
        for name, key in self._keys.items():
            try:
                return Opened(self._message(decrypt_blocks(key, cipher)), name)
            except Refused as refused:
                first = first or refused
        raise first or Refused(Reason.PADDING)

    def _message(self, plain: bytes) -> bytes:
        if len(plain) < 20:
            raise Refused(Reason.LENGTH)
        length = int.from_bytes(plain[16:20], "big")
        if length > len(plain) - 20:
            raise Refused(Reason.LENGTH)
        if not hmac.compare_digest(plain[20 + length :], self._receive_id):
            raise Refused(Reason.RECEIVER)
        return plain[20 : 20 + length]

    def _stamps(self, query: Mapping[str, str], name: str) -> tuple[str, str, str]:
        given, timestamp, nonce = query.get(name, ""), query.get("timestamp", ""), query.get("nonce", "")
        if not given or not timestamp or not nonce:
            raise Refused(Reason.MISSING)
        if not _SIGNATURE.fullmatch(given) or not _TIMESTAMP.fullmatch(timestamp) or len(nonce) > NONCE_LIMIT:
            raise Refused(Reason.TOO_LONG)
        return given, timestamp, nonce

    def _check_age(self, timestamp: str, now: datetime) -> None:
        if abs(now.timestamp() - int(timestamp)) > self._window.total_seconds():
            raise Refused(Reason.STALE)
