"""Tables of credentials: a county as issuer, its revocation registries, what was issued, what is being shown, and what a verifier asked.

Times are real time: they stand in what goes out of the house.
"""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.retention import Kept, keeps
from core.foundation.rows import Owned, Row


class CountyIssuer(Row):
    """A county's keys as issuer, made once. Private halves are sealed under the house's key; the rest is published."""

    county = fields.CharField(max_length=6, unique=True)
    name = fields.CharField(max_length=60)
    """Of the county's hospital."""
    public_key: fields.Field[dict[str, str]] = fields.JSONField()
    """JWK, P-256."""
    signing_key = sealed_field(Subject("house", always="credential_issuer"))
    age_schema = fields.TextField()
    age_definition = fields.TextField()
    age_proof_of_key = fields.TextField()
    age_private = sealed_field(Subject("house", always="credential_issuer"))
    next_status = fields.IntField(default=0)
    """The next free index over all status lists."""
    made_at = UtcDatetimeField()

    class Meta:
        table = "county_issuer"


class RevocationRegistry(Row):
    """One AnonCreds revocation registry of a county. Indexes run from 1 to ``capacity`` - 1."""

    county = fields.CharField(max_length=6)
    number = fields.IntField()
    definition = fields.TextField()
    private = sealed_field(Subject("house", always="credential_issuer"))
    tails = fields.BinaryField()
    status_list = fields.TextField()
    capacity = fields.IntField()
    next_index = fields.IntField(default=1)

    class Meta:
        table = "revocation_registry"
        unique_together = (("county", "number"),)


class IssuedCredential(Owned):
    """One credential of a patient in the house's custody. ``live_for`` is ``<patient>:<attribute>`` while it counts: one at a time.

    Credential and holder's secret (private JWK, or link secret) go when it is revoked; row and index stay for the lists.
    """

    patient_id = id_field(db_index=True)
    attribute = fields.CharField(max_length=12)
    live_for = fields.CharField(max_length=40, null=True, unique=True)
    county = fields.CharField(max_length=6)
    registry = fields.IntField(null=True)
    """Number of the revocation registry; None for those of the status lists, and until a place is taken."""
    place = fields.IntField(null=True)
    """Index in the registry, or over all status lists."""
    basis = fields.CharField(max_length=12)
    """On whose word: ``insurer``; ``real_name`` (checked by the provider); ``id_card`` (a village doctor enlisted him by his ID card)."""
    credential = sealed_field(Subject("patient", "patient_id"), null=True)
    secret = sealed_field(Subject("patient", "patient_id"), null=True)
    asked_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    revoked_at = UtcDatetimeField(null=True)
    revoked_because = fields.CharField(max_length=20, default="")

    class Meta:
        table = "issued_credential"
        indexes = (("county", "attribute", "revoked_at"),)


class ProofOffer(Row):
    """Somebody may fetch one proof of ``credential_id``, once, with the number that the holder shows; only its SHA-256 is kept."""

    patient_id = id_field(db_index=True)
    credential_id = id_field()
    attribute = fields.CharField(max_length=12)
    code_hash = fields.CharField(max_length=64, unique=True)
    made_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    used_at = UtcDatetimeField(null=True)
    audience = fields.CharField(max_length=80, default="")
    """To whom it was shown, as he named himself."""

    class Meta:
        table = "proof_offer"


class ProofCheck(Row):
    """A verifier's question to the house: his nonce, good for one answer."""

    nonce = fields.CharField(max_length=40, unique=True)
    audience = fields.CharField(max_length=80)
    made_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    used_at = UtcDatetimeField(null=True)
    outcome = fields.CharField(max_length=12, default="")
    """``right``, or the reason of the refusal."""

    class Meta:
        table = "proof_check"


keeps("proof_offers", Kept(ProofOffer, "made_at", 190, "the patient can look up to whom he showed what, as long as logs are kept"))
keeps("proof_checks", Kept(ProofCheck, "made_at", 30, "our choice: a nonce is worth nothing after two minutes"))
