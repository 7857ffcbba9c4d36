"""Completeness: entries that are not where they say they are, and acts that left something and no entry."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tortoise.connection import get_connection

from core.foundation.audit.findings import Finding, Report, What
from core.foundation.audit.links import Link, links
from core.foundation.database.connection import PRACTICE, dialect
from core.foundation.ids import lowest_id
from core.foundation.models import AuditEntry, AuditSubject
from core.foundation.work import shown_digest

PAGE = 4096


async def find_missing(report: Report) -> None:
    """Entries that wait for the tree, entries that claim to be in it, and rows of an act without its entry."""
    await _outside(report)
    await _shown(report)
    for link in links():
        await _complete(report, link)


async def _outside(report: Report) -> None:
    waiting = AuditEntry.filter(in_tree=None)
    report.waiting = await waiting.count()
    oldest = await waiting.order_by("id").first()
    report.oldest_waiting_at = None if oldest is None else int(oldest.real_at.timestamp() * 1000)
    after = ""
    while True:
        rows = await rows_of(
            "SELECT e.id FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id"
            " WHERE e.id > {0} AND e.in_tree IS NOT NULL AND l.entry_id IS NULL ORDER BY e.id LIMIT {0}", [after, PAGE],
        )  # fmt: skip
        report.findings += [Finding(What.ENTRY_OUTSIDE, entry_id=row[0]) for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


async def _shown(report: Report) -> None:
    """Entries of lists whose lines were altered, taken away or added to."""
    after, named = "", '%"shown"%'
    while True:
        entries = await rows_of("SELECT id, detail FROM audit_entry WHERE id > {0} AND detail LIKE {0} ORDER BY id LIMIT {0}", [after, named, PAGE])
        lines: dict[str, list[str]] = {str(entry[0]): [] for entry in entries}
        for entry_id, patient_id in await AuditSubject.filter(entry_id__in=list(lines)).values_list("entry_id", "patient_id"):
            lines[str(entry_id)].append(str(patient_id))
        report.findings += [
            Finding(What.SHOWN_ALTERED, entry_id=str(entry[0]))
            for entry in entries if json.loads(entry[1]).get("shown") != shown_digest(lines[str(entry[0])])
        ]  # fmt: skip
        if len(entries) < PAGE:
            break
        after = str(entries[-1][0])
    added = await rows_of(
        "SELECT DISTINCT s.entry_id FROM audit_subject s LEFT JOIN audit_entry e ON e.id = s.entry_id WHERE e.id IS NULL OR e.detail NOT LIKE {0}",
        [named],
    )
    report.findings += [Finding(What.SHOWN_ALTERED, entry_id=str(row[0])) for row in added]


async def _complete(report: Report, link: Link) -> None:
    """Rows of an act without its entry. Those written before there was the link are let be: they are older than the earliest head, which is signed
    and lies outside, so that nobody moves that time by emptying rows."""
    table, what = link.table, link.what  # names of our own models, never a person's
    since = await _first_with_entry(table) if report.begun_at is None else lowest_id(datetime.fromtimestamp(report.begun_at / 1000, UTC))
    after = ""
    while True:
        rows = await rows_of(
            f"SELECT t.id, t.{what}, t.entry_id FROM {table} t LEFT JOIN audit_entry e ON e.id = t.entry_id"  # noqa: S608
            " WHERE t.id > {0} AND e.id IS NULL AND (t.entry_id IS NOT NULL OR t.id > {0}) ORDER BY t.id LIMIT {0}", [after, since, PAGE],
        )  # fmt: skip
        report.findings += [
            Finding(What.ACT_WITHOUT_ENTRY, entry_id=row[2] or "", row=f"{table}:{row[0]}:{row[1]}")
            for row in rows
            if not (row[2] is None and row[1] in link.without_act)
        ]
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


async def _first_with_entry(table: str) -> str:
    """While nothing was ever signed: the rows themselves are all there is to go by."""
    first = await rows_of(f"SELECT MIN(id) FROM {table} WHERE entry_id IS NOT NULL", [])  # noqa: S608
    return first[0][0] if first and first[0][0] is not None else "~"


async def rows_of(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    """Rows as tuples; ``{0}`` in ``statement`` becomes the dialect's placeholder."""
    mark = "?" if dialect() == "sqlite" else "%s"
    _, rows = await get_connection(PRACTICE).execute_query(statement.replace("{0}", mark), values)
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in rows]
