"""What can be asked of a recording 录像: ask for it, answer, stop it, see how it stands; later list and play back what there is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.calls.recording_rules import Cause
from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result

LONGEST_LOOK = 400
"""Characters; ours have about 200."""
_IN_THE_CALL = (Grant(Role.VISITOR, "own_attendance"),)
_OF_THE_CASE = (
    Grant(Role.VILLAGE_DOCTOR, "own_consultation"),
    Grant(Role.EXPERT, "assigned_consultation"),
    Grant(Role.VISITOR, "own_patient_consultation"),
)
"""Who treats in the case, as long as he reads it, and the patient's side: the text that everybody agreed to names no one else."""


class RecordingState(Result):
    """``waiting``: labels of the seats whose yes is wanted; ``mine``: what the asker himself said. ``reason``: why it ended, in one sentence.
    ``members``: attendances that may be recorded, and ``edition``: how new that is; ``public_key``: what the media process seals for."""

    state: Literal["off", "asked", "running", "stopped"]
    call_id: Id
    recording_id: Id | None = None
    asked_by: str = ""
    waiting: tuple[str, ...] = ()
    mine: Literal["", "yes", "no"] = ""
    may_ask: bool = False
    reason: str = ""
    text: str = ""
    public_key: str = ""
    members: tuple[Id, ...] = ()
    edition: int = 0


class AskToRecord(Command):
    """Ask everybody in the call whether it may be recorded; whoever asks has said yes. When it is asked already, it is his yes."""

    name = "calls.ask_to_record"
    title = "征求录像同意"
    access = _IN_THE_CALL
    gives = RecordingState
    attendance_id: Id


class AnswerRecording(Command):
    """Yes or no to being recorded, for oneself. The patient's side says with it the patient's consent, if it may. A no ends it, also later."""

    name = "calls.answer_recording"
    title = "同意或不同意录像"
    access = _IN_THE_CALL
    gives = RecordingState
    attendance_id: Id
    recording_id: Id
    agree: bool


class FailRecording(Command):
    """The system: the media process cannot go on recording."""

    name = "calls.fail_recording"
    title = "录像中断"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    recording_id: Id
    cause: Cause


class StandOfRecording(Query):
    """How it stands with recording the call that the actor is in."""

    name = "calls.recording"
    title = "有没有在录像"
    access = _IN_THE_CALL
    gives = RecordingState
    attendance_id: Id


class StoreRecording(Command):
    """The system: put the dumps of a recording that has ended together and keep the files."""

    name = "calls.store_recording"
    title = "保存录像"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    needs_engine = True
    recording_id: Id


class RecordingFileView(Result):
    """``left_out``: pictures that are not in it because a part of them was lost on the way."""

    file_id: Id
    seat: str
    label: str
    media_type: str
    size: int
    sha256: str
    length_ms: int
    left_out: int


class RecordingChapter(Result):
    """``at_ms``: since the recording began."""

    at_ms: int
    title: str


class RecordingView(Result):
    """``complete``: false when a process died while it was written, so that the end is missing. ``kept_until``: not disposed of before."""

    recording_id: Id
    state: str
    started_at: datetime
    stopped_at: datetime | None
    reason: str
    complete: bool | None
    agreed: tuple[str, ...]
    """Labels of the seats of those who agreed."""
    kept_until: datetime
    files: tuple[RecordingFileView, ...]
    chapters: tuple[RecordingChapter, ...]
    """What happened in the case meanwhile, as it stands in the files too."""


class RecordingList(Result):
    recordings: tuple[RecordingView, ...]


class Recordings(Query):
    """The recordings of a consultation, newest first."""

    name = "calls.recordings"
    title = "视频录像"
    access = _OF_THE_CASE
    gives = RecordingList
    audited = True
    consultation_id: Id


class RecordingFile(Result):
    """Where the file lies: under ``file_id`` and the recording's key. ``look``: what goes on with this look (:class:`GoOnPlaying`) until
    ``look_ends_at`` (real time), "" where the order came without a session."""

    file_id: Id
    recording_id: Id
    media_type: str
    size: int = Field(ge=0)
    sha256: str
    look: str = ""
    look_ends_at: datetime | None = None


class PlayRecording(Query):
    """Look at what was recorded of one seat; each time leaves its entry before anything of it goes out."""

    name = "calls.play_recording"
    title = "看录像"
    access = _OF_THE_CASE
    gives = RecordingFile
    audited = True
    consultation_id: Id
    file_id: Id


class GoOnPlaying(Query):
    """The next piece of the same look: a player asks for one at each jump and each pause of the network. Who may look is asked each time anew;
    the look has its entry already."""

    name = "calls.go_on_playing"
    title = "接着看录像"
    access = _OF_THE_CASE
    gives = RecordingFile
    consultation_id: Id
    file_id: Id
    look: str = Field(max_length=LONGEST_LOOK)
