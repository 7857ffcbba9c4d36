"""Tables of recordings 录像: one a time that somebody asked for it, what each person answered, and the files that came of it."""

from __future__ import annotations

from tortoise import fields

from core.calls.recording_rules import KIND
from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row


class CallRecording(Owned):
    """One recording of a call, from the question to the files. Times named ``really`` are real time; the others are domain time."""

    call_id = id_field(db_index=True)
    consultation_id = id_field(db_index=True)
    patient_id = id_field(db_index=True)
    open_call_id = id_field(null=True, unique=True)
    """The call while it is asked for or runs, nobody's afterwards: the column's uniqueness keeps one a call."""
    state = fields.CharField(max_length=10)
    """As ``core.calls.recording_rules.State``."""
    asked_seat = fields.CharField(max_length=20)
    asked_really_at = UtcDatetimeField(db_index=True)
    text_version = fields.CharField(max_length=20)
    text_sha256 = fields.CharField(max_length=64)
    edition = fields.IntField(default=0)
    """Grows with everybody who may be recorded: what is older does not count any more."""
    public_key = fields.CharField(max_length=64)
    """What the media process seals the dumps for (X25519, hex)."""
    private_key = sealed_field(Subject(KIND, "id"), null=True)
    """What opens the dumps, sealed; null once they were put together."""
    started_at = UtcDatetimeField(null=True)
    started_really_at = UtcDatetimeField(null=True)
    stopped_at = UtcDatetimeField(null=True)
    stopped_really_at = UtcDatetimeField(null=True)
    stopped_by = fields.CharField(max_length=40, default="")
    """The account whose act ended it; "" when nobody's did."""
    reason = fields.CharField(max_length=16, default="")
    complete = fields.BooleanField(null=True)
    """Whether every dump had its end: false when a media process died meanwhile."""
    stored_at = UtcDatetimeField(null=True)

    class Meta:
        table = "call_recording"


class CallRecordingAnswer(Row):
    """What one person on one seat said to being recorded. Kept when he takes it back."""

    recording_id = id_field()
    account_id = fields.CharField(max_length=40)
    practitioner_id = id_field(null=True)
    seat = fields.CharField(max_length=20)
    agreed = fields.BooleanField()
    text_version = fields.CharField(max_length=20)
    text_sha256 = fields.CharField(max_length=64)
    answered_really_at = UtcDatetimeField()
    withdrawn_really_at = UtcDatetimeField(null=True)

    class Meta:
        table = "call_recording_answer"
        unique_together = (("recording_id", "account_id", "seat"),)


class CallRecordingFile(Row):
    """What was recorded of one seat. The file lies in the blob store under this row's id and the recording's key."""

    recording_id = id_field(db_index=True)
    seat = fields.CharField(max_length=20)
    media_type = fields.CharField(max_length=40)
    size = fields.BigIntField()
    sha256 = fields.CharField(max_length=64)
    length_ms = fields.BigIntField()
    pictures = fields.IntField()
    sounds = fields.IntField()
    left_out = fields.IntField()
    """Pictures that are not in it because a part of them never came."""

    class Meta:
        table = "call_recording_file"
