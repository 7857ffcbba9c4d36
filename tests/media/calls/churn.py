"""People come and go, as a process of its own: `python -m tests.media.calls.churn TIMES [python|native]`. Prints what is left of them as JSON: bytes
of memory beyond those after a warm-up, threads, descriptors, tasks, rooms."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import sys
import threading
from pathlib import Path

import uvloop
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from media.calls import hooks
from media.calls.forwarding import PythonEngine
from media.calls.native.engine import NativeEngine

AT_ONCE = 5
WARM = 100


async def come_and_go(engine: PythonEngine, name: str) -> None:
    """Join, be connected both ways, leave."""
    sending, receiving = (RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)) for _ in range(2))
    for kind in ("audio", "video"):
        hooks.make_inert(sending.addTransceiver(kind, direction="sendonly"))
    await sending.setLocalDescription(await sending.createOffer())
    await engine.create_room(name, ("patient", "expert"))
    joined = await engine.join(name, "patient", name, sending.localDescription.sdp)
    await sending.setRemoteDescription(RTCSessionDescription(joined.answer, "answer"))
    await receiving.setRemoteDescription(RTCSessionDescription(joined.offer, "offer"))
    for transceiver in receiving.getTransceivers():
        hooks.make_inert(transceiver)
    await receiving.setLocalDescription(await receiving.createAnswer())
    await engine.accept(name, name, receiving.localDescription.sdp)
    async with asyncio.timeout(60):
        while {sending.connectionState, receiving.connectionState} != {"connected"}:  # noqa: ASYNC110 - waits for the other side
            await asyncio.sleep(0.01)
    await engine.leave(name, name)
    await engine.close_room(name)
    await sending.close()
    await receiving.close()


def left() -> dict[str, int]:
    for _ in range(3):
        gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free, but was not given back to the system, is nobody's
    resident = next(one for one in Path("/proc/self/status").read_text("ascii").splitlines() if one.startswith("VmRSS:"))
    return {
        "bytes": int(resident.split()[1]) * 1024, "threads": threading.active_count(), "descriptors": len(os.listdir("/proc/self/fd")),
        "tasks": len(asyncio.all_tasks()),
    }  # fmt: skip


async def main(times: int, name: str) -> None:
    engine = NativeEngine() if name == "native" else PythonEngine()
    hooks.extend_negotiation()

    async def some(first: int, last: int) -> None:
        for start in range(first, last, AT_ONCE):
            await asyncio.gather(*(come_and_go(engine, f"room {one}") for one in range(start, min(last, start + AT_ONCE))))
        await asyncio.sleep(1)

    await some(0, WARM)
    before = left()
    await some(WARM, WARM + times)
    after = left()
    rooms = len((await engine.stats()).rooms)
    await engine.close()
    print(json.dumps({name: after[name] - before[name] for name in after} | {"rooms": rooms}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), *sys.argv[2:] or ["python"]))
