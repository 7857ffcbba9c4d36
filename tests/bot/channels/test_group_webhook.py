"""The message push of a group: its pace, its secret, its simulator."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.channels.api.errors import NotTrusted, PlatformBusy, ReceiverUnknown
from bot.channels.connections import Apis
from bot.channels.settings import Addresses, ChannelSettings, WeComSettings
from tests.bot.channels.test_apis import SmallPlatform, platform  # noqa: F401 - a fixture

PATH = "/cgi-bin/webhook/send"
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"


class HandClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def apis(platform: SmallPlatform, redis: Redis) -> AsyncIterator[Any]:  # noqa: F811
    wecom = WeComSettings(corpid="ww1", group_webhooks={"chat-1": SecretStr(KEY), "chat-2": SecretStr("other")})
    clock = HandClock()
    apis: Any = Apis(
        ChannelSettings(wecom=wecom, addresses=Addresses(wecom_api=platform.base)), redis,
        clock=clock, ids=lambda: str(random.random()), spread=random.Random(1),
    )  # fmt: skip
    apis.clock = clock
    yield apis
    await apis.close()


async def test_twenty_a_minute_for_each_group_and_then_later(platform: SmallPlatform, apis: Any) -> None:  # noqa: F811
    for _ in range(20):
        await apis.group_webhook.send("chat-1", "会诊 C-7K2M:专家已接诊。")
    with pytest.raises(PlatformBusy):
        await apis.group_webhook.send("chat-1", "再来一条")
    await apis.group_webhook.send("chat-2", "别的群不受影响")
    assert len(platform.calls(PATH)) == 21
    apis.clock.now += timedelta(seconds=62)
    await apis.group_webhook.send("chat-1", "再来一条")
    query, body = platform.calls(PATH)[-1]
    assert (query, body) == ({"key": KEY}, {"msgtype": "markdown", "markdown": {"content": "再来一条"}})


async def test_long_words_go_in_pieces_that_the_platform_takes(platform: SmallPlatform, apis: Any) -> None:  # noqa: F811
    await apis.group_webhook.send("chat-1", "专家已接诊。" * 600)
    sent = [body["markdown"]["content"] for _, body in platform.calls(PATH)]
    assert len(sent) == 3
    assert all(len(one.encode()) <= 4096 for one in sent)
    assert "".join(sent) == "专家已接诊。" * 600


async def test_the_key_stands_in_no_log_and_no_error(platform: SmallPlatform, apis: Any, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    caplog.set_level(logging.DEBUG)
    platform.answers["cgi-bin/webhook/send"] = {"errcode": 93000, "errmsg": f"invalid webhook url {KEY}"}
    with pytest.raises(NotTrusted) as refused:
        await apis.group_webhook.send("chat-1", "x")
    with pytest.raises(NotTrusted):
        await apis.group_webhook.send("chat-1", "x")
    assert len(platform.calls(PATH)) == 1
    assert KEY not in str(refused.value) + caplog.text + repr(apis.group_webhook._keys)
    with pytest.raises(ReceiverUnknown):
        await apis.group_webhook.send("nowhere", "x")
