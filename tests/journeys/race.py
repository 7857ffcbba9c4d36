"""Many requests from several processes at one moment: each process gets its share, waits for the gun, fires all at once and reports."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]


def race(requests: list[dict[str, Any]], processes: int = 4) -> list[dict[str, Any]]:
    """Fire ``requests`` ({url, token, body}) from ``processes`` processes at once; the answers ({status, body}) in no order."""
    shares = [requests[number::processes] for number in range(processes)]
    start_at = time.time() + 2.5
    runners = [
        subprocess.Popen([sys.executable, "-m", "tests.journeys.race"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in shares
    ]
    for runner, share in zip(runners, shares, strict=True):
        assert runner.stdin is not None
        runner.stdin.write(json.dumps({"start_at": start_at, "requests": share}))
        runner.stdin.close()
    answers: list[dict[str, Any]] = []
    for runner in runners:
        assert runner.stdout is not None
        answers += json.loads(runner.stdout.read())
        assert runner.wait(10) == 0
    return answers


async def _fire(work: dict[str, Any]) -> list[dict[str, Any]]:
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(timeout=60, trust_env=False, limits=limits) as client:

        async def one(request: dict[str, Any]) -> dict[str, Any]:
            answer = await client.post(request["url"], json=request["body"], headers={"Authorization": f"Bearer {request['token']}"})
            return {"status": answer.status_code, "body": answer.json()}

        await asyncio.sleep(max(0.0, work["start_at"] - time.time()))
        return list(await asyncio.gather(*(one(request) for request in work["requests"])))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_fire(json.load(sys.stdin)))))
