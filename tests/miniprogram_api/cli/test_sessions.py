"""`huizhen sessions replace-key` on an installation of its own, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def huizhen(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**{name: value for name, value in os.environ.items() if not name.startswith("HUIZHEN_")}, "HUIZHEN_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "miniprogram_api.cli.main", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=200)


def test_keys_are_replaced_and_without_an_installation_it_is_said_what_to_do(tmp_path: Path) -> None:
    refused = huizhen(tmp_path, "sessions", "replace-key")
    assert refused.returncode == 1
    assert "huizhen keys" in refused.stdout
    assert huizhen(tmp_path, "keys").returncode == 0
    assert huizhen(tmp_path, "migrate").returncode == 0
    first, second = (huizhen(tmp_path, "sessions", "replace-key") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stdout + first.stderr
    assert "0 把旧密钥作废" in first.stdout
    assert "1 把旧密钥作废" in second.stdout
