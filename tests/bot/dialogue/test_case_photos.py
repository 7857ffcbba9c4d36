"""A village doctor's photo: she is asked what it is where the case does not say; none is lost, none waits in an emergency."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from core.consultations.models import Consultation
from core.foundation.models import Blob
from core.foundation.practice import Practice
from core.imaging.models import ConsultationImage, Upload
from core.people.models import Consent
from media.imaging import build
from tests.bot.dialogue.stage import Stage, open_stage
from tests.bot.dialogue.test_notified_between import noticed, told_while_answering
from tests.bot.dialogue.test_patient_pictures import photo
from tests.support.county import seed_small

APP = "wecom_app"
SLOW = 30
CRITICAL = "会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"
CALM = "会诊 3号 头晕三天 血压150/95 不急"
WHAT = ("【知情同意书】", "【心电图、检查单】", "【伤口等别的照片】")


@pytest.fixture
async def stage(practice: Practice, engine: Any, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    practice.engines.clinical, practice.engines.imaging = engine, build()
    county = await seed_small(practice)
    async with open_stage(practice, county, redis, tmp_path) as opened:
        yield opened


async def case(stage: Stage, words: str) -> Consultation:
    """A case of hers, last put before her: what it lacks has been sent to her, and that is kept."""
    await stage.say("village_doctor", APP, words)
    await stage.hears("village_doctor", APP, "会诊", "已建", seconds=SLOW)
    row = await Consultation.all().order_by("-id").first()
    assert row is not None
    async with asyncio.timeout(SLOW):
        while f"confirm:{row.id}" not in await noticed():  # noqa: ASYNC110 - the rows are what is waited for
            await asyncio.sleep(0.05)
    return row


async def send(stage: Stage) -> None:
    await stage.send("village_doctor", APP, "image", "x.jpg", photo())


async def test_in_an_emergency_the_ecg_is_before_the_expert_at_once_and_no_consent(stage: Stage) -> None:
    row = await case(stage, CRITICAL)
    assert "一般 2 分钟内有人接" in await stage.everything_heard("village_doctor", APP)
    await send(stage)
    await stage.hears("village_doctor", APP, "先给专家看", "这张是什么", *WHAT, seconds=SLOW)
    async with asyncio.timeout(SLOW):
        while (image := await ConsultationImage.first()) is None:  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.05)
    assert image.consultation_id == row.id
    await row.refresh_from_db()
    assert row.consented_at is None
    assert not await Consent.filter(evidence_blob_id__isnull=False).exists()
    await stage.tap("village_doctor", APP, "心电图、检查单")
    await stage.hears("village_doctor", APP, "放进会诊的影像里了", seconds=SLOW)
    assert await Upload.all().count() == 1, "said twice it is one"


async def test_the_paper_of_an_emergency_becomes_the_consent_when_she_says_so(stage: Stage) -> None:
    row = await case(stage, CRITICAL)
    await send(stage)
    await stage.hears("village_doctor", APP, "这张是什么", seconds=SLOW)
    await stage.say("village_doctor", APP, "知情同意书")
    await stage.hears("village_doctor", APP, "知情同意收到了", row.code, "心电图、检查单请接着拍", seconds=SLOW)
    await row.refresh_from_db()
    assert row.consented_at is not None
    upload = await Upload.get()
    assert row.consent_blob_id != upload.blob_id, "neither goes with the other"


async def test_a_calm_case_takes_the_photo_for_what_she_says_and_nothing_before(stage: Stage) -> None:
    row = await case(stage, CALM)
    await send(stage)
    await stage.hears("village_doctor", APP, "先留着", "这张是什么", *WHAT, seconds=SLOW)
    assert not await Upload.all().exists()
    assert not await Blob.all().exists()
    await stage.tap("village_doctor", APP, "心电图、检查单")
    await stage.hears("village_doctor", APP, "放进会诊的影像里了", seconds=SLOW)
    await row.refresh_from_db()
    assert row.consented_at is None
    assert (await Upload.get()).consultation_id == row.id


async def test_of_two_photos_neither_is_lost(stage: Stage) -> None:
    row = await case(stage, CALM)
    for _ in range(2):
        await send(stage)
        await stage.hears("village_doctor", APP, "先留着", "这张是什么", seconds=SLOW)
    await stage.tap("village_doctor", APP, "心电图、检查单")
    await stage.hears("village_doctor", APP, "放进会诊的影像里了", seconds=SLOW)
    await stage.hears("village_doctor", APP, "还有一张没说是什么", *WHAT, seconds=SLOW)
    await stage.say("village_doctor", APP, "知情同意书")
    await stage.hears("village_doctor", APP, "知情同意收到了", row.code, seconds=SLOW)
    await row.refresh_from_db()
    assert row.consented_at is not None
    assert await Upload.all().count() == 1
    assert "还有" not in "".join((await stage.everything_heard("village_doctor", APP)).split("知情同意收到了")[1:])


async def test_what_is_surely_the_consent_is_taken_for_it_and_can_be_put_right(stage: Stage) -> None:
    row = await case(stage, CALM)
    await stage.say("village_doctor", APP, "没有影像")
    await stage.hears("village_doctor", APP, "记下了", seconds=SLOW)
    await send(stage)
    await stage.hears("village_doctor", APP, "知情同意收到了", "【这不是同意书】", seconds=SLOW)
    await stage.tap("village_doctor", APP, "这不是同意书")
    await stage.hears("village_doctor", APP, "更正了", "还要补", "知情同意书的照片", seconds=SLOW)
    await row.refresh_from_db()
    assert (row.consented_at, row.consent_blob_id) == (None, None)
    assert not await Consent.filter(withdrawn_at__isnull=True, evidence_blob_id__isnull=False).exists()
    await stage.hears("village_doctor", APP, "放进会诊的影像里了", seconds=SLOW)
    assert await Upload.all().count() == 1
    await send(stage)
    await stage.hears("village_doctor", APP, "知情同意收到了", seconds=SLOW)
    await row.refresh_from_db()
    assert row.consented_at is not None


async def test_with_several_cases_she_is_asked_which_and_sends_nothing_again(stage: Stage) -> None:
    first = await case(stage, CALM)
    second = await case(stage, "会诊 5号 头痛三天 血压150/95 不急")
    last = await case(stage, "会诊 3号 腹痛一天 血压150/95 不急")
    await stage.say("village_doctor", APP, f"取消会诊 {last.code} 病人好转")
    await stage.hears("village_doctor", APP, "已取消", seconds=SLOW)  # the one that was before her last is none of the two
    await send(stage)
    await stage.hears("village_doctor", APP, "照片收到了", "哪一份", second.code, seconds=SLOW)
    await stage.tap("village_doctor", APP, f"3号 {first.code}")
    await stage.hears("village_doctor", APP, "这张是什么", first.code, seconds=SLOW)
    await stage.tap("village_doctor", APP, "知情同意书")
    assert "请接着拍" not in await stage.hears("village_doctor", APP, "知情同意收到了", first.code, seconds=SLOW)
    await first.refresh_from_db()
    await second.refresh_from_db()
    assert (first.consented_at is not None, second.consented_at) == (True, None)


async def test_what_is_put_before_her_while_it_is_worked_on_moves_no_photo_to_another_patient(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn is begun again, because the conversation moved."""
    other = await case(stage, CALM)
    urgent = await case(stage, CRITICAL.replace("3号", "5号"))
    begun = told_while_answering(stage, monkeypatch, shown={"consultation": other.id})
    await send(stage)
    await stage.hears("village_doctor", APP, "先给专家看", urgent.code, seconds=SLOW)
    assert len(begun) >= 2
    assert [one.consultation_id for one in await Upload.all()] == [urgent.id]
