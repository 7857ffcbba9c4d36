"""No member of WeCom is written to more often than the platform delivers."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.channels.api.errors import PlatformBusy
from bot.channels.pace import A_MINUTE, AN_HOUR, RESERVE, MemberPace


class Pace:
    def __init__(self, redis: Redis) -> None:
        self.now = datetime(2026, 11, 20, 2, 0, 0, tzinfo=UTC)
        ids = itertools.count()
        self.pace = MemberPace(redis, f"ww:{id(self)}", clock=lambda: self.now, ids=lambda: str(next(ids)))

    async def taken(self, count: int, userid: str = "wu01", *, routine: bool = False) -> bool:
        try:
            await self.pace.take(userid, count, routine=routine)
        except PlatformBusy:
            return False
        return True

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_what_is_held_back_is_tried_again() -> None:
    assert PlatformBusy.retryable


async def test_thirty_in_any_sixty_seconds(redis: Redis) -> None:
    one = Pace(redis)
    assert all([await one.taken(1) for _ in range(A_MINUTE - 2)])
    assert not await one.taken(3), "all or none"
    one.later(30)
    assert await one.taken(2)
    assert not await one.taken(1)
    assert await one.taken(1, "another")
    one.later(31)
    assert all([await one.taken(1) for _ in range(A_MINUTE - 2)])
    assert not await one.taken(1), "the two of half a minute ago still count"


async def test_what_is_routine_leaves_room_for_what_is_urgent(redis: Redis) -> None:
    one = Pace(redis)
    assert all([await one.taken(1, routine=True) for _ in range(A_MINUTE - RESERVE)])
    assert not await one.taken(1, routine=True)
    assert all([await one.taken(1) for _ in range(RESERVE)])
    assert not await one.taken(1)


async def test_a_thousand_an_hour(redis: Redis) -> None:
    one = Pace(redis)
    for _ in range(AN_HOUR // 20):
        assert await one.taken(20)
        one.later(61)
    assert not await one.taken(20)
    one.later(600)
    assert await one.taken(20)


async def test_without_redis_it_is_sent_all_the_same(tmp_path: object) -> None:
    gone = Redis(unix_socket_path="/nowhere/redis.sock", single_connection_client=False)
    pace = MemberPace(gone, "ww", clock=lambda: datetime.now(UTC), ids=lambda: "one")
    await pace.take("wu01", A_MINUTE)


async def test_more_at_once_than_a_minute_allows_is_not_held_back_forever(redis: Redis) -> None:
    one = Pace(redis)
    assert await one.taken(A_MINUTE + 5)
    assert not await one.taken(1)


@pytest.mark.parametrize("count", [1, 2])
async def test_members_do_not_stand_in_each_others_way(redis: Redis, count: int) -> None:
    one = Pace(redis)
    assert all([await one.taken(count, f"member-{number}") for number in range(A_MINUTE * 2)])
