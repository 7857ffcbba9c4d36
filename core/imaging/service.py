"""Files come in, are checked in a worker, and become visible under their own UIDs; nothing that is there is ever overwritten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

from core.consultations.service import consultation_of, keep_blob, material_arrived, note, open_consultation
from core.foundation.actor import Actor
from core.foundation.errors import NotFound
from core.foundation.events import Event, listens
from core.foundation.keys import SealBroken, Sealer
from core.foundation.models import Blob
from core.foundation.orders import Order, answers, handles, prepares, relation
from core.foundation.practice import EngineAway, Practice
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.imaging.commands import CheckUpload, Images, ImagesView, ImageView, ReceiveUpload, UploadView, WindowChoice
from core.imaging.commands import Upload as UploadQuery
from core.imaging.conflicts import keep_conflict
from core.imaging.errors import IMAGE_CONFLICT, UploadUnknown
from core.imaging.files import file_dropped, files_swept, lost_here
from core.imaging.frames import frame_asked
from core.imaging.models import ConsultationImage, Instance, Upload
from core.imaging.pictures import SENDERS, picture_arrived, picture_refused
from core.imaging.transfers import as_upload, join_transfer, sends
from core.imaging.uploads import UNREAD, refusal_sentence, view_of
from core.imaging.words import modality_words, part_words
from core.notifications.service import tell
from core.people.service import practitioner_card
from media.imaging.broken import BrokenDicom
from media.imaging.content import Content
from media.imaging.photos import photo_type
from media.imaging.summary import DicomSummary
from media.imaging.windows import windows_of

__all__ = ["file_dropped", "files_swept", "frame_asked", "join_transfer", "refusal_sentence", "view_of"]

DICOM = "application/dicom"


_GLANCE = 64
"""Pixels of the longer side: enough to have decoded the whole."""


@relation("own_upload")
async def own_upload(work: Work, order: Order) -> bool:
    """The actor sent the file, or is sending it."""
    upload_id, account_id = getattr(order, "upload_id", None), work.actor.account_id
    if upload_id is None:
        return False
    return await Upload.filter(id=upload_id, account_id=account_id).exists() or await sends(upload_id, account_id)


@handles(ReceiveUpload)
async def receive_upload(work: Work, order: ReceiveUpload) -> UploadView:
    row = await open_consultation(work, order.consultation_id)
    known = await Upload.get_or_none(blob_id=order.blob_id)
    if known is not None:
        return await view_of(known)
    await keep_blob(work, order.blob_id, row.patient_id, media_type=UNREAD, size=order.size, sha256=order.sha256)
    upload = await Upload.create(
        id=order.upload_id or work.new_id(), organisation_id=row.organisation_id, consultation_id=row.id, patient_id=row.patient_id,
        account_id=work.actor.account_id, blob_id=order.blob_id, size=order.size, sha256=order.sha256, state="received", received_at=work.now,
    )
    await work.emit("upload.received", key=row.id, upload_id=upload.id)
    return await view_of(upload)


@listens("upload.received")
async def upload_received(practice: Practice, event: Event) -> None:
    await practice.execute(
        Actor.system("worker"), CheckUpload(upload_id=event.body["upload_id"]), idempotency_key=f"upload:{event.body['upload_id']}"
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """What the engine found outside the transaction: a summary, or why not. ``media_type``: what kind of file it is, by its content."""

    summary: DicomSummary | None
    refusal: str = ""
    media_type: str = UNREAD


@prepares(CheckUpload)
async def read_file(practice: Practice, actor: Actor, order: CheckUpload) -> Checked:
    upload = await _upload(order.upload_id)
    engine = practice.engines.imaging
    if engine is None:
        raise EngineAway
    try:
        content = await practice.blobs.reader(upload.blob_id, "patient", upload.patient_id)
        checked = await asyncio.to_thread(_look_at_picture if upload.sent_as else _look_into, engine, content, upload.sha256)
        if checked.summary is None and content.failure is not None:
            raise content.failure
        return checked
    except (NotFound, SealBroken) as lost:
        await lost_here(practice, f"upload {upload.id}", lost)
        return Checked(None, "lost_here")


def _look_at_picture(engine: Any, content: Content, sha256: str) -> Checked:
    """A patient's: a photo and nothing else, and one that the decoder can draw, so that nobody is told of what cannot be looked at."""
    if photo_type(content[:16]) is None:
        return Checked(None, "not_dicom")
    checked = _look_into(engine, content, sha256)
    if checked.summary is None:
        return checked
    try:
        engine.render(sha256, content, frame=0, window="auto", max_side=_GLANCE)
    except BrokenDicom as broken:
        if broken.code == "decoder_away":
            raise EngineAway from None
        return Checked(None, broken.code, checked.media_type)
    return checked


def _look_into(engine: Any, content: Content, _sha256: str) -> Checked:
    photo = photo_type(content[:16])
    try:
        return Checked(engine.check(content), media_type=photo or DICOM)
    except BrokenDicom as broken:
        return Checked(None, broken.code, photo or UNREAD)


@handles(CheckUpload)
async def check_upload(work: Work, order: CheckUpload, checked: Checked) -> UploadView:
    upload = await _upload(order.upload_id)
    work.concerns("patient", upload.patient_id)
    if upload.state != "received":
        return await view_of(upload)
    await Blob.filter(id=upload.blob_id).update(media_type=checked.media_type)
    if checked.summary is None:
        if upload.sent_as:
            return await picture_refused(work, upload, f"dicom.{checked.refusal}")
        return await _refuse(work, upload, f"dicom.{checked.refusal}", "material.refused")
    instance = await Instance.get_or_none(sop_instance_uid=checked.summary.sop_instance_uid)
    if instance is None:
        return await _accept(work, upload, await _store(work, upload, checked.summary))
    if instance.patient_id != upload.patient_id or instance.sha256 != upload.sha256:
        if upload.sent_as:
            return await picture_refused(work, upload, "picture.elsewhere")
        return await _keep_for_a_person(work, upload, instance)
    return await _accept(work, upload, instance)


async def _store(work: Work, upload: Upload, summary: DicomSummary) -> Instance:
    """A new instance under its own UIDs. Should the same UID arrive twice at once, the unique column refuses and the order is tried again."""
    instance_id = work.new_id()
    sealer = await work.sealer("patient", upload.patient_id)
    return await Instance.create(
        id=instance_id,
        organisation_id=upload.organisation_id,
        sop_instance_uid=summary.sop_instance_uid,
        series_instance_uid=summary.series_instance_uid,
        study_instance_uid=summary.study_instance_uid,
        sop_class_uid=summary.sop_class_uid,
        transfer_syntax_uid=summary.transfer_syntax_uid,
        patient_id=upload.patient_id,
        blob_id=upload.blob_id,
        sha256=upload.sha256,
        size=upload.size,
        modality=summary.modality,
        description=sealer.seal("dicom_instance", "description", instance_id, summary.description),
        body_part=sealer.seal("dicom_instance", "body_part", instance_id, summary.body_part),
        taken_on=sealer.seal("dicom_instance", "taken_on", instance_id, summary.taken_on),
        rows=summary.rows,
        columns=summary.columns,
        frames=summary.frames,
        received_at=work.now,
    )


async def _accept(work: Work, upload: Upload, instance: Instance) -> UploadView:
    """Visible in the consultation; the same file sent twice is a success and changes nothing."""
    if upload.sent_as:
        await picture_arrived(work, upload, instance)
        await upload.change(state="accepted", instance_id=instance.id, checked_at=work.now)
        return await view_of(upload)
    if not await ConsultationImage.filter(consultation_id=upload.consultation_id, instance_id=instance.id).exists():
        row = await material_arrived(work, upload.consultation_id, instance.id)
        await ConsultationImage.create(id=work.new_id(), consultation_id=row.id, instance_id=instance.id, added_at=work.now)
        await work.emit("image.arrived", key=row.id, consultation_id=row.id, instance_id=instance.id)
        if row.expert_id is not None:
            expert = await practitioner_card(work, row.expert_id)
            await tell(work, expert.account_id, "image.arrived", urgent=True, consultation_id=row.id, instance_id=instance.id)
    await upload.change(state="accepted", instance_id=instance.id, checked_at=work.now)
    await tell(work, upload.account_id, "upload.accepted", upload_id=upload.id)
    return await view_of(upload)


async def _keep_for_a_person(work: Work, upload: Upload, instance: Instance) -> UploadView:
    conflict = await keep_conflict(work, upload, instance)
    return await _refuse(work, upload, f"{IMAGE_CONFLICT}.{conflict.kind}", "material.conflict")


async def _refuse(work: Work, upload: Upload, code: str, entry: str) -> UploadView:
    """Nothing becomes visible; the file is kept and the sender is told why."""
    await note(work, upload.consultation_id, entry, ids={"upload_id": upload.id, "code": code})
    await upload.change(state="refused", refusal_code=code, checked_at=work.now)
    await tell(work, upload.account_id, "upload.refused", upload_id=upload.id)
    return await view_of(upload)


async def _upload(upload_id: str) -> Upload:
    upload = await Upload.get_or_none(id=upload_id)
    if upload is None:
        raise UploadUnknown
    return upload


@answers(UploadQuery)
async def upload_query(work: Work, order: UploadQuery) -> UploadView:
    if (upload := await Upload.get_or_none(id=order.upload_id)) is not None:
        return await view_of(upload)
    view, became = await as_upload(order.upload_id)
    if became is None or became == order.upload_id:
        return view
    return (await view_of(await _upload(became))).model_copy(update={"upload_id": order.upload_id})


@answers(Images)
async def images(work: Work, order: Images) -> ImagesView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    in_case = {one.instance_id: one for one in await ConsultationImage.filter(consultation_id=row.id).order_by("added_at", "id")}
    found = {one.id: one for one in await Instance.filter(id__in=list(in_case))}
    sealer = await work.sealer("patient", row.patient_id)

    async def lines(some: list[Instance]) -> list[ImageView]:
        return [_image_view(sealer, one, in_case[one.id]) for one in some]

    views, withheld = await shown(work, [found[instance_id] for instance_id in in_case], lines)
    return ImagesView(images=views, withheld=withheld)


def _image_view(sealer: Sealer, one: Instance, here: ConsultationImage) -> ImageView:
    day = _opened(sealer, "taken_on", one)
    what = " ".join(filter(None, (modality_words(one.modality), part_words(_opened(sealer, "body_part", one)))))
    return ImageView(
        instance_id=one.id,
        modality=one.modality,
        label=f"{SENDERS[here.sent_as]}发来的照片" if here.sent_as else what,
        sent_by=cast(Literal["patient", "family", "expert"], here.sent_as) if here.sent_as else "village_doctor",
        sent_at=here.added_at,
        description=_opened(sealer, "description", one),
        taken_on=date.fromisoformat(day) if day else None,
        rows=one.rows,
        columns=one.columns,
        frames=one.frames,
        windows=tuple(WindowChoice(window=window.key, label=window.label) for window in windows_of(one.modality)) if one.frames else (),
        received_at=one.received_at,
    )


def _opened(sealer: Sealer, column: str, row: Instance) -> str:
    return sealer.open("dicom_instance", column, row.id, bytes(getattr(row, column)))
