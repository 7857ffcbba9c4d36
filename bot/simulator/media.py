"""Pictures, voices and files: kept in a folder, named by an id nobody can guess, gone for the platform after three days."""

import secrets
import sqlite3
from pathlib import Path

from .crypto import encrypt_with
from .world import World

LIFETIME = 3 * 86400
LINK_LIFETIME = 300


def keep(world: World, account: str, kind: str, name: str, content_type: str, data: bytes) -> str:
    """Store the bytes (file first, row after) and answer the media id. Accounts: official_account, mini_program, wecom."""
    media = secrets.token_urlsafe(32)
    path(world, media).write_bytes(data)
    world.store.run("INSERT INTO media VALUES (?, ?, ?, ?, ?, ?)", media, account, kind, name, content_type, world.now())
    return media


def path(world: World, media: str) -> Path:
    return world.folder / "media" / media


def known(world: World, media: str, account: str) -> sqlite3.Row | None:
    """The media row while this account may still use it."""
    return world.store.row("SELECT * FROM media WHERE id = ? AND account = ? AND created_at > ?", media, account, world.now() - LIFETIME)


def stored(world: World, media: str) -> sqlite3.Row | None:
    """The media row for the people who see it in their chat; this does not expire."""
    return world.store.row("SELECT * FROM media WHERE id = ?", media)


def link(world: World, media: str) -> str:
    """An address of the robot's, good for five minutes, under which the file lies encrypted."""
    token = secrets.token_urlsafe(32)
    world.store.run(
        "INSERT INTO codes (code, kind, subject, detail, expires_at) VALUES (?, 'robot_file', ?, '', ?)", token, media, world.now() + LINK_LIFETIME
    )
    return f"{world.origin}/simulator/qyapi.weixin.qq.com/files/{token}"


def key_for_link(world: World, address: str) -> bytes:
    """A key of its own for such an address, as the long connection gives one with each file."""
    key = secrets.token_bytes(32)
    world.store.run("UPDATE codes SET detail = ? WHERE code = ? AND kind = 'robot_file'", key.hex(), address.rsplit("/", 1)[-1])
    return key


def linked(world: World, token: str) -> bytes | None:
    """The encrypted bytes behind such an address; None when it is unknown or too old."""
    row = world.store.row("SELECT subject, detail FROM codes WHERE code = ? AND kind = 'robot_file' AND expires_at > ?", token, world.now())
    if row is None or stored(world, row["subject"]) is None:
        return None
    content = path(world, row["subject"]).read_bytes()
    return encrypt_with(bytes.fromhex(row["detail"]), content) if row["detail"] else world.ciphers["wecom_robot"].encrypt(content)
