"""An audit entry as bytes: what its leaf hash is taken over, what a regulator is given. Read straight from the row, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
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
_SORTED = tuple(sorted((*COLUMNS, "form")))
_TEMPLATE = "{" + ",".join(f'"{name}":%s' for name in _SORTED) + "}"
_ORDER = tuple(COLUMNS.index(name) if name in COLUMNS else len(COLUMNS) for name in _SORTED)
_AT, _REAL_AT, _DETAIL = COLUMNS.index("at"), COLUMNS.index("real_at"), COLUMNS.index("detail")


def entry_bytes(row: Sequence[Any]) -> bytes:
    """The canonical form (:mod:`core.foundation.canonical`) of a row that was read as ``SELECTED``; the same on both databases.

    Written out by hand, because a million of them are verified in one go. Never raises: a row in which somebody put what no entry holds gives
    bytes that no entry has.
    """
    try:
        parts = [encode_basestring(value) if type(value) is str else "null" if value is None else "" for value in row]
        parts[_AT], parts[_REAL_AT] = f'"{_moment(row[_AT])}"', f'"{_moment(row[_REAL_AT])}"'
        detail = row[_DETAIL]
        parts[_DETAIL] = _detail(detail) if isinstance(detail, str) else _encode(detail)
        parts.append(str(FORM))
        return (_TEMPLATE % tuple([parts[place] for place in _ORDER])).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, IndexError, RecursionError):
        return repr(row).encode("utf-8", "surrogatepass")


def _moment(value: Any) -> str:
    """A time to the microsecond, in UTC: text on SQLite, a naive time on MariaDB."""
    if isinstance(value, str):
        if len(value) == 32 and value.endswith("+00:00"):
            datetime.fromisoformat(value)
            return f"{value[:10]}T{value[11:]}"
        value = datetime.fromisoformat(value)
    moment: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")


@lru_cache(maxsize=10_000)
def _detail(value: str) -> str:
    return _encode(json.loads(value))


def document(entry: AuditEntry) -> Mapping[str, Any]:
    """The same document from a row as Tortoise reads it, for the tests of the shorter way."""
    values = {name: getattr(entry, name) for name in COLUMNS}
    return {**values, "at": _moment(entry.at), "real_at": _moment(entry.real_at), "form": FORM}
