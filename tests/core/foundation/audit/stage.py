"""An audit to tamper with: entries written as an order writes them, brought into the tree, their heads signed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.sequencer import Sequencer
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice

ACTIONS = ("consultations.case", "dispatch.accept_offer", "imaging.show_frame", "prescriptions.view", "people.register_patient")


async def write_entries(practice: Practice, count: int) -> list[str]:
    """``count`` entries, not yet in the tree; their ids."""
    rng, ids = practice.rng, practice.ids
    rows = [
        AuditEntry(
            id=ids.new(), at=practice.clock.now(), real_at=practice.clock.real_now(), account_id=f"account-{rng.randrange(9)}",
            role="expert", relation="assigned_expert", organisation_id="house", channel="api", action=rng.choice(ACTIONS), outcome="done",
            subject_kind="patient", subject_id=f"patient-{rng.randrange(9)}", detail={"consultation_id": ids.new()},
        )
        for _ in range(count)
    ]  # fmt: skip
    await AuditEntry.bulk_create(rows)
    return [row.id for row in rows]


async def grow(practice: Practice, count: int, *, holder: str = "one") -> list[str]:
    """``count`` new entries that are in the tree; their ids in the order of their leaves."""
    ids = await write_entries(practice, count)
    await Sequencer(practice, holder).run_once()
    return sorted(ids)


def new_keys(folder: Path, practice: Any) -> HeadKeys:
    return HeadKeys.create(folder / "audit.key", practice.ids.new())
