"""What a sealed field costs: our own Sealer, associated data and all, beside Fernet; both suites; the blind index beside a bare HMAC."""

from __future__ import annotations

import hashlib
import hmac
import platform
import ssl
import tempfile
from importlib.metadata import version
from pathlib import Path

from cryptography.fernet import Fernet

from benchmarks.support.figure import Figure, show
from benchmarks.support.timing import by_turns_plain, row
from core.foundation.clock import SystemClock
from core.foundation.encryption.suites import AES, SM4
from core.foundation.keys import KeyRing, MasterKeys, Sealer

ROUNDS, CALLS = 9, 3000
ROW = "01JD0000000000000000000000"
SUBJECT = f"patient:{ROW}"
NAME = "欧阳娜娜(六字)"
SENTENCE = "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷" * 2
RECORD = SENTENCE * 40


def measure() -> Figure:
    rows = []
    fernet = Fernet(Fernet.generate_key())
    for suite, name in ((AES, "AES-256-GCM"), (SM4, "SM4-GCM")):
        sealer = Sealer(SUBJECT, suite.new_key(), suite=suite)
        rows += [
            _both(sealer, fernet, f"{name}: seal and open {len(text.encode()):,} bytes; peer: Fernet", text) for text in (NAME, SENTENCE, RECORD)
        ]
    sealer = Sealer(SUBJECT, AES.new_key())
    sealed, token = sealer.seal("patient", "full_name", ROW, NAME), fernet.encrypt(NAME.encode())
    seal, encrypt, opened, decrypted = by_turns_plain(
        (
            lambda: sealer.seal("patient", "full_name", ROW, NAME), lambda: fernet.encrypt(NAME.encode()),
            lambda: sealer.open("patient", "full_name", ROW, sealed), lambda: fernet.decrypt(token).decode(),
        ),
        rounds=ROUNDS, calls=CALLS,
    )  # fmt: skip
    rows += [row("AES-256-GCM: seal alone", seal, encrypt), row("AES-256-GCM: open alone", opened, decrypted)]
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        keys = KeyRing(MasterKeys.create(Path(folder) / "keys"), SystemClock())
    key = b"k" * 32
    ours, peer = by_turns_plain(
        (lambda: keys.blind("phone", "19900000001"), lambda: hmac.new(key, b"phone\x0019900000001", hashlib.sha256).hexdigest()),
        rounds=ROUNDS, calls=CALLS,
    )  # fmt: skip
    rows.append(row("blind index of a phone number; peer: hmac.new, hashlib", ours, peer))
    notes = [
        f"Microseconds of CPU a call; the median of {ROUNDS} rounds of {CALLS:,} calls, ours and the peer by turns in one process.",
        "A sealed field is bound to table, column, row, person and key version; Fernet is AES-128-CBC with HMAC-SHA256, bound to nothing.",
        f"Stored size of {len(NAME.encode())} bytes: {len(sealed)} bytes ours, {len(token)} bytes Fernet.",
    ]
    return Figure(
        "fields", "One sealed field", ["", "ours µs", "peer µs", "ratio"], rows, notes,
        {"Python": platform.python_version(), "cryptography": version("cryptography"), "OpenSSL of Python": ssl.OPENSSL_VERSION.split()[1]},
    )  # fmt: skip


def _both(sealer: Sealer, fernet: Fernet, title: str, text: str) -> list[str]:
    ours, peer = by_turns_plain(
        (
            lambda: sealer.open("patient", "full_name", ROW, sealer.seal("patient", "full_name", ROW, text)),
            lambda: fernet.decrypt(fernet.encrypt(text.encode())).decode(),
        ),
        rounds=ROUNDS, calls=CALLS,
    )  # fmt: skip
    return row(title, ours, peer)


if __name__ == "__main__":
    show(measure)
