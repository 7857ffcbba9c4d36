"""What each step of an encrypted text that is answered at once costs, one after the other in one process: what is left to be gained."""

from __future__ import annotations

import asyncio
import base64
import itertools
import platform
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import cast

from benchmarks.callbacks import COMMAND
from benchmarks.execute import opened_practice
from benchmarks.support.figure import Figure, number, show
from benchmarks.support.platform import Account, text_message
from bot.channels.channel import Channel
from bot.channels.connections import Apis, connect_channels
from bot.channels.settings import ChannelSettings
from bot.inbox.always import always_said
from bot.inbox.inbox import Inbox
from bot.inbox.shapes import read
from bot.runtime import BotRuntime
from core.conversations import reading
from core.conversations.models import Message
from core.conversations.taking import Arrival, Taking
from core.foundation.practice import Practice

PEOPLE = 16
"""Callbacks at once, and so in one commit."""
ROUNDS = 15

Post = tuple[dict[str, str], bytes]


def _posts(account: Account) -> Callable[[], list[Post]]:
    """Makes the next message of each of ``PEOPLE``."""
    cipher, numbers = account.cipher(), itertools.count(10**9)

    def posts() -> list[Post]:
        made = []
        for person in range(PEOPLE):
            request = text_message(account, cipher, "/", f"oknown{person:010d}", COMMAND, next(numbers)).request
            head, _, body = request.partition(b"\r\n\r\n")
            query = head.split(b" ", 2)[1].decode().partition("?")[2]
            made.append((dict(part.split("=") for part in query.split("&")), body))
        return made

    return posts


async def _cost(work: Callable[[], Awaitable[object]]) -> float:
    """Microseconds of CPU, all threads of the process, for each callback."""
    begun = time.process_time()
    await work()
    return (time.process_time() - begun) / PEOPLE * 1e6


async def _steps(practice: Practice) -> list[list[str]]:
    given = {"token": secrets.token_hex(8), "encoding_aes_key": base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")}
    account = Account("gh_oa", "wxoa", given["token"], given["encoding_aes_key"])
    official = {"original_id": "gh_oa", "appid": "wxoa", "secret": "s"}
    settings = ChannelSettings.model_validate({"official_account": {**official, **given}})
    runtime = BotRuntime(practice, settings, connect_channels(settings), cast(Apis, SimpleNamespace()))
    channel, posts = runtime._channels.official_account, _posts(account)
    assert channel is not None
    await _written_before(practice)
    costs: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, spent in (await _round(runtime.inbox, channel, posts)).items():
            costs.setdefault(name, []).append(spent)
    return [[name, number(median(spent)), number(1e6 / median(spent))] for name, spent in costs.items()]


async def _round(inbox: Inbox, channel: Channel, posts: Callable[[], list[Post]]) -> dict[str, float]:
    """Microseconds of each step, once."""
    now, fresh, whole = inbox.practice.clock.real_now, posts(), posts()
    incoming = [channel.receive(query, {}, body, now()) for query, body in fresh]
    arrivals = [inbox._arrival(one, None) for one in incoming]
    said = always_said(incoming[0], elder=False)

    async def received() -> None:
        for query, body in fresh:
            channel.receive(query, {}, body, now())

    async def worded() -> None:
        for one in incoming:
            always_said(one, elder=False)

    async def sealed() -> None:
        for one in incoming:
            channel.passive_reply(one, said.shapes, now(), "1234567890")

    steps = {
        "signature, decryption, XML, the message": received,
        "was it there before? one question for all": lambda: asyncio.gather(*(inbox._taking.known(one.dedupe_key) for one in incoming)),
        WHO: lambda: inbox._at_once._writers(arrivals),
        "which words, which reply": worded,
        SEALED: sealed,
        KEPT: lambda: asyncio.gather(*(inbox._answered_at_once(channel, one) for one in incoming)),
        "all of it, from the body to the answer's": lambda: asyncio.gather(*(inbox.receive(channel, query, {}, body) for query, body in whole)),
    }
    spent = {name: await _cost(step) for name, step in steps.items()}
    spent[KEPT] -= spent[WHO] + spent[SEALED]  # which it holds
    rows = await Message.filter(dedupe_key__in=[one.dedupe_key for one in incoming])
    spent["of a repeated delivery: the stored reply opened and read"] = await _cost(lambda: _opened(inbox.practice, rows))
    return spent


WHO, SEALED = "who writes, where the dialogue stands: one question", "the reply sealed for the platform"
KEPT = "kept: sealed, three rows with audit entry, one commit"


async def _opened(practice: Practice, rows: Sequence[Message]) -> None:
    for row in rows:
        read(await reading.opened(practice, row, "reply"))


async def _written_before(practice: Practice) -> None:
    """Everybody has an account, a chat and an answered message."""
    taking = Taking(practice)
    for person in range(PEOPLE):
        who = f"oknown{person:010d}"
        await taking.take(Arrival("official_account", "wxoa", who, who, False, f"first{person}", "text", "{}", trigger="message"))
    await Message.all().update(state="delivered")


async def _in(folder: Path) -> list[list[str]]:
    async with opened_practice(folder) as practice:
        return await _steps(practice)


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        rows = asyncio.run(_in(Path(folder)))
    notes = [
        f"Microseconds of CPU for each of {PEOPLE} callbacks that come at once ({COMMAND}), all threads of one process, the median of {ROUNDS} "
        "rounds; and how many that alone would allow in a CPU-second.",
        "In the whole are also the flood's count, a task for each callback and the gathering of those that came together. Sanic and the socket are "
        "in none of them: what they cost is an acknowledged event (above) less its reading here.",
    ]
    versions = {name: version(name) for name in ("tortoise-orm", "aiosqlite", "cryptography", "pydantic")}
    shown = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, **versions}
    return Figure("callback_steps", "A text answered at once, step by step", ["", "µs", "a CPU-second"], rows, notes, shown)


if __name__ == "__main__":
    show(measure)
