"""The two sets of algorithms that a house may choose from: international (AES-256-GCM, HMAC-SHA256) and Chinese national (SM4-GCM, HMAC-SM3).

Both are authenticated encryption with 96-bit nonces and 128-bit tags (NIST SP 800-38D; GB/T 32907 and RFC 8998 for SM4-GCM; GB/T 32905 for
SM3). Values of both may lie in one database: each says by which suite it was sealed. SM2 signatures are in no library that is used here.
"""

from __future__ import annotations

import hmac as plain_hmac
import secrets
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
TAG = 16


class Aead(Protocol):
    """One key's authenticated encryption. ``decrypt`` raises cryptography's InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


class Sm4Gcm:
    """SM4-GCM with the call shape of :class:`AESGCM`: the tag follows the ciphertext."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        if associated_data:
            encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        decryptor = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG:])).decryptor()
        if associated_data:
            decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-TAG]) + decryptor.finalize()


@dataclass(frozen=True, slots=True)
class Suite:
    """``code`` is the byte that names it in every sealed value; ``key_bytes`` the length of its keys."""

    name: str
    code: int
    key_bytes: int

    def new_key(self) -> bytes:
        return secrets.token_bytes(self.key_bytes)

    def cipher(self, key: bytes) -> Aead:
        """ValueError for a key of another length."""
        if len(key) != self.key_bytes:
            raise ValueError("a key of another suite")
        return AESGCM(key) if self is AES else Sm4Gcm(key)

    def mac(self, key: bytes, message: bytes) -> bytes:
        """The keyed digest, 32 bytes."""
        if self is AES:
            return plain_hmac.digest(key, message, "sha256")
        digest = hmac.HMAC(key, hashes.SM3())
        digest.update(message)
        return digest.finalize()


AES = Suite("aes", 1, 32)
SM4 = Suite("sm4", 2, 16)

SUITES = {suite.name: suite for suite in (AES, SM4)}
BY_CODE = {suite.code: suite for suite in (AES, SM4)}
