"""A small house for the supervisor's tests: real Redis, a step that runs once, and children that serve. Run as a program:
`python -m tests.journeys.supervised_house <data folder> [<child>...]`, each child `<name>:<behaviour>`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from miniprogram_api.app.data_folder import FolderInUse, FolderLock
from miniprogram_api.app.process import ProcessSpec
from miniprogram_api.app.redis_server import redis_process
from miniprogram_api.app.supervisor import Supervisor

BEHAVIOURS = {
    "serves": """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
from miniprogram_api.app.process import announce_ready
time.sleep(0.05)
announce_ready()
print('{"level": "info", "message": "quiet"}', flush=True)
print('{"level": "warning", "message": "请看一下"}', flush=True)
while True: time.sleep(0.2)
""",
    "deaf": """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
from miniprogram_api.app.process import announce_ready
announce_ready()
while True: time.sleep(0.2)
""",
    "parent": """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
from miniprogram_api.app.process import announce_ready
announce_ready()
while True: time.sleep(0.2)
""",
    "breaks": """
print("the reason why", flush=True)
raise SystemExit(3)
""",
    "silent": "import time; time.sleep(600)",
}


def child(text: str) -> ProcessSpec:
    name, behaviour = text.split(":")
    return ProcessSpec(name, (sys.executable, "-c", BEHAVIOURS[behaviour]), start_limit=0.5 if behaviour == "silent" else 20, stop_grace=1.0)


def main(folder: Path, children: list[str]) -> int:
    def say(line: str) -> None:
        print(line, flush=True)

    try:
        with FolderLock(folder) as lock:
            redis, _ = redis_process(folder)
            once = ProcessSpec("once", (sys.executable, "-c", "print('did it')"), runs_once=True, announce="one step")
            stages = [[redis], [once], *([child(text)] for text in children)]
            return asyncio.run(Supervisor(lock, say, "http://127.0.0.1:1").run(stages, "welcome"))
    except FolderInUse as used:
        say(f"in use by {used.pid}")
        return 7


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:] or ["one:serves", "two:serves"]))
