"""Tables of matching: who must not be asked about whom."""

from __future__ import annotations

from tortoise import fields

from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Row


class Conflict(Row):
    """A practitioner who must not be asked about a patient (he knows the patient, said by himself or recorded by a scheduler)."""

    practitioner_id = id_field(db_index=True)
    patient_id = id_field(db_index=True)
    reason = fields.CharField(max_length=20)
    recorded_at = UtcDatetimeField()

    class Meta:
        table = "matching_conflict"
        unique_together = (("practitioner_id", "patient_id"),)
