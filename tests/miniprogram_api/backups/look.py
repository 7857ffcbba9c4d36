"""Looks through a house from outside, as a process of its own, because one process has one database: `python -m …look` prints JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json

from core.foundation.encryption.ring import SubjectErased
from core.foundation.models import AuditEntry, Blob
from core.practice_rooms import load_rooms
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import open_for_signing
from miniprogram_api.backups.lock_lines import locked_now


async def main() -> None:
    load_rooms()
    found: dict[str, list[str]] = {"opened": [], "erased": [], "wrong": [], "locked": [], "actions": []}
    async with open_for_signing(Settings()) as practice:
        for row in await Blob.all().order_by("id"):
            try:
                content = await practice.blobs.get(row.id, row.subject_kind, row.subject_id)
                found["opened" if hashlib.sha256(content).hexdigest() == row.sha256 else "wrong"].append(row.id)
            except SubjectErased:
                found["erased"].append(row.id)
            except Exception as error:
                found["wrong"].append(f"{row.id} {type(error).__name__}")
        found["locked"] = sorted(await locked_now())
        found["actions"] = [str(one) for one in await AuditEntry.all().order_by("id").values_list("action", flat=True)]
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
