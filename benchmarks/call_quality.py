"""What people see and hear in a call on a weak link: real Chromium tabs in the real house, behind the shaper, counted by getStats and by the pictures
that were shown. `python -m benchmarks.call_quality [--json] [--short 0.2] [SCENARIO …]`: all, or these; `--short` makes every duration so much
shorter, for trying out (the figures are then not those of the goals)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from playwright.async_api import Browser

from benchmarks.support import speech
from benchmarks.support.call_figures import concealed, first_at, gaps, kbps, longest_gap, rise
from benchmarks.support.call_tabs import Camera, Tab, camera_browser, open_tab
from benchmarks.support.figure import Figure, number, percentile
from tests.journeys.call_people import Case, open_case
from tests.support.demo import Demo, running
from tests.support.links import Link, Phases

WAY = Link(delay_s=0.04)
NEAR, FAR, THIRD = "expert", "patient", "village_doctor"
"""FAR is behind the weak link, the others are not."""
RAW = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
SMALL = Camera()
FULL = Camera(640, 480, lively=0.25)
DROPS = ((2.0, 0.5), (6.0, 1.0), (12.0, 1.0), (40.0, 2.0))
KILLS = 3
SHOWN_STILL_MS = 400
"""So long after its end pictures of a media process may still be on their way to the screen; nobody has new connections by then."""

Row = list[str]


@dataclass
class Stage:
    """`short`: every duration is multiplied by it."""

    browser: Browser
    demo: Demo
    case: Case
    short: float
    voice: Path | None

    @contextlib.asynccontextmanager
    async def pair(self, camera: Camera, link: Phases) -> AsyncIterator[tuple[Tab, Tab]]:
        """Both tabs in the call, FAR behind the link. Gives (far, near)."""
        async with self.room(camera, link, NEAR, FAR) as tabs:
            yield tabs[FAR], tabs[NEAR]

    @contextlib.asynccontextmanager
    async def room(self, camera: Camera, link: Phases, *seats: str) -> AsyncIterator[dict[str, Tab]]:
        """A tab a seat in the call, FAR behind the link."""
        async with contextlib.AsyncExitStack() as stack:
            tabs = {
                seat: await stack.enter_async_context(open_tab(self.browser, self.demo.base_url, self.case, seat, camera, number_))
                for number_, seat in enumerate(seats, 11)
            }
            for seat, tab in tabs.items():
                if seat == FAR:
                    tab.shaper.follow(link)
                at = await tab.join()
                if seat != NEAR:
                    await tab.first_picture(NEAR, at)
            for seat in seats:
                if seat != NEAR:
                    await tabs[NEAR].first_picture(seat, at)
            yield tabs
            for seat, tab in tabs.items():
                if tab.errors:
                    raise RuntimeError(f"{seat}: {tab.errors}")

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.short)


def _spread(values: list[float]) -> str:
    return f"{number(percentile(values, 0.5))} / {number(percentile(values, 0.95))} ms"


def _both(up: float | None, down: float | None, unit: str = "") -> Row:
    return [*("not reached" if value is None else f"{number(value)}{unit}" for value in (up, down))]


async def first_frame(stage: Stage) -> list[Row]:
    """加入 pressed → first picture of somebody who is there, 40 ms each way."""
    took: list[float] = []
    async with stage.pair(SMALL, [(0.0, WAY)]) as (far, _):
        for _ in range(max(3, round(10 * stage.short))):
            await far.leave()
            at = await far.join()
            shown = await far.first_picture(NEAR, at)
            took.append((shown or float("inf")) - at)
            await asyncio.sleep(1)
    return [["加入 → first picture, 40 ms each way, p50 / p95", "p95 ≤ 1 s", "", _spread(took), f"{len(took)} joins"]]


async def glass_to_glass(stage: Stage) -> list[Row]:
    rows = []
    for name, link, goal in (("loopback", Link(), "p95 ≤ 50 ms"), ("40 ms each way", WAY, "p95 ≤ 150 ms")):
        async with stage.pair(Camera(ages=True, every=2000), [(0.0, link)]) as (far, near):
            await asyncio.sleep(3)
            since = await far.now()
            await stage.wait(10)
            up, down = [[age for _, age in await tab.shown(seat, since) if age is not None] for tab, seat in ((near, FAR), (far, NEAR))]
        rows.append([f"glass to glass, {name}, p50 / p95", goal, _spread(up), _spread(down), f"{len(up) + len(down)} pictures"])
    return rows


async def loss(stage: Stage) -> list[Row]:
    """5 % of all packets lost at 1 Mbps."""
    async with stage.pair(FULL, [(0.0, Link(2_000_000, 0.04))]) as (far, near):
        await asyncio.sleep(4)
        far.shaper.set(Link(1_000_000, 0.04, loss=0.05))
        begin = await far.now()
        await stage.wait(60)
        end = await far.now()
        settle = begin + 3000 * min(1.0, stage.short)
        measured = []
        for tab, seat in ((near, FAR), (far, NEAR)):
            shown, samples = [at for at, _ in await tab.shown(seat, begin)], await tab.samples(begin)
            twenty = begin + 20_000 * stage.short
            measured.append((
                longest_gap(shown, settle, end), percentile(gaps(shown, settle, end), 0.99),
                rise(samples, f"{seat} video", "framesDecoded", settle, end) / (end - settle) * 1000,
                len([at for at in shown if at >= settle]) / (end - settle) * 1000,
                kbps(samples, seat, twenty - 4000 * stage.short, twenty), kbps(samples, seat, end - 10_000 * stage.short, end),
            ))  # fmt: skip
    seconds = f"{60 * stage.short:.0f} s"
    names = (
        ("5 % loss at 1 Mbps: longest gap (99 % of gaps below)", "≤ 300 ms"), ("… pictures a second, decoded (shown)", "≥ 24"),
        ("… after 20 s (last 10 s)", "≥ 800 kbps"),
    )  # fmt: skip
    cells = [
        [f"{number(one[0])} ms ({number(one[1])})" for one in measured], [f"{number(one[2])} ({number(one[3])})" for one in measured],
        [f"{number(one[4])} kbps ({number(one[5])})" for one in measured],
    ]  # fmt: skip
    return [[name, goal, *values, seconds] for (name, goal), values in zip(names, cells, strict=True)]


async def cliff(stage: Stage) -> list[Row]:
    """2 Mbps, then 300 kbps, then 1 Mbps."""
    first, second, third = (seconds * stage.short for seconds in (20, 20, 20))
    async with stage.pair(FULL, [(0.0, Link(2_000_000, 0.04))]) as (far, near):
        await asyncio.sleep(first)
        far.shaper.set(Link(300_000, 0.04))
        fell = await far.now()
        await asyncio.sleep(second)
        far.shaper.set(Link(1_000_000, 0.04))
        rose = await far.now()
        await asyncio.sleep(third)
        end = await far.now()
        found = []
        for tab, seat in ((near, FAR), (far, NEAR)):
            shown, samples = [at for at, _ in await tab.shown(seat)], await tab.samples()
            found.append((
                longest_gap(shown, fell, rose), kbps(samples, seat, fell + min(10_000, second * 500), fell + min(20_000, second * 1000)),
                concealed(samples, seat, fell - 500, fell + 5000)[2], concealed(samples, seat, fell + 5000, rose)[2],
                first_at(samples, seat, 800, rose, end), kbps(samples, seat, fell - 5000, fell),
            ))  # fmt: skip
    n = f"{first + second:.0f} s"
    return [
        ["2 Mbps: before the cliff", "", *(f"{number(one[5])} kbps" for one in found), n],
        ["2 Mbps → 300 kbps: longest freeze", "≤ 1 s", *(f"{number(one[0])} ms" for one in found), n],
        ["… 10–20 s after", "≥ 200 kbps", *(f"{number(one[1])} kbps" for one in found), n],
        ["… longest concealed sound at the cliff / later", "≤ 600 / 200 ms", *(f"{number(one[2])} / {number(one[3])} ms" for one in found), n],
        ["300 kbps → 1 Mbps: 800 kbps reached after", "≤ 10 s", *_both(found[0][4], found[1][4], " s"), f"{third:.0f} s"],
    ]


async def hardly_a_link(stage: Stage) -> list[Row]:
    """50 kbps with a tenth lost: speech must get through."""
    lack = speech.missing() or ("" if stage.voice else "speech")
    async with stage.pair(Camera(320, 240, audio=RAW), [(0.0, Link(1_000_000, 0.04))]) as (far, near):
        await asyncio.sleep(5)
        before = await speech.listen(near.page, FAR, 8) if not lack else b""
        far.shaper.set(Link(50_000, 0.04, loss=0.10))
        begin = await far.now()
        await stage.wait(50)
        listening = [speech.listen(tab.page, seat, 10 * stage.short + 2) for tab, seat in ((near, FAR), (far, NEAR)) if not lack]
        heard = await asyncio.gather(*listening)
        end = await far.now()
        measured, states = [], set()
        for tab, seat in ((near, FAR), (far, NEAR)):
            samples = await tab.samples(begin)
            states |= {one["state"] for one in samples}
            measured.append(concealed(samples, seat, begin + 3000 * stage.short, end))
        far.shaper.set(WAY)
        back = await far.now()
        pictures = [await tab.first_picture(seat, back, 30_000) for tab, seat in ((near, FAR), (far, NEAR))]
    seconds = f"{60 * stage.short:.0f} s"
    rows = [
        ["50 kbps, 10 % loss: concealed sound", "≤ 15 %", *(f"{one[0] * 100:.1f} %" for one in measured), seconds],
        ["… of it silence", "≤ 5 %", *(f"{one[1] * 100:.1f} %" for one in measured), seconds],
        ["… longest concealed stretch", "", *(f"{number(one[2])} ms" for one in measured), seconds],
        ["… states of the call meanwhile", "connected", ", ".join(sorted(states)), "", seconds],
        ["… a picture again after the link is good", "", *_both(*((at - back) / 1000 if at else None for at in pictures), " s"), "once"],
    ]  # fmt: skip
    if lack:
        return [*rows, ["… PESQ", "printed", f"not measured: {lack} is missing", "", ""]]
    assert stage.voice is not None
    scores = [await asyncio.to_thread(speech.score, stage.voice, one) for one in (before, *heard)]
    return [*rows, ["… PESQ (good link before: " + number(scores[0]) + ")", "printed", *map(number, scores[1:]), "8 s"]]


async def back(stage: Stage) -> list[Row]:
    """Nothing passes, in either direction, neither media nor signalling; then everything does. And the media process dies."""
    rows = []
    async with stage.pair(SMALL, [(0.0, WAY)]) as (far, near):
        await asyncio.sleep(6)
        for seconds, goal in DROPS:
            far.shaper.drop(seconds * stage.short, WAY)
            returns = await far.now() + seconds * stage.short * 1000
            await stage.wait(seconds)
            up, down = await near.first_picture(FAR, returns), await far.first_picture(NEAR, returns)
            rows.append([f"back after {seconds * stage.short:g} s without network: first picture", f"≤ {goal} s", *_both(
                *((at - returns) / 1000 if at else None for at in (up, down)), " s"), "once"])  # fmt: skip
            await asyncio.sleep(8)
        far.shaper.change_address()
        changed = await far.now()
        await asyncio.sleep(0.6)
        up, down = await near.first_picture(FAR, changed + 600), await far.first_picture(NEAR, changed + 600)
        rows.append(["back after another address (old ones dead without a word)", "≤ 2 s", *_both(
            *((at - changed) / 1000 if at else None for at in (up, down)), " s"), "once"])  # fmt: skip
        return [*rows, await _media_killed(stage, far, near)]


async def _media_killed(stage: Stage, far: Tab, near: Tab) -> Row:
    """SIGKILL to the media process while both talk; the supervisor starts another one."""
    took: tuple[list[float], list[float]] = [], []
    for _ in range(KILLS):
        await asyncio.sleep(8)
        killed = await far.now()
        pid = await asyncio.to_thread(stage.demo.kill, "media")
        seen = await asyncio.gather(near.first_picture(FAR, killed + SHOWN_STILL_MS), far.first_picture(NEAR, killed + SHOWN_STILL_MS))
        for kept, at in zip(took, seen, strict=True):
            kept.append((at - killed) / 1000 if at else float("inf"))
        await asyncio.to_thread(stage.demo.wait_serving, "media", 90, instead_of=pid)
    worst = (None if max(each) == float("inf") else max(each) for each in took)
    return ["back after the media process was killed: first picture, worst", "≤ 3 s", *_both(*worst, " s"), f"{KILLS} kills"]


async def three(stage: Stage) -> list[Row]:
    """All three seats; the link of one falls from 2 Mbps to 300 kbps. The other two go on as if nothing were."""
    async with stage.room(Camera(640, 360, 6, 0.05), [(0.0, Link(2_000_000, 0.04))], NEAR, FAR, THIRD) as tabs:
        await stage.wait(15)
        tabs[FAR].shaper.set(Link(300_000, 0.04))
        fell = await tabs[FAR].now()
        await stage.wait(25)
        end = await tabs[FAR].now()
        freeze: dict[tuple[str, str], float] = {}
        sound: dict[tuple[str, str], float] = {}
        for me, tab in tabs.items():
            samples = await tab.samples()
            for other in tabs:
                if other != me:
                    freeze[me, other] = longest_gap([at for at, _ in await tab.shown(other)], fell, end)
                    sound[me, other] = concealed(samples, other, fell - 500, end)[2]
    of_him, to_him = [(NEAR, FAR), (THIRD, FAR)], [(FAR, NEAR), (FAR, THIRD)]
    others = [(NEAR, THIRD), (THIRD, NEAR)]

    def worst(found: dict[tuple[str, str], float], ways: list[tuple[str, str]]) -> str:
        return f"{number(max(found[way] for way in ways))} ms"

    over = f"{40 * stage.short:.0f} s"
    return [
        ["three tabs, one of them 2 Mbps → 300 kbps: longest freeze", "≤ 1 s", worst(freeze, of_him), worst(freeze, to_him), over],
        ["… longest concealed sound", "≤ 600 ms", worst(sound, of_him), worst(sound, to_him), over],
        ["… between the two others: longest freeze, longest concealed sound", "", worst(freeze, others), worst(sound, others), over],
    ]


SCENARIOS: dict[str, Callable[[Stage], Awaitable[list[Row]]]] = {
    "first_frame": first_frame, "glass_to_glass": glass_to_glass, "loss": loss, "cliff": cliff, "hardly_a_link": hardly_a_link, "back": back,
    "three": three,
}


async def _run(demo: Demo, case: Case, names: list[str], short: float, folder: Path) -> tuple[list[Row], str]:
    rows: list[Row] = []
    voice = None if speech.missing() else speech.spoken(folder / "speech.wav")
    more = [] if voice is None else [f"--use-file-for-fake-audio-capture={voice}"]
    async with camera_browser(*more) as browser:
        stage = Stage(browser, demo, case, short, voice)
        for name in names:
            print(f"  {name}", file=sys.stderr, flush=True)
            rows += await SCENARIOS[name](stage)
        return rows, browser.version


def measure(names: list[str], short: float) -> Figure:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder, running(Path(folder) / "data") as demo:
        case = open_case(demo)
        rows, chromium = asyncio.run(_run(demo, case, names, short, Path(folder)))
    notes = [
        "Two tabs (three where it says so) of one headless Chromium (software encoding and decoding) in the whole house on the same machine, media "
        "and signalling of one of them behind the seeded shaper (tests/support/shaper.py), the same link both ways. Out: what the other sees of "
        f"him; in: what he sees. Camera: a canvas, {FULL.width}x{FULL.height} at {FULL.rate} where kbps or gaps count, {SMALL.width}x{SMALL.height} "
        f"else. Load before the start {load:.1f} on {len(os.sched_getaffinity(0))} cores: a gap may be the machine's.",
        "Gaps: between pictures that were really shown (requestVideoFrameCallback). Concealed: samples that opus made up, by getStats every tenth "
        "of a second. Drops: the network is gone for media and TCP alike, and old TCP connections come back as late as a kernel repeats.",
    ]
    if short != 1:
        notes.append(f"Every duration × {short:g}: tried out, not measured.")
    versions = {"Python": platform.python_version(), "aiortc": version("aiortc"), "Chromium": chromium}
    return Figure("call_quality", "A call on a weak link", ["", "goal", "out", "in", "over"], rows, notes, versions)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.call_quality")
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--short", type=float, default=1.0)
    given = parser.parse_args()
    if unknown := sorted({*given.names} - {*SCENARIOS}):
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    figure = measure(given.names or [*SCENARIOS], given.short)
    print(json.dumps(asdict(figure), ensure_ascii=False) if given.json else figure.as_markdown())


if __name__ == "__main__":
    main()
