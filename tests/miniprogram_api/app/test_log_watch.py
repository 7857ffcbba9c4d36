"""The watch over the logs of the whole run finds what it is there to find, and fails the run."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.log_watch import LogWatch

ROOT = Path(__file__).resolve().parents[3]


def record(message: str, name: str = "huizhen.http", level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord(name, level, __file__, 1, message, (), None)
    made.__dict__.update(extra)
    return made


@pytest.mark.parametrize("message", [
    "called 13800138000", "number 522727199005170441", "token eyJhbGciOiJFZERTQSJ9aaaa.eyJhdWQiOiJodWl6aGVuIn0.c2lnbmF0dXJlc2lnbmF0dXJl",
    "refresh " + "0" * 26 + "A" * 43, "refresh " + "0" * 26 + "ABCDEF01" * 8, "Authorization: Bearer abcdefgh", "GET /v1/me?code=1", "openid=oX1",
    "code " + "Z" * 43,
])
def test_each_kind_is_found(message: str) -> None:
    watch = LogWatch()
    watch.emit(record(message))
    watch.emit(record("done", said=message))
    assert len(watch.told()) >= 2, message


def test_what_a_log_may_hold_is_let_through() -> None:
    watch = LogWatch()
    watch.names = {"王小梅"}
    for message in ("GET /v1/patients/<patient_id:str>", "picture 01M7VB0XCGZNWFBNQMBZ691MD9 is away", "系统启动", "took 13800.138000 ms"):
        watch.emit(record(message))
    assert watch.told() == []
    assert watch.lines == 4


def test_names_that_orders_carried_are_found_wherever_they_were_logged() -> None:
    class Order:
        full_name = "王小梅"

    watch = LogWatch()
    watch.emit(record("登记 王小梅"))
    watch.carried(Order())
    watch.emit(record("info of a library 王小梅", name="other"))  # is not written in production
    assert len(watch.told()) == 1


def test_the_logs_of_a_demonstration_are_read(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "simulator").mkdir()
    (tmp_path / "simulator" / "people.json").write_text(json.dumps({"people": [{"name": "李秀英(演示)"}]}))
    (tmp_path / "logs" / "web-1.log").write_text('{"message": "GET /v1/me", "ms": 13800138000.1}\n')
    watch = LogWatch()
    watch.read_house(tmp_path)
    assert watch.told() == []
    (tmp_path / "logs" / "worker.log").write_text('{"message": "李秀英 answered"}\n')
    (tmp_path / "supervisor.out").write_text("13800138000\n")
    watch.read_house(tmp_path)
    assert len(watch.told()) == 2


@pytest.mark.parametrize(("logged", "status"), [("patient 13800138000", 1), ("patient 01M7VB0XCGZNWFBNQMBZ691MD9", 0)])
def test_a_run_whose_tests_pass_fails_for_its_logs(tmp_path: Path, logged: str, status: int) -> None:
    (tmp_path / "test_it.py").write_text(f"import logging\n\ndef test_it():\n    logging.getLogger('huizhen.x').info({logged!r})\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.log_watch", "-p", "no:cacheprovider", "-c", "/dev/null", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == status, done.stdout + done.stderr
