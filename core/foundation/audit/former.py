"""Former logs: given up when a backup was restored. Believed only where a leaf of the present tree says so; the keys' file may say anything."""

from __future__ import annotations

from core.foundation.audit.models import AuditLeaf
from core.foundation.models import AuditEntry

RECOVERED = "audit.recover"
"""The action of the entry: its subject is the log that begins, its detail the former one and how many leaves were left."""


async def former_logs(log_id: str) -> dict[str, int]:
    """The logs that ``log_id`` goes on from, with the leaves that were left of each: as entries in the tree tell, each behind those leaves."""
    entries = {entry.id: entry for entry in await AuditEntry.filter(action=RECOVERED, outcome="done", role="system")}
    leaves = await AuditLeaf.filter(entry_id__in=list(entries)).order_by("-leaf_index") if entries else []
    found: dict[str, int] = {}
    for leaf in leaves:
        entry = entries[leaf.entry_id]
        former, left = entry.detail.get("former"), entry.detail.get("tree_size", "")
        if former is None or not left.isdecimal() or int(left) > leaf.leaf_index or entry.subject_id not in {log_id, *found}:
            continue
        if former != log_id:
            found[former] = min(int(left), found.get(former, int(left)))
    return found
