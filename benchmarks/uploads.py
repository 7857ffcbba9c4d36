"""A file in pieces (tus 1.0): the house beside @tus/server, the protocol's reference server, from one client that speaks to both."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import platform
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median

import httpx

from benchmarks.support.figure import Figure, number, show
from benchmarks.support.processes import cpu_seconds, wait_quiet
from tests.journeys.call_people import open_case
from tests.support.demo import ROOT, running

ROUNDS = 3
SIZE = 32 << 20
PIECES = (256 << 10, 2 << 20)
PEER = ROOT / "node_modules" / "@tus"
PROGRAM = """
const { Server } = require(process.argv[1] + "/server");
const { FileStore } = require(process.argv[1] + "/file-store");
const server = new Server({ path: "/files", datastore: new FileStore({ directory: process.argv[2] }) });
const listening = server.listen({ host: "127.0.0.1", port: 0 }, () => console.log(listening.address().port));
"""


def measure() -> Figure:
    node = shutil.which("node") or str(ROOT / ".venv" / "bin" / "node")
    data = random.Random(1).randbytes(SIZE)  # noqa: S311 - the bytes of a picture, not a secret
    digest = base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode()
    times: dict[tuple[str, int], list[float]] = {(who, piece): [] for who in ("ours", "peer") for piece in PIECES}
    cpu: dict[tuple[str, int], list[float]] = {key: [] for key in times}
    with tempfile.TemporaryDirectory(prefix="huizhen-bench-") as folder, running(Path(folder, "house")) as demo, _peer(node, Path(folder)) as peer:
        case = open_case(demo)
        somebody = case.people["village_doctor"]
        house_pids = [demo.listed()["supervisor"], *(child["pid"] for child in demo.listed()["processes"] if child["name"] != "simulator")]
        targets = {
            "ours": (f"{demo.base_url}/v1/consultations/{case.consultation_id}/uploads", somebody.headers, house_pids),
            "peer": (peer[0], {}, [peer[1]]),
        }
        metadata = {"ours": f"kind aW1hZ2U=,sha256 {digest}", "peer": f"sha256 {digest}"}
        for turn in range(ROUNDS + 1):
            for who, piece in times:
                address, headers, pids = targets[who]
                wait_quiet(pids)
                used = cpu_seconds(pids)
                with httpx.Client(headers={**headers, "Tus-Resumable": "1.0.0"}, trust_env=False, timeout=120) as client:
                    seconds = _send(client, address, metadata[who], data, piece)
                if turn:
                    times[who, piece].append(seconds)
                    cpu[who, piece].append(cpu_seconds(pids) - used)
    rows = [_row(piece, times, cpu) for piece in PIECES]
    notes = [
        f"{SIZE >> 20} MiB of random bytes over loopback, one connection, one piece after the other, the same client for both; the median of "
        f"{ROUNDS} rounds by turns; from the announcement to the answer to the last piece.",
        "Not the same work. The house seals every piece under the patient's key (AES-256-GCM), puts it on the disk and moves the offset by "
        "compare-and-set in the database before it answers: a killed process loses nothing that was acknowledged. @tus/server appends to a file.",
        "CPU: all processes of the house (of the worker, which checks the whole afterwards, what it has begun), and the one of @tus/server.",
    ]
    columns = ["pieces of", "ours MiB/s", "@tus/server MiB/s", "ratio of time", "our CPU ms/MiB", "its CPU ms/MiB"]
    shown = {"Python": platform.python_version(), "Node": subprocess.check_output([node, "--version"], text=True).strip(),
             "@tus/server": json.loads((PEER / "server" / "package.json").read_text())["version"], "sanic": version("sanic")}  # fmt: skip
    return Figure("uploads", "A file in pieces", columns, rows, notes, shown)


def _row(piece: int, times: dict[tuple[str, int], list[float]], cpu: dict[tuple[str, int], list[float]]) -> list[str]:
    mebibytes = SIZE >> 20
    ours, peer = median(times["ours", piece]), median(times["peer", piece])
    spent = [median(cpu[who, piece]) / mebibytes * 1e3 for who in ("ours", "peer")]
    return [f"{piece >> 10} KiB", number(mebibytes / ours), number(mebibytes / peer), f"× {number(ours / peer)}", *map(number, spent)]


def _send(client: httpx.Client, address: str, metadata: str, data: bytes, piece: int) -> float:
    """Seconds from the announcement to the last answer."""
    begun = time.perf_counter()
    created = client.post(address, headers={"Upload-Length": str(len(data)), "Upload-Metadata": metadata})
    created.raise_for_status()
    place = httpx.URL(address).join(created.headers["Location"])
    for start in range(0, len(data), piece):
        headers = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        client.patch(place, headers=headers, content=data[start : start + piece]).raise_for_status()
    return time.perf_counter() - begun


@contextlib.contextmanager
def _peer(node: str, folder: Path) -> Iterator[tuple[str, int]]:
    """The address where files are announced, and the process id."""
    if not (PEER / "server").exists():
        raise SystemExit("@tus/server is not installed: tools/install.sh peers")
    (folder / "peer").mkdir()
    process = subprocess.Popen([node, "-e", PROGRAM, str(PEER), str(folder / "peer")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/files", process.pid
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    show(measure)
