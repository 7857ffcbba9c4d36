"""A child's output: lines whole whatever the pieces, files that turn over, warnings picked out."""

import asyncio
import json
import random
from pathlib import Path

import pytest

from miniprogram_api.app.output import LONGEST_LINE, ChildOutput, RotatingLog, called, warning_in


def test_files_turn_over_and_the_oldest_goes(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "a.log", max_bytes=20, kept=3)
    for number in range(50):
        log.write(f"line {number:04}".encode())
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2", "a.log.3"]
    kept = "".join((tmp_path / name).read_text() for name in ("a.log.3", "a.log.2", "a.log.1", "a.log")).splitlines()
    assert kept == [f"line {number:04}" for number in range(42, 50)]
    assert all(path.stat().st_size <= 20 for path in tmp_path.iterdir())


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    for _ in range(2):
        log = RotatingLog(tmp_path / "a.log", max_bytes=100)
        log.write(b"once")
        log.close()
    assert (tmp_path / "a.log").read_text() == "once\nonce\n"


@pytest.mark.parametrize("seed", range(20))
async def test_lines_stay_whole_whatever_the_pieces(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = ["".join(chance.choices("会诊ab {}\"", k=chance.randint(0, 40))) for _ in range(30)]
    data = "\n".join(lines).encode()
    log = RotatingLog(tmp_path / "a.log")
    output = ChildOutput("a", log, lambda _: None)
    while data:
        cut = chance.randint(1, 17)
        output.data_received(data[:cut])
        data = data[cut:]
    output.connection_lost(None)
    log.close()
    assert (tmp_path / "a.log").read_text("utf-8").rstrip("\n") == "\n".join(lines).rstrip("\n")
    assert output.closed.done()


async def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "a.log")
    output = ChildOutput("a", log, lambda _: None)
    for _ in range(40):
        output.data_received(b"x" * 10_000)
    output.connection_lost(None)
    log.close()
    assert max(map(len, (tmp_path / "a.log").read_text().splitlines())) <= LONGEST_LINE
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (json.dumps({"level": "warning", "message": "look"}), "look"),
        (json.dumps({"level": "ERROR", "message": "look"}), "look"),
        (json.dumps({"level": "info", "message": "quiet"}), ""),
        (json.dumps({"level": "unheard of", "message": "quiet"}), ""),
        (json.dumps({"level": "error"}), ""),
        (json.dumps(["error"]), ""),
        ("{not json", ""),
        ("Traceback (most recent call last):", ""),
        ("", ""),
    ],
)
def test_warnings_are_picked_out(line: str, shown: str) -> None:
    assert warning_in(line) == shown


async def test_the_same_warning_is_shown_once_and_filed_every_time(tmp_path: Path) -> None:
    shown: list[str] = []
    log = RotatingLog(tmp_path / "a.log")
    output = ChildOutput("a", log, shown.append)
    for message in ("数据库断了", "数据库断了", "数据库回来了", "数据库断了"):
        output.data_received(json.dumps({"level": "warning", "message": message}).encode() + b"\n")
    log.close()
    assert shown == ["! a:数据库断了", "! a:数据库回来了"]
    assert len((tmp_path / "a.log").read_text().splitlines()) == 4


async def test_the_operator_reads_chinese_alone(tmp_path: Path) -> None:
    shown: list[str] = []
    log = RotatingLog(tmp_path / "ticker.log")
    output = ChildOutput("ticker", log, shown.append)
    for message in ("tick failed: OperationalError", "entries not sequenced: OperationalError", "审计日志从现在开始,编号 1"):
        output.data_received(json.dumps({"level": "warning", "message": message}).encode() + b"\n")
    log.close()
    assert shown == ["! 定时进程:有一条警告,原文在日志 ticker.log 里,交给懂技术的人看", "! 定时进程:审计日志从现在开始,编号 1"]
    assert "OperationalError" in (tmp_path / "ticker.log").read_text()


@pytest.mark.parametrize(("name", "words"), [("web-2", "网页服务 2"), ("ticker", "定时进程"), ("a", "a")])
def test_processes_are_called_as_people_call_them(name: str, words: str) -> None:
    assert called(name) == words
