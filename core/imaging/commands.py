"""What can be asked of images: bring one in, read what is there. Pixels are media's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import IN_EMERGENCY, Command, Grant, Query, Result
from core.foundation.withheld import WithWithheld

SENDS = (Grant(Role.VILLAGE_DOCTOR, "own_upload"), Grant(Role.VISITOR, "own_upload"))
"""Who sent the file himself, whoever he is."""


class UploadView(Result):
    """``state``: receiving (bytes are missing), received (a worker looks at it), accepted, refused. ``refusal`` is the sentence for the person when
    it was refused (what is wrong, what to do). ``sha256`` of what lies here, as soon as it is known."""

    upload_id: Id
    consultation_id: Id
    state: Literal["receiving", "received", "accepted", "refused"]
    refusal_code: str | None = None
    refusal: str | None = None
    instance_id: Id | None = None
    sha256: str | None = None


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
    upload_id: Id | None = None
    """The id under which it was sent in pieces, if it was."""


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
    access = (*SENDS, Grant(Role.SYSTEM))
    gives = UploadView
    upload_id: Id


class WindowChoice(Result):
    window: str
    label: str


class ImageView(Result):
    """``label``: what it is and of which part of the body, in words; of a patient's photo, that it is one. ``sent_by`` and ``sent_at``: by whom
    and when it came into this consultation. ``taken_on``: the day it was taken, None when the device did not say.
    ``frames``: 0 for what has no picture. ``windows``: what it can be looked at through, the automatic one first."""

    instance_id: Id
    modality: str
    label: str
    description: str
    taken_on: date | None
    rows: int | None
    columns: int | None
    frames: int
    windows: tuple[WindowChoice, ...]
    received_at: datetime
    sent_by: Literal["village_doctor", "patient", "family", "expert"]
    sent_at: datetime


class ImagesView(WithWithheld):
    images: tuple[ImageView, ...]


class Images(Query):
    name = "imaging.images"
    title = "影像列表"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"),
        Grant(Role.VISITOR, "own_patient_consultation"), *IN_EMERGENCY,
    )
    gives = ImagesView
    audited = True
    consultation_id: Id


class ConflictView(Result):
    """Two files under one UID. ``kind``: other content of the same patient, or another patient. ``upload_id`` is the one that came second."""

    conflict_id: Id
    kind: Literal["content", "patient"]
    consultation_id: Id
    upload_id: Id
    instance_id: Id
    found_at: datetime
    settled_at: datetime | None


class ConflictList(Result):
    conflicts: tuple[ConflictView, ...]


class Conflicts(Query):
    """Those that nobody has looked into yet, of the actor's county, newest first; or the one named."""

    name = "imaging.conflicts"
    title = "待核对的影像编号"
    access = (Grant(Role.ADMINISTRATOR), Grant(Role.SYSTEM))
    no_relation = "只列本县的,只有编号,没有影像"
    gives = ConflictList
    audited = True
    conflict_id: Id | None = None


class SettleConflict(Command):
    """The administrator has asked at the device and knows; the image that was there stays as it is. Saying it twice changes nothing."""

    name = "imaging.settle_conflict"
    title = "影像编号已核对"
    access = (Grant(Role.ADMINISTRATOR, "conflict_of_county"),)
    conflict_id: Id


FrameWindow = Annotated[str, Field(pattern=r"^[a-z]{1,12}$")]
FrameSize = Literal["thumb", "full"]
_LOOKS = (
    Grant(Role.VILLAGE_DOCTOR, "own_image"), Grant(Role.EXPERT, "assigned_image"), Grant(Role.VISITOR, "own_patient_image"),
    Grant(Role.VISITOR, "shown_in_call"), *IN_EMERGENCY,
)


class FrameView(Result):
    """``state``: asked (a worker is drawing it), ready, refused (``refusal`` says why). The picture lies under ``frame_id``."""

    frame_id: Id
    patient_id: Id
    state: Literal["asked", "ready", "refused"]
    media_type: str = "image/webp"
    refusal_code: str | None = None
    refusal: str | None = None


class ShowFrame(Command):
    """Look at one frame of an image through a window. It is an order, because every look leaves its entry, and a worker may have to draw it."""

    name = "imaging.show_frame"
    title = "看影像"
    access = _LOOKS
    gives = FrameView
    image_id: Id
    frame: int = Field(ge=1, le=20_000)
    window: FrameWindow = "auto"
    size: FrameSize = "full"


class FrameState(Query):
    """Whether the frame that was asked for is drawn by now."""

    name = "imaging.frame"
    title = "影像画好没有"
    access = _LOOKS
    gives = FrameView
    image_id: Id
    frame: int = Field(ge=1, le=20_000)
    window: FrameWindow = "auto"
    size: FrameSize = "full"


class DrawFrame(Command):
    """The system: draw the frame that somebody asked for, or keep why it cannot be drawn."""

    name = "imaging.draw_frame"
    title = "画出影像"
    access = (Grant(Role.SYSTEM),)
    gives = FrameView
    needs_engine = True
    frame_id: Id


class RedrawFrame(Command):
    """The system: the picture that was kept is away or altered; it is drawn anew from the image."""

    name = "imaging.redraw_frame"
    title = "重新画出影像"
    access = (Grant(Role.SYSTEM),)
    gives = FrameView
    frame_id: Id


class ForgetFrame(Command):
    """The system: a picture is kept for some days only; the image it was made from stays."""

    name = "imaging.forget_frame"
    title = "清理影像缓存"
    access = (Grant(Role.SYSTEM),)
    frame_id: Id


class SweepFiles(Command):
    """The system, when it starts and once a day: files that lie in the store without anything that refers to them go."""

    name = "imaging.sweep_files"
    title = "清理没有登记的文件"
    access = (Grant(Role.SYSTEM),)


MAX_IMAGE, MAX_PHOTO = 512 << 20, 10 << 20
"""Bytes of an image file, and of the photo of a paper."""


TransferKind = Literal["image", "picture", "consent"]
class TransferView(Result):
    """A file on its way. ``received``: how many of its ``length`` bytes lie safely here. ``state``: receiving, complete (a worker joins the pieces),
    done, refused, ended (called off, or left lying for a day)."""

    upload_id: Id
    consultation_id: Id
    patient_id: Id
    kind: TransferKind
    length: int
    received: int
    expected_sha256: str
    state: Literal["receiving", "complete", "done", "refused", "ended"]
    expires_at: datetime


class BeginTransfer(Command):
    """Announce a file that will come in pieces. One whose content (by its SHA-256) the consultation has already is done at once."""

    name = "imaging.begin_transfer"
    title = "开始续传"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = TransferView
    consultation_id: Id
    kind: Literal["image", "consent"]
    length: int = Field(ge=0, le=1 << 40)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


class BeginPicture(Command):
    """The same for a photo of the patient's, or of the expert's, that becomes what a photo from the chat does (``ReceivePicture``)."""

    name = "imaging.begin_picture"
    title = "开始续传照片"
    access = (Grant(Role.VISITOR, "own_patient_consultation"), Grant(Role.EXPERT, "assigned_consultation"))
    gives = TransferView
    consultation_id: Id
    length: int = Field(ge=0, le=1 << 40)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


class TransferState(Query):
    name = "imaging.transfer"
    title = "传到哪里了"
    access = SENDS
    gives = TransferView
    upload_id: Id


class CompleteTransfer(Command):
    """The last byte has come: a worker may join the pieces. Saying it twice changes nothing."""

    name = "imaging.complete_transfer"
    title = "续传传完"
    access = SENDS
    gives = TransferView
    upload_id: Id


class SettleTransfer(Command):
    """The system: the pieces are one file now, which became an upload or a consent, or was not taken; the pieces go."""

    name = "imaging.settle_transfer"
    title = "续传收尾"
    access = (Grant(Role.SYSTEM),)
    gives = TransferView
    upload_id: Id
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    became: Id | None = None
    refusal_code: str = Field(default="", max_length=60)


class EndTransfer(Command):
    """Call a file off that is still on its way."""

    name = "imaging.end_transfer"
    title = "取消续传"
    access = SENDS
    upload_id: Id


class ExpireTransfer(Command):
    """The system: a file that was left lying on its way for a day goes."""

    name = "imaging.expire_transfer"
    title = "清理没传完的文件"
    access = (Grant(Role.SYSTEM),)
    upload_id: Id
