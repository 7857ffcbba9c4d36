"""Tables of coverage: who is a member of what, claims and their ledger; and the book of the local insurer, which no other file writes."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Blind, Subject, blind_field, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row


class Membership(Owned):
    """That a patient is insured. ``live_for`` holds the patient while it stands: one at a time. The number is sealed under the patient's key."""

    patient_id = id_field(db_index=True)
    live_for = id_field(null=True, unique=True)
    scheme = fields.CharField(max_length=20)
    member_number = sealed_field(Subject("patient", "patient_id"))
    member_blind = blind_field(Blind("membership", of="member_number", part="scheme"), db_index=True)
    recorded_by = fields.CharField(max_length=40)
    recorded_at = UtcDatetimeField()
    ended_at = UtcDatetimeField(null=True)

    class Meta:
        table = "membership"


class Claim(Owned):
    """What was claimed for ``ref`` (a prescription, a consultation). Amounts in fen. ``live_ref`` holds the ref until reversed or refused."""

    code = fields.CharField(max_length=12, unique=True)
    patient_id = id_field(db_index=True)
    ref = id_field(db_index=True)
    live_ref = id_field(null=True, unique=True)
    consultation_id = id_field(null=True, db_index=True)
    membership_id = id_field()
    scheme = fields.CharField(max_length=20)
    edition = fields.CharField(max_length=40)
    level = fields.CharField(max_length=24)
    day = fields.DateField()
    state = fields.CharField(max_length=12)
    """submitted, settled, refused, reversing, reversed."""
    fee_fen = fields.BigIntField()
    pays_fen = fields.BigIntField()
    own_fen = fields.BigIntField()
    deductible_fen = fields.BigIntField()
    lines = sealed_field(Subject("patient", "patient_id"))
    """:class:`core.coverage.commands.ClaimLines` as JSON, sealed under the patient's key."""
    rounds = fields.IntField(default=1)
    insurer_number = fields.CharField(max_length=40, default="")
    refusal_code = fields.CharField(max_length=60, default="")
    submitted_at = UtcDatetimeField()
    answered_at = UtcDatetimeField(null=True)
    reversed_at = UtcDatetimeField(null=True)
    reversal_reason = sealed_field(Subject("patient", "patient_id"), null=True)

    class Meta:
        table = "claim"


class SettlementEntry(Row):
    """One line of the ledger: what the insurer paid (``amount_fen`` above zero) or took back (below zero). Never changed, only added to."""

    claim_id = id_field()
    kind = fields.CharField(max_length=10)
    """settled, reversed."""
    amount_fen = fields.BigIntField()
    insurer_number = fields.CharField(max_length=40)
    at = UtcDatetimeField()

    class Meta:
        table = "settlement_entry"
        unique_together = (("claim_id", "kind"),)


class InsuredMember(Row):
    """The local insurer's book: a member, by the blind index of his number."""

    scheme = fields.CharField(max_length=20)
    member_blind = fields.CharField(max_length=64)
    traits: fields.Field[list[str]] = fields.JSONField(default=list)
    valid_from = fields.DateField()
    valid_until = fields.DateField()

    class Meta:
        table = "insured_member"
        unique_together = (("scheme", "member_blind"),)


class InsuredYear(Row):
    """The local insurer's book: what a member used of one year."""

    member_id = id_field()
    year = fields.IntField()
    paid_fen = fields.BigIntField(default=0)
    deductible_fen = fields.BigIntField(default=0)

    class Meta:
        table = "insured_year"
        unique_together = (("member_id", "year"),)


class InsurerPayment(Row):
    """The local insurer's book: a claim it paid. ``digest`` tells the same claim from another one under the same id."""

    claim_id = id_field(unique=True)
    number = fields.CharField(max_length=40, unique=True)
    member_id = id_field()
    year = fields.IntField()
    digest = fields.CharField(max_length=64)
    paid_fen = fields.BigIntField()
    deductible_fen = fields.BigIntField()
    reversed = fields.BooleanField(default=False)

    class Meta:
        table = "insurer_payment"
