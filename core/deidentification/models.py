"""Tables of de-identified copies: who had one made, for what, and how it came out. The key of its pseudonyms lives only until it is finished."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField
from core.foundation.rows import Row


class DeidentifiedCopy(Row):
    """One copy. Never deleted."""

    code = fields.CharField(max_length=12, unique=True)
    account_id = fields.CharField(max_length=40)
    """Who had it made; ``system:operator`` for whoever may run commands on the machine."""
    purpose = fields.CharField(max_length=12)
    region_codes: fields.Field[list[str]] = fields.JSONField(default=list)
    """The counties whose patients it may hold; empty: all."""
    reason = sealed_field(Subject("house", always="deidentified_copies"))
    """What for, in words."""
    k = fields.IntField()
    key = sealed_field(Subject("deidentified_copy", "id"), null=True)
    """Of pseudonyms and shifts, in hex; None and destroyed with its data key once the copy is finished."""
    begun_at = UtcDatetimeField()
    finished_at = UtcDatetimeField(null=True)
    patients = fields.IntField(null=True)
    k_before = fields.IntField(null=True)
    k_after = fields.IntField(null=True)
    suppressed = fields.IntField(null=True)

    class Meta:
        table = "deidentified_copy"
