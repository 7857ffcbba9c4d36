"""How recordings go: by the month when their time is over, or with their patient. Their keys are destroyed, which reaches every copy of them."""

from __future__ import annotations

from datetime import datetime

from tortoise.queryset import QuerySet

from core.calls.recording_models import CallRecording, CallRecordingFile
from core.calls.recording_rules import KIND
from core.consultations.models import Consultation
from core.consultations.workflow import CLOSED_STATES
from core.foundation.encryption.erasure import before_erasure, erased_with
from core.foundation.models import Blob
from core.foundation.work import Work

__all__ = ["KIND", "dispose_recordings", "first_recording", "recordings_between"]


def recordings_between(begin: datetime, end: datetime) -> QuerySet[CallRecording]:
    """Those that were asked for between two times (real) and are still there."""
    return CallRecording.filter(asked_really_at__gte=begin, asked_really_at__lt=end).exclude(state="gone")


async def first_recording(begin: datetime, end: datetime) -> str | None:
    """The oldest month (2026-11) from ``begin`` on, before ``end``, of which there is a recording."""
    first = await recordings_between(begin, end).order_by("asked_really_at").first()
    return None if first is None else f"{first.asked_really_at:%Y-%m}"


async def dispose_recordings(work: Work, begin: datetime, end: datetime, limit: int) -> tuple[list[str], int]:
    """Let at most ``limit`` of a time go: the ids whose keys the caller destroys last in his transaction; and how many stay, because their
    consultation is still open."""
    rows = await recordings_between(begin, end).order_by("id")
    cases = await Consultation.filter(id__in=list({row.consultation_id for row in rows})).only("id", "state") if rows else []
    closed = {case.id for case in cases if case.state in {state.value for state in CLOSED_STATES}}
    over = [row for row in rows if row.consultation_id in closed]
    ids = [row.id for row in over[:limit]]
    await _let_go(work, ids)
    return ids, len(rows) - len(over)


async def _let_go(work: Work, ids: list[str]) -> None:
    files = [str(one) for one in await CallRecordingFile.filter(recording_id__in=ids).values_list("id", flat=True)] if ids else []
    for file_id in files:
        await work.emit("file.dropped", blob_id=file_id)
    if files:
        await Blob.filter(id__in=files).delete()
        await CallRecordingFile.filter(id__in=files).delete()
    if ids:
        await CallRecording.filter(id__in=ids).update(state="gone", open_call_id=None, private_key=None)


async def _of_patient(patient_id: str) -> list[str]:
    return [str(one) for one in await CallRecording.filter(patient_id=patient_id).values_list("id", flat=True)]


@before_erasure("patient")
async def recordings_go_with_the_patient(work: Work, patient_id: str) -> None:
    await _let_go(work, await _of_patient(patient_id))


@erased_with("patient")
async def keys_go_with_the_patient(work: Work, patient_id: str) -> list[str]:
    return [f"{KIND}:{one}" for one in await _of_patient(patient_id)]
