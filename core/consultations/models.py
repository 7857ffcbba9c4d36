"""Tables of consultations: the consultation itself and its timeline."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row

_PATIENT = Subject("patient", "patient_id", by=("consultation_id", "consultation"))
"""Everything of a consultation is sealed under its patient's key."""


class Consultation(Owned):
    """A consultation 会诊. ``organisation_id`` is the inviting side's. Clinical words are sealed under the patient's key."""

    code = fields.CharField(max_length=12, unique=True)
    state = fields.CharField(max_length=12)
    region_code = fields.CharField(max_length=6, db_index=True)
    """The county (GB/T 2260, six digits) of the inviting organisation."""
    urgency = fields.CharField(max_length=12)
    urgency_typed = fields.CharField(max_length=12, null=True)
    urgency_computed = fields.CharField(max_length=12, null=True)
    department_code = fields.CharField(max_length=8)
    patient_id = id_field(db_index=True)
    number = fields.IntField()
    """The village doctor's own number of the patient."""
    village_doctor_id = id_field(db_index=True)
    requester_account_id = id_field(db_index=True)
    intake_id = id_field(null=True, db_index=True)
    conversation_id = id_field(null=True)
    message_id = id_field(null=True)
    complaint = sealed_field(Subject("patient", "patient_id"))
    """The line as it was written, sealed."""
    picture = sealed_field(Subject("patient", "patient_id"))
    """What was understood of it (:class:`core.consultations.picture.Picture` as JSON), sealed."""
    patient_confirmed_at = UtcDatetimeField(null=True)
    consented_at = UtcDatetimeField(null=True)
    consent_blob_id = id_field(null=True)
    material_at = UtcDatetimeField(null=True)
    material_count = fields.IntField(default=0)
    experts_asked = fields.IntField(default=0)
    alarmed_at = UtcDatetimeField(null=True)
    expert_id = id_field(null=True, db_index=True)
    busy_expert_id = id_field(null=True, unique=True)
    """The expert while the consultation is open, nobody afterwards: the column's uniqueness keeps one open consultation an expert."""
    timeline_length = fields.IntField(default=0)
    created_at = UtcDatetimeField()
    assigned_at = UtcDatetimeField(null=True)
    meets_at = UtcDatetimeField(null=True)
    """The time to which expert and village doctor agreed, where they agreed to one."""
    closed_at = UtcDatetimeField(null=True)

    class Meta:
        table = "consultation"


class TimelineEntry(Row):
    """One thing that happened to a consultation: ids and codes plain, words sealed under the patient's key."""

    consultation_id = id_field()
    sequence = fields.IntField()
    at = UtcDatetimeField()
    kind = fields.CharField(max_length=60)
    from_state = fields.CharField(max_length=12, default="")
    to_state = fields.CharField(max_length=12, default="")
    account_id = fields.CharField(max_length=40)
    role = fields.CharField(max_length=20)
    practitioner_id = id_field(null=True)
    ids: fields.Field[dict[str, str]] = fields.JSONField(default=dict)
    words = sealed_field(_PATIENT, null=True)
    entry_id = id_field(null=True)
    """The audit entry of the act; null in rows older than the link."""

    class Meta:
        table = "timeline_entry"
        unique_together = (("consultation_id", "sequence"),)


class Opinion(Row):
    """The expert's signed advice. A later revision replaces an earlier one; none is changed or deleted."""

    consultation_id = id_field()
    revision = fields.IntField()
    practitioner_id = id_field()
    body = sealed_field(_PATIENT)
    """:class:`core.consultations.opinions.OpinionText` as JSON, sealed under the patient's key."""
    given_at = UtcDatetimeField()

    class Meta:
        table = "opinion"
        unique_together = (("consultation_id", "revision"),)


class Decision(Row):
    """What the inviting side decided on an opinion. A new revision of the opinion may be decided on again."""

    consultation_id = id_field(db_index=True)
    opinion_id = id_field(unique=True)
    practitioner_id = id_field()
    choice = fields.CharField(max_length=10)
    reason = sealed_field(_PATIENT)
    """Sealed under the patient's key; may be empty where the opinion is agreed to."""
    decided_at = UtcDatetimeField()

    class Meta:
        table = "decision"


class TimeProposal(Row):
    """Another time for a consultation that was taken and has not begun, proposed by one side."""

    consultation_id = id_field(db_index=True)
    at = UtcDatetimeField()
    proposed_by = fields.CharField(max_length=16)
    """expert, village_doctor."""
    account_id = id_field()
    state = fields.CharField(max_length=8)
    """open, agreed, over."""
    proposed_at = UtcDatetimeField()
    answered_at = UtcDatetimeField(null=True)

    class Meta:
        table = "time_proposal"


class MaterialRequest(Row):
    """What the expert still wants of a case."""

    consultation_id = id_field(db_index=True)
    practitioner_id = id_field()
    account_id = id_field()
    wanted = sealed_field(_PATIENT)
    state = fields.CharField(max_length=8)
    """open, arrived, none, over."""
    answer = sealed_field(_PATIENT, null=True)
    """Why there is none."""
    asked_at = UtcDatetimeField()
    closed_at = UtcDatetimeField(null=True)

    class Meta:
        table = "material_request"


class Rating(Row):
    """How patient and village doctor found the completed consultation, once each."""

    consultation_id = id_field()
    rated_as = fields.CharField(max_length=16)
    """patient, village_doctor."""
    account_id = id_field()
    stars = fields.IntField()
    words = sealed_field(_PATIENT, null=True)
    rated_at = UtcDatetimeField()

    class Meta:
        table = "rating"
        unique_together = (("consultation_id", "rated_as"),)
