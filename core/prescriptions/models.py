"""Tables of prescriptions: the prescription, the single emergency dose, and what must be known of a patient before he is given drugs.

Drugs, doses, reasons and facts are clinical: they are sealed under the patient's key.
"""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import Subject, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row


class Prescription(Owned):
    """``organisation_id`` is the inviting side's. ``revision`` counts what the expert wrote; ``body`` holds the latest."""

    code = fields.CharField(max_length=12, unique=True)
    state = fields.CharField(max_length=12, db_index=True)
    region_code = fields.CharField(max_length=6, db_index=True)
    consultation_id = id_field(db_index=True)
    patient_id = id_field(db_index=True)
    village_doctor_id = id_field(db_index=True)
    expert_id = id_field(db_index=True)
    revision = fields.IntField(default=1)
    body = sealed_field(Subject("patient", "patient_id"))
    """:class:`core.prescriptions.items.Body` as JSON, sealed."""
    proposed_at = UtcDatetimeField()
    signer_id = id_field(null=True)
    signed_at = UtcDatetimeField(null=True)
    overrides = sealed_field(Subject("patient", "patient_id"), null=True)
    """The findings at the signature with the signer's reasons (:class:`core.prescriptions.items.Overrides`), sealed."""
    override_count = fields.IntField(default=0)
    rules = fields.CharField(max_length=64, default="")
    """Digest of the rules of safety that the signature was checked against."""
    pharmacist_id = id_field(null=True)
    reviewed_at = UtcDatetimeField(null=True)
    return_reason = sealed_field(Subject("patient", "patient_id"), null=True)
    dispensed_at = UtcDatetimeField(null=True)
    dispensed_by_id = id_field(null=True)
    """Who handed it out; null in rows that were handed out before this was kept."""
    step = id_field()
    """The id of the current signature's validity; a due row with another step is late."""

    class Meta:
        table = "prescription"


class EmergencyDose(Row):
    """One dose ordered by the inviting side's decision alone; the pharmacist was told afterwards."""

    consultation_id = id_field(unique=True)
    decision_id = id_field()
    patient_id = id_field(db_index=True)
    region_code = fields.CharField(max_length=6)
    practitioner_id = id_field()
    body = sealed_field(Subject("patient", "patient_id"))
    """Which dose and what was ruled out (:class:`core.prescriptions.items.DoseBody`), sealed."""
    ordered_at = UtcDatetimeField()
    seen_by_id = id_field(null=True)
    seen_at = UtcDatetimeField(null=True)

    class Meta:
        table = "emergency_dose"


class SafetyFacts(Row):
    """What the checks need to know of one patient, as it was last recorded."""

    patient_id = id_field(unique=True)
    body = sealed_field(Subject("patient", "patient_id"))
    """:class:`core.prescriptions.items.Recorded` as JSON, sealed."""
    practitioner_id = id_field()
    recorded_at = UtcDatetimeField()

    class Meta:
        table = "safety_facts"
