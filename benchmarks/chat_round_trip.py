"""One text message to an Official Account and the encrypted answer to it, over real HTTP: the whole house beside a WeRoBot, in one run."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

from benchmarks.support.figure import Figure, number, percentile, show
from benchmarks.support.processes import cpu_by_name, wait_quiet
from benchmarks.support.servers import Server, heard, huizhen, tell, werobot
from tests.support.demo import ROOT

TEXT = "帮助"
ROUNDS = 3
LOADS = ((1, 60, 300), (20, 200, 600))
"""Clients at once, messages a round to us, messages a round to the peer: enough for a second or more each, the whole run under two minutes."""


@dataclass
class Measured:
    """What one line of the table is made of, summed over the rounds."""

    server: Server
    new: bool
    clients: int
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)

    @property
    def label(self) -> str:
        who = "" if self.server.label != "Huizhen" else ", always somebody new" if self.new else ", people who wrote before"
        return self.server.label + who

    @property
    def count(self) -> int:
        return len(self.latencies)

    @property
    def cpu_a_thousand(self) -> float:
        return sum(self.cpu.values()) / self.count * 1000

    @property
    def rate(self) -> float:
        return self.count / self.seconds


def post(server: Server, clients: int, messages: int, *, new: bool, into: Measured | None = None) -> Counter[str]:
    """Have a client process post; the texts that came back, each checked for signature, encryption and receiver."""
    job = {
        "account": asdict(server.account), "port": server.port, "path": server.path, "clients": clients, "messages": messages,
        "new": new, "people": f"known{clients:03d}", "text": TEXT,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.support.client"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        tell(client, job)
        heard(client, ["ready"])
        wait_quiet(server.pids)
        before = cpu_by_name(server.processes)
        tell(client, "go")
        heard(client, ["done"])
        wait_quiet(server.pids)
        after = cpu_by_name(server.processes)
        result = json.loads(heard(client))
    if into is not None:
        into.latencies += result["latencies"]
        into.seconds += result["seconds"]
        into.cpu.update({name: after[name] - before[name] for name in after})
        into.texts.update(result["texts"])
    return Counter(result["texts"])


def _lines(ours: Server, bare: Server, keeping: Server) -> list[Measured]:
    return [
        Measured(server, new, clients)
        for clients, _, _ in LOADS
        for server, new in ((ours, False), (ours, True), (keeping, True), (bare, True))
    ]


def measure() -> Figure:
    """Start the three servers, warm them, and let them take turns."""
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder, huizhen(Path(folder) / "data") as ours:
        (answer,) = post(ours, 1, 1, new=True)
        with (
            werobot(ours.account, answer, sessions=None) as bare,
            werobot(ours.account, answer, sessions=str(Path(folder) / "sessions.sqlite3")) as keeping,
        ):
            lines = _lines(ours, bare, keeping)
            for line in lines:
                post(line.server, line.clients, 2 * line.clients, new=line.new)
            for _ in range(ROUNDS):
                for line in lines:
                    size = {clients: mine if line.server is ours else peers for clients, mine, peers in LOADS}[line.clients]
                    post(line.server, line.clients, size, new=line.new, into=line)
    return _figure(lines, answer)


def _figure(lines: list[Measured], answer: str) -> Figure:
    columns = ["", "clients", "p50 ms", "p99 ms", "messages/s", "CPU s per 1,000", "right answers"]
    rows = [
        [
            line.label, str(line.clients), number(percentile(line.latencies, 0.5) * 1000), number(percentile(line.latencies, 0.99) * 1000),
            number(line.rate), number(line.cpu_a_thousand), f"{line.texts[answer]} of {line.count}",
        ]
        for line in lines
    ]  # fmt: skip
    for clients, _, _ in LOADS:
        ours, _, *peers = (line for line in lines if line.clients == clients)
        rows += [[f"ratio, {ours.label} : {peer.label}", str(clients), *_ratios(ours, peer), ""] for peer in peers]
    wrong = [line for line in lines if line.server.label == "Huizhen" and line.texts[answer] != line.count]
    if wrong:
        raise RuntimeError(f"wrong answers: {[(line.label, line.clients, line.texts) for line in wrong]}")
    return Figure("chat_round_trip", "Chat round trip", columns, rows, [*_NOTES, _length(answer), _where(lines)], _versions())


def _ratios(ours: Measured, peer: Measured) -> list[str]:
    values: list[Callable[[Measured], float]] = [
        lambda line: percentile(line.latencies, 0.5), lambda line: percentile(line.latencies, 0.99), lambda line: line.rate,
        lambda line: line.cpu_a_thousand,
    ]  # fmt: skip
    return [f"× {number(value(ours) / value(peer))}" for value in values]


_NOTES = [
    f"The same text message ({TEXT}), signed and encrypted in security mode, over kept-alive HTTP on loopback; a client process of its own; "
    f"{ROUNDS} rounds in which the servers take turns. Every answer's signature, encryption, receiver and text are checked after the clock stops.",
    "Not the same work. Huizhen: the demonstration under its supervisor (2 web processes, worker, ticker, Redis, SQLite on disk); each message is "
    "claimed once against repeated delivery, sealed and stored with its event, handed to another process, looked through for danger, answered from "
    "the person's roles, the reply sealed and stored with the dialogue, audited, and handed over exactly once. Somebody new also gets an account, a "
    "conversation and a data key, and the platform is asked for the unionid afterwards.",
    "WeRoBot: one process behind waitress (the server its run() takes by itself), 4 threads, a handler that returns the same text. "
    "It does not notice repeated delivery or old timestamps. Nothing kept: sessions switched off, its fastest; sessions kept: its default, a row in "
    "SQLite for each person; answers that it lost where its threads met are missing in the last column.",
    "CPU: user and system time of all processes of the server until they are quiet again, half a second of idling included; the simulated platform "
    "is not counted.",
]


def _length(answer: str) -> str:
    return f"The answer has {len(answer)} characters ({len(answer.encode())} bytes)."


def _where(lines: list[Measured]) -> str:
    """Which of our processes the CPU went to."""
    parts = []
    for line in lines:
        if line.server.label == "Huizhen":
            shares = ", ".join(f"{name} {number(spent / line.count * 1000)}" for name, spent in line.cpu.most_common() if spent)
            parts.append(f"{line.label.removeprefix('Huizhen, ')} at {line.clients}: {shares}")
    return "Our CPU s per 1,000 messages by process: " + "; ".join(parts) + "."


def _versions() -> dict[str, str]:
    names = ("sanic", "tortoise-orm", "redis", "werobot", "waitress", "cryptography", "uvloop")
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}


if __name__ == "__main__":
    show(measure)
