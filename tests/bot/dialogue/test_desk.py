"""The duty desk: one card a case with what it needs, the ranking in words, and asking one expert by his place."""

from __future__ import annotations

import asyncio

from core.dispatch.commands import DeclineOffer
from core.dispatch.models import ExpertOffer
from core.people.models import Practitioner
from core.people.service import actor_for
from tests.bot.dialogue.stage import GROUP, Stage, words_of

APP = "wecom_app"
LINE = "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 危急"


async def test_the_desk_has_one_open_card_a_case(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, LINE)
    card = await stage.hears("scheduler", APP, "县值班台请留意")
    assert "胸痛 2 小时" in card
    assert "请打给:" in card
    assert "在哪里:" in card
    assert "罗大山" not in card
    while offers := await ExpertOffer.filter(state="offered"):
        for offer in offers:
            expert = await Practitioner.get(id=offer.practitioner_id)
            await stage.practice.execute(await actor_for(expert.account_id, APP, stage.practice.clock.now()), DeclineOffer(offer_id=offer.id))
    alarm = await stage.hears("scheduler", APP, "无人应答", "已接手")
    assert "胸痛 2 小时" in alarm
    async with asyncio.timeout(10):
        while len([one for one in await _cards(stage) if "【" in one]) != 1:  # noqa: ASYNC110 - the screen is what is waited for
            await asyncio.sleep(0.05)
    assert "请看最新的一张" in (await _cards(stage))[0]


async def _cards(stage: Stage) -> list[str]:
    return [words_of(one) for one in await stage.messages("scheduler", APP) if one["type"] == "card"]


async def test_the_scheduler_reads_the_ranking_and_asks_the_first_again(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, LINE)
    await stage.hears("scheduler", APP, "县值班台请留意")
    await stage.say("scheduler", APP, "匹配")
    listed = await stage.hears("scheduler", APP, "专家匹配")
    assert "1. " in listed
    assert "(省医心内)" in listed
    await stage.say("scheduler", APP, "1")
    await stage.hears("scheduler", APP, "已经在请了")
    asked = await ExpertOffer.filter(state="offered").order_by("-score").first()
    assert asked is not None
    expert = await Practitioner.get(id=asked.practitioner_id)
    await stage.practice.execute(await actor_for(expert.account_id, APP, stage.practice.clock.now()), DeclineOffer(offer_id=asked.id))
    await stage.say("scheduler", APP, "匹配")
    await stage.hears("scheduler", APP, "专家匹配")
    await stage.say("scheduler", APP, "请专家 1")
    await stage.hears("scheduler", APP, "已经请", "(省医心内)")
    assert await ExpertOffer.filter(practitioner_id=asked.practitioner_id, times=2).exists()
    await stage.say("scheduler", APP, "请专家 99")
    await stage.hears("scheduler", APP, "没有第 99 位")
