"""What every row has: an id made before the insert, and a version for compare-and-set."""

from __future__ import annotations

from typing import Any, TypeVar

from tortoise import fields
from tortoise.models import Model, ModelMeta

from core.foundation.database import statements
from core.foundation.errors import Conflict

ROW = TypeVar("ROW", bound="Row")


class _Described(ModelMeta):
    """Fields are told in docstrings here, never in comments (`#:`): looking for some reads and parses the source of every model, a fifth of what a
    process of the house takes to start."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> _Described:
        made: _Described = super().__new__(cls, name, bases, {**attrs, "_no_comments": True})  # type: ignore[assignment]
        return made


class Row(Model, metaclass=_Described):
    """A row with a ULID and a version."""

    id = fields.CharField(max_length=26, primary_key=True)
    version = fields.IntField(default=1)

    class Meta:
        abstract = True

    async def change(self, *, conflict: Exception | None = None, **values: Any) -> None:
        """Write ``values`` if nobody wrote since this row was read, else raise ``conflict`` (or :class:`Conflict`)."""
        changed = await statements.update(type(self), {"version": self.version + 1, **values}, id=self.id, version=self.version)
        if changed == 0:
            raise conflict if conflict is not None else Conflict()
        self.version += 1
        for name, value in values.items():
            setattr(self, name, value)


class Owned(Row):
    """A row that belongs to an organisation."""

    organisation_id = fields.CharField(max_length=26, db_index=True)

    class Meta:
        abstract = True


async def row_named(model: type[ROW], order: object, field: str) -> ROW | None:
    """The row whose id an order names in ``field``; None where it has no such field, names nothing there, or there is no such row."""
    row_id = getattr(order, field, None)
    return None if row_id is None else await model.get_or_none(id=row_id)
