"""News of links on their way from the engine to the room's channel."""

from __future__ import annotations

import asyncio
from typing import Any

from media.calls import protocol
from media.calls.engine import LinkNews, MediaEvent
from media.calls.link_state import LinkState
from media.calls.node import Node


class Redis:
    def __init__(self) -> None:
        self.published: list[tuple[str, str]] = []
        self.both = asyncio.Event()

    async def publish(self, channel: str, data: str) -> None:
        self.published.append((channel, data))
        if len(self.published) == 2:
            self.both.set()


async def test_what_is_told_of_a_link_is_read_again_on_the_other_side():
    told: list[Any] = []
    redis = Redis()
    Node(lambda tell: told.append(tell), redis, "node", lambda: 0.0)  # type: ignore[arg-type,func-returns-value]
    [tell] = told
    tell(LinkNews("room", "patient", "member", LinkState("yellow", "red", "sound_only", 0, 0, 0.0, 12_000)))
    tell(MediaEvent("room", "patient", "member", "connected"))
    async with asyncio.timeout(10):
        await redis.both.wait()
    assert {channel for channel, _ in redis.published} == {protocol.room_channel("room")}
    link, media = (protocol.news_adapter.validate_json(data) for _, data in redis.published)
    assert link == protocol.LinkNews(
        seat="patient", member="member", up="yellow", down="red", done="sound_only", send_bits=0, height=0, rate=0.0, sound_bits=12_000
    )
    assert media == protocol.News(seat="patient", member="member", kind="connected")
