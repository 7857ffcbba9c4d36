"""Tables of the foundation: audit entries, outbox, due work, idempotency, clock, leases, blobs, rule signatures."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.foundation.encryption.fields import HeldFiles, Subject, holds_files, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Row


class AuditEntry(Row):
    """Who did or read what, in which role and relation, from where, and how it ended. Ids and codes only."""

    at = UtcDatetimeField()
    real_at = UtcDatetimeField()
    account_id = fields.CharField(max_length=40, db_index=True)
    role = fields.CharField(max_length=20)
    relation = fields.CharField(max_length=40)
    organisation_id = fields.CharField(max_length=26, default="")
    channel = fields.CharField(max_length=20)
    action = fields.CharField(max_length=80, db_index=True)
    outcome = fields.CharField(max_length=60)
    subject_kind = fields.CharField(max_length=20, default="")
    subject_id = fields.CharField(max_length=40, default="", db_index=True)
    detail: fields.Field[dict[str, str]] = fields.JSONField(default=dict)
    reason = fields.CharField(max_length=60, null=True)
    """Why, where a reason was given: its code or the id of the row that keeps the words sealed."""
    session_id = fields.CharField(max_length=40, null=True)
    address = fields.CharField(max_length=43, null=True)
    """Where from, coarse: the network of the address (/24, /48), never the whole of it."""
    in_tree = fields.BooleanField(null=True)
    """True once the sequencer has given it its leaf, null before. Not part of what is hashed."""

    class Meta:
        table = "audit_entry"
        indexes = (("in_tree", "id"),)


class AuditSubject(Row):
    """A patient whose data an act opened beside the one whom its entry names: a line of a list. The entry holds their number and their digest
    (:func:`core.foundation.work.shown_digest`)."""

    entry_id = id_field(db_index=True)
    patient_id = id_field()

    class Meta:
        table = "audit_subject"
        indexes = (("patient_id", "entry_id"),)


class OutboxEvent(Row):
    """Something that happened, to be told after the commit. ``body`` holds ids only. Claimed by lease; receivers de-duplicate by id."""

    topic = fields.CharField(max_length=60)
    lane = fields.CharField(max_length=20)
    key = fields.CharField(max_length=40, default="")
    body: fields.Field[dict[str, str]] = fields.JSONField()
    entry_id = fields.CharField(max_length=26, null=True)
    """The audit entry of the act that tells this; null in rows older than the link."""
    created_at = UtcDatetimeField()
    state = fields.CharField(max_length=10, default="waiting")
    """waiting, done, failed (given up after its tries; shown to the administrator)."""
    tries = fields.IntField(default=0)
    claimed_by = fields.CharField(max_length=60, default="")
    claimed_until = UtcDatetimeField()

    class Meta:
        table = "outbox_event"
        indexes = (("state", "lane", "claimed_until"), ("state", "lane", "key"))


class DueWork(Row):
    """Something to do at a time. ``step`` lets the handler see whether it is still the current one."""

    kind = fields.CharField(max_length=60)
    ref = fields.CharField(max_length=40)
    step = fields.CharField(max_length=60, default="")
    due_at = UtcDatetimeField()
    state = fields.CharField(max_length=10, default="pending")
    """pending, done, dropped."""
    tries = fields.IntField(default=0)
    claimed_until = UtcDatetimeField(null=True)
    outcome = fields.CharField(max_length=60, default="")

    class Meta:
        table = "due_work"
        indexes = (("state", "due_at"), ("kind", "ref"))


ANSWERS = "answers"
"""Kind of the key of one month's stored answers. They may tell of anybody: under the key of whoever asked they would outlive, in old backups, the
person whom they are about."""


def account_of_record(record_id: str) -> str:
    """The account in ``<account>:<key>``; the system's own accounts have a colon in their name (``system:ticker``)."""
    parts = record_id.split(":", 2)
    return ":".join(parts[:2]) if parts[0] == "system" else parts[0]


class IdempotencyRecord(Model):
    """The stored answer to an order that carried a key: the same order again gives the same answer and changes nothing."""

    id = fields.CharField(max_length=160, primary_key=True)
    """``<account>:<key>``."""
    order = fields.CharField(max_length=80)
    digest = fields.CharField(max_length=64)
    answers_key = fields.CharField(max_length=7, null=True)
    """The month (2026-11) under whose key the answer is, which is destroyed when all its answers are gone; null in rows from before: under the
    account's."""
    result = sealed_field(Subject(ANSWERS, "answers_key"), Subject("account", "id", read=account_of_record))
    created_at = UtcDatetimeField()

    class Meta:
        table = "idempotency_record"


class ClockOffset(Model):
    """The demo's domain time minus real time, in seconds: one row, id 1."""

    id = fields.IntField(primary_key=True)
    seconds = fields.BigIntField(default=0)

    class Meta:
        table = "clock_offset"


class BlindEdition(Model):
    """Which blind key the indexes of this database are made with: one row, id 1; none means the first key."""

    id = fields.IntField(primary_key=True)
    edition = fields.IntField(default=1)

    class Meta:
        table = "blind_edition"


class Lease(Model):
    """Who leads (the ticker) or holds (a conversation): the fence number grows with each new holder."""

    id = fields.CharField(max_length=60, primary_key=True)
    holder = fields.CharField(max_length=60)
    until = UtcDatetimeField()
    fence = fields.BigIntField(default=1)

    class Meta:
        table = "lease"


class Blob(Row):
    """An encrypted file in the blob store; the key is the subject's."""

    subject_kind = fields.CharField(max_length=20)
    subject_id = id_field(db_index=True)
    media_type = fields.CharField(max_length=80)
    size = fields.BigIntField()
    sha256 = fields.CharField(max_length=64)
    created_at = UtcDatetimeField()

    class Meta:
        table = "blob"


holds_files(HeldFiles("blob", "id", Subject("", "subject_id", kind_in="subject_kind")))


class RuleSignature(Row):
    """A clinician's signature under one edition of a set of clinical rules (by digest)."""

    rule_set = fields.CharField(max_length=60)
    digest = fields.CharField(max_length=64)
    signed_by = fields.CharField(max_length=80)
    licence = fields.CharField(max_length=40)
    signed_at = UtcDatetimeField()

    class Meta:
        table = "rule_signature"
        unique_together = (("rule_set", "digest"),)


class SigningKey(Row):
    """The Ed25519 key of one practitioner; the private half is sealed under his own subject."""

    practitioner_id = id_field(unique=True)
    public_key = fields.BinaryField()
    private_key = sealed_field(Subject("practitioner", "practitioner_id"))
    created_at = UtcDatetimeField()

    class Meta:
        table = "signing_key"


class Signature(Row):
    """A practitioner's signature under a document, which is built again from its rows to verify it."""

    key_id = id_field()
    practitioner_id = id_field(db_index=True)
    kind = fields.CharField(max_length=24)
    subject_id = id_field(db_index=True)
    signature = fields.BinaryField()
    signed_at = UtcDatetimeField()
    account_id = fields.CharField(max_length=40)
    channel = fields.CharField(max_length=20)
    confirmed = fields.CharField(max_length=16)
    """What unlocked the key: session+totp (a confirmation given in the session, and a one-time code); session alone in older ones."""

    class Meta:
        table = "signature"
