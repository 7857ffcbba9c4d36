"""Audit entries in bulk, as orders leave them, for the figures about the audit's tree."""

from __future__ import annotations

from typing import Any

from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from core.foundation.audit.entries import SELECTED, entry_bytes
from core.foundation.database.connection import PRACTICE
from core.foundation.practice import Practice

_COLUMNS = (
    "id", "version", "at", "real_at", "account_id", "role", "relation", "organisation_id", "channel", "action", "outcome", "subject_kind",
    "subject_id", "detail",
)  # fmt: skip


async def fill(practice: Practice, count: int) -> None:
    """``count`` entries that wait for the tree, about 300 bytes each as their canonical form."""
    new, at = practice.ids.new, practice.clock.now().isoformat(" ")
    people = [new() for _ in range(200)]
    mark = "?"
    if get_connection(PRACTICE).capabilities.dialect == "mysql":
        mark, at = "%s", at.removesuffix("+00:00")
    insert = f"INSERT INTO audit_entry ({', '.join(_COLUMNS)}) VALUES ({', '.join([mark] * len(_COLUMNS))})"  # noqa: S608 - constants
    for start in range(0, count, 10_000):
        rows: list[list[Any]] = [
            [
                new(), 1, at, at, people[number % 97], "expert", "assigned_expert", people[number % 7], "h5", "consultations.case", "done",
                "patient", people[number % 200], '{"consultation": "C-7K2M"}',
            ]
            for number in range(start, min(start + 10_000, count))
        ]  # fmt: skip
        async with in_transaction(PRACTICE) as connection:
            await connection.execute_many(insert, rows)


async def canonical_entries(limit: int) -> list[bytes]:
    """The first ``limit`` entries as the tree takes them."""
    _, rows = await get_connection(PRACTICE).execute_query(f"SELECT {SELECTED} FROM audit_entry e ORDER BY e.id LIMIT ?", [limit])  # noqa: S608
    return [entry_bytes(tuple(row)) for row in rows]
