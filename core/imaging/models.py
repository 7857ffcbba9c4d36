"""Tables of imaging: files that arrived, instances under their own UIDs, and files that a person must look at."""

from __future__ import annotations

from tortoise import fields

from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Owned, Row


class Upload(Owned):
    """A file that arrived for a consultation."""

    consultation_id = id_field(db_index=True)
    patient_id = id_field()
    account_id = id_field()
    blob_id = id_field(unique=True)
    size = fields.BigIntField()
    sha256 = fields.CharField(max_length=64)
    state = fields.CharField(max_length=10)
    """received, accepted, refused."""
    refusal_code = fields.CharField(max_length=60, default="")
    instance_id = id_field(null=True)
    received_at = UtcDatetimeField()
    checked_at = UtcDatetimeField(null=True)

    class Meta:
        table = "upload"


class Instance(Owned):
    """One DICOM instance, kept under the identifiers it came with; never overwritten."""

    sop_instance_uid = fields.CharField(max_length=64, unique=True)
    series_instance_uid = fields.CharField(max_length=64, db_index=True)
    study_instance_uid = fields.CharField(max_length=64, db_index=True)
    sop_class_uid = fields.CharField(max_length=64)
    transfer_syntax_uid = fields.CharField(max_length=64)
    patient_id = id_field(db_index=True)
    blob_id = id_field(unique=True)
    sha256 = fields.CharField(max_length=64)
    size = fields.BigIntField()
    modality = fields.CharField(max_length=16)
    description = fields.BinaryField()
    """As the device wrote it, sealed under the patient's key."""
    rows = fields.IntField(null=True)
    columns = fields.IntField(null=True)
    frames = fields.IntField()
    received_at = UtcDatetimeField()

    class Meta:
        table = "dicom_instance"


class ConsultationImage(Row):
    """An instance shown in a consultation."""

    consultation_id = id_field(db_index=True)
    instance_id = id_field()
    added_at = UtcDatetimeField()

    class Meta:
        table = "consultation_image"
        unique_together = (("consultation_id", "instance_id"),)


class ImageConflict(Row):
    """Two files claim one UID with different content (or for different patients): both are kept and a person decides."""

    upload_id = id_field(unique=True)
    instance_id = id_field(db_index=True)
    kind = fields.CharField(max_length=12)
    """content, or patient."""
    found_at = UtcDatetimeField()
    resolved_at = UtcDatetimeField(null=True)

    class Meta:
        table = "image_conflict"
