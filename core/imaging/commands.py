"""What can be asked of images: bring one in, read what is there. Pixels are media's."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result


class UploadView(Result):
    """``refusal`` is the sentence for the person when the file was refused (what is wrong, what to do)."""

    upload_id: Id
    consultation_id: Id
    state: Literal["received", "accepted", "refused"]
    refusal_code: str | None = None
    refusal: str | None = None
    instance_id: Id | None = None


class ReceiveUpload(Command):
    """A file has arrived whole in the blob store (under the patient's key); a worker checks it and then it becomes visible."""

    name = "imaging.receive_upload"
    title = "上传影像"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = UploadView
    comes_with_file = True
    consultation_id: Id
    blob_id: Id
    size: int = Field(ge=0, le=1 << 40)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class CheckUpload(Command):
    """The system: read the file and accept it as an instance under its own UIDs, or refuse it with the reason."""

    name = "imaging.check_upload"
    title = "检查影像文件"
    access = (Grant(Role.SYSTEM),)
    gives = UploadView
    needs_engine = True
    upload_id: Id


class Upload(Query):
    name = "imaging.upload"
    title = "上传进度"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_upload"), Grant(Role.SYSTEM))
    gives = UploadView
    upload_id: Id


class ImageView(Result):
    instance_id: Id
    modality: str
    description: str
    rows: int | None
    columns: int | None
    frames: int
    received_at: datetime


class ImagesView(Result):
    images: tuple[ImageView, ...]


class Images(Query):
    name = "imaging.images"
    title = "影像列表"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"),
        Grant(Role.VISITOR, "own_patient_consultation"),
    )
    gives = ImagesView
    audited = True
    consultation_id: Id
