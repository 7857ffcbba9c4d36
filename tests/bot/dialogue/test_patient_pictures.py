"""A patient's photo in the chat: into his open consultation, honestly not kept without one; which one is asked where there are several."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PilImage
from redis.asyncio import Redis

from core.consultations.models import Consultation
from core.foundation.models import Blob
from core.foundation.practice import Practice
from core.imaging.models import ConsultationImage, Upload
from core.people.commands import EnsureAccount
from media.imaging import build
from tests.bot.dialogue.stage import Stage, open_stage
from tests.support.county import SYSTEM, seed_small

OA, APP = "official_account", "wecom_app"
SLOW = 30


@pytest.fixture
async def stage(practice: Practice, engine: Any, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    practice.engines.clinical, practice.engines.imaging = engine, build()
    county = await seed_small(practice)
    async with open_stage(practice, county, redis, tmp_path) as opened:
        yield opened


def photo() -> bytes:
    made = io.BytesIO()
    PilImage.effect_noise((200, 150), 60).convert("RGB").save(made, "JPEG")
    return made.getvalue()


async def case(stage: Stage) -> str:
    before = await Consultation.all().count()
    await stage.say("village_doctor", APP, "会诊 5号 头痛三天 血压150/95")
    await stage.hears("village_doctor", APP, "会诊", "已建", seconds=SLOW)
    assert await Consultation.all().count() == before + 1
    return str((await Consultation.all().order_by("-id").first()).code)


async def test_it_goes_to_the_open_consultation_and_the_doctor_hears(stage: Stage) -> None:
    code = await case(stage)
    await stage.send("woman", OA, "image", "腿上的疹子.jpg", photo())
    heard = await stage.hears("woman", OA, "照片收到了", seconds=SLOW)
    assert code in heard
    assert "看不懂图片" in heard
    told = await stage.hears("village_doctor", APP, "患者发来照片", seconds=SLOW)
    assert code in told
    assert "李秀英" not in told
    assert (await ConsultationImage.get()).sent_as == "patient"


async def test_without_a_consultation_it_is_not_kept_and_that_is_said(stage: Stage) -> None:
    for person in ("woman", "stranger"):
        await stage.send(person, OA, "image", "疹子.jpg", photo())
        await stage.hears(person, OA, "没有存", "文字", seconds=SLOW)
    assert not await Upload.all().exists()
    assert not await Blob.all().exists()


async def test_several_open_ones_are_asked_about_and_tapping_twice_is_one(stage: Stage) -> None:
    first, second = await case(stage), await case(stage)
    await stage.send("woman", OA, "image", "疹子.jpg", photo())
    heard = await stage.hears("woman", OA, first, second, seconds=SLOW)
    assert "选好了才存" in heard
    assert not await Upload.all().exists()
    for _ in range(2):
        await stage.tap("woman", OA, f"李秀英(演示){first}")
        await stage.hears("woman", OA, "照片收到了", first, seconds=SLOW)
    assert [one.consultation_id for one in await Upload.all()] == [(await Consultation.get(code=first)).id]


async def test_what_is_no_photo_or_too_large_is_refused_at_once(stage: Stage) -> None:
    await case(stage)
    await stage.send("woman", OA, "image", "x.jpg", b"MZ" * 500)
    await stage.hears("woman", OA, "不是照片", seconds=SLOW)
    await stage.send("woman", OA, "image", "x.jpg", b"\xff\xd8\xff" + bytes(10 << 20))
    await stage.hears("woman", OA, "太大", seconds=SLOW)
    await stage.send("woman", OA, "image", "x.jpg", photo()[:3000])
    await stage.hears("woman", OA, "打不开", "重新拍", seconds=SLOW)
    assert not await ConsultationImage.all().exists()


async def test_a_photo_in_the_mini_programs_customer_service_window_counts_too(stage: Stage) -> None:
    code = await case(stage)
    await stage.practice.execute(SYSTEM, EnsureAccount(app="wxmp", subject="m-woman", unionid="u-o-woman"))
    await stage.send("woman", "mini_program", "image", "疹子.jpg", photo())
    await stage.hears("woman", "mini_program", "照片收到了", code, seconds=SLOW)
    assert (await Upload.get()).sent_as == "patient"


async def test_in_danger_120_comes_first(stage: Stage) -> None:
    await stage.say("woman", OA, "我胸口剧烈疼痛,出冷汗,喘不上气")
    await stage.hears("woman", OA, "120", seconds=SLOW)
    await stage.send("woman", OA, "image", "疹子.jpg", photo())
    heard = await stage.hears("woman", OA, "没有存", seconds=SLOW)
    assert heard.index("120") < heard.index("没有存")
