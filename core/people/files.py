"""Files that lie in the blob store under a patient's key."""

from __future__ import annotations

from core.foundation.models import Blob
from core.foundation.work import Work


async def keep_blob(work: Work, blob_id: str, patient_id: str, *, media_type: str, size: int, sha256: str) -> None:
    """Record a file that lies in the blob store under the patient's key; recording it twice changes nothing."""
    if not await Blob.filter(id=blob_id).exists():
        await Blob.create(
            id=blob_id, subject_kind="patient", subject_id=patient_id, media_type=media_type, size=size, sha256=sha256, created_at=work.now
        )
