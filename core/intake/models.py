"""The pre-consultation as a clinical record: what is known, and every line in order. Words and facts are sealed under a key of each intake's own,
which is erased with its patient; older ones under the account that spoke, until the next ``huizhen keys reencrypt``."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import LaterKey, Subject, has_later_key, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row

KIND = "intake"
_OWN, _SPEAKER = Subject(KIND, "own_key"), Subject("account", "sealed_under")


class Intake(Owned):
    """One trouble of one person, told by one account. ``live_for`` holds the account while the intake is open or assessed: one at a time."""

    account_id = id_field(db_index=True)
    live_for = id_field(null=True, unique=True)
    sealed_under = id_field()
    """The account that spoke, whose key sealed the record where it has none of its own; stays when accounts of one person are joined."""
    own_key = id_field(null=True)
    """The intake's own id where it has a key of its own."""
    patient_id = id_field(null=True, db_index=True)
    relation = fields.CharField(max_length=20, null=True)
    """Whom the talk is about, as the patient is to the speaker: self, father, child …"""
    state = fields.CharField(max_length=10, default="open")
    """open, assessed, closed."""
    close_reason = fields.CharField(max_length=20, default="")
    level = fields.CharField(max_length=12, null=True)
    department_code = fields.CharField(max_length=10, null=True)
    emergency_rule = fields.CharField(max_length=60, default="")
    facts = sealed_field(_OWN, _SPEAKER)
    question = sealed_field(_OWN, _SPEAKER, null=True)
    """The open question, sealed JSON of ``Question``."""
    assessment = sealed_field(_OWN, _SPEAKER, null=True)
    """Sealed JSON of ``Assessment``."""
    place = sealed_field(_OWN, _SPEAKER, null=True)
    """Where the patient is, in the speaker's words."""
    alert = sealed_field(_OWN, _SPEAKER, null=True)
    """Who was alerted, sealed JSON of ``AlertTold``."""
    alert_id = id_field(null=True)
    engine = fields.CharField(max_length=80, default="")
    rules_signed = fields.BooleanField(default=False)
    lines = fields.IntField(default=0)
    """How many lines the record has; the next one gets this number plus one."""
    opened_at = UtcDatetimeField()
    updated_at = UtcDatetimeField()
    closed_at = UtcDatetimeField(null=True)

    class Meta:
        table = "intake"


class IntakeEntry(Row):
    """One line of the record: ``kind`` said, asked or advised, taken_back for what was said and then taken back; or where the intake stood before a
    sentence (``core.intake.stood``), which is no line."""

    intake: fields.ForeignKeyRelation[Intake] = fields.ForeignKeyField("huizhen.Intake", related_name=False, on_delete=fields.RESTRICT)
    intake_id: str
    number = fields.IntField()
    kind = fields.CharField(max_length=10)
    at = UtcDatetimeField()
    own_key = id_field(null=True)
    """The intake's id where the line is sealed under its key."""
    text = sealed_field(_OWN, Subject("account", "sealed_under", by=("intake_id", "intake")))

    class Meta:
        table = "intake_entry"
        unique_together = (("intake", "number"),)


has_later_key(LaterKey("intake", "own_key", KIND, ("id",), lambda row: row["id"]))
has_later_key(LaterKey("intake_entry", "own_key", KIND, ("intake_id",), lambda row: row["intake_id"]))
