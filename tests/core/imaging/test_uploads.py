"""A file arrives: it is checked, kept under its own UIDs, never overwritten, and whoever waits for it is told."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PilImage

from core.consultations.commands import AttachConsent, ConfirmPatient
from core.consultations.commands_case import Timeline
from core.consultations.models import Consultation
from core.foundation.errors import NotAllowed
from core.foundation.models import Blob
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import EngineAway, Practice
from core.imaging.commands import CheckUpload, Conflicts, Images, ReceiveUpload, SettleConflict, Upload, UploadView
from core.imaging.models import ImageConflict, Instance
from media.imaging import build
from tests.core.dispatch.ward import CRITICAL, URGENT, Ward, open_ward
from tests.media.test_check import named, small_ct
from tests.support.county import SYSTEM


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    practice.engines.imaging = build()
    return await open_ward(practice, hearts=3)


async def send(ward: Ward, consultation_id: str, data: bytes) -> UploadView:
    """Put the file and let the worker check it; the upload as its sender sees it then."""
    row = await Consultation.get(id=consultation_id)
    blob = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", row.patient_id, data)
    received = await ward.practice.execute(ward.county.village_doctor, ReceiveUpload(
        consultation_id=consultation_id, blob_id=blob.id, size=blob.size, sha256=blob.sha256
    ))
    assert received.state == "received"
    await work_off(ward)
    view: UploadView = await ward.practice.ask(ward.county.village_doctor, Upload(upload_id=received.upload_id))
    return view


async def work_off(ward: Ward) -> None:
    ward.clock.advance(seconds=1)
    worker = OutboxWorker(ward.practice, "image", "test")
    while await worker.work_once():
        pass


async def test_a_real_image_is_kept_under_its_own_uids(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    data = named("CT_small.dcm")

    view = await send(ward, asked.consultation_id, data)

    assert (view.state, view.refusal) == ("accepted", None)
    instance = await Instance.get(id=view.instance_id)
    assert instance.sop_instance_uid == "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
    assert instance.sha256 == hashlib.sha256(data).hexdigest()
    assert await ward.practice.blobs.get(instance.blob_id, "patient", instance.patient_id) == data
    images = await ward.practice.ask(ward.county.village_doctor, Images(consultation_id=asked.consultation_id))
    assert [(one.modality, one.rows, one.columns, one.frames) for one in images.images] == [("CT", 128, 128, 1)]
    timeline = await ward.practice.ask(ward.county.village_doctor, Timeline(consultation_id=asked.consultation_id))
    assert timeline.images == (view.instance_id,)
    assert (await ward.told(ward.county.village_doctor))[-1] == "upload.accepted"


async def test_a_file_is_labelled_by_what_it_is(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    photo = io.BytesIO()
    PilImage.new("RGB", (64, 48), "white").save(photo, "JPEG")
    for data, label in (
        (small_ct(), "application/dicom"), (photo.getvalue(), "image/jpeg"), (photo.getvalue()[:-400], "image/jpeg"),
        (b"MZ" * 200, "application/octet-stream"),
    ):
        await send(ward, asked.consultation_id, data)
        assert (await Blob.all().order_by("-id").first()).media_type == label


async def test_the_image_as_the_last_thing_missing_starts_the_search(ward: Ward) -> None:
    asked = await ward.request(URGENT)
    doctor, row = ward.county.village_doctor, await ward.row(asked.consultation_id)
    await ward.practice.execute(doctor, ConfirmPatient(consultation_id=row.id))
    paper = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", row.patient_id, b"\xff\xd8 paper")
    await ward.practice.execute(
        doctor, AttachConsent(consultation_id=row.id, blob_id=paper.id, media_type="image/jpeg", size=paper.size, sha256=paper.sha256)
    )
    assert await ward.offers(row.id) == []

    await send(ward, row.id, small_ct())

    assert len(await ward.offers(row.id)) == 1
    assert (await ward.row(row.id)).state == "PENDING"
    told = await ward.told(doctor)
    assert told[-2:] == ["consultation.progress/asked", "upload.accepted"]


async def test_the_same_file_twice_is_a_success_and_one_image(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    first = await send(ward, asked.consultation_id, small_ct())
    second = await send(ward, asked.consultation_id, small_ct())

    assert (second.state, second.instance_id) == ("accepted", first.instance_id)
    assert await Instance.all().count() == 1
    assert (await ward.timeline(asked.consultation_id)).count("material.arrived") == 1


async def test_other_content_under_the_same_uid_is_kept_for_a_person_and_overwrites_nothing(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    first = await send(ward, asked.consultation_id, small_ct())
    other = small_ct(PixelData=b"\x01" * 128)

    second = await send(ward, asked.consultation_id, other)

    assert (second.state, second.refusal_code) == ("refused", "image.conflict.content")
    assert second.refusal is not None
    assert "没有覆盖" in second.refusal
    conflict = await ImageConflict.get(upload_id=second.upload_id)
    assert (conflict.instance_id, conflict.kind) == (first.instance_id, "content")
    instance = await Instance.get(id=first.instance_id)
    assert await ward.practice.blobs.get(instance.blob_id, "patient", instance.patient_id) == small_ct()
    assert (await ward.told(ward.county.village_doctor))[-1] == "upload.refused"
    assert (await ward.told(ward.county.administrator))[-1] == "image.conflict"
    order, settle = Conflicts(), SettleConflict(conflict_id=conflict.id)
    (open_one,) = (await ward.practice.ask(ward.county.administrator, order)).conflicts
    assert (open_one.conflict_id, open_one.upload_id) == (conflict.id, second.upload_id)
    with pytest.raises(NotAllowed):
        await ward.practice.execute(ward.county.village_doctor, settle)
    await ward.practice.execute(ward.county.administrator, settle)
    await ward.practice.execute(ward.county.administrator, settle)
    assert (await ward.practice.ask(ward.county.administrator, order)).conflicts == ()
    assert (await ward.timeline(asked.consultation_id)).count("material.conflict_settled") == 1


async def test_an_image_of_another_patient_is_not_taken(ward: Ward) -> None:
    mans, womans = await ward.request(CRITICAL, number=3), await ward.request(CRITICAL, number=5)
    await send(ward, mans.consultation_id, small_ct())

    second = await send(ward, womans.consultation_id, small_ct())

    assert second.refusal_code == "image.conflict.patient"
    images = await ward.practice.ask(ward.county.village_doctor, Images(consultation_id=womans.consultation_id))
    assert images.images == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xd8 a photograph" * 50, "dicom.not_dicom"), (small_ct()[:-40], "dicom.truncated"),
        (small_ct(StudyInstanceUID=None), "dicom.missing_uids"),
    ],
    ids=["photo", "cut", "without UID"],
)
async def test_a_broken_file_is_refused_with_what_to_do(ward: Ward, data: bytes, code: str) -> None:
    asked = await ward.request(CRITICAL)

    view = await send(ward, asked.consultation_id, data)

    assert (view.state, view.refusal_code, view.instance_id) == ("refused", code, None)
    assert view.refusal is not None
    assert "请" in view.refusal
    assert await Instance.all().count() == 0
    assert (await ward.row(asked.consultation_id)).material_at is None
    assert (await ward.timeline(asked.consultation_id))[-1] == "material.refused"


async def test_the_expert_who_has_it_is_told_of_a_later_image(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)

    await send(ward, asked.consultation_id, small_ct())

    assert (await ward.told(ward.who(offer)))[-1] == "image.arrived"
    images = await ward.practice.ask(ward.who(offer), Images(consultation_id=asked.consultation_id))
    assert images.images[0].description == "胸部平扫"


async def test_only_who_treats_the_patient_sees_the_images(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    view = await send(ward, asked.consultation_id, small_ct())
    for actor in (ward.hearts[0], ward.county.stranger, ward.county.auditor):
        with pytest.raises(NotAllowed):
            await ward.practice.ask(actor, Images(consultation_id=asked.consultation_id))
        with pytest.raises(NotAllowed):
            await ward.practice.ask(actor, Upload(upload_id=view.upload_id))


async def test_what_the_device_wrote_lies_sealed(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    view = await send(ward, asked.consultation_id, small_ct())
    instance = await Instance.get(id=view.instance_id)
    assert "胸部".encode() not in bytes(instance.description)


async def test_a_file_that_went_missing_is_asked_for_again(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    received = await ward.practice.execute(ward.county.village_doctor, ReceiveUpload(
        consultation_id=asked.consultation_id, blob_id=ward.practice.ids.new(), size=10, sha256="0" * 64
    ))
    await work_off(ward)

    view = await ward.practice.ask(SYSTEM, Upload(upload_id=received.upload_id))

    assert (view.state, view.refusal_code) == ("refused", "dicom.lost_here")


async def test_without_the_engine_the_check_waits_for_a_worker_that_has_it(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    received = await ward.practice.execute(ward.county.village_doctor, ReceiveUpload(
        consultation_id=asked.consultation_id, blob_id=ward.practice.ids.new(), size=10, sha256="0" * 64
    ))
    ward.practice.engines.imaging = None

    with pytest.raises(EngineAway):
        await ward.practice.execute(SYSTEM, CheckUpload(upload_id=received.upload_id))
    await work_off(ward)

    assert (await ward.practice.ask(SYSTEM, Upload(upload_id=received.upload_id))).state == "received"


async def test_every_file_of_the_package_becomes_an_image_or_a_sentence(ward: Ward) -> None:
    """The whole way with what lies in pydicom: accepted or refused with a sentence, never stuck."""
    import pydicom

    asked = await ward.request(CRITICAL)
    files: list[Any] = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))[:25]
    assert len(files) == 25
    accepted = 0
    for path in files:
        view = await send(ward, asked.consultation_id, path.read_bytes())
        assert view.state in ("accepted", "refused"), path.name
        assert (view.refusal is None) == (view.state == "accepted")
        accepted += view.state == "accepted"
    assert accepted >= 10
