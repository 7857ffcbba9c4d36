"""Tables of follow-up: plans, their occurrences, what was measured, and reports of getting worse."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row


class FollowupPlan(Owned):
    """A patient is followed by a template. ``live_for`` (patient and template) holds while it runs: one of a kind at a time."""

    patient_id = id_field(db_index=True)
    template = fields.CharField(max_length=30)
    edition = fields.CharField(max_length=20)
    live_for = fields.CharField(max_length=60, null=True, unique=True)
    village_doctor_id = id_field(null=True, db_index=True)
    consultation_id = id_field(null=True, db_index=True)
    rules_signed = fields.BooleanField()
    started_by = fields.CharField(max_length=40)
    started_at = UtcDatetimeField()
    ended_at = UtcDatetimeField(null=True)
    end_reason = fields.CharField(max_length=20, default="")
    missed_in_row = fields.IntField(default=0)
    told_high_at = UtcDatetimeField(null=True)

    class Meta:
        table = "followup_plan"


class Occurrence(Row):
    """One time that something is due. Of each task of a running plan exactly one is ``pending``.

    ``state``: pending, reminded, answered, missed, silent (reminders are stopped), overtaken (its time passed untold), ended.
    """

    plan_id = id_field()
    task = fields.CharField(max_length=20)
    number = fields.IntField()
    due_at = UtcDatetimeField()
    state = fields.CharField(max_length=10)
    reminded_at = UtcDatetimeField(null=True)
    closed_at = UtcDatetimeField(null=True)
    reading_id = id_field(null=True)

    class Meta:
        table = "occurrence"
        unique_together = (("plan_id", "task", "number"),)


class Reading(Owned):
    """A value that a patient measured: a FHIR Observation. ``code`` is LOINC; the numbers are sealed under the patient's key."""

    patient_id = id_field()
    plan_id = id_field(null=True)
    task = fields.CharField(max_length=20)
    code = fields.CharField(max_length=12)
    value = sealed_field(Subject("patient", "patient_id"))
    """:class:`core.followups.commands.Measured` as JSON, sealed."""
    level = fields.CharField(max_length=8)
    taken_at = UtcDatetimeField()
    recorded_at = UtcDatetimeField()
    account_id = fields.CharField(max_length=40)
    role = fields.CharField(max_length=20)
    channel = fields.CharField(max_length=20)
    trend_blob_id = id_field(null=True)

    class Meta:
        table = "reading"
        indexes = (("patient_id", "task", "taken_at"),)


class WorseReport(Row):
    """加重: the patient said he is worse; ``intake_id`` is the pre-consultation that took it up."""

    patient_id = id_field(db_index=True)
    plan_id = id_field(null=True)
    intake_id = id_field()
    at = UtcDatetimeField()

    class Meta:
        table = "worse_report"
