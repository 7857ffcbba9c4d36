"""What becomes of a recording that has ended: a worker puts the dumps together, keeps the files under the recording's own key, and the dumps go.

A worker that is killed in the middle leaves the dumps as they are, and perhaps a file that no row names; the next one begins anew, the sweep takes
the file. Listing and playing back are audited reads. A player reads one file in many pieces: the first order of a look has its entry and gives a
sealed word, under the recording's own key, for which the pieces that follow are given to the same person without another.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from core.calls.recording_commands import (
    LONGEST_LOOK,
    GoOnPlaying,
    PlayRecording,
    RecordingChapter,
    RecordingFile,
    RecordingFileView,
    RecordingList,
    Recordings,
    RecordingView,
    StoreRecording,
)
from core.calls.recording_errors import LookOver, RecordingUnknown, StillWritten
from core.calls.recording_models import CallRecording, CallRecordingAnswer, CallRecordingFile
from core.calls.recording_rules import CHAPTERS, KIND, REASONS, chapter_time
from core.calls.rules import SEAT_LABELS
from core.consultations.models import TimelineEntry
from core.consultations.service import consultation_of, hold, note
from core.foundation.actor import Actor
from core.foundation.blobs import StoredBlob
from core.foundation.events import Event, listens
from core.foundation.keys import SealBroken, Sealer, SubjectErased
from core.foundation.lifecycle import terms
from core.foundation.models import Blob
from core.foundation.orders import Done, answers, handles, prepares
from core.foundation.practice import EngineAway, Practice
from core.foundation.work import Work
from media.calls.recorded import Chapter, Muxed, RecordingBusy

PIECE = 1 << 20
CHAPTERS_AT_MOST = 500
ENDED = ("stored", "nothing", "gone")
_ORDER = {seat: place for place, seat in enumerate(SEAT_LABELS)}
LOOK = timedelta(hours=2)
"""Real time: how long one look at one file goes on, as long as its session does. After it the next has an entry of its own."""


@dataclass(slots=True)
class Made:
    """What was put together outside the transaction: the files lie in the blob store already."""

    complete: bool = False
    files: list[tuple[str, Muxed, StoredBlob]] = field(default_factory=list)


@listens("recording.stopped")
async def recording_stopped(practice: Practice, event: Event) -> None:
    recording_id = event.body["recording_id"]
    if practice.engines.recordings is None:
        raise EngineAway
    await practice.execute(Actor.system("worker"), StoreRecording(recording_id=recording_id), idempotency_key=f"recording:{event.id}")
    await asyncio.to_thread(practice.engines.recordings.forget, recording_id)


@prepares(StoreRecording)
async def put_together(practice: Practice, actor: Actor, order: StoreRecording) -> Made:
    recording = await CallRecording.get_or_none(id=order.recording_id)
    if practice.engines.recordings is None:
        raise EngineAway
    if recording is None or recording.state != "stopped" or recording.private_key is None:
        return Made()
    try:
        sealer = await practice.keys.sealer(KIND, recording.id)
    except SubjectErased:
        return Made()
    key = bytes.fromhex(sealer.open("call_recording", "private_key", recording.id, bytes(recording.private_key)))
    chapters = await _chapters(recording)
    with contextlib.ExitStack() as held:
        try:
            opened = await asyncio.to_thread(held.enter_context, practice.engines.recordings.opened(recording.id, key))
            return Made() if opened is None else await _stored(practice, recording.id, opened, chapters)
        except (RecordingBusy, OSError) as error:  # a full disk: whoever runs the house makes room, and it goes on
            raise StillWritten from error


async def _stored(practice: Practice, recording_id: str, opened: Any, chapters: list[Chapter]) -> Made:
    made = Made(complete=opened.complete)
    for seat in opened.seats:
        files = opened.put_together(seat, chapters)
        while (put := await asyncio.to_thread(next, files, None)) is not None:
            with contextlib.closing(put.content):
                stored = await practice.blobs.put(practice.ids.new(), KIND, recording_id, _pieces(put.content))
            made.files.append((seat, put.muxed, stored))
    return made


async def _pieces(content: Any) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(content.read, PIECE):
        yield piece


async def _chapters(recording: CallRecording) -> list[Chapter]:
    """What stands on the consultation's timeline between its beginning and its end."""
    started, really, stopped = recording.started_at, recording.started_really_at, recording.stopped_at
    if started is None or really is None or stopped is None:
        return []
    entries = TimelineEntry.filter(consultation_id=recording.consultation_id, kind__in=sorted(CHAPTERS), at__gte=started, at__lte=stopped)
    return [
        Chapter(chapter_time(one.at, started=started, started_really=really), CHAPTERS[one.kind])
        for one in await entries.order_by("sequence").limit(CHAPTERS_AT_MOST)
    ]


@handles(StoreRecording)
async def store_recording(work: Work, order: StoreRecording, made: Made) -> Done:
    known = await CallRecording.get_or_none(id=order.recording_id)
    if known is None:
        raise RecordingUnknown
    row = await hold(known.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    recording = await CallRecording.get(id=order.recording_id)
    if recording.state != "stopped":
        return Done(done=recording.state in ENDED)
    for seat, muxed, stored in made.files:
        await Blob.create(
            id=stored.id, subject_kind=KIND, subject_id=recording.id, media_type=muxed.media_type, size=stored.size, sha256=stored.sha256,
            created_at=work.now,
        )
        await CallRecordingFile.create(
            id=stored.id, recording_id=recording.id, seat=seat, media_type=muxed.media_type, size=stored.size, sha256=stored.sha256,
            length_ms=muxed.length_ms, pictures=muxed.pictures, sounds=muxed.sounds, left_out=muxed.left_out,
        )
    # What opened the dumps is needed no more: from here on they are noise, wherever a copy of them lies.
    state = "stored" if made.files else "nothing"
    await recording.change(state=state, private_key=None, complete=made.complete, stored_at=work.practice.clock.real_now())
    await note(work, row.id, f"call.recording.{state}", ids={"years": str(terms().process)} if made.files else None)
    return Done()


@listens("files.swept")
async def sweep_dumps(practice: Practice, event: Event) -> None:
    """Dumps of recordings that have come to their end, and that a worker died over before it let them go."""
    if practice.engines.recordings is None:
        return
    for recording_id in await asyncio.to_thread(practice.engines.recordings.lying):
        if await CallRecording.filter(id=recording_id, state__in=ENDED).exists():
            await asyncio.to_thread(practice.engines.recordings.forget, recording_id)


@answers(Recordings)
async def recordings(work: Work, order: Recordings) -> RecordingList:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    found = await CallRecording.filter(consultation_id=row.id, started_at__isnull=False).exclude(state="gone").order_by("-id")
    ids = [one.id for one in found]
    files = await CallRecordingFile.filter(recording_id__in=ids).order_by("id") if ids else []
    said = await CallRecordingAnswer.filter(recording_id__in=ids, agreed=True).order_by("id") if ids else []
    moments = TimelineEntry.filter(consultation_id=row.id, kind__in=sorted(CHAPTERS)).order_by("sequence").limit(CHAPTERS_AT_MOST)
    entries = await moments if files else []
    return RecordingList(recordings=tuple(
        _view(
            one, [file for file in files if file.recording_id == one.id],
            [answer.seat for answer in said if answer.recording_id == one.id], entries,
        )
        for one in found
    ))


def _view(one: CallRecording, files: list[CallRecordingFile], agreed: list[str], entries: list[TimelineEntry]) -> RecordingView:
    assert one.started_at is not None  # noqa: S101 - asked for above
    seated = sorted(files, key=lambda file: _ORDER.get(file.seat, len(_ORDER)))
    return RecordingView(
        recording_id=one.id, state=one.state, started_at=one.started_at, stopped_at=one.stopped_at, reason=REASONS.get(one.reason, ""),
        complete=one.complete, agreed=tuple(dict.fromkeys(_label(seat) for seat in agreed)), kept_until=_kept_until(one.asked_really_at),
        files=tuple(
            RecordingFileView(
                file_id=file.id, seat=file.seat, label=_label_of(file, seated), media_type=file.media_type, size=file.size, sha256=file.sha256,
                length_ms=file.length_ms, left_out=file.left_out,
            )
            for file in seated
        ),
        chapters=tuple(
            RecordingChapter(at_ms=int((entry.at - one.started_at) / timedelta(milliseconds=1)), title=CHAPTERS[entry.kind])
            for entry in entries
            if files and one.stopped_at is not None and one.started_at <= entry.at <= one.stopped_at
        ),
    )


def _label(seat: str) -> str:
    return SEAT_LABELS.get(seat, seat)


def _label_of(file: CallRecordingFile, files: list[CallRecordingFile]) -> str:
    """A seat whose pictures changed their codec in the middle has several files."""
    place = [one.id for one in files if one.seat == file.seat].index(file.id)
    return f"{_label(file.seat)}(第 {place + 1} 段画面)" if place else _label(file.seat)


def _kept_until(at: datetime) -> datetime:
    """Disposals go by months (core/oversight/disposals.py): the end of its month, so many years later."""
    month, year = (at.month % 12 + 1, at.year + at.month // 12)
    return at.replace(year=year + terms().process, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)


@answers(PlayRecording)
async def play_recording(work: Work, order: PlayRecording) -> RecordingFile:
    file = await _file(work, order.consultation_id, order.file_id)
    if not work.actor.session_id:
        return file
    ends = (work.practice.clock.real_now() + LOOK).replace(microsecond=0)
    words = json.dumps({"account": work.actor.account_id, "session": work.actor.session_id, "ends": int(ends.timestamp())})
    sealed = (await work.sealer(KIND, file.recording_id)).seal_bytes(*_place(file.file_id), words.encode())
    return file.model_copy(update={"look": base64.urlsafe_b64encode(sealed).decode(), "look_ends_at": ends})


@answers(GoOnPlaying)
async def go_on_playing(work: Work, order: GoOnPlaying) -> RecordingFile:
    file = await _file(work, order.consultation_id, order.file_id)
    look = _opened(await work.sealer(KIND, file.recording_id), file.file_id, order.look)
    if look is None or look.account_id != work.actor.account_id or look.ends_at <= work.practice.clock.real_now():
        raise LookOver
    return file


async def _file(work: Work, consultation_id: str, file_id: str) -> RecordingFile:
    row = await consultation_of(consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code, recording=file_id)
    file = await CallRecordingFile.get_or_none(id=file_id)
    if file is None or not await CallRecording.filter(id=file.recording_id, consultation_id=row.id).exists():
        raise RecordingUnknown
    return RecordingFile(file_id=file.id, recording_id=file.recording_id, media_type=file.media_type, size=file.size, sha256=file.sha256)


@dataclass(frozen=True, slots=True)
class Look:
    """What the sealed word of a look says: whose it is, in which session it was begun, until when it goes on (real time)."""

    account_id: str
    session_id: str
    ends_at: datetime


async def look_at(practice: Practice, file_id: str, look: str) -> Look | None:
    """The look that ``look`` is the sealed word of, where it is one at this file and goes on."""
    file = await CallRecordingFile.get_or_none(id=file_id)
    if file is None:
        return None
    try:
        found = _opened(await practice.keys.sealer(KIND, file.recording_id), file_id, look)
    except SubjectErased:
        return None
    return found if found is not None and found.ends_at > practice.clock.real_now() else None


def _place(file_id: str) -> tuple[str, str, str]:
    """What the sealed word is bound to. It stands in no table."""
    return "call_recording_file", "look", file_id


def _opened(sealer: Sealer, file_id: str, look: str) -> Look | None:
    """None for what we did not seal for this file: it came from outside, nobody is alarmed."""
    if not look or len(look) > LONGEST_LOOK:
        return None
    try:
        said = json.loads(sealer.open_bytes(*_place(file_id), base64.urlsafe_b64decode(look)))
    except (SealBroken, binascii.Error, ValueError):
        return None
    return Look(said["account"], said["session"], datetime.fromtimestamp(said["ends"], UTC))
