"""An audit entry as bytes: what its leaf hash is taken over, what a regulator is given. Read straight from the row, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.foundation.models import AuditEntry

FORM = 1
"""Of the document. Another form gets another number: what is in the tree stays as it is."""

COLUMNS: tuple[str, ...] = (
    "id", "at", "real_at", "account_id", "role", "relation", "organisation_id", "channel", "action", "outcome", "subject_kind", "subject_id",
    "detail", "reason", "session_id", "address",
)  # fmt: skip
"""What is hashed, in the order in which pages are read. Not the version and not ``in_tree``: they say nothing of the act."""

SELECTED = ", ".join(f"e.{name}" for name in COLUMNS)
"""The columns in a SELECT that calls the table ``e``."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def entry_bytes(row: Sequence[Any]) -> bytes:
    """The canonical form (:mod:`core.foundation.canonical`) of a row that was read as ``SELECTED``; the same on both databases.

    Never raises: a row in which somebody put what no entry holds gives bytes that no entry has.
    """
    entry = dict(zip(COLUMNS, row, strict=False))
    entry["at"] = _moment(entry["at"])
    entry["real_at"] = _moment(entry["real_at"])
    entry["detail"] = _detail(entry["detail"])
    entry["form"] = FORM
    try:
        return _encode(entry).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError):
        return repr(entry).encode("utf-8", "surrogatepass")


def document(entry: AuditEntry) -> Mapping[str, Any]:
    """The same document from a row as Tortoise reads it, for the tests of the shorter way."""
    values = {name: getattr(entry, name) for name in COLUMNS}
    return {**values, "at": _moment(entry.at), "real_at": _moment(entry.real_at), "form": FORM}


def _moment(value: Any) -> str:
    """A time to the microsecond, in UTC: text on SQLite, a naive time on MariaDB."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return f"?{value}"
    if not isinstance(value, datetime):
        return f"?{value!r}"
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")


def _detail(value: Any) -> Any:
    if isinstance(value, str | bytes):
        try:
            return json.loads(value)
        except ValueError:
            return f"?{value!r}"
    return value
