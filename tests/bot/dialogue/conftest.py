"""The stage of the conversations: real time, because the platform signs with it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from core.foundation.clock import SystemClock
from core.foundation.practice import Practice
from tests.bot.channels.conftest import *  # noqa: F403 - the Redis of the channels' tests
from tests.bot.dialogue.stage import Stage, daytime, open_stage
from tests.support.county import seed_small


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On MariaDB one conversation of each file: it is told over the same orders as on SQLite, which are tested on both in tests/core. All of them in
    `make soak`, and whenever files are named."""
    if os.environ.get("HUIZHEN_TEST_DATABASE") != "mariadb" or os.environ.get("HUIZHEN_TEST_SCALE") == "full" or config.args != ["tests"]:
        return
    seen, left_out = set(), []
    for item in items:
        if Path(__file__).parent in item.path.parents and "database" in getattr(item, "fixturenames", ()):
            if item.path in seen:
                left_out.append(item)
            seen.add(item.path)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture
def clock() -> SystemClock:
    return daytime()


@pytest.fixture(scope="session")
def engine() -> Any:
    """The real engine where it is built, else the small one of the intake's tests."""
    try:
        from nlp.engine import build
    except ModuleNotFoundError:
        from tests.core.intake.small_engine import SmallEngine

        return SmallEngine()
    return build()


@pytest.fixture
async def stage(practice: Practice, engine: Any, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    practice.engines.clinical = engine
    county = await seed_small(practice)
    async with open_stage(practice, county, redis, tmp_path) as opened:
        yield opened
