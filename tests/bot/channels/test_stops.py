"""What a platform refuses for good is asked a handful of times, not a thousand, whoever asks; and it is told once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.channels.api.errors import ApiError, NotTrusted, QuotaSpent
from bot.channels.connections import Apis
from bot.channels.settings import Addresses, ChannelSettings, WeComSettings
from bot.channels.stops import Stop, Stops
from tests.bot.channels.platform_side import app_settings, mini_program_settings, official_account_settings
from tests.bot.channels.test_apis import SmallPlatform, platform  # noqa: F401 - a fixture

SEND = "cgi-bin/message/custom/send"
APP_SEND = "cgi-bin/message/send"


class HandClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


House = Callable[[], Any]


@pytest.fixture
async def house(platform: SmallPlatform, redis_socket: str, redis: Redis) -> AsyncIterator[House]:  # noqa: F811
    """Makes the APIs of one more process of the same house."""
    settings = ChannelSettings(
        official_account=official_account_settings(),
        mini_program=mini_program_settings(),
        wecom=WeComSettings(corpid="ww1", app=app_settings()),
        addresses=Addresses(wechat_api=platform.base, wecom_api=platform.base),
    )
    async with AsyncExitStack() as stack:

        async def process(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Apis:
            client = await stack.enter_async_context(Redis(unix_socket_path=redis_socket, retry=Retry(NoBackoff(), 0)))
            apis = Apis(settings, client, clock=clock, ids=lambda: str(random.random()), spread=random.Random(1))
            stack.push_async_callback(apis.close)
            return apis

        yield process


async def test_a_thousand_sends_against_a_spent_quota_make_a_handful_of_calls(platform: SmallPlatform, house: House) -> None:  # noqa: F811
    platform.answers[SEND] = {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
    processes = [await house() for _ in range(4)]
    told: list[Stop] = []

    async def tell(stop: Stop) -> None:
        told.append(stop)

    for apis in processes:
        apis.stops.told = tell
    turn = asyncio.Semaphore(16)

    async def send(number: int) -> None:
        async with turn:
            with pytest.raises(QuotaSpent) as refused:
                await processes[number % 4].official_account.custom_send({"touser": f"o{number}"})
            assert refused.value.code == 45009

    await asyncio.gather(*(send(number) for number in range(1000)))
    for apis in processes:
        await apis.stops.quiet()
    assert 1 <= len(platform.calls("/" + SEND)) <= 16, "those that were under way when the first answer came"
    assert [(stop.account, stop.call, stop.code) for stop in told] == [("official_account:wxoaoaoaoaoaoaoaoa", "custom_send", 45009)]


async def test_only_the_refused_call_of_the_refused_account_stops(platform: SmallPlatform, house: House) -> None:  # noqa: F811
    platform.answers[SEND] = {"errcode": 48001, "errmsg": "api unauthorized"}
    apis = await house()
    for _ in range(3):
        with pytest.raises(NotTrusted):
            await apis.official_account.custom_send({"touser": "o1"})
    await apis.official_account.menu_create({"button": []})
    platform.answers[SEND] = {"errcode": 0}
    await apis.mini_program.custom_send({"touser": "m1"})
    assert len(platform.calls("/" + SEND)) == 2
    assert [(stop.account.partition(":")[0], stop.call) for stop in await apis.stops.standing()] == [("official_account", "custom_send")]


@pytest.mark.parametrize(
    ("account", "error", "until"),
    [
        ("official_account:wx1", QuotaSpent("c", 45009), datetime(2026, 11, 20, 16, 1, tzinfo=UTC)),
        ("wecom:ww1:1", QuotaSpent("c", 45009), datetime(2026, 11, 20, 2, 10, tzinfo=UTC)),
        ("wecom:ww1:1", NotTrusted("c", 60020), datetime(2026, 11, 20, 2, 3, tzinfo=UTC)),
    ],
)
async def test_a_days_quota_waits_for_midnight_in_china_the_rest_for_minutes(redis: Redis, account: str, error: ApiError, until: datetime) -> None:
    clock = HandClock()
    stops = Stops(redis, clock=clock)
    with pytest.raises(type(error)):
        async with stops.around(account, "send"):
            raise error
    clock.now = until - timedelta(seconds=1)
    with pytest.raises(type(error)):
        async with stops.around(account, "send"):
            raise AssertionError("it was let through")
    clock.now = until
    passed = False
    async with stops.around(account, "send"):
        passed = True
    assert passed


async def test_it_is_tried_again_when_the_time_is_over(platform: SmallPlatform, house: House) -> None:  # noqa: F811
    clock = HandClock()
    clock.now = datetime.now(UTC)
    platform.answers[APP_SEND] = {"errcode": 60020, "errmsg": "not allow to access from your ip"}
    apis = await house(clock)
    for _ in range(3):
        with pytest.raises(NotTrusted):
            await apis.wecom.message_send({"touser": "u1"})
    platform.answers[APP_SEND] = {"errcode": 0, "msgid": "m"}
    clock.now += timedelta(minutes=4)
    assert (await apis.wecom.message_send({"touser": "u1"})).msgid == "m"


async def test_without_redis_a_process_stops_by_itself(platform: SmallPlatform) -> None:  # noqa: F811
    gone = Redis(unix_socket_path="/nonexistent/redis", retry=Retry(NoBackoff(), 0))
    stops = Stops(gone, clock=lambda: datetime.now(UTC))
    told: list[int] = []

    async def tell(stop: Stop) -> None:
        told.append(stop.code)

    stops.told = tell
    tried = 0

    async def send() -> None:
        nonlocal tried
        async with stops.around("wecom:ww1:1", "message_send"):
            tried += 1
            raise QuotaSpent("message_send", 45009)

    for _ in range(5):
        with pytest.raises(QuotaSpent):
            await send()
    await stops.quiet()
    assert (tried, told) == (1, [45009])
    await gone.aclose()


async def test_a_wrong_secret_stops_the_token_too(platform: SmallPlatform, house: House) -> None:  # noqa: F811
    platform.answers["cgi-bin/gettoken"] = {"errcode": 40001, "errmsg": "invalid corpsecret"}
    apis = await house()
    told: list[str] = []

    async def tell(stop: Stop) -> None:
        told.append(stop.call)

    apis.stops.told = tell
    for _ in range(3):
        with pytest.raises(NotTrusted):
            await apis.wecom.message_send({"touser": "u1"})
    await apis.stops.quiet()
    assert told == ["token"]
    assert len(platform.calls("/cgi-bin/gettoken")) == 1


@pytest.mark.parametrize("kept", [b"", b"x", b"[]", b"{}", b'{"account":"a","call":"c","code":"x","kind":"QuotaSpent","until":"x"}', b"\xff"])
async def test_what_stands_in_redis_is_not_believed_blindly(redis: Redis, kept: bytes) -> None:
    await redis.set("huizhen:stopped:wecom:ww1:1:send", kept)
    stops = Stops(redis, clock=lambda: datetime.now(UTC))
    passed = False
    async with stops.around("wecom:ww1:1", "send"):
        passed = True
    assert passed
    assert await stops.standing() == []
