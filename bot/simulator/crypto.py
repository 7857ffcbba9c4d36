"""The platforms' callback cryptography, written for the simulator alone (wechat-facts, section 1).

AES-256-CBC, initial vector = first 16 bytes of the key, PKCS#7 to multiples of 32 bytes.  The plain text is
16 random bytes + 4-byte big-endian length in bytes + message + receive id.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class EnvelopeError(Exception):
    """Something encrypted cannot be accepted; the text says which check failed."""


def signature(*parts: str) -> str:
    """The platforms' signature: SHA-1, as lower-case hex, of the sorted and joined parts."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def pad(data: bytes) -> bytes:
    """PKCS#7 to 32 bytes; aligned data gets a whole block more."""
    count = BLOCK - len(data) % BLOCK
    return data + bytes([count]) * count


def unpad(data: bytes) -> bytes:
    """Take the padding off, checking every byte of it."""
    count = data[-1] if data else 0
    if not 1 <= count <= BLOCK or len(data) < count or data[-count:] != bytes([count]) * count:
        raise EnvelopeError("padding is not PKCS#7 to 32 bytes")
    return data[:-count]


def encrypt_with(key: bytes, data: bytes) -> bytes:
    """Plain CBC with a key of 32 bytes, as files sent to the robot are encrypted."""
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return encryptor.update(pad(data)) + encryptor.finalize()


class CallbackCipher:
    """One callback address's key: signs, seals and opens what travels between platform and developer."""

    def __init__(self, token: str, encoding_aes_key: str, receive_id: str) -> None:
        self.token = token
        self.key = base64.b64decode(encoding_aes_key + "=", validate=True)
        if len(self.key) != 32:
            raise ValueError("an EncodingAESKey has 43 characters")
        self.receive_id = receive_id.encode()

    def sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        return signature(self.token, timestamp, nonce, encrypted)

    def check(self, given: str, timestamp: str, nonce: str, encrypted: str) -> None:
        if not hmac.compare_digest(given.encode(), self.sign(timestamp, nonce, encrypted).encode()):
            raise EnvelopeError("signature does not match token, timestamp, nonce and encrypted text")

    def seal(self, message: bytes) -> str:
        plain = secrets.token_bytes(16) + len(message).to_bytes(4, "big") + message + self.receive_id
        return base64.b64encode(self.encrypt(plain)).decode()

    def open(self, encrypted: str) -> bytes:
        try:
            sealed = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise EnvelopeError("encrypted text is not base64") from exc
        if not sealed or len(sealed) % BLOCK:
            raise EnvelopeError("encrypted text is not a multiple of 32 bytes")
        decryptor = self._cipher().decryptor()
        plain = unpad(decryptor.update(sealed) + decryptor.finalize())
        if len(plain) < 20:
            raise EnvelopeError("decrypted text is shorter than its header")
        end = 20 + int.from_bytes(plain[16:20], "big")
        if end > len(plain):
            raise EnvelopeError("length field points behind the decrypted text")
        if plain[end:] != self.receive_id:
            raise EnvelopeError("receive id is not this account's")
        return plain[20:end]

    def encrypt(self, data: bytes) -> bytes:
        """Plain CBC with this key, as files sent to the robot are encrypted."""
        return encrypt_with(self.key, data)

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16]))
