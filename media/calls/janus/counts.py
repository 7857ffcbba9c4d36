"""What Janus counts of a member's connections (its admin API, `handle_info`), as the engine tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from media.calls.engine import StreamStats
from media.calls.janus.line import Body, JanusAway, JanusRefused
from media.calls.janus.members import Member


class Counted:
    """Keeps what was counted for `life_s` seconds: asking Janus costs it more than forwarding a picture."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._kept: dict[int, tuple[float, tuple[StreamStats, ...]]] = {}

    async def of(self, members: Iterable[Member], now: float) -> dict[int, tuple[StreamStats, ...]]:
        """By publisher number."""
        members = list(members)
        old = [one for one in members if one.connected and now - self._kept.get(one.publisher, (float("-inf"), ()))[0] >= self._life_s]
        infos = await asyncio.gather(*(_info(one) for one in old))
        self._kept = {one.publisher: self._kept[one.publisher] for one in members if one.publisher in self._kept}
        self._kept.update({one.publisher: (now, read_info(info, one.sends)) for one, info in zip(old, infos, strict=True)})
        return {one.publisher: self._kept[one.publisher][1] if one.publisher in self._kept else read_info({}, one.sends) for one in members}


async def _info(one: Member) -> Body:
    try:
        return await one.node.handle_info(one.publish_handle)
    except (JanusAway, JanusRefused):
        return {}


def read_info(info: Body, sends: dict[str, str]) -> tuple[StreamStats, ...]:
    """`info` as Janus 1.x writes it; whatever it leaves out is zero. Janus does not count by source what it sends on, nor how often it asked for
    a whole picture: `forwarded`, `retransmitted` and `keyframe_requests` are zero."""
    media = _part(info, "webrtc", "media")
    found = []
    for kind, mid in sends.items():
        incoming, report = _part(media, mid, "stats", "in"), _part(media, mid, "rtcp", "main")
        found.append(StreamStats(kind, _number(incoming, "packets"), _number(incoming, "bytes"), _number(report, "lost"), 0, 0, 0))
    return tuple(found)


def _part(whole: Any, *names: str) -> Body:
    for name in names:
        whole = whole.get(name) if isinstance(whole, dict) else None
    return whole if isinstance(whole, dict) else {}


def _number(part: Body, name: str) -> int:
    value = part.get(name)
    return int(value) if isinstance(value, int | float) and value == value and abs(value) < 1e18 else 0
