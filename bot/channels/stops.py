"""What a platform has refused an account for good is not asked again for a while, by any process, and is told once to whoever can mend it.

A refusal of this kind (quota of the day spent, address not on the list, right missing) does not get better by repetition: each further call only
costs time, and the platform closes accounts that keep on. Kept in Redis for each account and call; while Redis is away each process knows its own.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.channels.api.errors import ApiError, NotTrusted, QuotaSpent
from core.foundation.clock import shanghai

logger = logging.getLogger("huizhen.sending")

STOPPED = (QuotaSpent, NotTrusted)
"""What stops an account's call."""
UNTRUSTED_S, WECOM_QUOTA_S = 180, 600
"""What somebody mends is tried again soon. WeCom's 45009 counts calls in minutes; the quota of Official Account and mini program is the day's."""
_KINDS: dict[str, type[ApiError]] = {kind.__name__: kind for kind in STOPPED}
_PREFIX = "huizhen:stopped:"


@dataclass(frozen=True, slots=True)
class Stop:
    """``account`` (official_account:appid, mini_program:appid, wecom:corpid:agentid) may not make ``call`` until ``until`` (real time)."""

    account: str
    call: str
    code: int
    kind: str
    until: datetime


Told = Callable[[Stop], Awaitable[None]]
Guard = Callable[[str], AbstractAsyncContextManager[None]]
"""Around each call of one account, by the call's name."""


class Stops:
    """The stops of all accounts of an installation. ``clock`` is real time. ``told`` is called once for each new stop, outside the call."""

    def __init__(self, redis: Redis, *, clock: Callable[[], datetime]) -> None:
        self._redis, self._clock = redis, clock
        self._local: dict[tuple[str, str], Stop] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self.told: Told | None = None

    def of(self, account: str) -> Guard:
        """The guard of one account."""
        return lambda call: self.around(account, call)

    @asynccontextmanager
    async def around(self, account: str, call: str) -> AsyncIterator[None]:
        """Let one call through, or raise what stopped it; a refusal that stops is remembered."""
        stopped = await self._standing(account, call)
        if stopped is not None:
            raise _KINDS[stopped.kind](call, stopped.code, note="stopped, errcode")
        try:
            yield
        except STOPPED as error:
            await self._stop(account, call, error)
            raise

    async def standing(self) -> list[Stop]:
        """All stops that stand now, for whoever looks after the installation."""
        found = [stop async for key in self._redis.scan_iter(f"{_PREFIX}*") if (stop := _read(await self._redis.get(key))) is not None]
        return sorted(found, key=lambda stop: (stop.account, stop.call))

    async def quiet(self) -> None:
        """Wait until everybody has been told: before the process ends."""
        while self._telling:
            await asyncio.gather(*self._telling, return_exceptions=True)

    async def _standing(self, account: str, call: str) -> Stop | None:
        now = self._clock()
        own = self._local.get((account, call))
        if own is not None and own.until > now:
            return own
        self._local.pop((account, call), None)
        try:
            found = _read(await self._redis.get(_key(account, call)))
        except RedisError:
            return None
        return found if found is not None and found.until > now else None

    async def _stop(self, account: str, call: str, error: ApiError) -> None:
        now = self._clock()
        stop = Stop(account, call, error.code, type(error).__name__, now + _pause(account, error, now))
        kept = json.dumps({"account": account, "call": call, "code": stop.code, "kind": stop.kind, "until": stop.until.isoformat()})
        try:
            first = await self._redis.set(_key(account, call), kept, nx=True, pxat=int(stop.until.timestamp() * 1000))
        except RedisError:
            first = (account, call) not in self._local
        self._local[account, call] = stop
        if not first:
            return
        logger.error("%s may not %s until somebody sets it right: %s", account.partition(":")[0], call, error)
        if self.told is not None:
            task = asyncio.create_task(self._tell(self.told, stop), name="stop told")
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, told: Told, stop: Stop) -> None:
        try:
            await told(stop)
        except Exception as error:  # The refusal itself goes its way whether or not it can be told now; it stands in the log.
            logger.warning("administrators not told of %s: %s", stop.code, type(error).__name__)


def _pause(account: str, error: ApiError, now: datetime) -> timedelta:
    if isinstance(error, NotTrusted):
        return timedelta(seconds=UNTRUSTED_S)
    if account.startswith("wecom"):
        return timedelta(seconds=WECOM_QUOTA_S)
    local = shanghai(now)
    # A little after midnight: the platform's clock and ours need not agree.
    return datetime.combine(local.date() + timedelta(days=1), time(0, 1), tzinfo=local.tzinfo) - local


def _key(account: str, call: str) -> str:
    return f"{_PREFIX}{account}:{call}"


def _read(stored: object) -> Stop | None:
    try:
        value = json.loads(stored) if isinstance(stored, str | bytes) else None
        if value is None or value["kind"] not in _KINDS:
            return None
        return Stop(str(value["account"]), str(value["call"]), int(value["code"]), str(value["kind"]), datetime.fromisoformat(value["until"]))
    except (ValueError, KeyError, TypeError):
        return None
