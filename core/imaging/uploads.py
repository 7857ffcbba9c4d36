"""A file that arrived, as whoever sent it is told of it."""

from __future__ import annotations

from typing import Literal, cast

from core.imaging.commands import UploadView
from core.imaging.errors import CONFLICT_SENTENCES, IMAGE_CONFLICT, PICTURE_SENTENCES
from core.imaging.models import Upload
from media.imaging.broken import REASONS

UNREAD = "application/octet-stream"
"""A file that nobody has read yet, or that could not be read."""


async def view_of(upload: Upload) -> UploadView:
    return UploadView(
        upload_id=upload.id,
        consultation_id=upload.consultation_id,
        state=cast(Literal["received", "accepted", "refused"], upload.state),
        refusal_code=upload.refusal_code or None,
        refusal=_picture_sentence(upload.refusal_code) if upload.sent_as else refusal_sentence(upload.refusal_code),
        instance_id=upload.instance_id,
        sha256=upload.sha256,
    )


def refusal_sentence(code: str) -> str | None:
    """What is wrong and what to do, for ``dicom.…`` and ``image.conflict.…``; None without a refusal."""
    kind, _, reason = code.rpartition(".")
    if kind == IMAGE_CONFLICT:
        return CONFLICT_SENTENCES[reason]
    return REASONS[reason] if reason else None


def _picture_sentence(code: str) -> str | None:
    """The same for a patient, who has a phone and no device."""
    return PICTURE_SENTENCES.get(code, PICTURE_SENTENCES[""]) if code else None
