"""The key ring as lines of JSON: one a row, whichever database it lies in. What was destroyed has no bytes here, not even in a free page.

An erased subject must stay erased whatever is restored, so its destruction is replayed: onto every older snapshot of the key ring when the next
backup is made, and onto a restored one from the newest snapshot and from the list of destroyed keys that lies outside.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tortoise.models import Model

from core.foundation.keyring.models import KeyRenewal, KeyringEdition, WrappedKey
from miniprogram_api.backups.failures import RepositoryDamaged

_MODELS: dict[str, type[Model]] = {model._meta.db_table: model for model in (KeyringEdition, KeyRenewal, WrappedKey)}
_KEYS = "wrapped_key"
_BATCH = 1000
_DESTROYED: dict[str, Any] = {"wrapped": "", "former": None, "former_version": None, "former_suite": None}

Erased = dict[str, str]
"""Subjects (``<kind>:<id>``) whose keys were destroyed, and when (ISO 8601)."""


async def export_keys(target: Path) -> tuple[int, Erased]:
    """Write the key ring that is open into the new file ``target`` (owner-readable): how many keys there are, and which were destroyed.

    Rows that come meanwhile may be left out: keys are older than what is sealed under them, and the data was copied before.
    """
    count, erased = 0, Erased()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        for table, model in _MODELS.items():
            async for row in _rows(model):
                line = {"table": table, **{name: _plain(getattr(row, name)) for name in model._meta.db_fields}}
                out.write(json.dumps(line) + "\n")
                if table == _KEYS:
                    count += 1
                    if line["erased_at"] is not None:
                        erased[line["id"]] = line["erased_at"]
        out.flush()
        os.fsync(out.fileno())
    return count, erased


async def _rows(model: type[Model]) -> AsyncIterator[Any]:
    after: Any = None
    while True:
        found = model.all() if after is None else model.filter(id__gt=after)
        rows = await found.order_by("id").limit(_BATCH)
        for row in rows:
            yield row
        if len(rows) < _BATCH:
            return
        after = rows[-1].pk


def erased_in(lines: bytes) -> Erased:
    """Which subjects' keys were destroyed, as the lines of an export say."""
    return {line["id"]: line["erased_at"] for line in _read(lines) if line["table"] == _KEYS and line["erased_at"] is not None}


def locked_in(lines: bytes) -> dict[str, str | None]:
    """Since when each subject is locked (None: not), as the lines of an export say."""
    return {line["id"]: line.get("locked_at") for line in _read(lines) if line["table"] == _KEYS}


def without_erased(lines: bytes, erased: Mapping[str, str]) -> bytes:
    """The same export with the keys of ``erased`` subjects destroyed."""
    return b"".join(json.dumps(_destroyed(line, erased)).encode() + b"\n" for line in _read(lines))


async def import_keys(lines: bytes, erased: Mapping[str, str], locked: Mapping[str, str | None] | None = None) -> int:
    """Put an export into the key ring that is open and empty, the keys of ``erased`` subjects destroyed, those of ``locked`` ones locked since then
    (None: not locked); how many keys there are. RepositoryDamaged, and nothing is put there, for what is none."""
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in _MODELS}
    for line in _read(lines):
        row = _destroyed(line, erased)
        if locked is not None and line["table"] == _KEYS and line["id"] in locked:
            row = {**row, "locked_at": locked[line["id"]]}
        rows[line["table"]].append(row)
    named = {row["id"] for row in rows[_KEYS]}
    master = next((row.get("kek_version", "1") for row in rows[_KEYS]), "1")
    rows[_KEYS] += [
        # Nobody makes the subject a new key either.
        {"id": subject, **_DESTROYED, "kek_version": master, "created_at": at, "erased_at": at}
        for subject, at in sorted(erased.items()) if subject not in named
    ]  # fmt: skip
    try:
        made = {table: [model(**_typed(model, row)) for row in rows[table]] for table, model in _MODELS.items()}
        edition = max((int(row["edition"]) for row in rows["keyring_edition"]), default=0)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _unreadable() from None
    for table, model in _MODELS.items():
        for start in range(0, len(made[table]), _BATCH):
            await model.bulk_create(made[table][start : start + _BATCH])
    # Processes know the edition they have seen: it must not come back.
    await KeyringEdition.filter(id=1).update(edition=edition + 1)
    return len(rows[_KEYS])


def read_erased(path: Path) -> Erased:
    """The list that lies outside; empty when there is none. A torn last line is passed over, torn in its time too: its subject is in the key ring,
    and is written once more."""
    found = Erased()
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        subject, _, at = line.partition(" ")
        if ":" in subject and _is_time(at):
            found[subject] = at
    return found


def _is_time(text: str) -> bool:
    """Whether it is a whole time with its zone, as :func:`_plain` writes it."""
    try:
        return datetime.fromisoformat(text).utcoffset() is not None
    except ValueError:
        return False


def add_erased(path: Path, erased: Mapping[str, str]) -> int:
    """Append to the list what it does not hold yet, durably; how many."""
    known = read_erased(path)
    new = {subject: at for subject, at in erased.items() if subject not in known}
    if new:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""
            os.write(descriptor, torn + "".join(f"{subject} {at}\n" for subject, at in sorted(new.items())).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return len(new)


async def erased_now() -> Erased:
    """Which subjects' keys were destroyed in the key ring that is open."""
    rows = await WrappedKey.filter(erased_at__isnull=False).values_list("id", "erased_at")
    return {str(subject): _plain(at) for subject, at in rows}


def _destroyed(line: dict[str, Any], erased: Mapping[str, str]) -> dict[str, Any]:
    if line["table"] != _KEYS or line["id"] not in erased or line["erased_at"] is not None:
        return line
    return {**line, **_DESTROYED, "erased_at": erased[line["id"]]}


def _read(lines: bytes) -> Iterator[dict[str, Any]]:
    try:
        for text in lines.splitlines():
            line = json.loads(text)
            if line["table"] not in _MODELS or not (line["table"] != _KEYS or (isinstance(line["id"], str) and "erased_at" in line)):
                raise KeyError
            yield line
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _unreadable() from None


def _unreadable() -> RepositoryDamaged:
    return RepositoryDamaged("密钥库的快照读不懂:已损坏,或是更新版本的程序做的。请换一份快照(--set)。")


def _typed(model: type[Model], row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a line as the model wants them; what an older program did not write gets its default."""
    typed: dict[str, Any] = {}
    for name in _columns(model, row):
        value, kind = row[name], model._meta.fields_map[name].field_type
        if value is not None and kind is bytes:
            value = base64.b64decode(value, validate=True)
        elif value is not None and kind is datetime:
            value = datetime.fromisoformat(value)
        typed[name] = value
    return typed


def _columns(model: type[Model], row: Mapping[str, Any]) -> Iterable[str]:
    return [name for name in model._meta.db_fields if name in row]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value
