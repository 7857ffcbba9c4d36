"""Tables of calls: the call of a consultation, the tickets to its seats, who attended."""

from __future__ import annotations

from tortoise import fields

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
    """How it ended: left, dropped, replaced, ended."""

    class Meta:
        table = "call_attendance"
