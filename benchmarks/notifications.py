"""A thousand notifications while the platform fails one call in five, and the worker is killed in the middle: who got what, how often."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sqlite3
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import httpx

from benchmarks.support.figure import Figure, number, show
from core.foundation.actor import Actor, Role
from core.foundation.orders import Command, Done, Grant, handles
from core.foundation.work import Work
from core.notifications.service import tell
from tests.support.demo import Demo, running

COUNT = 1000
FAILING = 0.2
KIND, WORDS = "session.reused", "凭据被第二次使用"
LIMIT_S = 480.0


class TellMany(Command):
    """Of this measurement alone: the same words to staff by turns, as the practice tells them."""

    name = "benchmark.tell_many"
    title = "发一批通知"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    accounts: tuple[str, ...]


@handles(TellMany)
async def _tell_many(work: Work, order: TellMany) -> Done:
    for account_id in order.accounts:
        await tell(work, account_id, KIND, urgent=True)
    return Done()


async def _queue(environment: dict[str, str]) -> Counter[str]:
    """Queue all of them beside the running house; how many for each userid."""
    os.environ.update(environment)
    from core.people.models import Identity
    from miniprogram_api.app.rekeying import open_for_rekeying
    from miniprogram_api.app.settings import Settings

    settings = Settings()
    corporation = json.loads((settings.data_dir / "secrets" / "channels.json").read_text())["wecom"]["corpid"]
    async with open_for_rekeying(settings) as practice:
        members = await Identity.filter(app=corporation).order_by("id").values_list("account_id", "subject")
        by_turns = [members[place % len(members)] for place in range(COUNT)]
        for begin in range(0, COUNT, 50):
            accounts = tuple(str(account) for account, _ in by_turns[begin : begin + 50])
            await practice.execute(Actor.system("benchmark"), TellMany(accounts=accounts))
    return Counter(str(subject) for _, subject in by_turns)


def _states(data_dir: Path) -> Counter[str]:
    with sqlite3.connect(f"file:{data_dir / 'practice.sqlite3'}?mode=ro", uri=True, timeout=20) as database:
        return Counter(dict(database.execute("SELECT state, count(*) FROM notification WHERE kind = ? GROUP BY state", (KIND,)).fetchall()))


def _arrived(data_dir: Path) -> Counter[str]:
    """How often it stands on the phone of each member, by userid."""
    userids = {one["key"]: one.get("userid", "") for one in json.loads((data_dir / "simulator" / "people.json").read_text())["people"]}
    with sqlite3.connect(f"file:{data_dir / 'simulator' / 'state.sqlite3'}?mode=ro", uri=True, timeout=20) as database:
        rows = database.execute("SELECT conversation FROM messages WHERE origin = 'service' AND instr(body, ?) > 0", (WORDS,)).fetchall()
    return Counter(userids[conversation.partition("/")[0]] for (conversation,) in rows)


def _wait(demo: Demo, sent: int) -> Counter[str]:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        states = _states(demo.data_dir)
        if states["sent"] >= sent or states["sent"] + states["failed"] >= COUNT:
            return states
        time.sleep(0.1)
    return _states(demo.data_dir)


def measure() -> Figure:
    """Fail, queue, kill in the middle, wait, compare the phones with what was to be told."""
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder, running(Path(folder) / "data", hurried=True) as demo:
        with httpx.Client(trust_env=False) as client:
            wanted = {"api_error_rate": FAILING, "seed": 6}
            client.put(f"{demo.base_url}/simulator/conditions", json=wanted).raise_for_status()
        begun = time.monotonic()
        expected = asyncio.run(_queue({**demo.environment}))
        _wait(demo, COUNT // 2)
        killed = demo.kill("worker")
        states = _wait(demo, COUNT)
        seconds = time.monotonic() - begun
        time.sleep(2)
        arrived = _arrived(demo.data_dir)
    total = sum(arrived.values())
    missing = sum(max(0, count - arrived[userid]) for userid, count in expected.items())
    rows = [
        ["queued", str(COUNT)], ["marked as sent", str(states["sent"])], ["given up", str(states["failed"])], ["on the phones", str(total)],
        ["on no phone", str(missing)], ["once too often (in flight at the kill)", str(total - COUNT + missing)],
        ["seconds until all were sent", number(seconds)], ["a second", number(COUNT / seconds)],
    ]  # fmt: skip
    if states["sent"] != COUNT or killed is None:
        raise RuntimeError(f"not all were sent: {states}; killed: {killed}")
    return Figure("notifications", "A thousand notifications, platform failing, worker killed", ["", ""], rows, _NOTES, _versions())


_NOTES = [
    f"{COUNT} notices to the staff of the demonstration by WeCom, by turns; the simulated platform fails {FAILING:.0%} of all calls before they "
    "have an effect, half with -1, half with HTTP 502; the only worker is killed with SIGKILL when half of them are sent, and started again by "
    "its supervisor.",
    "A failed call is repeated after a second, then two, four …; what comes later for the same person waits for it, so that order is kept. The "
    "simulated WeCom delivers 600 a minute to one member here instead of 30: the pace is measured elsewhere.",
]


def _versions() -> dict[str, str]:
    return {"Python": platform.python_version(), **{name: version(name) for name in ("sanic", "tortoise-orm", "redis", "httpx")}}


if __name__ == "__main__":
    show(measure)
