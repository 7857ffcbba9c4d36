"""One token for all workers: fetched once, refreshed early, never in a loop."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.channels.api.errors import ApiError, NotTrusted, QuotaSpent, TokenInvalid, Unreachable
from bot.channels.token import Fetched, TokenProvider, with_token
from core.foundation import counting

IDS = (f"owner-{number}" for number in itertools.count())


class HandClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Issuer:
    """A platform that hands out stable tokens: the same one until it is forced or nearly over."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.calls: list[bool] = []
        self.number = 0
        self.until = 0.0
        self.error: ApiError | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.forced = asyncio.Event()
        self.forced.set()

    async def __call__(self, force: bool) -> Fetched:
        self.calls.append(force)
        if force:
            await self.forced.wait()
        await asyncio.sleep(0.03)
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        now = self.clock().timestamp()
        if force or now > self.until - 300:
            self.number += 1
            self.until = now + 7200
        return Fetched(f"token-{self.number}", int(self.until - now))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def issuer(clock: HandClock) -> Issuer:
    return Issuer(clock)


@asynccontextmanager
async def workers(path: str, issuer: Issuer, clock: HandClock, count: int) -> AsyncIterator[list[TokenProvider]]:
    """Providers with a client each, as so many processes would have."""
    clients = [Redis(unix_socket_path=path, retry=Retry(NoBackoff(), 0)) for _ in range(count)]
    rng = random.Random(7)
    yield [TokenProvider(client, "test:a", issuer, clock=clock, ids=lambda: next(IDS), spread=rng) for client in clients]
    for client in clients:
        await client.aclose()


async def test_twenty_workers_fetch_once(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 20) as providers:
        tokens = await asyncio.gather(*(provider.token() for provider in providers for _ in range(5)))
        assert set(tokens) == {"token-1"}
        assert issuer.calls == [False]
        # The lock is gone, so that nobody waits for it.
        assert await redis.keys("*lock*") == []


async def test_early_refresh_is_made_by_one_while_the_others_use_the_old(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 20) as providers:
        await providers[0].token()
        clock.later(7200 - 50)
        issuer.answers.clear()
        asked = [asyncio.create_task(provider.token()) for provider in providers]
        async with asyncio.timeout(20):
            others = [await token for token in itertools.islice(asyncio.as_completed(asked), 19)]
        assert others == ["token-1"] * 19
        issuer.answers.set()
        assert sorted(await asyncio.gather(*asked)) == ["token-1"] * 19 + ["token-2"]
        assert issuer.calls == [False, False]
        assert {await provider.token() for provider in providers} == {"token-2"}


async def test_early_refresh_that_fails_leaves_the_old_token(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 1) as (provider,):
        await provider.token()
        clock.later(7200 - 50)
        issuer.error = Unreachable("stable_token", "ReadTimeout", sent=True)
        assert [await provider.token() for _ in range(10)] == ["token-1"] * 10
        assert len(issuer.calls) == 2


async def test_workers_refresh_at_different_moments(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 20) as providers:
        assert len({provider._early for provider in providers}) > 10
        assert all(60 <= provider._early <= 270 for provider in providers)


async def test_a_refused_token_is_replaced_once_for_all(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 20) as providers:
        await providers[0].token()
        clock.later(60)

        async def call(token: str) -> str:
            await asyncio.sleep(0)
            if token == "token-1":
                raise TokenInvalid("send", 40001)
            return token

        assert set(await asyncio.gather(*(with_token(provider, call) for provider in providers))) == {"token-2"}
        # The stable token is asked for first; only because it is the refused one, another is forced.
        assert issuer.calls == [False, False, True]


async def test_who_is_refused_while_another_forces_a_new_token_waits_for_it(
    redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock
) -> None:
    async with workers(redis_socket, issuer, clock, 2) as (first, second):
        await first.token()
        clock.later(60)
        issuer.forced.clear()
        forcing = asyncio.create_task(first.renew("token-1"))
        async with asyncio.timeout(20):
            while issuer.calls != [False, False, True]:  # noqa: ASYNC110 - calls of another task
                await asyncio.sleep(0.01)
        waiting = asyncio.create_task(second.renew("token-1"))
        await asyncio.sleep(0.05)
        issuer.forced.set()
        assert await asyncio.gather(forcing, waiting) == ["token-2", "token-2"]
        assert issuer.calls == [False, False, True]


async def test_a_lasting_refusal_ends_after_one_retry(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 1) as (provider,):
        tried: list[str] = []

        async def call(token: str) -> None:
            tried.append(token)
            raise TokenInvalid("send", 40001)

        await provider.token()
        clock.later(60)
        for _ in range(20):
            with pytest.raises(TokenInvalid):
                await with_token(provider, call)
        assert issuer.calls == [False, False, True]
        assert len(tried) <= 2 + 19


async def test_a_fresh_token_is_not_fetched_again(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 1) as (provider,):
        token = await provider.token()
        with pytest.raises(TokenInvalid):
            await provider.renew(token)
        assert issuer.calls == [False]


async def test_renew_gives_what_somebody_else_has_fetched_meanwhile(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 2) as (one, two):
        await one.token()
        assert await two.renew("an older token") == "token-1"
        assert issuer.calls == [False]


@pytest.mark.parametrize("error", [QuotaSpent("stable_token", 45009), NotTrusted("stable_token", 40164)])
async def test_refusals_that_no_repetition_cures_stop_all_workers(
    redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock, error: ApiError, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.error = error
    async with workers(redis_socket, issuer, clock, 20) as providers:
        outcomes = await asyncio.gather(*(provider.token() for provider in providers for _ in range(3)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {type(error)}
        assert {outcome.code for outcome in outcomes if isinstance(outcome, ApiError)} == {error.code}
        assert len(issuer.calls) == 1
        assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


async def test_an_unreachable_platform_is_asked_by_one(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    issuer.error = Unreachable("stable_token", "ConnectError", sent=False)
    async with workers(redis_socket, issuer, clock, 20) as providers:
        outcomes = await asyncio.gather(*(provider.token() for provider in providers), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {Unreachable}
        assert len(issuer.calls) == 1
        issuer.error = None
        await redis.delete("huizhen:token:test:a:failed")
        assert await providers[3].token() == "token-1"


async def test_a_lock_is_only_released_by_its_owner(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 1) as (provider,):
        await redis.set("huizhen:token:test:a:lock", "somebody else")
        await provider._release("not the owner")
        assert await redis.get("huizhen:token:test:a:lock") == b"somebody else"


async def test_a_worker_that_died_with_the_lock_delays_the_others_only_until_it_expires(
    redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock
) -> None:
    await redis.set("huizhen:token:test:a:lock", "dead", px=300)
    async with workers(redis_socket, issuer, clock, 2) as providers:
        assert set(await asyncio.gather(*(provider.token() for provider in providers))) == {"token-1"}
        assert issuer.calls == [False]


async def test_without_redis_each_process_fetches_for_itself(issuer: Issuer, clock: HandClock, tmp_path: object) -> None:
    async with workers("/nowhere/redis", issuer, clock, 1) as (provider,):
        assert await asyncio.gather(*(provider.token() for _ in range(5))) == ["token-1"] * 5
        assert issuer.calls == [False]
        with pytest.raises(TokenInvalid):
            await provider.renew("token-1")


async def test_nonsense_in_the_store_counts_as_no_token(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    async with workers(redis_socket, issuer, clock, 1) as (provider,):
        for nonsense in ("", "x", "[]", "{}", '{"token":1}', '{"token":"a","expires_at":"b","fetched_at":0}'):
            await redis.set("huizhen:token:test:a", nonsense)
            assert await provider.token() == "token-1"


async def test_each_fetch_is_counted_with_its_outcome(redis: Redis, redis_socket: str, issuer: Issuer, clock: HandClock) -> None:
    counting._counted.clear()
    async with workers(redis_socket, issuer, clock, 1) as (one,):
        await one.token()
    issuer.error = NotTrusted("token", 40164)
    await redis.flushall()
    async with workers(redis_socket, issuer, clock, 1) as (one,):
        with pytest.raises(NotTrusted):
            await one.token()
    assert sorted(dict(labels)["outcome"] for name, labels in counting._counted if name == "token_fetched") == ["NotTrusted", "fetched"]
