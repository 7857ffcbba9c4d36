"""A link so slow that no HTTP answer arrives: the platform delivers three times, the person reads the reply once, by push."""

from __future__ import annotations

import asyncio

from core.conversations.models import Message
from core.intake.models import IntakeEntry
from tests.bot.dialogue.stage import Stage, words_of

OA = "official_account"


async def test_a_reply_whose_answers_are_lost_reaches_the_person_once(stage: Stage) -> None:
    await _conditions(stage, 6000)
    await stage.say("stranger", OA, "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷")
    await stage.hears("stranger", OA, "听到了", seconds=25)
    await _conditions(stage, 0)
    await _deliveries_end(stage)
    said = [words_of(message) for message in await stage.messages("stranger", OA) if message["from"] == "service"]
    assert len([one for one in said if "听到了" in one]) == 1
    assert await IntakeEntry.filter(kind="said").count() == 1
    async with asyncio.timeout(20):  # the platform's answer to the push comes after the person has read it, over the same slow link
        while (await Message.get(direction="in")).push != "sent":  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.05)
    assert (await Message.get(direction="in")).state == "late"
    await stage.tap("stranger", OA, "都没有")
    async with asyncio.timeout(10):
        while await IntakeEntry.filter(kind="said").count() < 2:  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.05)


async def _deliveries_end(stage: Stage) -> None:
    """No delivery is under way any more."""
    async with asyncio.timeout(20):
        while await _pending(stage):  # noqa: ASYNC110 - the platform's exchanges are what is waited for
            await asyncio.sleep(0.1)


async def _pending(stage: Stage) -> bool:
    exchanges = (await stage.http.get(f"{stage.base}/exchanges")).json()
    return any(one["kind"] == "callback" and one["outcome"] == "pending" for one in exchanges)


async def _conditions(stage: Stage, delay_ms: int) -> None:
    answer = await stage.http.put(f"{stage.base}/conditions", json={"delay_ms": delay_ms})
    assert answer.status_code == 200, answer.text
