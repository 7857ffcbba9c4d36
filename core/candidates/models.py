"""Tables of candidate diseases: each list that was worked out for a consultation, what a doctor added to the case for it, and figures of a crowd."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Row


class CandidateList(Row):
    """One use of the model: what it gave for one consultation. A later one (``number``) takes its place; none is changed but for how it agreed."""

    consultation_id = id_field()
    patient_id = id_field(db_index=True)
    number = fields.IntField()
    model = fields.CharField(max_length=120)
    digest = fields.CharField(max_length=64, db_index=True)
    """SHA-256 of the tables of the model."""
    rules_signed = fields.BooleanField(default=False)
    """Whether all its tables were signed by a clinician when it was made."""
    body = sealed_field(Subject("patient", "patient_id"))
    """:class:`nlp.interface.candidates.Worked` as JSON: ranked codes, inputs' digest, classes for drift; sealed, because it names diseases."""
    made_at = UtcDatetimeField()
    outcome = fields.CharField(max_length=10, default="")
    """"" while no opinion is signed, coded, uncoded (a diagnosis in words alone, or none)."""
    place = fields.IntField(null=True)
    """Of a coded one: the rank of the candidate that the signed diagnosis names, 0 for none."""
    seen = fields.BooleanField(default=False)
    """Whether the one who signed had been shown this list before."""
    opinion_id = id_field(null=True)

    class Meta:
        table = "candidate_list"
        unique_together = (("consultation_id", "number"),)


class CaseValues(Row):
    """Values and signs that a doctor added to a case."""

    consultation_id = id_field(unique=True)
    patient_id = id_field(db_index=True)
    practitioner_id = id_field()
    body = sealed_field(Subject("patient", "patient_id"))
    """:class:`core.candidates.values.Added` as JSON."""
    recorded_at = UtcDatetimeField()

    class Meta:
        table = "case_values"


class CandidateReference(Row):
    """The distributions of the first uses of one model in this house: counts of a crowd, nobody's."""

    digest = fields.CharField(max_length=64, unique=True)
    cases = fields.IntField()
    counts: fields.Field[dict[str, Any]] = fields.JSONField()
    """By name of what is watched: how many cases in each class."""
    reaches = UtcDatetimeField()
    """When the last of them was made: what comes later is compared."""
    made_at = UtcDatetimeField()

    class Meta:
        table = "candidate_reference"


class CandidateDrift(Row):
    """One day's comparison of the last uses with the reference."""

    digest = fields.CharField(max_length=64)
    day = fields.CharField(max_length=10)
    cases = fields.IntField()
    state = fields.CharField(max_length=10)
    """few (too few to compare), steady, shifting, moved."""
    indexes: fields.Field[dict[str, Any]] = fields.JSONField()
    """By name of what is watched: the stability index, rounded."""
    made_at = UtcDatetimeField()

    class Meta:
        table = "candidate_drift"
        unique_together = (("digest", "day"),)
