"""Gathers what the rules of matching need about experts, and keeps who must not be asked about whom."""

from __future__ import annotations

from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.matching.commands import RecordConflict
from core.matching.models import Conflict


@handles(RecordConflict)
async def record_conflict(work: Work, order: RecordConflict) -> Done:
    work.concerns("practitioner", order.practitioner_id)
    await note_conflict(work, order.practitioner_id, order.patient_id, order.reason)
    return Done()


async def note_conflict(work: Work, practitioner_id: str, patient_id: str, reason: str) -> None:
    """Remember the conflict; the first record stays."""
    if not await Conflict.filter(practitioner_id=practitioner_id, patient_id=patient_id).exists():
        await Conflict.create(
            id=work.new_id(), practitioner_id=practitioner_id, patient_id=patient_id, reason=reason, recorded_at=work.now
        )


async def conflicts_about(patient_id: str) -> dict[str, str]:
    """Practitioner id → reason."""
    rows = await Conflict.filter(patient_id=patient_id).values_list("practitioner_id", "reason")
    return {str(practitioner_id): str(reason) for practitioner_id, reason in rows}
