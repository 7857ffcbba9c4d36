"""`huizhen simulator --config sim.toml` as the process that a developer of any bot starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


class Alone:
    """`huizhen simulator --config` as a process."""

    def __init__(self, folder: Path, config: str) -> None:
        (folder / "sim.toml").write_text(config)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUIZHEN_")}
        command = [sys.executable, "-m", "miniprogram_api.cli.main", "simulator", "--config", str(folder / "sim.toml"), "--port", "0"]
        self.child = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        assert self.child.stderr
        line = self.child.stderr.readline()
        assert "ready" in line, line + self.child.stderr.read()
        self.origin = line.split()[-1].rstrip("/")


@pytest.fixture
def started() -> Iterator[list[Alone]]:
    running: list[Alone] = []
    yield running
    for one in running:
        one.child.terminate()
        one.child.wait(20)
