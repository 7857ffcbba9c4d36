"""`huizhen keys` as an operator types it, on a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from miniprogram_api.app.signing import OPERATOR
from tests.miniprogram_api.cli.conftest import Operator

ALL = """
from miniprogram_api.cli.main import main
for line in ("keys", "keys", "migrate", "keys rotate", "keys retire", "keys retire --master 1", "keys retire --master 2 --yes",
             "keys retire --master 7 --yes", "keys retire --master 1 --yes", "keys status", "sessions replace-key", "sessions replace-key",
             "audit find --act keys.renewed", "audit verify", "admin list"):
    print(">", line, "=", main(line.split()))
"""
RETIRED = {"what": "retire", "state": "begun"}


@pytest.mark.storage
def test_the_life_of_the_keys(operator: Operator) -> None:
    environment = operator.environment(PYTHONPATH=os.getcwd())
    done = subprocess.run([sys.executable, "-c", ALL], capture_output=True, text=True, env=environment, check=True, input="")
    statuses = [line.rpartition(" = ")[2] for line in done.stdout.splitlines() if line.startswith("> ")]
    assert statuses == ["0", "1", "0", "0", "1", "1", "1", "1", "0", "0", "0", "0", "0", "0", "0"], done.stdout + done.stderr
    assert "当前主密钥:2" in done.stdout
    assert "1 把旧密钥作废" in done.stdout
    assert done.stdout.count("  keys.renewed\n") == 6
    assert "还没有管理员" in done.stdout
    assert "不知道哪些快照还要用它" in done.stdout  # asked, and nobody answered
    rows = operator.sql("SELECT subject_id, detail FROM audit_entry WHERE action = 'keys.renewed' ORDER BY id")
    acts = [(target, json.loads(detail)) for target, detail in rows]
    user = {"user": OPERATOR.user}
    assert acts == [
        ("", {"what": "rotate", "state": "begun"} | user), ("2", {"what": "rotate", "state": "done", "rows": "0", "unopened": "0"} | user),
        ("2", RETIRED | user), ("7", RETIRED | user), ("1", RETIRED | user),
        ("1", {"what": "retire", "state": "done", "rows": "0", "unopened": "0"} | user),
    ]  # fmt: skip
    key = (operator.folder / "secrets" / "keyring.key").read_text()
    assert key.split('"key": "')[1].split('"')[0] not in done.stdout + done.stderr


def test_without_keys_it_says_what_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "HUIZHEN_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run([sys.executable, "-m", "miniprogram_api.cli.main", "keys", "rotate"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "huizhen keys" in done.stdout
    assert "Traceback" not in done.stderr
