"""A patient's photo comes into the open consultation: checked, shown as the patient's, told; nobody else may send one there."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image as PilImage

from bot.sending.notices import render
from core.consultations.commands import CancelConsultation
from core.consultations.commands_case import Timeline
from core.consultations.errors import ConsultationClosed
from core.consultations.models import Consultation
from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.imaging.commands import MAX_PHOTO, Images, UploadView
from core.imaging.commands_pictures import PicturePlaces, ReceivePicture
from core.imaging.errors import FileEmpty, FileTooLarge, TooManyPictures
from core.imaging.models import ConsultationImage, ImageConflict, Instance, Upload
from core.imaging.pictures import MOST_PICTURES
from core.notifications.models import Notification
from media.imaging import build
from tests.core.dispatch.ward import CRITICAL, URGENT, Ward, open_ward
from tests.core.imaging.test_uploads import send, work_off
from tests.media.test_check import small_ct
from tests.support.county import NUMBER_WITH_WECHAT


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    practice.engines.imaging = build()
    return await open_ward(practice, hearts=3)


def photo(colour: str = "white", kind: str = "JPEG") -> bytes:
    made = io.BytesIO()
    PilImage.new("RGB", (64, 48), colour).save(made, kind)
    return made.getvalue()


async def give(ward: Ward, who: Actor, consultation_id: str, data: bytes, *, work: bool = True) -> UploadView:
    row = await Consultation.get(id=consultation_id)
    blob = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", row.patient_id, data)
    received: UploadView = await ward.practice.execute(who, ReceivePicture(
        consultation_id=consultation_id, blob_id=blob.id, size=blob.size, sha256=blob.sha256
    ))
    if work:
        await work_off(ward)
    return received


async def test_it_is_shown_as_the_patients_and_is_no_material(ward: Ward) -> None:
    asked = await ward.request(URGENT, number=NUMBER_WITH_WECHAT)
    woman, doctor = ward.county.woman_account, ward.county.village_doctor
    places = (await ward.practice.ask(woman, PicturePlaces())).places
    assert [(one.code, one.patient) for one in places] == [(asked.code, "李秀英(演示)")]
    before = len(await ward.told(doctor))

    await give(ward, woman, asked.consultation_id, photo())

    shown = (await ward.practice.ask(doctor, Images(consultation_id=asked.consultation_id))).images
    assert [(one.label, one.sent_by, one.modality) for one in shown] == [("患者发来的照片", "patient", "XC")]
    assert shown[0].sent_at == (await ConsultationImage.get()).added_at
    assert (await ward.told(doctor))[before:] == ["picture.arrived"]
    assert (await ward.row(asked.consultation_id)).material_at is None
    timeline = await ward.practice.ask(doctor, Timeline(consultation_id=asked.consultation_id))
    assert "患者发来一张照片" in [one.label for one in timeline.entries]
    assert timeline.images == (shown[0].instance_id,)
    assert [one.label for one in (await ward.practice.ask(woman, Images(consultation_id=asked.consultation_id))).images] == ["患者发来的照片"]


async def test_several_in_a_row_are_told_of_once_and_the_same_twice_is_one(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    for colour in ("white", "white", "red", "blue"):
        await give(ward, ward.county.woman_account, asked.consultation_id, photo(colour))
    assert await ConsultationImage.all().count() == 3
    assert await Notification.filter(kind="picture.arrived", account_id=ward.county.village_doctor.account_id).count() == 1
    ward.clock.advance(seconds=timedelta(minutes=6).total_seconds())
    await give(ward, ward.county.woman_account, asked.consultation_id, photo("green"))
    assert await Notification.filter(kind="picture.arrived", account_id=ward.county.village_doctor.account_id).count() == 2


async def test_the_doctors_own_are_shown_as_before(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    await send(ward, asked.consultation_id, small_ct())
    await give(ward, ward.county.woman_account, asked.consultation_id, photo())
    shown = (await ward.practice.ask(ward.county.village_doctor, Images(consultation_id=asked.consultation_id))).images
    assert [one.sent_by for one in shown] == ["village_doctor", "patient"]


@pytest.mark.parametrize("data", [b"MZ" * 200, small_ct(), photo()[:-300], photo(kind="PNG")[:-20], b"\xff\xd8\xff" + b"x" * 90, photo(kind="GIF")])
async def test_what_is_no_photo_is_refused_and_the_sender_told(ward: Ward, data: bytes) -> None:
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    await give(ward, ward.county.woman_account, asked.consultation_id, data)
    upload = await Upload.get()
    assert (upload.state, await Instance.all().count()) == ("refused", 0)
    assert (await ward.told(ward.county.woman_account))[-1] == "picture.refused"
    assert "picture.arrived" not in await ward.told(ward.county.village_doctor)


async def test_a_photo_of_another_patients_case_is_refused_without_saying_so(ward: Ward) -> None:
    other = await ward.request(CRITICAL)
    await send(ward, other.consultation_id, photo())
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    await give(ward, ward.county.woman_account, asked.consultation_id, photo())
    assert (await Upload.get(consultation_id=asked.consultation_id)).refusal_code == "picture.elsewhere"
    assert not await ImageConflict.all().exists()


async def test_the_expert_of_the_case_shows_a_photo_as_his_own(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    offer = (await ward.offers(asked.consultation_id))[0]
    expert = ward.who(offer)
    with pytest.raises(NotAllowed):
        await give(ward, expert, asked.consultation_id, photo())
    await ward.accept(offer)
    await give(ward, expert, asked.consultation_id, photo())
    (shown,) = (await ward.practice.ask(ward.county.woman_account, Images(consultation_id=asked.consultation_id))).images
    assert (shown.label, shown.sent_by) == ("专家发来的照片", "expert")
    assert "picture.arrived" in await ward.told(ward.county.village_doctor)
    assert "picture.arrived" not in await ward.told(expert)
    timeline = await ward.practice.ask(ward.county.village_doctor, Timeline(consultation_id=asked.consultation_id))
    assert timeline.entries[-1].label == "专家发来一张照片"
    told = await Notification.get(kind="picture.arrived", account_id=ward.county.village_doctor.account_id)
    assert told.ids["sent_as"] == "expert"
    (text,) = (await render(ward.practice, told)).shapes
    assert "专家发来照片" in text.text  # type: ignore[union-attr]


async def test_only_who_speaks_for_the_patient_of_an_open_one(ward: Ward) -> None:
    hers = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    his = await ward.request(CRITICAL)
    for who, where in (
        (ward.county.stranger, hers), (ward.county.woman_account, his), (ward.county.village_doctor, hers), (ward.county.experts[0], hers),
    ):
        with pytest.raises(NotAllowed):
            await give(ward, who, where.consultation_id, photo())
    assert (await ward.practice.ask(ward.county.stranger, PicturePlaces())).places == ()
    await ward.practice.execute(ward.county.village_doctor, CancelConsultation(consultation_id=hers.consultation_id, reason="好转"))
    with pytest.raises(ConsultationClosed):
        await give(ward, ward.county.woman_account, hers.consultation_id, photo())
    assert (await ward.practice.ask(ward.county.woman_account, PicturePlaces())).places == ()
    assert not await Upload.all().exists()


@pytest.mark.storage
async def test_limits_of_size_and_number(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    woman = ward.county.woman_account
    for size, refusal in ((0, FileEmpty), (MAX_PHOTO + 1, FileTooLarge)):
        with pytest.raises(refusal):
            await ward.practice.execute(woman, ReceivePicture(
                consultation_id=asked.consultation_id, blob_id=ward.practice.ids.new(), size=size, sha256="0" * 64
            ))
    orders = [
        ReceivePicture(consultation_id=asked.consultation_id, blob_id=ward.practice.ids.new(), size=9, sha256="0" * 64)
        for _ in range(MOST_PICTURES + 4)
    ]
    outcomes = await asyncio.gather(*(ward.practice.execute(woman, order) for order in orders), return_exceptions=True)
    assert await Upload.all().count() == MOST_PICTURES, "at once, too"
    assert sum(isinstance(one, TooManyPictures) for one in outcomes) == 4
