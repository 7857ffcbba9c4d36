"""Claiming rows for work, one implementation per dialect: SQLite takes them in one statement, MariaDB skips rows others have locked.

Events with one key are told in order: one that waits for its retry, or that another worker holds, holds back those that came after it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from core.foundation.database.connection import PRACTICE, dialect


def _not_held_back(key: str, mark: str) -> str:
    """The condition that no earlier event of the same key waits for its time; ``key`` and ``mark`` as the dialect spells them."""
    return (
        f"(outbox_event.{key}='' OR NOT EXISTS (SELECT 1 FROM outbox_event AS earlier WHERE earlier.state='waiting'"  # noqa: S608
        f" AND earlier.lane=outbox_event.lane AND earlier.{key}=outbox_event.{key} AND earlier.id<outbox_event.id"
        f" AND earlier.claimed_until>{mark}))"
    )


_SQLITE_FREE = "state='waiting' AND claimed_until<=? AND " + _not_held_back('"key"', "?")
_MYSQL_FREE = "state='waiting' AND claimed_until<=%s AND " + _not_held_back("`key`", "%s")


async def claim_events(lane: str, worker: str, now: datetime, until: datetime, limit: int) -> list[dict[str, Any]]:
    """Up to ``limit`` waiting events of ``lane`` whose lease has run out, oldest first, claimed for ``worker``: id, topic, key, body, tries.

    Of each key they are a run without a gap: none is claimed while an earlier one waits for its time or is in another worker's hands.
    """
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
    moment = _sqlite_time(now)
    # Looking first costs a read; taking the write lock of the whole file four times a second in every idle worker costs everybody.
    free = await connection.execute_query_dict(
        f"SELECT id FROM outbox_event WHERE lane=? AND {_SQLITE_FREE} ORDER BY id LIMIT ?",  # noqa: S608 - constants
        [lane, moment, moment, limit],
    )
    if not free:
        return []
    marks = ",".join("?" * len(free))
    return list(await connection.execute_query_dict(
        f"UPDATE outbox_event SET claimed_by=?, claimed_until=?, tries=tries+1 WHERE id IN ({marks}) AND {_SQLITE_FREE}"  # noqa: S608
        ' RETURNING id, topic, "key", body, tries',
        [worker, _sqlite_time(until), *(row["id"] for row in free), moment, moment],
    ))


async def _claim_mysql(lane: str, worker: str, now: datetime, until: datetime, limit: int) -> list[dict[str, Any]]:
    moment = now.astimezone(UTC).replace(tzinfo=None)
    free = await get_connection(PRACTICE).execute_query_dict(
        f"SELECT id, `key` FROM outbox_event WHERE lane=%s AND {_MYSQL_FREE} ORDER BY id LIMIT %s",  # noqa: S608 - constants
        [lane, moment, moment, limit],
    )
    if not free:
        return []
    marks = ",".join(["%s"] * len(free))
    async with in_transaction(PRACTICE) as connection:
        locked = list(await connection.execute_query_dict(
            "SELECT id, topic, `key`, body, tries + 1 AS tries FROM outbox_event"  # noqa: S608 - only placeholders are put in
            f" WHERE id IN ({marks}) AND state='waiting' AND claimed_until<=%s FOR UPDATE SKIP LOCKED",
            [*(row["id"] for row in free), moment],
        ))
        rows = _without_gaps(free, locked)
        if rows:
            marks = ",".join(["%s"] * len(rows))
            await connection.execute_query(
                f"UPDATE outbox_event SET claimed_by=%s, claimed_until=%s, tries=tries+1 WHERE id IN ({marks})",  # noqa: S608
                [worker, until.astimezone(UTC).replace(tzinfo=None), *(row["id"] for row in rows)],
            )
    return rows


def _without_gaps(free: list[dict[str, Any]], locked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of ``locked`` before which nothing of their key in ``free`` was missed: what another worker has, it has with all that follows."""
    by_id = {row["id"]: row for row in locked}
    missed: set[str] = set()
    rows = []
    for row in free:
        if row["id"] not in by_id:
            missed.add(row["key"])
        elif not row["key"] or row["key"] not in missed:
            rows.append(by_id[row["id"]])
    return rows


def _sqlite_time(moment: datetime) -> str:
    """As Tortoise stores an aware time in SQLite, so that text comparison is time comparison."""
    return moment.astimezone(UTC).isoformat(" ")
