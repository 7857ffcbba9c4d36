"""Codes that a page or a mini program hands to the server: good once, for five minutes."""

import json
import secrets
import sqlite3
from typing import Any

from .calls import PlatformError
from .store import dump
from .world import World

LIFETIME = 300


def issue(world: World, kind: str, subject: str, detail: dict[str, Any] | None = None) -> str:
    """A fresh code. Kinds: mini_login, mini_phone, official_oauth, wecom_oauth. Subject: the person's key."""
    code = secrets.token_urlsafe(24)
    world.store.run(
        "INSERT INTO codes (code, kind, subject, detail, expires_at) VALUES (?, ?, ?, ?, ?)",
        code,
        kind,
        subject,
        dump(detail or {}),
        world.now() + LIFETIME,
    )
    return code


def redeem(world: World, kind: str, code: str) -> sqlite3.Row:
    """Use a code up; 40163 when it was used before, 40029 when it is unknown, of another kind or too old."""
    row = world.store.row("SELECT * FROM codes WHERE code = ? AND kind = ?", code, kind)
    if row is None or row["expires_at"] <= world.now():
        raise PlatformError(40029)
    if not world.store.run("UPDATE codes SET used = 1 WHERE code = ? AND used = 0", code):
        raise PlatformError(40163)
    return row


def detail(row: sqlite3.Row) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row["detail"])
    return found
