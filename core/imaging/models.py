"""Tables of imaging: files on their way, files that arrived, instances under their own UIDs, their pictures, and what a person must look at."""

from __future__ import annotations

from tortoise import fields

from core.foundation.encryption.fields import HeldFiles, Subject, holds_files, sealed_field
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
    sent_as = fields.CharField(max_length=10, default="", db_default="")
    """patient or family where it is a photo of the patient's side; "" of the village doctor."""
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
    description = sealed_field(Subject("patient", "patient_id"))
    """As the device wrote it, sealed under the patient's key."""
    body_part = sealed_field(Subject("patient", "patient_id"))
    """Code of the part of the body as the device wrote it, "" when it did not; sealed."""
    taken_on = sealed_field(Subject("patient", "patient_id"))
    """Day on which it was taken, YYYY-MM-DD or ""; sealed."""
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
    sent_as = fields.CharField(max_length=10, default="", db_default="")
    """As ``Upload.sent_as``."""
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


class ImageFrame(Row):
    """A picture of one frame, as somebody looked at it: made by a worker, kept encrypted for some days, made again when wanted again.

    The picture lies in the blob store under this row's id.
    """

    instance_id = id_field(db_index=True)
    patient_id = id_field()
    frame = fields.IntField()
    """From 1, as people count."""
    window = fields.CharField(max_length=12)
    size = fields.CharField(max_length=6)
    state = fields.CharField(max_length=10)
    """asked, ready, refused."""
    refusal_code = fields.CharField(max_length=60, default="")
    asked_at = UtcDatetimeField()
    """In real time: how long somebody has been waiting."""

    class Meta:
        table = "image_frame"
        unique_together = (("instance_id", "frame", "window", "size"),)


class Transfer(Owned):
    """A file on its way in pieces, over a link that may break at any time. Its id is the upload's id from the first byte to the verdict."""

    consultation_id = id_field(db_index=True)
    patient_id = id_field()
    account_id = id_field()
    kind = fields.CharField(max_length=8)
    """image, picture (a photo of a patient's or an expert's), consent."""
    length = fields.BigIntField()
    received = fields.BigIntField(default=0)
    """How many bytes lie safely in pieces: where the sender goes on."""
    expected_sha256 = fields.CharField(max_length=64, default="")
    """Of the whole file, as the sender measured it; "" when he did not."""
    state = fields.CharField(max_length=10)
    """receiving, complete (all is there, a worker joins it), done, refused, ended (called off, or left lying)."""
    refusal_code = fields.CharField(max_length=60, default="")
    sha256 = fields.CharField(max_length=64, default="")
    upload_id = id_field(null=True)
    """The upload that it became; of another transfer when the same content was there already."""
    begun_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    """In real time."""

    class Meta:
        table = "transfer"


class TransferPiece(Row):
    """Bytes ``start`` to ``start + size`` of a transfer; they lie in the blob store under this row's id."""

    transfer_id = id_field()
    start = fields.BigIntField()
    size = fields.BigIntField()

    class Meta:
        table = "transfer_piece"
        unique_together = (("transfer_id", "start"),)


holds_files(HeldFiles("transfer", "id", Subject("patient", "patient_id")))
holds_files(HeldFiles("transfer_piece", "id", Subject("patient", "patient_id", by=("transfer_id", "transfer"))))
