"""A patient's photo in the chat: into his open consultation, honestly not kept without one; which one is asked where there are several."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PilImage
from redis.asyncio import Redis

from bot.dialogue import pictures
from bot.dialogue.pictures import FOR_A_DAY
from bot.dialogue.state import DialogueState
from core.consultations.models import Consultation
from core.conversations.models import Message
from core.foundation.models import Blob
from core.foundation.practice import Practice
from core.imaging.models import ConsultationImage, Upload
from core.people.commands import EnsureAccount
from core.people.commands_consents import WithdrawConsent
from core.people.purposes import PURPOSES, PurposeCode
from media.imaging import build
from tests.bot.dialogue.stage import Stage, open_stage
from tests.bot.dialogue.test_stopping import said, turn_of
from tests.support.county import SYSTEM, consent_to_care, seed_small

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


async def sent_early(stage: Stage, photos: int = 1) -> str:
    """The woman sends photos while nobody treats her; then a consultation is opened and she is asked about them. Its code."""
    for _ in range(photos):
        await stage.send("woman", OA, "image", "疹子.jpg", photo())
        await stage.hears("woman", OA, "没有存", "一天之内", seconds=SLOW)
    code = await case(stage)
    await stage.hears("woman", OA, code, "打 120", "要放进这次会诊", seconds=SLOW)
    return code


async def test_what_came_before_the_consultation_is_offered_to_it_and_fetched_only_then(stage: Stage) -> None:
    code = await sent_early(stage)
    assert not await Blob.all().exists(), "nothing is kept before she has said so"
    await stage.tap("woman", OA, "放进去")
    heard = await stage.hears("woman", OA, "照片收到了", code, seconds=SLOW)
    assert "李秀英" in heard
    await stage.hears("village_doctor", APP, "患者发来照片", seconds=SLOW)
    await stage.tap("woman", OA, "放进去")
    await stage.hears("woman", OA, "已经放进去了", seconds=SLOW)
    assert await Upload.all().count() == await ConsultationImage.all().count() == 1


async def test_several_early_ones_go_in_together_and_are_asked_about_once(stage: Stage) -> None:
    code = await sent_early(stage, 2)
    assert "发的照片(2 张)" in await stage.everything_heard("woman", OA)
    await stage.tap("woman", OA, "放进去")
    await stage.hears("woman", OA, "2 张照片收到了", code, seconds=SLOW)
    assert await Upload.all().count() == 2
    second = await case(stage)
    await stage.hears("woman", OA, second, "打 120", seconds=SLOW)
    assert (await stage.everything_heard("woman", OA)).count("要放进这次会诊") == 1, "what is in one consultation is not offered to the next"


async def test_one_that_nobody_wanted_goes_nowhere_after_a_day(stage: Stage) -> None:
    await sent_early(stage)
    await Message.filter(kind="image").update(received_at=stage.practice.clock.real_now() - FOR_A_DAY)
    await stage.tap("woman", OA, "放进去")
    await stage.hears("woman", OA, "过了一天", "再发一次", seconds=SLOW)
    second = await case(stage)
    await stage.hears("woman", OA, second, "打 120", seconds=SLOW)
    assert (await stage.everything_heard("woman", OA)).count("要放进这次会诊") == 1
    assert not await Upload.all().exists()
    assert not await Blob.all().exists()


async def test_nobody_else_puts_them_in_and_nobody_s_own_go_into_her_case(stage: Stage) -> None:
    await sent_early(stage)
    await stage.send("stranger", OA, "image", "疹子.jpg", photo())
    await stage.hears("stranger", OA, "没有存", seconds=SLOW)
    row = await Consultation.all().order_by("-id").first()
    assert row is not None
    turn = await turn_of(stage.practice, stage.county.stranger, "", DialogueState())
    assert "收不了" in said(await pictures.put_in(turn, row.id))
    assert not await Upload.all().exists()


async def test_after_the_consultation_is_over_they_go_nowhere(stage: Stage) -> None:
    code = await sent_early(stage)
    await stage.say("village_doctor", APP, f"取消会诊 {code} 病人好转")
    await stage.hears("woman", OA, "会诊已取消", seconds=SLOW)
    await stage.tap("woman", OA, "放进去")
    await stage.hears("woman", OA, "收不了", seconds=SLOW)
    assert not await Upload.all().exists()


@pytest.mark.parametrize("purpose", ["care", "sensitive"])
async def test_after_a_consent_is_taken_back_nothing_of_before_is_fetched(stage: Stage, purpose: PurposeCode) -> None:
    await sent_early(stage)
    await stage.practice.execute(stage.county.woman_account, WithdrawConsent(patient_id=stage.county.woman, purpose=purpose))
    await stage.tap("woman", OA, "放进去")
    await stage.hears("woman", OA, PURPOSES[purpose].label, "没有放进去", seconds=SLOW)
    assert not await Upload.all().exists()
    assert not await Blob.all().exists()
    await consent_to_care(stage.practice, stage.county.woman_account, stage.county.woman)
    await stage.tap("woman", OA, "放进去")
    await stage.hears("woman", OA, "照片收到了", seconds=SLOW)


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
