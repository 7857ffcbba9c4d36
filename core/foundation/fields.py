"""Column types with the meaning of this project."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tortoise import fields


class UtcDatetimeField(fields.DatetimeField[datetime]):
    """A time stored in UTC whatever offset it comes with.

    The stock field compares and updates with the offset cut off (eight hours wrong for +08:00 on MariaDB). Naive times are refused.
    """

    def to_db_value(self, value: Any, instance: Any) -> Any:
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError("a time without a zone")
            value = value.astimezone(UTC)
        return super().to_db_value(value, instance)

    def to_python_value(self, value: Any) -> datetime | None:
        # SQLite gives the text that was stored, MariaDB a naive moment of UTC; the stock field reads any text that any standard ever allowed.
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if not isinstance(value, datetime):
            return super().to_python_value(value)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def id_field(**options: Any) -> Any:
    """A column that holds another row's ULID without a foreign key (the row may live in a room above)."""
    return fields.CharField(max_length=26, **options)
