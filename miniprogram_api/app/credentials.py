"""Credentials of the demonstration's four WeChat channels: made once at random, kept in the data folder, readable by its owner alone.

A hospital writes `<data>/secrets/channels.json` itself, with what the platforms gave it; the demonstration also writes the twin that the
simulated platform reads.
"""

from __future__ import annotations

import base64
import json
import os
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

RandomBytes = Callable[[int], bytes]
"""`n` -> `n` unpredictable bytes; `secrets.token_bytes` outside tests."""

CALLBACKS = {
    ("official_account",): "official-account",
    ("mini_program",): "mini-program",
    ("wecom", "app"): "wecom-app",
    ("wecom", "robot"): "wecom-robot",
}

_LETTERS = frozenset(string.ascii_letters + string.digits)


def write_demo_credentials(channels_file: Path, simulator_dir: Path, public_url: str, random: RandomBytes) -> dict[str, Any]:
    """Make the credentials on first start, keep them after that; callback addresses always follow `public_url`. Returns what was written."""
    kept = json.loads(channels_file.read_text("utf-8")) if channels_file.exists() else generate(random)
    credentials = with_callbacks(kept, public_url)
    for path in (channels_file, simulator_dir / "platform.json"):
        write_private(path, json.dumps(credentials, ensure_ascii=False, indent=1) + "\n")
    return credentials


def write_demo_secret(path: Path, random: RandomBytes) -> None:
    """The secret by which programs of this machine sign people in (`huizhen chat`, the story); made once, before any process starts."""
    if not path.exists() or not path.read_text("utf-8").strip():
        write_private(path, _hex(random, 48))


def generate(random: RandomBytes) -> dict[str, Any]:
    """Credentials in the shapes the platforms give them, without callback addresses."""
    return {
        "official_account": {
            "original_id": "gh_" + _hex(random, 12),
            "appid": "wx" + _hex(random, 16),
            "secret": _hex(random, 32),
            "token": _letters(random, 32),
            "encoding_aes_key": _aes_key(random),
            "templates": {name: _letters(random, 43) for name in ("progress", "appointment", "reminder", "reply")},
        },
        "mini_program": {
            "original_id": "gh_" + _hex(random, 12),
            "appid": "wx" + _hex(random, 16),
            "secret": _hex(random, 32),
            "token": _letters(random, 32),
            "encoding_aes_key": _aes_key(random),
            "message_format": "json",
            "templates": {name: _letters(random, 43) for name in ("progress", "appointment", "reminder")},
            "long_term": ["reminder"],
        },
        "wecom": {
            "corpid": "ww" + _hex(random, 16),
            "app": {
                "agentid": 1000002,
                "secret": _letters(random, 43),
                "token": _letters(random, 32),
                "encoding_aes_key": _aes_key(random),
            },
            "robot": {
                "aibotid": "aib" + _letters(random, 32),
                "name": "会诊助手",
                "token": _letters(random, 32),
                "encoding_aes_key": _aes_key(random),
                "secret": _letters(random, 43),
            },
        },
    }


def with_callbacks(credentials: dict[str, Any], public_url: str) -> dict[str, Any]:
    """The same credentials with every channel's callback address under `public_url`."""
    copy: dict[str, Any] = json.loads(json.dumps(credentials))
    for place, name in CALLBACKS.items():
        channel = copy
        for step in place:
            channel = channel[step]
        channel["callback_url"] = f"{public_url}/callback/{name}"
    return copy


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step, never readable by others (0600 in a 0700 folder)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.read_text("utf-8") == text:
        path.chmod(0o600)
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def _hex(random: RandomBytes, length: int) -> str:
    return random((length + 1) // 2).hex()[:length]


def _letters(random: RandomBytes, length: int) -> str:
    """Letters and digits, each equally likely: bytes beyond the last whole multiple of 62 are thrown away."""
    alphabet = string.ascii_letters + string.digits
    found: list[str] = []
    while len(found) < length:
        found += [alphabet[byte % 62] for byte in random(length) if byte < 248]
    return "".join(found[:length])


def _aes_key(random: RandomBytes) -> str:
    """32 bytes as 43 base64 characters without `+` and `/`: the platforms allow letters and digits only."""
    while True:
        key = base64.b64encode(random(32)).decode()[:43]
        if _LETTERS.issuperset(key):
            return key
