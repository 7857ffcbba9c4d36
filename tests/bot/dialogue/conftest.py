"""The stage of the conversations: real time, because the platform signs with it."""

from __future__ import annotations

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
