"""Callbacks of an Official Account, encrypted text in and encrypted text out, per CPU-second: the whole house beside WeRoBot and a bare Sanic."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import inquiry
from benchmarks.support.figure import Figure, number, percentile, show
from benchmarks.support.processes import cpu_by_name, wait_quiet
from benchmarks.support.servers import Server, bare_sanic, heard, huizhen, tell, werobot
from nlp.engine import build
from nlp.interface.assessment import Facts
from tests.support.demo import ROOT

COMMAND = "帮助"
TRIAGE = ("我咳嗽三天了,发烧38度5,有黄痰", "没有", "五十八岁,有糖尿病", "换一件事")
"""A pre-consultation of three sentences, put away so that the next is a new one."""
CLIENTS = 20
ROUNDS = 3
AGAIN = 5
"""How often each answered message is delivered again, at once: a moment later a repetition means that answers do not arrive, and is pushed."""
MESSAGES = {"text": (300, 1000), "again": (300, 1000), "event": (1000, 1000), "triage": (80, 0)}
"""A round to us, a round to each peer."""


@dataclass
class Measured:
    server: Server
    what: str
    latencies: list[float] = field(default_factory=list)
    cpu: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Callbacks a CPU-second, all processes of the server together."""
        return len(self.latencies) / max(sum(self.cpu.values()), 1e-9)


def post(server: Server, job: dict[str, Any], into: Measured | None = None) -> Counter[str]:
    """Have a client process post; what came back, each answer checked for signature, encryption and receiver."""
    whole = {"account": asdict(server.account), "port": server.port, "path": server.path, "new": False, "text": COMMAND, **job}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.support.client"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        tell(client, whole)
        heard(client, ["ready"])
        wait_quiet(server.pids)
        before = cpu_by_name(server.processes)
        tell(client, "go")
        heard(client, ["done"])
        # What is delivered again much later counts as lost and is pushed instead: there is no time for all to be quiet.
        wait_quiet(server.pids, 0.8 if job.get("again") else 4.0)
        if job.get("again"):
            before = cpu_by_name(server.processes)
            tell(client, "go")
            heard(client, ["done"])
            wait_quiet(server.pids)
        after = cpu_by_name(server.processes)
        result = json.loads(heard(client))
    answers = Counter(result["texts"])
    if into is not None:
        into.latencies += result["latencies"]
        into.cpu.update({name: after[name] - before[name] for name in after})
        into.answers.update(answers)
    return answers


def _job(what: str, count: int, who: str) -> dict[str, Any]:
    job: dict[str, Any] = {"clients": CLIENTS, "messages": count, "people": f"known{who}"}
    match what:
        case "again":
            return job | {"again": AGAIN, "messages": count // AGAIN}
        case "event":
            return job | {"event": True}
        case "triage":
            return job | {"texts": list(TRIAGE), "people": f"triage{who}", "brief": True}
    return job


def measure() -> Figure:
    """Start the servers, warm them, let them take turns."""
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder, huizhen(Path(folder) / "data") as ours:
        (answer,) = post(ours, {"clients": 1, "messages": 1, "people": "known000"})
        with (
            werobot(ours.account, answer, sessions=None) as robot,
            bare_sanic(ours.account, answer) as bare,
            bare_sanic(ours.account, answer, keeps=Path(folder) / "kept.sqlite3") as keeping,
        ):
            servers = (ours, robot, bare, keeping)
            lines = [Measured(server, what) for what in MESSAGES for server in servers if what != "triage" or server is ours]
            for line in lines:
                post(line.server, _job(line.what, 2 * CLIENTS * (AGAIN if line.what == "again" else 1), "000"))
            for _ in range(ROUNDS):
                for line in lines:
                    post(line.server, _job(line.what, MESSAGES[line.what][0 if line.server is ours else 1], "000"), line)
    return _figure(lines, answer)


def engine_alone() -> list[float]:
    """CPU milliseconds of each sentence of the pre-consultation, read, merged, judged and asked on by the engine, with nothing received or stored."""
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder:
        engine = build(Path(folder))
        engine.warm()
        costs: list[float] = []
        for round_ in range(51):
            facts, question = Facts(), None
            for text in TRIAGE[:-1]:
                facts, question, cost = inquiry.heard(engine, facts, question, text)
                if round_:  # the first one loads what is looked up for the first time
                    costs.append(cost)
        return costs


LATE = "HTTP 200: success"
LABELS = {
    "text": f"text ({COMMAND}) → text",
    "again": "the same messages delivered again",
    "event": "event, acknowledged",
    "triage": "a sentence of a pre-consultation → the next question",
}


def _figure(lines: list[Measured], answer: str) -> Figure:
    rows = []
    for line in lines:
        peers = [one for one in lines if one.what == line.what and one.server is not line.server]
        ratios = [f"× {number(line.rate / peer.rate)}" for peer in peers] if peers and line.server.label == "Huizhen" else [""] * 3
        times = [number(percentile(line.latencies, share) * 1000) for share in (0.5, 0.99)]
        late = str(line.answers[LATE]) if line.what != "event" else ""
        rows.append([f"{LABELS[line.what]} · {line.server.label}", f"{line.rate:,.0f}", *times, str(len(line.latencies)), late, *ratios])
    costs = engine_alone()
    alone = f"{LABELS['triage']} · the engine alone, nothing received, stored or sent"
    times = [number(percentile(costs, share)) for share in (0.5, 0.99)]
    rows.append([alone, f"{len(costs) / sum(costs) * 1000:,.0f}", *times, str(len(costs)), "", "", "", ""])
    _check(lines, answer)
    columns = ["", "per CPU-second", "p50 ms", "p99 ms", "callbacks", "pushed later", "× WeRoBot", "× wechatpy + Sanic", "× one table kept"]
    return Figure("callbacks", "Callbacks per CPU-second", columns, rows, [*_NOTES, _where(lines)], _versions())


def _check(lines: list[Measured], answer: str) -> None:
    for line in lines:
        # What was not ready within the platform's deadline is acknowledged and pushed: right too, and counted in its column.
        right = {"text": {answer, LATE}, "again": {answer, LATE}, "event": {LATE}}.get(line.what)
        wrong = {text: count for text, count in line.answers.items() if right is not None and text not in right}
        if line.server.label == "Huizhen" and (wrong or any(text.startswith("HTTP") and text != LATE for text in line.answers)):
            raise RuntimeError(f"wrong answers to {line.what}: {wrong or line.answers}")


_NOTES = [
    f"Signed and encrypted in security mode over kept-alive HTTP on loopback, {CLIENTS} connections at once from a client process of its own; "
    f"{ROUNDS} rounds in which the servers take turns; user and system time of every process of the server (ours: supervisor, two web "
    "processes, worker, ticker, media, Redis; the database is SQLite inside them) until they are quiet again.",
    "Not the same work. A text to us is claimed once, sealed and stored with its event and answered exactly once, the reply stored in one commit "
    "with an audit entry. 帮助 is one of the few words that are always answered the same: the web process answers it itself, once it has seen who "
    "asks and that his dialogue has nothing open and nothing unanswered. Everything else goes to a worker, as the pre-consultation here: danger "
    "is looked for, reply and dialogue stored in one commit, handed over once. The peers keep nothing and notice no repeated delivery and "
    "no old timestamp.",
    "Delivered again: the message was answered a moment before; ours finds it, opens the stored reply and seals the answer anew. An event that "
    "needs no answer is verified, opened, understood and acknowledged. The limit of what one person may send is off in the demonstration.",
    "One table kept: the least in Python that acknowledges no text it has not stored (``benchmarks/support/bare_sanic.py``); what a durable bot that "
    "looks nobody up, seals and thinks nothing could reach at most.",
    "The pre-consultation is three sentences and one that puts it away: each is read, ranked against the rules, its next question chosen, all of "
    "it stored. The last row is the part of it that is medicine, on one thread: what a triage turn could reach that is neither received, sealed, "
    "claimed, stored nor audited.",
]


def _where(lines: list[Measured]) -> str:
    parts = []
    for line in lines:
        if line.server.label == "Huizhen":
            count = len(line.latencies)
            shares = ", ".join(f"{name} {number(spent / count * 1000)}" for name, spent in line.cpu.most_common() if spent)
            parts.append(f"{LABELS[line.what]}: {shares}")
    return "Our CPU s per 1,000 callbacks by process: " + "; ".join(parts) + "."


def _versions() -> dict[str, str]:
    names = ("sanic", "tortoise-orm", "redis", "werobot", "waitress", "wechatpy", "cryptography", "uvloop")
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}


if __name__ == "__main__":
    show(measure)
