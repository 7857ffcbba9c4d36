"""The access token of one account, shared by all workers.

Redis keeps the token; one worker at a time fetches, the others read. An early refresh happens while the old token
still works. Where Redis is away every process fetches for itself: the platforms give the same token back.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.channels.api.errors import ApiError, NotTrusted, PlatformBusy, QuotaSpent, TokenInvalid, Unreachable
from bot.channels.api.transport import Transport, text_of
from core.foundation.counting import count

log = logging.getLogger(__name__)
T = TypeVar("T")

LOCK_MS = 15_000
"""Longer than one fetch may take, so that nobody fetches beside a slow one."""

WAIT_SECONDS = 14.0
POLL_SECONDS = 0.05
SETTLE_SECONDS = 3.0
"""A token younger than this that fails is not the token's fault; fetching again would only make a storm."""

FORCE_SECONDS = 35
"""The platform wants forced refreshes 30 seconds apart (20 a day)."""

_PAUSES = {QuotaSpent: 300, NotTrusted: 60}
_PAUSE_OTHERWISE = 2

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


class Spread(Protocol):
    """What is needed of `random.Random`."""

    def uniform(self, a: float, b: float) -> float:
        """A number between the two."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A token fresh from the platform and the seconds it lives."""

    token: str
    expires_in: int


class Fetch(Protocol):
    """How an account's token is fetched. `force` asks the platform for another one than it gave before."""

    async def __call__(self, force: bool) -> Fetched:
        """One call to the platform. ApiError where it refuses."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    expires_at: float
    fetched_at: float


@dataclass(frozen=True, slots=True)
class _Failure:
    code: int
    kind: str


class TokenProvider:
    """Tokens of one account. One object a process; `ids` makes lock owners, `spread` the early refresh, `clock` is real time."""

    def __init__(
        self,
        redis: Redis,
        account: str,
        fetch: Fetch,
        *,
        clock: Callable[[], datetime],
        ids: Callable[[], str],
        spread: Spread,
    ) -> None:
        self._redis = redis
        self._ask_platform = fetch
        self._kind = account.partition(":")[0]
        self._clock = clock
        self._ids = ids
        self._early = spread.uniform(60, 270)
        self._key, self._lock, self._failed, self._forced = (f"huizhen:token:{account}{end}" for end in ("", ":lock", ":failed", ":forced"))
        self._local: _Held | None = None
        self._turn = asyncio.Lock()

    async def token(self) -> str:
        """A valid token. ApiError (Unreachable, NotTrusted, QuotaSpent …) where there is none to be had."""
        try:
            held, _ = await self._look()
            if held is None:
                return await self._shared(lambda now: now is not None)
            if self._due(held):
                return await self._refreshed_early(held)
            return held.token
        except RedisError:
            return await self._alone(lambda held: not self._due(held))

    async def renew(self, failed: str) -> str:
        """Another token than the one that an API call refused. TokenInvalid where the platform gives no other."""
        try:
            held, _ = await self._look()
            if held is not None and held.token != failed:
                return held.token
            if held is not None and self._now() - held.fetched_at < SETTLE_SECONDS:
                raise TokenInvalid("token", 40001)
            return await self._shared(lambda now: now is not None and now.token != failed, failed)
        except RedisError:
            return await self._alone(lambda held: held.token != failed, failed)

    def _now(self) -> float:
        return self._clock().timestamp()

    def _due(self, held: _Held) -> bool:
        life = max(held.expires_at - held.fetched_at, 0)
        return self._now() > held.expires_at - min(self._early, life / 4)

    async def _look(self) -> tuple[_Held | None, _Failure | None]:
        stored, failed = await self._redis.mget(self._key, self._failed)
        held = _held(stored)
        if held is not None and held.expires_at <= self._now():
            held = None
        return held, _failure(failed)

    async def _refreshed_early(self, held: _Held) -> str:
        # Only whoever gets the lock at once refreshes; the old token is good meanwhile, also when refreshing fails.
        if self._now() - held.fetched_at < 30:
            return held.token
        owner = self._ids()
        if not await self._redis.set(self._lock, owner, nx=True, px=LOCK_MS):
            return held.token
        try:
            present, failed = await self._look()
            if failed is not None or (present is not None and present.token != held.token):
                return (present or held).token
            fresh = await self._asked(force=False)
            await self._keep(fresh)
            return fresh.token
        except ApiError as error:
            log.warning("early token refresh failed: %s", error)
            return held.token
        finally:
            await self._release(owner)

    async def _shared(self, good: Callable[[_Held | None], bool], failed_token: str = "") -> str:
        """Fetch under the lock, or wait for whoever does. One coroutine of this process at a time stands in the queue."""
        async with self._turn:
            deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
            while True:
                held, failure = await self._look()
                if held is not None and good(held):
                    return held.token
                if failure is not None:
                    raise _raised(failure)
                owner = self._ids()
                if await self._redis.set(self._lock, owner, nx=True, px=LOCK_MS):
                    return await self._fetched_as(owner, good, failed_token)
                if asyncio.get_running_loop().time() > deadline:
                    raise Unreachable("token", "another worker is still fetching", sent=False)
                await asyncio.sleep(POLL_SECONDS)

    async def _fetched_as(self, owner: str, good: Callable[[_Held | None], bool], failed_token: str) -> str:
        try:
            held, failure = await self._look()
            if held is not None and good(held):
                return held.token
            if failure is not None:
                raise _raised(failure)
            fresh = await self._asked(force=False)
            if failed_token and fresh.token == failed_token and await self._redis.set(self._forced, "1", nx=True, ex=FORCE_SECONDS):
                # The refused one is not kept meanwhile: the others would take it for fetched anew, and give up.
                fresh = await self._asked(force=True)
            await self._keep(fresh)
            if fresh.token == failed_token:
                raise TokenInvalid("token", 40001)
            return fresh.token
        finally:
            await self._release(owner)

    async def _fetch(self, force: bool) -> Fetched:
        try:
            fetched = await self._ask_platform(force)
        except ApiError as error:
            count("token_fetched", account=self._kind, outcome=type(error).__name__)
            raise
        count("token_fetched", account=self._kind, outcome="fetched")
        return fetched

    async def _asked(self, *, force: bool) -> _Held:
        try:
            fetched = await self._fetch(force)
        except ApiError as error:
            await self._note_failure(error)
            raise
        return _Held(fetched.token, self._now() + fetched.expires_in, self._now())

    async def _keep(self, held: _Held) -> None:
        """For all workers."""
        stored = json.dumps({"token": held.token, "expires_at": held.expires_at, "fetched_at": held.fetched_at})
        await self._redis.set(self._key, stored, px=max(round(held.expires_at - held.fetched_at), 1) * 1000)
        self._local = held

    async def _note_failure(self, error: ApiError) -> None:
        """Let the other workers know, so that they do not each try what has just failed."""
        pause = next((seconds for kind, seconds in _PAUSES.items() if isinstance(error, kind)), _PAUSE_OTHERWISE)
        noted = json.dumps({"code": error.code, "kind": type(error).__name__})
        first = await self._redis.set(self._failed, noted, nx=True, ex=pause)
        if first and error.stops:
            log.error("no access token to be had until somebody sets it right: %s", error)

    async def _release(self, owner: str) -> None:
        try:
            await self._redis.eval(_RELEASE, 1, self._lock, owner)
        except RedisError:
            log.warning("token lock could not be released; it expires by itself")

    async def _alone(self, good: Callable[[_Held], bool], failed_token: str = "") -> str:
        async with self._turn:
            held = self._local
            if held is not None and held.expires_at > self._now() and good(held):
                return held.token
            fetched = await self._fetch(False)
            if failed_token and fetched.token == failed_token:
                raise TokenInvalid("token", 40001)
            self._local = _Held(fetched.token, self._now() + fetched.expires_in, self._now())
            return fetched.token


async def with_token(provider: TokenProvider, call: Callable[[str], Awaitable[T]]) -> T:
    """Make a call with the account's token; where the platform refuses the token, once more with another one."""
    token = await provider.token()
    try:
        return await call(token)
    except TokenInvalid:
        return await call(await provider.renew(token))


def stable_token(transport: Transport, appid: str, secret: str) -> Fetch:
    """`/cgi-bin/stable_token` of an Official Account or mini program."""

    async def fetch(force: bool) -> Fetched:
        body = {"grant_type": "client_credential", "appid": appid, "secret": secret, "force_refresh": force}
        with _credentials("stable_token"):
            return _fetched(await transport.post("/cgi-bin/stable_token", {}, body, call="stable_token"), "stable_token")

    return fetch


def corporation_token(transport: Transport, corpid: str, secret: str) -> Fetch:
    """`/cgi-bin/gettoken` of a WeCom app."""

    async def fetch(force: bool) -> Fetched:
        query = {"corpid": corpid, "corpsecret": secret}
        with _credentials("gettoken"):
            return _fetched(await transport.get("/cgi-bin/gettoken", query, call="gettoken"), "gettoken")

    return fetch


@contextmanager
def _credentials(call: str) -> Iterator[None]:
    # 40001 means a stale token everywhere but here: where a token is asked for, the secret itself is wrong.
    try:
        yield
    except TokenInvalid as error:
        raise NotTrusted(call, error.code) from None


def _fetched(answer: dict[str, Any], call: str) -> Fetched:
    life = answer.get("expires_in")
    if not isinstance(life, int) or life <= 0:
        raise Unreachable(call, "no expires_in in the answer", sent=True)
    return Fetched(text_of(answer, "access_token", call), life)


def _held(stored: object) -> _Held | None:
    try:
        value = json.loads(stored) if isinstance(stored, str | bytes) else None
        return None if value is None else _Held(str(value["token"]), float(value["expires_at"]), float(value["fetched_at"]))
    except (ValueError, KeyError, TypeError):
        return None


def _failure(stored: object) -> _Failure | None:
    try:
        value = json.loads(stored) if isinstance(stored, str | bytes) else None
        return None if value is None else _Failure(int(value["code"]), str(value["kind"]))
    except (ValueError, KeyError, TypeError):
        return None


def _raised(failure: _Failure) -> ApiError:
    kinds: dict[str, type[ApiError]] = {kind.__name__: kind for kind in (QuotaSpent, NotTrusted, TokenInvalid, PlatformBusy)}
    if failure.kind in kinds:
        return kinds[failure.kind]("token", failure.code)
    if failure.code:
        return ApiError("token", failure.code)
    return Unreachable("token", "another worker could not fetch it", sent=False)
