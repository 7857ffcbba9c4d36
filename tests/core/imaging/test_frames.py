"""A frame is looked at: by whom it may be, drawn by a worker, kept sealed for some days, and each look leaves its entry."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from core.consultations.models import Consultation
from core.foundation.errors import NotAllowed
from core.foundation.events import IMAGE_LANE
from core.foundation.models import AuditEntry, Blob
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.imaging.commands import FrameState, FrameView, Images, ShowFrame
from core.imaging.errors import FrameUnknown, ImageUnknown, NotAPicture
from core.imaging.models import ImageFrame, Instance
from media.imaging import build
from tests.core.dispatch.ward import CRITICAL, Ward, open_ward
from tests.core.imaging.test_uploads import send
from tests.media.test_check import named, small_ct


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    practice.engines.imaging = build()
    return await open_ward(practice, hearts=3)


async def draw(ward: Ward) -> None:
    """What a worker's image lane does."""
    ward.clock.advance(seconds=1)
    worker = OutboxWorker(ward.practice, IMAGE_LANE, "test", batch=2)
    while await worker.work_once():
        pass


async def look(ward: Ward, image_id: str, **how: object) -> FrameView:
    asked = {"image_id": image_id, "frame": 1, **how}
    await ward.practice.execute(ward.county.village_doctor, ShowFrame.model_validate(asked))
    await draw(ward)
    view: FrameView = await ward.practice.ask(ward.county.village_doctor, FrameState.model_validate(asked))
    return view


async def image_of(ward: Ward, data: bytes) -> str:
    asked = await ward.request(CRITICAL)
    view = await send(ward, asked.consultation_id, data)
    assert view.instance_id is not None
    return view.instance_id


async def test_a_look_is_drawn_once_and_kept_under_the_patients_key(ward: Ward) -> None:
    image_id = await image_of(ward, named("CT_small.dcm"))

    view = await look(ward, image_id, window="lung")

    assert view.state == "ready"
    picture = await ward.practice.blobs.get(view.frame_id, "patient", view.patient_id)
    assert Image.open(BytesIO(picture)).size == (128, 128)
    assert (await Blob.get(id=view.frame_id)).subject_id == (await Instance.get(id=image_id)).patient_id
    again = await ward.practice.execute(ward.county.village_doctor, ShowFrame(image_id=image_id, frame=1, window="lung"))
    assert (again.state, again.frame_id) == ("ready", view.frame_id)
    small = await look(ward, image_id, window="lung", size="thumb")
    assert small.frame_id != view.frame_id
    looks = await AuditEntry.filter(action="imaging.show_frame", subject_id=view.patient_id, outcome="done")
    assert [entry.detail for entry in looks] == [{"image": image_id}] * 3


async def test_who_may_see_the_image_may_look(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    view = await send(ward, asked.consultation_id, small_ct())
    assert view.instance_id is not None
    order = ShowFrame(image_id=view.instance_id, frame=1)
    await ward.practice.execute(ward.who(offer), order)
    others = [one for one in (*ward.hearts, ward.county.stranger, ward.county.auditor) if one.practitioner_id != offer.practitioner_id]
    for actor in others:
        with pytest.raises(NotAllowed):
            await ward.practice.execute(actor, order)
        with pytest.raises(NotAllowed):
            await ward.practice.ask(actor, FrameState(image_id=view.instance_id, frame=1))
    for missing in ({"image_id": ward.practice.ids.new(), "frame": 1},):
        with pytest.raises((NotAllowed, ImageUnknown)):
            await ward.practice.execute(ward.county.village_doctor, ShowFrame.model_validate(missing))


async def test_a_window_that_the_image_does_not_have_is_the_automatic_one(ward: Ward) -> None:
    image_id = await image_of(ward, named("MR_small.dcm"))
    first = await look(ward, image_id, window="lung")
    assert (await look(ward, image_id)).frame_id == first.frame_id
    assert (await ImageFrame.get(id=first.frame_id)).window == "auto"


async def test_what_cannot_be_shown_says_what_to_do(ward: Ward) -> None:
    view = await look(ward, await image_of(ward, named("JPGExtended.dcm")))
    assert (view.state, view.refusal_code) == ("refused", "dicom.not_shown")
    assert view.refusal is not None
    assert "请" in view.refusal


async def test_a_report_is_no_picture_and_a_frame_must_be_there(ward: Ward) -> None:
    report, image = await image_of(ward, named("reportsi.dcm")), None
    with pytest.raises(NotAPicture):
        await ward.practice.execute(ward.county.village_doctor, ShowFrame(image_id=report, frame=1))
    asked = await Consultation.all().first()
    assert asked is not None
    image = (await send(ward, asked.id, small_ct())).instance_id
    assert image is not None
    with pytest.raises(FrameUnknown):
        await ward.practice.execute(ward.county.village_doctor, ShowFrame(image_id=image, frame=2))


async def test_a_picture_is_forgotten_after_some_days_and_drawn_anew_when_wanted(ward: Ward) -> None:
    image_id = await image_of(ward, small_ct())
    first = await look(ward, image_id)

    await ward.pass_time(days=8)
    await draw(ward)

    assert not await ImageFrame.all().exists()
    assert not await Blob.filter(id=first.frame_id).exists()
    assert not ward.practice.blobs.objects.path_of(first.frame_id).exists()
    assert (await look(ward, image_id)).state == "ready"


async def test_two_who_look_at_once_have_it_drawn_once(ward: Ward) -> None:
    image_id = await image_of(ward, small_ct())
    order = ShowFrame(image_id=image_id, frame=1)
    views = await asyncio.gather(*(ward.practice.execute(ward.county.village_doctor, order) for _ in range(3)))
    assert len({view.frame_id for view in views}) == 1
    assert await ImageFrame.all().count() == 1


async def test_a_picture_that_nobody_drew_is_ordered_again(ward: Ward) -> None:
    from core.foundation.models import OutboxEvent

    image_id = await image_of(ward, small_ct())
    order = ShowFrame(image_id=image_id, frame=1)
    await ward.practice.execute(ward.county.village_doctor, order)
    await OutboxEvent.filter(topic="frame.asked").update(state="failed")
    await draw(ward)
    assert (await ward.practice.execute(ward.county.village_doctor, order)).state == "asked"
    ward.clock.advance(seconds=60)
    assert (await look(ward, image_id)).state == "ready"


async def test_the_list_says_in_words_what_there_is(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    await send(ward, asked.consultation_id, small_ct(BodyPartExamined="CHEST", StudyDate="20261119"))
    (image,) = (await ward.practice.ask(ward.county.village_doctor, Images(consultation_id=asked.consultation_id))).images
    assert (image.label, str(image.taken_on), image.frames) == ("CT 胸部", "2026-11-19", 1)
    assert [choice.label for choice in image.windows] == ["自动", "脑窗", "肺窗", "纵隔/软组织窗", "骨窗"]
    row = await Instance.get(id=image.instance_id)
    assert b"CHEST" not in bytes(row.body_part)
    assert b"2026" not in bytes(row.taken_on)


async def test_thirty_frames_are_one_look_in_what_the_patient_reads(ward: Ward) -> None:
    from core.people.commands_views import WhoLookedAtMyRecord

    asked = await ward.request(CRITICAL, number=5)
    image_id = (await send(ward, asked.consultation_id, named("examples_ybr_color.dcm"))).instance_id
    assert image_id is not None
    assert (await Instance.get(id=image_id)).patient_id == ward.county.woman
    for hour in range(2):
        for number in range(1, 6):
            ward.clock.advance(seconds=10)
            await ward.practice.execute(ward.county.village_doctor, ShowFrame(image_id=image_id, frame=number))
        await draw(ward)
        ward.clock.advance(hours=2 * (1 - hour))
    log = await ward.practice.ask(ward.county.woman_account, WhoLookedAtMyRecord(patient_id=ward.county.woman))
    looks = [entry for entry in log.entries if entry.action == "看影像"]
    assert len(looks) == 2
    assert looks[0].at > looks[1].at
    assert not [entry for entry in log.entries if entry.action == "画出影像"]


async def test_each_image_and_each_hour_has_its_own_line_in_what_the_patient_reads(ward: Ward) -> None:
    from core.people.commands_views import WhoLookedAtMyRecord

    asked = await ward.request(CRITICAL, number=5)
    first, second = [(await send(ward, asked.consultation_id, small_ct(SOPInstanceUID=f"2.25.{number}"))).instance_id for number in (1, 2)]
    for image_id in (first, first, first, second):
        ward.clock.advance(minutes=40)
        await ward.practice.execute(ward.county.village_doctor, ShowFrame.model_validate({"image_id": image_id, "frame": 1}))
    log = await ward.practice.ask(ward.county.woman_account, WhoLookedAtMyRecord(patient_id=ward.county.woman))
    looks = [entry.at for entry in log.entries if entry.action == "看影像"]
    assert [looks[0] - at for at in looks] == [timedelta(0), timedelta(minutes=40), timedelta(minutes=120)]
