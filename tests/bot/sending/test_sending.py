"""Notifications over the simulated platform: cards that change once, the ledger, templates, and nothing sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.inbox import inbox
from bot.sending.notices import RENDERERS
from core.conversations import allowance
from core.conversations.models import Conversation, Message
from core.foundation.clock import SystemClock
from core.foundation.events import Event
from core.foundation.practice import Practice
from core.notifications.models import CardRecord, Notification
from tests.bot.channels.conftest import *  # noqa: F403 - the Redis of the channels' tests
from tests.bot.dialogue.stage import GROUP, Stage, daytime, open_stage
from tests.support.county import seed_small

APP = "wecom_app"
OA = "official_account"
LINE = "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"


@pytest.fixture
def clock() -> SystemClock:
    return daytime()


@pytest.fixture
async def stage(practice: Practice, clinical: object, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    practice.engines.clinical = clinical
    county = await seed_small(practice)
    async with open_stage(practice, county, redis, tmp_path) as opened:
        yield opened


async def _again(stage: Stage, kind: str) -> None:
    """Every event of ``kind`` once more, as after a kill between sending and marking the event done."""
    assert stage.runtime.notifications is not None
    for row in await Notification.filter(kind=kind):
        event = Event(row.id, "notification.queued", row.account_id or "", {"notification_id": row.id}, 2)
        await stage.runtime.notifications.send(stage.practice, event)


async def _until_none(**of: str) -> None:
    """Until no notification of this kind is left."""
    async with asyncio.timeout(10):
        while await Notification.filter(**of).exists():  # noqa: ASYNC110 - the rows are what is waited for
            await asyncio.sleep(0.05)


async def test_a_card_is_sent_once_and_changed_once(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, LINE)
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.hears("expert2", APP, "会诊邀请")
    await _until_none(kind="offer.card", state="queued")
    await _again(stage, "offer.card")
    assert (await stage.everything_heard("expert2", APP)).count("会诊邀请") == 1
    cards = await CardRecord.filter(kind="offer.card")
    assert {card.task_id for card in cards} == {f"offer-{card.notification_id}" for card in cards}
    assert all(card.response_code for card in cards)
    await stage.tap("expert1", APP, "接诊")
    await stage.hears("village_doctor", GROUP, "已接诊")
    await _until_none(state="queued")
    assert any("已接诊" in str(message.get("card", {}).get("replaced")) for message in await stage.messages("expert2", APP))
    await _again(stage, "offer.closed")
    await _until_none(state="queued")
    states = {row.state for row in await Notification.all()}
    assert states <= {"sent", "failed"}


async def test_a_pressed_card_changes_even_when_the_answer_comes_too_late(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker that had the press was killed: the HTTP answer is gone, and with it the usual way to change the card."""
    await stage.say("village_doctor", GROUP, LINE)
    await stage.hears("expert1", APP, "会诊邀请")
    monkeypatch.setattr(inbox, "MARGIN_S", 5.0)
    await stage.tap("expert1", APP, "接诊")
    async with asyncio.timeout(15):
        while not await Message.filter(kind="tap", state="late", push="sent").exists():  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.05)
    assert any("接诊" in str(message.get("card", {}).get("replaced")) for message in await stage.messages("expert1", APP))
    assert not await Message.filter(push="failed").exists()


async def test_the_group_is_told_once_and_never_by_name(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, LINE)
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.tap("expert1", APP, "接诊")
    await stage.hears("village_doctor", GROUP, "王主任(省医心内)已接诊")
    await _again(stage, "consultation.group")
    told = await stage.everything_heard("village_doctor", GROUP)
    assert told.count("王主任(省医心内)已接诊。") == 1
    assert "罗大山" not in told


async def test_without_allowance_a_template_message_stands_in(stage: Stage) -> None:
    await stage.say("woman", OA, "预约呼吸内科")
    await stage.hears("woman", OA, "可以约的时间")
    conversation = await Conversation.get(channel=OA)
    await stage.tap("woman", OA, "11月")
    await stage.hears("woman", OA, "约好了")
    await allowance.exhausted(conversation.id)
    await stage.say("woman", OA, "取消预约")
    await stage.hears("woman", OA, "已取消")
    await allowance.exhausted(conversation.id)
    row = await stage.notified(kind="appointment.cancelled", state="sent")  # the answer of the chat stood for it
    assert (await stage.everything_heard("woman", OA)).count("已取消") == 1
    await Conversation.filter(id=conversation.id).update(dialogue={})  # as if she had cancelled on a page
    await Notification.filter(id=row.id).update(state="queued")
    await _again(stage, "appointment.cancelled")
    shown = await stage.messages("woman", OA)
    (template,) = [message for message in shown if message["type"] == "template" and "已取消" in str(message)]
    assert template["page"] == "pages/web/web?to=appointments", "what she is told of opens by a touch"
    assert (await Notification.get(id=row.id)).state == "sent"


async def test_what_was_sent_is_kept_sealed(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    await stage.hears("scheduler", APP, "危急提醒")
    await stage.tap("scheduler", APP, "已接手")
    await stage.hears("scheduler", APP, "您已接手")
    kept = await Message.filter(direction="out")
    assert kept
    assert all("半拉身子".encode() not in bytes(message.body) for message in kept)


def test_every_kind_that_the_practice_tells_can_be_rendered() -> None:
    root = Path(__file__).parents[3] / "core"
    told = set()
    for source in root.rglob("*.py"):
        text = source.read_text()
        for kind in (*RENDERERS, *_kinds_in(text)):
            if f'"{kind}"' in text and "tell(" in text:
                told.add(kind)
    assert told <= set(RENDERERS)


def _kinds_in(text: str) -> set[str]:
    """Kinds named in calls of ``tell`` and ``tell_chat``."""
    import re

    return set(re.findall(r"tell(?:_chat)?\(\s*work,[^,()]+(?:\([^()]*\))?,\s*\"([a-z_.]+)\"", text))
