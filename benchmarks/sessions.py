"""What finding out who asks costs of one request: a signed access token with its session looked up, beside a session found by the hash of an opaque
token (what was before), beside the bare check of the signature; and what counting it in Redis costs. SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import tempfile
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

from limits import RateLimitItemPerSecond

from benchmarks.execute import opened_practice
from benchmarks.support.figure import Figure, show
from benchmarks.support.timing import by_turns, row
from core.foundation.actor import Actor
from core.foundation.rates import RateStore
from core.people.access_tokens import read_token
from core.people.accounts import actor_for
from core.people.commands import EnsureAccount
from core.people.commands_sessions import OpenSession
from core.people.models import Session
from core.people.sessions import session_actor, token_hash
from miniprogram_api.app.redis_server import redis_process

ROUNDS, CALLS = 7, 200


@contextlib.asynccontextmanager
async def _redis(folder: Path) -> AsyncIterator[str]:
    spec, address = redis_process(folder)
    process = await asyncio.create_subprocess_exec(*spec.argv, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    try:
        while spec.probe is None or not await spec.probe():  # noqa: ASYNC110 - asked from outside, as the supervisor does
            await asyncio.sleep(0.05)
        yield address
    finally:
        process.terminate()
        await process.wait()


async def _measure(folder: Path) -> list[list[str]]:
    async with opened_practice(folder) as practice, _redis(folder) as address:
        system, clock = Actor.system("benchmark"), practice.clock
        account = (await practice.execute(system, EnsureAccount(app="benchmark", subject="somebody"))).account_id
        opened = await practice.execute(system, OpenSession(account_id=account, kind="terminal"))
        store, item = RateStore(address), RateLimitItemPerSecond(10**9, 60)

        async def signed() -> None:
            await session_actor(opened.token, "terminal", clock.real_now(), clock.now())

        async def opaque() -> None:
            session = await Session.get(token_hash=token_hash(opened.refresh_token))
            await actor_for(session.account_id, session.kind, clock.now(), session_id=session.id)

        async def signature() -> None:
            await read_token(opened.token, ("terminal",), clock.real_now())

        async def counted() -> None:
            await store.take(item, account)

        ours, before, bare, counting = await by_turns((signed, opaque, signature, counted), rounds=ROUNDS, calls=CALLS)
        await store.close()
        return [
            row("access token, its session and roles / opaque token by its hash, session and roles", ours, before),
            row("the same / the signature alone, nothing looked up", ours, bare),
            row("one count in Redis / the same", counting, ours),
        ]


def measure() -> Figure:
    """Microseconds a request."""
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_measure(Path(folder)))
    return Figure(
        "sessions", "Who asks: sessions and limits", ["what / beside what", "ours µs", "peer µs", "ratio"], rows,
        [f"Median of {ROUNDS} rounds of {CALLS} calls, in turns. Session, account and roles are read each time: an end counts at once."],
        {"python": platform.python_version(), "PyJWT": version("PyJWT"), "limits": version("limits")},
    )


if __name__ == "__main__":
    show(measure)
