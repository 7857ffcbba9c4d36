"""What it costs to show one frame: the decoder process beside Orthanc drawing the same frame with the same window over HTTP."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median

import httpx

from benchmarks.support.figure import Figure, number, show
from benchmarks.support.processes import cpu_seconds
from media.imaging.render import FULL_SIDE
from media.imaging.render_process import RenderProcess
from tests.media.test_check import small_ct

ROUNDS, CALLS, FILES = 5, 20, 6
SIDE = 512
WINDOW, CENTRE, WIDTH = "lung", -600, 1500


def measure() -> Figure:
    if shutil.which("Orthanc") is None:
        raise SystemExit("Orthanc is not installed; on Debian: apt-get install orthanc")
    files, what = _files()
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder, _orthanc(Path(folder)) as (peer, pid):
        instances = [str(peer.post("/instances", content=data).raise_for_status().json()["ID"]) for data in files]
        ours = RenderProcess()
        keys = [hashlib.sha256(data).hexdigest() for data in files]
        first = ours.render(keys[0], files[0], 0, WINDOW, FULL_SIDE)
        sizes = {"ours": len(first.data)}

        def another(call: int) -> None:
            ours.render(keys[call % FILES], files[call % FILES], 0, WINDOW, FULL_SIDE)

        def same(call: int) -> None:
            ours.render(keys[0], None if call else files[0], 0, WINDOW, FULL_SIDE)

        def orthanc(accept: str) -> Callable[[int], None]:
            def draw(call: int) -> None:
                answer = peer.get(
                    f"/instances/{instances[call % FILES]}/frames/0/rendered",
                    params={"window-center": CENTRE, "window-width": WIDTH}, headers={"Accept": accept},
                ).raise_for_status()  # fmt: skip
                sizes[accept] = len(answer.content)

            return draw

        steps = {"another": another, "same": same, "png": orthanc("image/png"), "jpeg": orthanc("image/jpeg")}
        times, cpu = _by_turns(steps, {"another": _child(ours), "same": _child(ours), "png": pid, "jpeg": pid})
        ours.stop()
    rows = [
        [title, number(times[name]), number(times["png"]), f"× {number(times[name] / times['png'])}", number(times["jpeg"]),
         f"× {number(times[name] / times['jpeg'])}", number(cpu[name])]
        for title, name in (("a frame of a file that the decoder does not hold yet", "another"), ("the same file again, another look", "same"))
    ]  # fmt: skip
    notes = [
        f"{what}; one frame of {SIDE} × {SIDE} with the lung window; milliseconds, the median of {ROUNDS} rounds of {CALLS} frames, by turns.",
        f"Ours is lossless WebP ({sizes['ours'] // 1024} KiB), drawn in a process of its own that holds no secret and no network, and not over HTTP; "
        f"Orthanc's PNG has {sizes['image/png'] // 1024} KiB, its JPEG (with loss) {sizes['image/jpeg'] // 1024} KiB, over HTTP on loopback.",
        f"CPU of Orthanc for a frame: PNG {number(cpu['png'])} ms, JPEG {number(cpu['jpeg'])} ms.",
        "A house draws a frame once and keeps the picture encrypted for a week; opening the stored file and answering over HTTP are not in it. "
        "Without loss WebP is about a quarter smaller than the fastest PNG, which takes a fifth of its time: worth it on 2 Mbit/s.",
    ]
    shown = {"Python": platform.python_version(), "Orthanc": _orthanc_version(), **{name: version(name) for name in ("pydicom", "pillow", "numpy")}}
    columns = ["", "ours ms", "Orthanc PNG ms", "ratio", "Orthanc JPEG ms", "ratio", "our CPU ms"]
    return Figure("frames", "One frame to look at", columns, rows, notes, shown)


def _by_turns(steps: dict[str, Callable[[int], None]], pids: dict[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds and milliseconds of CPU a call, by step."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    cpu: dict[str, float] = dict.fromkeys(steps, 0.0)
    for turn in range(ROUNDS + 1):
        for name, step in steps.items():
            used, begun = cpu_seconds([pids[name]]), time.perf_counter()
            for call in range(CALLS):
                step(call)
            if turn:
                times[name].append((time.perf_counter() - begun) / CALLS * 1e3)
                cpu[name] += (cpu_seconds([pids[name]]) - used) / CALLS / ROUNDS * 1e3
    return {name: median(kept) for name, kept in times.items()}, cpu


def _files() -> tuple[list[bytes], str]:
    """Computed tomographies: real ones where the data folder is at hand, else made ones."""
    folder = os.environ.get("HUIZHEN_DATA")
    if folder and len(found := sorted(Path(folder, "dicom").glob("ct-ge-*.dcm"))) >= FILES:
        return [path.read_bytes() for path in found[:FILES]], "Real computed tomographies"
    return [_phantom(turn) for turn in range(FILES)], "Made pictures (no data folder given)"


def _phantom(turn: int) -> bytes:
    import numpy as np

    rng = np.random.default_rng(turn)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    body = np.where(x * x / 0.8 + y * y / 0.5 < 1, 1040, 24) - 800 * ((abs(x) - 0.4) ** 2 / 0.06 + y * y / 0.16 < 1)
    pixels = np.clip(body + rng.normal(0, 20, body.shape), 0, 4095).astype("<u2")
    return small_ct(Rows=SIDE, Columns=SIDE, PixelData=pixels.tobytes(), RescaleIntercept="-1024", RescaleSlope="1")


def _child(process: RenderProcess) -> int:
    return process._running().pid


@contextlib.contextmanager
def _orthanc(folder: Path) -> Iterator[tuple[httpx.Client, int]]:
    """Orthanc on free loopback ports, with storage of its own."""
    http, dicom = _free_port(), _free_port()
    (folder / "orthanc.json").write_text(json.dumps({
        "Name": "peer", "HttpPort": http, "DicomPort": dicom, "StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "storage"),
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "Plugins": [], "ExecuteLuaEnabled": False,
    }))  # fmt: skip
    process = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{http}", trust_env=False, timeout=60) as client:
            for _ in range(200):
                with contextlib.suppress(httpx.TransportError):
                    client.get("/system").raise_for_status()
                    break
                time.sleep(0.1)
            yield client, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _orthanc_version() -> str:
    return subprocess.run(["Orthanc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def _free_port() -> int:
    with socket.socket() as given:
        given.bind(("127.0.0.1", 0))
        return int(given.getsockname()[1])


if __name__ == "__main__":
    show(measure)
