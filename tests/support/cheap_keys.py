"""A restic repository whose password costs no time to try: the same master key under the same password, with scrypt at its least.

restic tries the password at every call, some 0.2 s of CPU and 60 MB of memory each time, as it must for real repositories. How costly that is stands
in the key's file; so a test's may say that it is cheap. What is in the repository, and what restic does with it, is as ever. The form of the file:
restic's design document, "Keys, Encryption and MAC" (AES-256-CTR, Poly1305-AES over the ciphertext).
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.poly1305 import Poly1305

NONCE = TAG = 16
CHEAP = {"N": 2, "r": 1, "p": 1}
"""The least that scrypt allows."""


def cheapen(repository: Path, password: str) -> None:
    """Write the keys of the new repository in the folder ``repository`` anew, so that ``password`` opens it at once."""
    for path in (repository / "keys").iterdir():
        key = json.loads(path.read_bytes())
        master = _opened(_derived(password, key), b64decode(key["data"]))
        key |= CHEAP
        content = json.dumps({**key, "data": b64encode(_sealed(_derived(password, key), b64decode(key["data"])[:NONCE], master)).decode()}).encode()
        (path.parent / hashlib.sha256(content).hexdigest()).write_bytes(content)
        path.unlink()


def _derived(password: str, key: dict[str, int | str]) -> bytes:
    """AES key, and K and R of Poly1305-AES."""
    n, r, p = int(key["N"]), int(key["r"]), int(key["p"])
    return hashlib.scrypt(password.encode(), salt=b64decode(str(key["salt"])), n=n, r=r, p=p, maxmem=256 * n * r + (1 << 20), dklen=64)


def _sealed(derived: bytes, nonce: bytes, content: bytes) -> bytes:
    hidden = Cipher(AES(derived[:32]), CTR(nonce)).encryptor().update(content)
    return nonce + hidden + _tag(derived, nonce, hidden)


def _opened(derived: bytes, sealed: bytes) -> bytes:
    nonce, hidden = sealed[:NONCE], sealed[NONCE:-TAG]
    assert _tag(derived, nonce, hidden) == sealed[-TAG:], "not the password of this repository"
    return Cipher(AES(derived[:32]), CTR(nonce)).decryptor().update(hidden)


def _tag(derived: bytes, nonce: bytes, hidden: bytes) -> bytes:
    mask = Cipher(AES(derived[32:48]), ECB()).encryptor().update(nonce)  # noqa: S305 - one block, as Poly1305-AES is defined
    return Poly1305.generate_tag(derived[48:64] + mask, hidden)
