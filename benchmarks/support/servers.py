"""The two servers of the chat round trip, each started as a person would run it, on free ports, and stopped afterwards."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.support.platform import Account
from tests.support.demo import ROOT, running


@dataclass(frozen=True)
class Server:
    """``processes``: the process ids by name whose CPU counts; ``label`` as it stands in the table."""

    label: str
    account: Account
    port: int
    path: str
    processes: dict[str, list[int]]

    @property
    def pids(self) -> list[int]:
        return [pid for pids in self.processes.values() for pid in pids]


@contextlib.contextmanager
def huizhen(folder: Path) -> Iterator[Server]:
    """The whole demonstration under its supervisor. The simulated platform runs too, but it is not ours to count: a real one runs elsewhere."""
    with running(folder) as demo:
        given = json.loads((folder / "secrets" / "channels.json").read_text())["official_account"]
        account = Account(given["original_id"], given["appid"], given["token"], given["encoding_aes_key"])
        listed = demo.listed()
        processes: dict[str, list[int]] = {"supervisor": [listed["supervisor"]]}
        for child in listed["processes"]:
            if child["name"] != "simulator":
                processes.setdefault(child["name"].split("-")[0], []).append(child["pid"])
        yield Server("Huizhen", account, int(demo.base_url.rsplit(":", 1)[1]), "/callback/official-account", processes)


@contextlib.contextmanager
def werobot(account: Account, answer: str, *, sessions: str | None, threads: int = 4) -> Iterator[Server]:
    """A WeRoBot behind waitress. ``sessions``: the file of its SQLite sessions, None for none."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.support.peer"], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    try:
        tell(process, {"account": asdict(account), "answer": answer, "sessions": sessions, "threads": threads})
        port = int(heard(process))
        label = "WeRoBot, nothing kept" if sessions is None else "WeRoBot, sessions kept"
        yield Server(label, account, port, "/", {"werobot": [process.pid]})
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def bare_sanic(account: Account, answer: str, *, keeps: Path | None = None) -> Iterator[Server]:
    """wechatpy behind Sanic: decrypt, parse, answer. The least that a bot of this kind can do; with ``keeps`` (an SQLite file to be made) the least
    that stores what it acknowledges."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.support.bare_sanic"], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    try:
        tell(process, {"account": asdict(account), "answer": answer, "keeps": str(keeps or "")})
        port = int(heard(process))
        label = "nothing kept" if keeps is None else "one table kept"
        yield Server(f"wechatpy + Sanic, {label}", account, port, "/", {"sanic": [process.pid]})
    finally:
        process.terminate()
        process.wait(10)


def tell(process: subprocess.Popen[str], message: dict[str, Any] | str) -> None:
    """One line to a helper process."""
    assert process.stdin is not None
    process.stdin.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str], expected: Sequence[str] = ()) -> str:
    """One line of a helper process; RuntimeError when it ended or said something else."""
    assert process.stdout is not None
    line = process.stdout.readline().rstrip("\n")
    if not line or (expected and line not in expected):
        raise RuntimeError(f"a helper process said {line!r} instead of {' or '.join(expected) or 'anything'}")
    return line
