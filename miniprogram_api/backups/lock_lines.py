"""Which subjects are locked, in a list outside beside that of destroyed keys: a restore from before a lock brings the lock back.

One line a change, ``<subject> <locked|open> <time>``; the last one of a subject is in force. A lock can be opened again, so the list grows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.foundation.keyring.models import WrappedKey
from miniprogram_api.backups.key_lines import locked_in

LOCKED, OPEN = "locked", "open"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a subject's lock, and when."""

    locked: bool
    at: datetime


async def locked_now() -> dict[str, datetime]:
    """The subjects that are locked in the key ring that is open, and since when."""
    rows = await WrappedKey.filter(locked_at__isnull=False, erased_at__isnull=True).values_list("id", "locked_at")
    return {str(subject): at for subject, at in rows}


def read_locks(path: Path) -> dict[str, Change]:
    """The list; empty when there is none. Lines that are torn are passed over: the next round writes them once more."""
    found: dict[str, Change] = {}
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        subject, _, rest = line.partition(" ")
        word, _, text = rest.partition(" ")
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            continue
        if ":" in subject and word in (LOCKED, OPEN) and at.utcoffset() is not None:
            found[subject] = Change(word == LOCKED, at)
    return found


def add_locks(path: Path, locked: Mapping[str, datetime], now: datetime) -> int:
    """Append what changed since, durably; how many lines. ``locked``: all that are locked; who is no longer among them was opened by ``now``."""
    known = read_locks(path)
    new = {subject: Change(True, at) for subject, at in locked.items() if subject not in known or not known[subject].locked}
    new |= {subject: Change(False, now) for subject, one in known.items() if one.locked and subject not in locked}
    if new:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""
            lines = (f"{name} {LOCKED if one.locked else OPEN} {one.at.astimezone(UTC).isoformat()}\n" for name, one in sorted(new.items()))
            os.write(descriptor, (torn + "".join(lines)).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return len(new)


def locks_in_force(newest: bytes, path: Path) -> dict[str, str | None]:
    """Since when each subject is locked (None: not), by the newest export of the key ring and by the list outside, whichever is later; where they do
    not say which is later, it is locked: that can be taken back."""
    found = locked_in(newest)
    for subject, one in read_locks(path).items():
        since = found.get(subject)
        if one.locked:
            found[subject] = since or one.at.astimezone(UTC).isoformat()
        elif since is None or datetime.fromisoformat(since) <= one.at:
            found[subject] = None
    return found
