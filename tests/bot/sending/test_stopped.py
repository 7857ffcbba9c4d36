"""A platform that refuses an account for good: administrators hear of it once, on a way that still works, and what waits goes another way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.channels.api.errors import NotTrusted, QuotaSpent
from bot.channels.stops import Stop
from bot.sending.stopped import ADVICE, advice, report
from core.foundation.clock import SystemClock
from core.foundation.practice import Practice
from core.notifications.commands import Troubles
from core.notifications.models import ChannelTrouble, Notification
from core.people.models import Identity
from tests.bot.channels.conftest import *  # noqa: F403 - the Redis of the channels' tests
from tests.bot.dialogue.stage import Stage, daytime, open_stage
from tests.support.county import CORP, OFFICIAL_ACCOUNT, SYSTEM, seed_small

ACCOUNT = f"wecom:{CORP}:1000002"


@pytest.fixture
def clock() -> SystemClock:
    return daytime()


@pytest.fixture
async def stage(practice: Practice, clinical: object, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    practice.engines.clinical = clinical
    county = await seed_small(practice)
    async with open_stage(practice, county, redis, tmp_path) as opened:
        yield opened


def stop(code: int = 60020, account: str = ACCOUNT) -> Stop:
    return Stop(account, "message_send", code, "NotTrusted", datetime.now(UTC) + timedelta(minutes=3))


async def test_an_administrator_is_told_once_on_the_next_way(stage: Stage) -> None:
    administrator = await Identity.get(app=CORP, subject="staff04")
    await Identity.filter(app=OFFICIAL_ACCOUNT, subject="o-stranger").update(account_id=administrator.account_id)
    assert await Identity.filter(app=OFFICIAL_ACCOUNT, subject="o-stranger").exists()
    stops = stage.runtime._apis.stops
    for _ in range(3):
        with pytest.raises(NotTrusted):
            async with stops.around(ACCOUNT, "message_send"):
                raise NotTrusted("message_send", 60020)
    await stage.hears("stranger", "official_account", "60020", "发不出应用消息", seconds=60)
    async with asyncio.timeout(60):
        while await Notification.filter(kind="channel.trouble", state="queued").exists():  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.05)
    (row,) = await Notification.filter(kind="channel.trouble")
    assert (row.state, row.channel) == ("sent", "template")
    (trouble,) = (await stage.practice.ask(SYSTEM, Troubles())).troubles
    assert (trouble.account, trouble.call, trouble.code) == (ACCOUNT, "message_send", 60020)


async def test_one_alert_however_many_report_it_at_once(practice: Practice) -> None:
    await seed_small(practice)
    await asyncio.gather(*(report(practice, stop()) for _ in range(12)), return_exceptions=True)
    assert await ChannelTrouble.all().count() == 1
    assert await Notification.filter(kind="channel.trouble").count() == 1
    await report(practice, stop(45009))
    assert await Notification.filter(kind="channel.trouble").count() == 2, "another error number is another matter"


@pytest.mark.parametrize("account", [ACCOUNT, "official_account:wx1", "mini_program:wx2", "wecom_robot:aib1"])
def test_there_is_advice_for_every_number(account: str) -> None:
    for code in (*ADVICE, 99999):
        said = advice(account, code)
        assert said
        assert "{" not in said
    assert "IP" in advice(account, 40164)


async def test_a_spent_quota_of_service_messages_leaves_the_template(stage: Stage) -> None:
    await stage.say("woman", "official_account", "预约呼吸内科")
    await stage.hears("woman", "official_account", "可以约的时间", seconds=60)
    await stage.tap("woman", "official_account", "11月")
    await stage.hears("woman", "official_account", "约好了", seconds=60)
    with pytest.raises(QuotaSpent):
        async with stage.runtime._apis.stops.around(f"official_account:{OFFICIAL_ACCOUNT}", "custom_send"):
            raise QuotaSpent("custom_send", 45009)
    await stage.say("woman", "official_account", "取消预约")
    await stage.hears("woman", "official_account", "已取消", seconds=60)
    row = await stage.notified(kind="appointment.cancelled", state="sent")  # the answer of the chat stood for it
    from core.conversations.models import Conversation
    from core.foundation.events import Event

    await Conversation.filter(channel="official_account").update(dialogue={})  # as if she had cancelled on a page
    await Notification.filter(id=row.id).update(state="queued")
    assert stage.runtime.notifications is not None
    event = Event(row.id, "notification.queued", row.account_id or "", {"notification_id": row.id}, 2)
    await stage.runtime.notifications.send(stage.practice, event)
    assert [m for m in await stage.messages("woman", "official_account") if m["type"] == "template" and "已取消" in str(m)]
