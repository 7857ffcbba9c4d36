"""Claiming rows for work, one implementation per dialect: SQLite takes them in one statement, MariaDB skips rows others have locked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from core.foundation.database.connection import PRACTICE, dialect
from core.foundation.models import OutboxEvent


async def claim_events(lane: str, worker: str, now: datetime, until: datetime, limit: int) -> list[dict[str, Any]]:
    """Up to ``limit`` waiting events of ``lane`` whose lease has run out, oldest first, claimed for ``worker``: id, topic, key, body, tries."""
    if dialect() == "sqlite":
        rows = await _claim_sqlite(lane, worker, now, until, limit)
    else:
        rows = await _claim_mysql(lane, worker, now, until, limit)
    for row in rows:
        if isinstance(row["body"], str | bytes):
            row["body"] = json.loads(row["body"])
    return sorted(rows, key=lambda row: str(row["id"]))


async def _claim_sqlite(lane: str, worker: str, now: datetime, until: datetime, limit: int) -> list[dict[str, Any]]:
    connection = get_connection(PRACTICE)
    # Looking first costs a read; taking the write lock of the whole file four times a second in every idle worker costs everybody.
    if not await OutboxEvent.filter(state="waiting", lane=lane, claimed_until__lte=now).exists():
        return []
    return list(await connection.execute_query_dict(
        "UPDATE outbox_event SET claimed_by=?, claimed_until=?, tries=tries+1 WHERE id IN ("
        "SELECT id FROM outbox_event WHERE state='waiting' AND lane=? AND claimed_until<=? ORDER BY id LIMIT ?)"
        ' RETURNING id, topic, "key", body, tries',
        [worker, _sqlite_time(until), lane, _sqlite_time(now), limit],
    ))


async def _claim_mysql(lane: str, worker: str, now: datetime, until: datetime, limit: int) -> list[dict[str, Any]]:
    async with in_transaction(PRACTICE) as connection:
        rows = list(await connection.execute_query_dict(
            "SELECT id, topic, `key`, body, tries + 1 AS tries FROM outbox_event WHERE state='waiting' AND lane=%s AND claimed_until<=%s"
            " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            [lane, now.astimezone(UTC).replace(tzinfo=None), limit],
        ))
        if rows:
            await OutboxEvent.filter(id__in=[row["id"] for row in rows]).using_db(connection).update(
                claimed_by=worker, claimed_until=until
            )
            marks = ",".join(["%s"] * len(rows))
            await connection.execute_query(
                f"UPDATE outbox_event SET tries=tries+1 WHERE id IN ({marks})",  # noqa: S608 - only placeholders are put in
                [row["id"] for row in rows],
            )
    return rows


def _sqlite_time(moment: datetime) -> str:
    """As Tortoise stores an aware time in SQLite, so that text comparison is time comparison."""
    return moment.astimezone(UTC).isoformat(" ")
