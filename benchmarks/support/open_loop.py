"""A platform that sends at its own pace, a process of its own: `python -m benchmarks.support.open_loop`, one job as JSON on stdin.

Callbacks leave at fixed moments whether or not earlier ones were answered, over as many connections as that takes; a twentieth is delivered once more
a moment later. A latency runs from the moment a callback was due to leave, so that nobody is forgiven for holding the next one up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from typing import Any

import uvloop

from benchmarks.support.client import Connection
from benchmarks.support.platform import Account, Posted, text_message, view_event

AGAIN_AFTER_S = (0.01, 1.0)


class Pool:
    """Kept-alive connections; one more is opened when all are busy."""

    def __init__(self, port: int) -> None:
        self._port, self._free = port, list[Connection]()

    async def post(self, request: bytes) -> tuple[int, bytes]:
        while self._free and self._free[-1].closed:
            self._free.pop()
        if self._free:
            connection = self._free.pop()
        else:
            _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self._port)
        status, body = await connection.post(request)
        self._free.append(connection)
        return status, body


async def _send_all(job: dict[str, Any], due: list[tuple[float, Posted]]) -> list[tuple[float, int, bool]]:
    """Latency, status, and whether it was only acknowledged, of each callback."""
    loop, pool = asyncio.get_running_loop(), Pool(job["port"])
    begun = loop.time() + 0.5
    found: list[tuple[float, int, bool]] = []

    async def one(at: float, posted: Posted) -> None:
        await asyncio.sleep(max(0.0, begun + at - loop.time()))
        status, body = 0, b""
        with contextlib.suppress(OSError, TimeoutError):
            status, body = await pool.post(posted.request)
        found.append((loop.time() - begun - at, status, body == b"success"))

    await asyncio.gather(*(one(at, posted) for at, posted in due))
    return found


def _due(job: dict[str, Any], account: Account) -> list[tuple[float, Posted]]:
    rng, cipher, first = random.Random(job["seed"]), account.cipher(), time.time_ns()  # noqa: S311 - a repeatable load
    due: list[tuple[float, Posted]] = []
    for place in range(int(job["rate"] * job["seconds"])):
        openid = f"o{job['people']}{rng.randrange(job['persons']):012d}"
        make = view_event if rng.random() < job["events"] else text_message
        given = (account, cipher, job["path"], openid)
        posted = make(*given, first + place) if make is view_event else text_message(*given, rng.choice(job["texts"]), first + place)
        at = place / job["rate"]
        due.append((at, posted))
        if rng.random() < job["again"]:
            due.append((at + rng.uniform(*AGAIN_AFTER_S), posted))
    return sorted(due, key=lambda one: one[0])


def main() -> None:
    job = json.loads(sys.stdin.readline())
    due = _due(job, Account(**job["account"]))
    print("ready", flush=True)
    assert sys.stdin.readline() == "go\n"
    found = uvloop.run(_send_all(job, due))
    print("done", flush=True)
    told = {"latencies": [round(one[0], 5) for one in found], "statuses": [one[1] for one in found], "acknowledged": sum(one[2] for one in found)}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
