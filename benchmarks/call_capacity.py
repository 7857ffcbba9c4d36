"""How many three-way calls a core carries: servers by turns on the same core, the same light load client on another one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.support.call_clip import Clip, make
from benchmarks.support.call_janus import janus
from benchmarks.support.call_load import SEATS, Load, Server
from benchmarks.support.figure import Figure, number, percentile, show
from benchmarks.support.processes import cpu_seconds
from benchmarks.support.versions import versions
from media.calls import hooks
from media.calls.native.build import build
from tests.support.demo import ROOT

ROOMS = tuple(int(one) for one in os.environ.get("HUIZHEN_BENCH_ROOMS", "20 40").split())
WINDOW_S = float(os.environ.get("HUIZHEN_BENCH_SECONDS", "6"))
WARM_S = 6.0
TURNS = int(os.environ.get("HUIZHEN_BENCH_TURNS", "2"))
MOST_LATE, LEAST_OUT = 0.05, 1.999


class Child:
    """A server of `benchmarks.support.call_server` in a process of its own on `core`."""

    def __init__(self, name: str, stamps: bool, process: asyncio.subprocess.Process) -> None:
        self.name, self.stamps, self._process = name, stamps, process
        self._asked = 0

    @property
    def pids(self) -> list[int]:
        return [self._process.pid]

    async def _ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked += 1
        self._process.stdin.write(json.dumps({"id": self._asked, **order}).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer

    async def publish(self, room: str, seat: str, offer: str) -> str:
        return str((await self._ask(op="publish", room=room, seat=seat, seats=SEATS, offer=offer))["sdp"])

    async def subscribe(self, room: str, seat: str) -> str:
        return str((await self._ask(op="subscribe", room=room, seat=seat))["sdp"])

    async def accept(self, room: str, seat: str, answer: str) -> None:
        await self._ask(op="accept", room=room, seat=seat, answer=answer)


@contextlib.asynccontextmanager
async def child(name: str, core: int, *, stamps: bool) -> AsyncIterator[Server]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.support.call_server", name, str(core), cwd=ROOT, stdin=pipe, stdout=pipe, limit=1 << 22
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield Child(name, stamps, process)
    finally:
        process.kill()
        await process.wait()


Begin = Callable[[int], AbstractAsyncContextManager[Server]]
SERVERS: dict[str, tuple[Begin, tuple[int, ...]]] = {
    "huizhen, python engine": (lambda core: child("python", core, stamps=True), ROOMS),
    "huizhen, native engine": (lambda core: child("native", core, stamps=True), ROOMS),
    "Janus VideoRoom, event_loops = 1": (janus, ROOMS),
    "aiortc MediaRelay": (lambda core: child("media_relay", core, stamps=False), (1,)),
}
"""Each server: how it is begun on a core, and with how many rooms it is measured. Without a compiler the native engine is left out."""


@dataclass(frozen=True)
class Run:
    rooms: int
    cpu: float
    sent: int
    received: int
    repeated: int
    late: float
    latencies: list[float]
    memory: int

    @property
    def clean(self) -> bool:
        return self.late <= MOST_LATE and self.received + self.repeated >= LEAST_OUT * self.sent


async def measure_one(begin: Begin, rooms: int, clip: Clip, cores: tuple[int, int]) -> Run:
    async with begin(cores[0]) as server:
        load = Load(server, clip)
        load.start()
        try:
            for place in range(rooms):
                await load.add(f"room {place}", place / rooms / 3)
            await asyncio.sleep(WARM_S)
            load.counts.begin()
            before = cpu_seconds(server.pids)
            begun = asyncio.get_running_loop().time()
            await asyncio.sleep(WINDOW_S)
            counts = load.counts
            cpu = (cpu_seconds(server.pids) - before) / (asyncio.get_running_loop().time() - begun)
            memory = sum(_resident(pid) for pid in server.pids)
            late = counts.late / max(1, counts.ticks)
            return Run(rooms, cpu, counts.sent, counts.received, counts.repeated, late, list(counts.latencies), memory)
        finally:
            await load.close()


def _resident(pid: int) -> int:
    line = next(one for one in Path(f"/proc/{pid}/status").read_text("ascii").splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def _row(name: str, run: Run) -> list[str]:
    out, seconds = run.received + run.repeated, WINDOW_S
    latency = [number(percentile(run.latencies, share) * 1000) if run.latencies else "–" for share in (0.5, 0.99)]
    return [
        name, str(run.rooms), f"{run.cpu:.1%}", number(run.rooms / run.cpu), number(run.cpu * seconds / max(1, out) * 1e6), *latency,
        f"{out / seconds:,.0f}", f"{out / max(1, run.sent):.3f}", f"{run.late:.1%}", f"{run.memory / 2**20:.0f}", "yes" if run.clean else "no",
    ]  # fmt: skip


async def _measure() -> Figure:
    hooks.extend_negotiation()
    cores = sorted(os.sched_getaffinity(0))
    pair = (cores[-1], cores[0])
    os.sched_setaffinity(0, {pair[1]})
    clip = make()
    rows, best = [], {}
    for turn in range(TURNS):
        for name, (begin, sizes) in SERVERS.items():
            if "native" in name and build() is None:
                continue
            for rooms in sizes:
                run = await measure_one(begin, rooms, clip, pair)
                rows.append(_row(f"{name}, turn {turn + 1}", run))
                print(rows[-1], file=sys.stderr, flush=True)
                if run.clean or rooms == 1:
                    best.setdefault(name, []).append(run)
    columns = [
        "server", "rooms", "CPU of a core", "rooms per core", "µs per packet out", "p50 ms", "p99 ms", "packets out/s", "out/in", "late", "MiB",
        "clean",
    ]  # fmt: skip
    return Figure("call_capacity", "Three-way calls a core carries", columns, rows, _notes(best), versions("aiortc", "aioice", "pylibsrtp", "uvloop"))


def _notes(best: dict[str, list[Run]]) -> list[str]:
    notes = [
        "Room: three seats, each sends VP8 640x480 at 25 pictures a second and opus, and gets both of the two others; real ICE, DTLS and SRTP over "
        "the machine's own network interface, packets encoded beforehand. Receivers send transport-wide feedback every 100 ms, receiver reports "
        "every second and requests for what is missing; publishers get all of that from our engine, whose bandwidth control runs.",
        f"Each server alone on one core, the load client on another; {WARM_S:.0f} s to warm up, {WINDOW_S:.0f} s measured. Rooms per core are "
        "extrapolated from the CPU time at the number of rooms in the row. Latency: from the load client's beginning to write a picture's packets to "
        "the moment at which the system has one for its socket again (SO_TIMESTAMPNS), every seventh packet of a picture.",
        f"A run is clean when no more than {MOST_LATE:.0%} of the client's sound went out more than 10 ms late and {LEAST_OUT} packets came out for "
        "each that went in. MediaRelay encodes anew at a bit rate of its own: its packets out cannot be compared, its CPU can.",
    ]
    for engine in ("python", "native"):
        ours = best.get(f"huizhen, {engine} engine", [])
        for name, theirs in best.items():
            if ours and not name.startswith("huizhen"):
                notes.append(_beside(engine, ours, name, theirs))
    return notes


def _beside(engine: str, ours: list[Run], name: str, theirs: list[Run]) -> str:
    """All clean turns at the largest number of rooms that both carried cleanly: what a room costs falls as there are more of them."""
    at, other = _largest(ours), _largest(theirs)
    if other > 1:  # who carries one room only is compared with that one
        both = {one.rooms for one in ours} & {one.rooms for one in theirs}
        if not both:
            return f"The {engine} engine and {name} carried no number of rooms both cleanly: not compared."
        at = other = max(both)
    ratio = number(_per_core(ours, at) / _per_core(theirs, other))
    return f"Rooms per core of the {engine} engine, at {at}, beside {name}, at {other}: × {ratio} (all clean turns)."


def _largest(runs: list[Run]) -> int:
    return max(one.rooms for one in runs)


def _per_core(runs: list[Run], rooms: int) -> float:
    spent = [one.cpu for one in runs if one.rooms == rooms]
    return rooms * len(spent) / sum(spent)


def measure() -> Figure:
    return uvloop.run(_measure())


if __name__ == "__main__":
    show(measure)
