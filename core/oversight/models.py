"""Tables of oversight: a record opened in an emergency by somebody who had no part in it, and what is to be deleted because its time is over."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row


class BreakGlass(Owned):
    """One opening. ``organisation_id``: the house at which the doctor acts. Never deleted; reviewed once."""

    code = fields.CharField(max_length=12, unique=True)
    region_code = fields.CharField(max_length=6, db_index=True)
    """The county of the patient, whose auditors review it."""
    patient_id = id_field(db_index=True)
    account_id = id_field(db_index=True)
    practitioner_id = id_field()
    role = fields.CharField(max_length=20)
    channel = fields.CharField(max_length=20)
    reason = fields.CharField(max_length=20)
    words = sealed_field(Subject("patient", "patient_id"))
    """Why, in the doctor's words; sealed under the patient's key."""
    opened_at = UtcDatetimeField()
    until = UtcDatetimeField()
    live_for = fields.CharField(max_length=60, null=True, unique=True)
    """``<practitioner>:<patient>`` of the latest opening: one at a time."""
    slot = fields.CharField(max_length=40, null=True, unique=True)
    """``<practitioner>:<n>`` until it is reviewed: the column's uniqueness keeps the number of openings that nobody has looked at."""
    verdict = fields.CharField(max_length=12, default="")
    """Empty until it is reviewed; then justified or unjustified."""
    verdict_words = sealed_field(Subject("patient", "patient_id"), null=True)
    reviewed_by = id_field(null=True)
    """The account of the reviewer."""
    reviewed_at = UtcDatetimeField(null=True)
    escalated_at = UtcDatetimeField(null=True)

    class Meta:
        table = "break_glass"


class ErasureRequest(Row):
    """Somebody asked for erasure, and something was open that a person must decide. ``of_patient_id`` null: the account and its own record."""

    account_id = id_field(db_index=True)
    of_patient_id = id_field(null=True)
    region_code = fields.CharField(max_length=6, default="", db_default="", db_index=True)
    """The county whose administrators decide; empty where the account belongs to none: then every county's."""
    question = fields.CharField(max_length=12)
    """dispute: the house keeps something of his because of a dispute or an inquiry."""
    state = fields.CharField(max_length=8)
    """asked, done, kept."""
    live_for = fields.CharField(max_length=60, null=True, unique=True)
    """``<account>:<patient>`` while it is asked: one at a time."""
    asked_at = UtcDatetimeField()
    decided_at = UtcDatetimeField(null=True)
    decided_by = fields.CharField(max_length=40, default="", db_default="")
    reason = fields.CharField(max_length=12, default="", db_default="")

    class Meta:
        table = "erasure_request"


class Disposal(Row):
    """Something whose time is over: announced first, then done, unless a person or a new act of care keeps it. Stays for ever, without data.

    ``kind``: record (everything of one patient) or process (what was said in one month, ``subject_id`` as 2023-11).
    """

    kind = fields.CharField(max_length=8)
    subject_id = id_field()
    state = fields.CharField(max_length=10)
    """announced, held (the house keeps it), alive (needed again), erasing (its words or files, a batch at a time, then their keys), done."""
    announced_at = UtcDatetimeField()
    due_at = UtcDatetimeField()
    done_at = UtcDatetimeField(null=True)
    held_by = id_field(null=True)
    """The account of the administrator who keeps it, or kept it last."""
    held_at = UtcDatetimeField(null=True)
    reason = fields.CharField(max_length=12, default="", db_default="")
    """Why it is kept, or no longer: a code of core/oversight/commands_disposals.py."""
    total = fields.IntField(default=0, db_default=0)
    """How many words of the chat (files of a record) there were when erasing began."""
    gone = fields.IntField(default=0, db_default=0)
    kept = fields.IntField(default=0, db_default=0)
    """Of the rest, what open cases still need."""

    class Meta:
        table = "disposal"
        unique_together = (("kind", "subject_id"),)
