"""What happened how often, for the whole house: counted in memory, added up in Redis once a second, read as Prometheus text.

Counts only, never a person: a label is one of few fixed words of ours (a channel, a reason, an outcome), not what somebody sent.
A Redis that loses its data loses the counts with it; nothing else depends on them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from redis.exceptions import RedisError

logger = logging.getLogger("huizhen.counting")

KEY = "huizhen:counts"
EVERY_S = 1.0
MOST_SERIES = 2000
"""Different series that one process keeps between two sums: a label that takes on any value must not eat memory. What is beyond is OVERFLOWN."""
LONGEST_LABEL = 60
OVERFLOWN = "counting_overflown"

MEANS: dict[str, str] = {
    "callback_accepted": "Callbacks that were taken in, by channel.",
    "callback_refused": "Callbacks answered with 4xx, by channel and the check that failed.",
    "callback_unknown": "Callbacks acknowledged without being understood, by channel.",
    "callback_duplicate": "Deliveries of a message that was there before, by channel.",
    "callback_late": "Replies that missed the platform's deadline and went by push, by channel.",
    "callback_busy": "Callbacks answered with 503 because the database was away, by channel.",
    "sent": "Notifications and late replies that left or were given up, by channel and outcome.",
    "rung_refused": "Ways of a notification that were refused, by the platform or our own check before it, by rung, kind, class and errcode.",
    "platform_call": "Calls of the platforms' APIs by outcome: ok, the errcode, unreachable. Of files only failures.",
    "token_fetched": "Access tokens asked of a platform, by kind of account and outcome.",
    OVERFLOWN: "Counts whose labels were too many to be kept apart.",
}
"""What each name counts: the help text of the page. A name that is missing here is shown without one."""

_Series = tuple[str, tuple[tuple[str, str], ...]]
_counted: dict[_Series, int] = {}


def count(name: str, **labels: str) -> None:
    """One more of ``name`` (letters and underscores) with ``labels``. Costs a dictionary entry and never raises; call it in the event loop."""
    series = (name, tuple(labels.items()))
    if series not in _counted and len(_counted) >= MOST_SERIES:
        series = (OVERFLOWN, ())
    _counted[series] = _counted.get(series, 0) + 1


class Counts:
    """The sums of the house in ``redis`` (a client with text answers); without one, those of this process alone."""

    def __init__(self, redis: Any = None) -> None:
        self._redis = redis
        self._own: dict[str, int] = {}

    async def add_up(self) -> None:
        """Add what was counted since the last time. Where Redis does not answer it is kept for the next time; an answer lost on the way may then
        count twice."""
        if not _counted:
            return
        taken = dict(_counted)
        _counted.clear()
        try:
            await self._add(taken)
        except BaseException:
            for series, number in taken.items():
                _counted[series] = _counted.get(series, 0) + number
            raise

    async def _add(self, taken: dict[_Series, int]) -> None:
        if self._redis is None:
            for series, number in taken.items():
                self._own[written(*series)] = self._own.get(written(*series), 0) + number
            return
        async with self._redis.pipeline(transaction=True) as together:
            for series, number in taken.items():
                together.hincrby(KEY, written(*series), number)
            await together.execute()

    async def text(self) -> str:
        """Every sum of the house in Prometheus' text format 0.0.4. RedisError where they cannot be had."""
        await self.add_up()
        sums = self._own if self._redis is None else await self._redis.hgetall(KEY)
        return exposed({series: int(number) for series, number in sums.items()})

    async def keep(self) -> None:
        """Add up once a second until called off, and once more then."""
        away = False
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                try:
                    await self.add_up()
                    away = False
                except RedisError as error:
                    if not away:
                        logger.warning("counts are kept in this process until Redis answers: %s", type(error).__name__)
                    away = True
        except asyncio.CancelledError:
            try:
                async with asyncio.timeout(EVERY_S):
                    await self.add_up()
            except (RedisError, TimeoutError):
                logger.warning("the last counts of this process are lost")
            raise


def written(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    """A series as Prometheus writes it: ``huizhen_sent_total{channel="wecom_app",outcome="sent"}``."""
    inside = ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(labels))
    return f"huizhen_{name}_total{{{inside}}}" if inside else f"huizhen_{name}_total"


def _escaped(value: str) -> str:
    # Control characters have no escape in the format, and no label of ours has one.
    plain = "".join(letter if letter.isprintable() else "?" for letter in str(value)[:LONGEST_LABEL])
    return plain.replace("\\", "\\\\").replace('"', '\\"')


def exposed(sums: dict[str, int]) -> str:
    """The page: the series of one name together, with what they count."""
    lines: list[str] = []
    before = ""
    for series in sorted(sums, key=lambda one: (one.partition("{")[0], one)):
        name = series.partition("{")[0]
        if name != before:
            before = name
            meaning = MEANS.get(name.removeprefix("huizhen_").removesuffix("_total"))
            lines += [f"# HELP {name} {meaning}"] if meaning else []
            lines.append(f"# TYPE {name} counter")
        lines.append(f"{series} {sums[series]}")
    return "".join(f"{line}\n" for line in lines)
