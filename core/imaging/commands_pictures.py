"""What a patient, or who speaks for him, can do with a photo: see where it may go, and send it there."""

from __future__ import annotations

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.foundation.withheld import WithWithheld
from core.imaging.commands import UploadView


class PicturePlace(Result):
    """An open consultation. ``patient``: his name, for whom several are cared for by one account. ``withdrawn``: what the consent is called that was
    taken back and under which a photo would be used; empty where none was. One sent now is the sender's own word; one of before is not."""

    consultation_id: Id
    code: str
    patient_id: Id
    patient: str
    withdrawn: str


class PicturePlacesView(WithWithheld):
    places: tuple[PicturePlace, ...]


class PicturePlaces(Query):
    """The open consultations to which the actor may send a photo, newest first."""

    name = "imaging.picture_places"
    title = "照片可以发到哪份会诊"
    access = (Grant(Role.VISITOR),)
    no_relation = "只列他自己和他替办的人的进行中的会诊"
    gives = PicturePlacesView
    audited = True


class ReceivePicture(Command):
    """A photo of the patient's, or one that the expert shows him, has arrived whole in the blob store (under the patient's key); a worker checks it
    and then it becomes visible, as whose it is."""

    name = "imaging.receive_picture"
    title = "患者发照片"
    access = (Grant(Role.VISITOR, "own_patient_consultation"), Grant(Role.EXPERT, "assigned_consultation"))
    gives = UploadView
    comes_with_file = True
    consultation_id: Id
    blob_id: Id
    size: int = Field(ge=0, le=1 << 40)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    upload_id: Id | None = None
    """The id under which it was sent in pieces, if it was."""
