"""What is counted: added up over processes in a real Redis, kept while it is away, and written so that Prometheus can read it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import RedisError

from core.foundation import counting
from core.foundation.counting import Counts, count, exposed, written
from core.foundation.redis_client import redis_client
from tests.bot.channels.conftest import redis_socket

__all__ = ["redis_socket"]


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    counting._counted.clear()
    yield
    counting._counted.clear()


def test_a_series_is_written_as_prometheus_reads_it() -> None:
    assert written("sent", (("outcome", "sent"), ("channel", "wecom_app"))) == 'huizhen_sent_total{channel="wecom_app",outcome="sent"}'
    assert written("callback_busy", ()) == "huizhen_callback_busy_total"
    page = exposed({'huizhen_sent_total{channel="b"}': 2, 'huizhen_sent_total{channel="a"}': 1, "huizhen_new_total": 3})
    assert page.splitlines() == [
        "# TYPE huizhen_new_total counter", "huizhen_new_total 3",
        "# HELP huizhen_sent_total Notifications and late replies that left or were given up, by channel and outcome.",
        "# TYPE huizhen_sent_total counter", 'huizhen_sent_total{channel="a"} 1', 'huizhen_sent_total{channel="b"} 2',
    ]  # fmt: skip


@given(st.text(max_size=80))
def test_no_label_leaves_its_quotes(label: str) -> None:
    line = written("sent", (("channel", label),))
    assert len(line.splitlines()) <= 1
    inside = line.removeprefix('huizhen_sent_total{channel="').removesuffix('"}')
    assert '"' not in inside.replace("\\\\", "").replace('\\"', "")


async def test_two_processes_add_up_and_nothing_is_added_twice(redis_socket: str) -> None:
    redis = redis_client(f"unix://{redis_socket}")
    await redis.flushall()
    one, other = Counts(redis), Counts(redis)
    for _ in range(3):
        count("sent", channel="wecom_app", outcome="sent")
    await one.add_up()
    count("sent", outcome="sent", channel="wecom_app")
    await asyncio.gather(one.add_up(), other.add_up(), one.add_up())
    assert 'huizhen_sent_total{channel="wecom_app",outcome="sent"} 4\n' in await other.text()
    await redis.aclose()


async def test_what_is_counted_while_redis_is_away_is_added_when_it_is_back(redis_socket: str) -> None:
    away, here = redis_client("unix:///nowhere/at/all"), redis_client(f"unix://{redis_socket}")
    await here.flushall()
    count("callback_refused", channel="wecom_app", reason="stale")
    with pytest.raises(RedisError):
        await Counts(away).add_up()
    count("callback_refused", channel="wecom_app", reason="stale")
    assert 'huizhen_callback_refused_total{channel="wecom_app",reason="stale"} 2\n' in await Counts(here).text()
    await away.aclose()
    await here.aclose()


async def test_a_process_that_ends_leaves_its_counts(redis_socket: str) -> None:
    redis = redis_client(f"unix://{redis_socket}")
    await redis.flushall()
    keeping = asyncio.create_task(Counts(redis).keep())
    await asyncio.sleep(0)
    count("token_fetched", account="wecom", outcome="fetched")
    keeping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeping
    assert await redis.hgetall(counting.KEY) == {'huizhen_token_fetched_total{account="wecom",outcome="fetched"}': "1"}
    await redis.aclose()


async def test_labels_of_any_value_do_not_eat_memory() -> None:
    for number in range(counting.MOST_SERIES + 50):
        count("sent", channel=str(number))
    assert len(counting._counted) == counting.MOST_SERIES + 1
    assert "huizhen_counting_overflown_total 50\n" in await Counts().text()
