"""How long a callback waits under steady load while the platform's own API is slow, and whether each message had its effect once."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import httpx

from benchmarks.support.figure import Figure, number, percentile, show
from benchmarks.support.processes import cpu_by_name, wait_quiet
from benchmarks.support.servers import Server, heard, huizhen, tell
from tests.support.demo import ROOT

RATES = tuple(int(one) for one in os.environ.get("HUIZHEN_BENCH_RATES", "10 25 100").split())
SECONDS = 60
PERSONS = 200
EVENTS, AGAIN = 0.2, 0.05
TEXTS = ("帮助", "我的预约", "我的处方", "提醒开着吗", "谢谢")
API_DELAY_MS = 2000
SENT = "SELECT count(*), count(DISTINCT dedupe_key), sum(state = 'received'), sum(push = 'waiting') FROM message WHERE direction = 'in'"


def _load(server: Server, rate: int, seed: int) -> dict[str, list[float]]:
    job = {
        "account": asdict(server.account), "port": server.port, "path": server.path, "people": f"load{rate:04d}", "persons": PERSONS, "texts": TEXTS,
        "rate": rate, "seconds": SECONDS, "events": EVENTS, "again": AGAIN, "seed": seed,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.support.open_loop"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        tell(client, job)
        heard(client, ["ready"])
        tell(client, "go")
        heard(client, ["done"])
        found: dict[str, list[float]] = json.loads(heard(client))
    return found


def measure() -> Figure:
    """Slow the platform down, send at each rate, then look into the database."""
    rows, notes = [], []
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder, huizhen(Path(folder) / "data") as ours:
        with httpx.Client(trust_env=False) as client:
            client.put(f"http://127.0.0.1:{ours.port}/simulator/conditions", json={"delay_ms": API_DELAY_MS}).raise_for_status()
        for turn, rate in enumerate((*RATES, RATES[-1])):
            before = cpu_by_name(ours.processes)
            found = _load(ours, rate, turn)
            wait_quiet(ours.pids, 60)
            spent = sum(cpu_by_name(ours.processes).values()) - sum(before.values())
            statuses = Counter(int(one) for one in found["statuses"])
            late = sum(one > 4 for one in found["latencies"])
            name = f"{rate} a second" if turn < len(RATES) else f"{rate} a second, of the same people"
            rows.append([
                name, str(len(found["latencies"])), *(number(percentile(found["latencies"], share) * 1000) for share in (0.5, 0.99)),
                number(max(found["latencies"]) * 1000), str(late), str(sum(count for status, count in statuses.items() if status != 200)),
                f"{spent / len(found['latencies']) * 1000:.1f}",
            ])  # fmt: skip
        with sqlite3.connect(Path(folder) / "data" / "practice.sqlite3") as database:
            messages, keys, waiting, unpushed = database.execute(SENT).fetchone()
        notes.append(
            f"One effect each: {messages} messages stored under {keys} different keys; afterwards {waiting} without an answer, {unpushed} answers "
            "still to be pushed."
        )
    columns = ["", "callbacks", "p50 ms", "p99 ms", "longest ms", "over 4 s", "not 200", "CPU ms each"]
    return Figure("callback_latency", "Callbacks under load, platform API slow", columns, rows, [*_NOTES, *notes], _versions())


_NOTES = [
    f"Signed, encrypted callbacks at fixed moments for {SECONDS} s, {EVENTS:.0%} events, the rest short commands of {PERSONS} people; "
    f"{AGAIN:.0%} delivered once more within a second; the simulated platform's API answers {API_DELAY_MS / 1000:.0f} s late. Latency from the "
    "moment a callback was due.",
    "Each rate has people of its own, of whom nothing is known before: an account is made for each, and the slow API asked who he is. The last row "
    "is sent by the people of the row above it.",
    "The whole demonstration under its supervisor on the same two cores as the platform that sends and the simulator.",
]


def _versions() -> dict[str, str]:
    names = ("sanic", "tortoise-orm", "redis", "cryptography", "uvloop")
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}


if __name__ == "__main__":
    show(measure)
