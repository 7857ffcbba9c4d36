"""Tables of calls: the call of a consultation, the tickets to its seats, who attended."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row


class Call(Owned):
    """One call of a consultation. Times named ``really`` are real time: how long people spoke does not follow the demonstration's clock."""

    consultation_id = id_field(db_index=True)
    open_consultation_id = id_field(null=True, unique=True)
    """The consultation while the call runs, nobody's afterwards: the column's uniqueness keeps one running call a consultation."""
    opened_at = UtcDatetimeField()
    opened_really_at = UtcDatetimeField()
    empty_since_really = UtcDatetimeField(null=True)
    """Since when nobody is in it; null while somebody is."""
    ended_at = UtcDatetimeField(null=True)
    locked = fields.BooleanField(default=False, db_default=False)
    """Whoever is new waits at the door until the moderator lets him in."""
    handed_to = fields.CharField(max_length=20, default="", db_default="")
    """The seat to which the moderation was handed; "" where it was not (core/calls/moderation.py says who moderates)."""
    beside = fields.IntField(default=0, db_default=0)
    """How many relatives are beside the patient, as was said."""
    recorded = fields.BooleanField(default=False)
    """Whether some of it was recorded, with everybody's consent (core/calls/recording.py)."""

    class Meta:
        table = "call"


class CallTicket(Row):
    """A seat promised to one account, to be used once and soon. The secret itself is not kept, its hash is."""

    call_id = id_field(db_index=True)
    consultation_id = id_field()
    account_id = fields.CharField(max_length=40)
    seat = fields.CharField(max_length=20)
    role = fields.CharField(max_length=20)
    secret_hash = fields.CharField(max_length=64, unique=True)
    expires_at = UtcDatetimeField()
    """Real time."""
    used_at = UtcDatetimeField(null=True)

    class Meta:
        table = "call_ticket"


class CallAttendance(Row):
    """Somebody was on a seat, from joining to leaving. Real time throughout."""

    call_id = id_field(db_index=True)
    ticket_id = id_field(unique=True)
    account_id = fields.CharField(max_length=40)
    practitioner_id = id_field(null=True)
    seat = fields.CharField(max_length=20)
    joined_at = UtcDatetimeField()
    seen_at = UtcDatetimeField()
    """When his connection was last known to be there."""
    left_at = UtcDatetimeField(null=True)
    ending = fields.CharField(max_length=12, default="")
    """How it ended: left, dropped, replaced, removed, ended."""
    worst_link = fields.CharField(max_length=8, default="", db_default="")
    """green, yellow, red as his device measured; "" where it did not."""
    loss_permille = fields.IntField(null=True)
    """Median of the share of packets lost, in thousandths."""
    rtt_ms = fields.IntField(null=True)
    """Median round trip, milliseconds."""
    rung = fields.CharField(max_length=8, default="", db_default="")
    """The lowest that his picture was sent as."""
    quality_told = fields.BooleanField(default=False, db_default=False)
    """Whether these stand on the timeline already."""

    class Meta:
        table = "call_attendance"


class CallPlace(Row):
    """How somebody stands in one call: whether he may be in it, may be heard, and has his hand up. Times are real time."""

    call_id = id_field()
    account_id = fields.CharField(max_length=40)
    seat = fields.CharField(max_length=20)
    state = fields.CharField(max_length=10)
    """in, waiting (at the door), refused, removed."""
    muted = fields.BooleanField(default=False)
    """By the moderator: nobody hears him, whatever his device does."""
    hand_at = UtcDatetimeField(null=True)
    seen_at = UtcDatetimeField()
    """When whoever waits was last at the door."""

    class Meta:
        table = "call_place"
        unique_together = (("call_id", "account_id"),)


class CallInvitation(Row):
    """A third person is asked into a running call. The link names this row; the first who signs in with it has it. Times are real time."""

    call_id = id_field(db_index=True)
    consultation_id = id_field(db_index=True)
    seat = fields.CharField(max_length=20)
    open_seat = fields.CharField(max_length=60, null=True, unique=True)
    """Call and seat while the invitation counts, nothing afterwards: the column's uniqueness keeps one a seat."""
    called = sealed_field(Subject("patient", "patient_id", by=("consultation_id", "consultation")))
    """Whom the moderator means, sealed as everything of the case is."""
    invited_by = fields.CharField(max_length=40)
    state = fields.CharField(max_length=10)
    """open, taken, over."""
    expires_at = UtcDatetimeField()
    account_id = fields.CharField(max_length=40, null=True, db_index=True)
    """Who took it."""
    taken_at = UtcDatetimeField(null=True)

    class Meta:
        table = "call_invitation"


class PhoneRequest(Row):
    """Somebody for whom the video does not work asks to be called by telephone."""

    consultation_id = id_field(db_index=True)
    account_id = fields.CharField(max_length=40)
    seat = fields.CharField(max_length=20)
    state = fields.CharField(max_length=8)
    """open, dialled (a machine connects them), done."""
    asked_at = UtcDatetimeField()
    closed_at = UtcDatetimeField(null=True)

    class Meta:
        table = "phone_request"
