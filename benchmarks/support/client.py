"""The client of the chat round trip, a process of its own: `python -m benchmarks.support.client`, one job as JSON on stdin.

It builds every request before it says `ready`, posts them over `clients` kept-alive connections once it is told `go`, says `done`, and
opens and checks every answer only after that: the machine's time between `go` and `done` belongs to the server.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import uvloop

from benchmarks.support.platform import Account, Posted, answered_text, text_message, view_event

PATIENCE_S = 20.0


class Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection, one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: Any = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._answer is None:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._received) >= end + 4 + length:
            body = bytes(self._received[end + 4 : end + 4 + length])
            self._received.clear()
            self._answer.set_result((int(head[9:12]), body))

    async def post(self, request: bytes) -> tuple[int, bytes]:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await asyncio.wait_for(self._answer, PATIENCE_S)

    def close(self) -> None:
        self._transport.close()


async def _one_client(port: int, mine: list[Posted], answers: list[tuple[str, int, bytes]], latencies: list[float]) -> None:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    for posted in mine:
        begun = time.perf_counter()
        status, body = await connection.post(posted.request)
        latencies.append(time.perf_counter() - begun)
        answers.append((posted.openid, status, body))
    connection.close()


async def _post_all(port: int, shares: list[list[Posted]]) -> tuple[list[tuple[str, int, bytes]], list[float], float]:
    answers: list[tuple[str, int, bytes]] = []
    latencies: list[float] = []
    begun = time.perf_counter()
    await asyncio.gather(*(_one_client(port, share, answers, latencies) for share in shares))
    return answers, latencies, time.perf_counter() - begun


def _shares(job: dict[str, Any], account: Account) -> list[list[Posted]]:
    """The messages of each client. `new`: every message comes from somebody new; else each client is one person who goes on writing. `texts` take
    turns instead of the one `text`. `first`: the number of the first message; the same again are the same messages, delivered once more.
    `event`: taps on a link of the menu instead of messages."""
    cipher = account.cipher()
    numbers: Iterator[int] = itertools.count(job.get("first") or time.time_ns())
    texts = job.get("texts") or [job["text"]]
    shares = []
    for client in range(job["clients"]):
        mine = []
        for place in range(job["messages"] // job["clients"]):
            number = next(numbers)
            openid = f"o{number:027x}" if job["new"] else f"o{job['people']}{client:012d}"
            if job.get("event"):
                mine.append(view_event(account, cipher, job["path"], openid, number))
            else:
                mine.append(text_message(account, cipher, job["path"], openid, texts[place % len(texts)], number))
        shares.append(mine)
    return shares


def main() -> None:
    job = json.loads(sys.stdin.readline())
    account = Account(**job["account"])
    shares = _shares(job, account)
    print("ready", flush=True)
    assert sys.stdin.readline() == "go\n"
    answers, latencies, seconds = uvloop.run(_post_all(job["port"], shares))
    print("done", flush=True)
    if job.get("again"):
        # The very same requests once more, as often as asked: what the platform does with what it believes lost.
        assert sys.stdin.readline() == "go\n"
        answers, latencies, seconds = uvloop.run(_post_all(job["port"], [share * job["again"] for share in shares]))
        print("done", flush=True)
    cipher = account.cipher()
    texts: dict[str, int] = {}
    for openid, status, body in answers:
        text = answered_text(cipher, body, openid) if status == 200 and body.startswith(b"<xml>") else f"HTTP {status}: {body[:80].decode()}"
        text = text[:20] if job.get("brief") else text
        texts[text] = texts.get(text, 0) + 1
    latencies = [round(one, 6) for one in latencies]
    print(json.dumps({"latencies": latencies, "seconds": seconds, "texts": texts}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
