"""The command line: Chinese help, quick, and clear when nothing runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from miniprogram_api.cli import main as command_line

SUBCOMMANDS = ("demo", "serve", "migrate", "seed", "chat", "rules", "triage", "inquire", "processes")


def huizhen(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "miniprogram_api.cli.main", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command_in_chinese() -> None:
    shown = huizhen("--help")
    assert shown.returncode == 0
    for name in SUBCOMMANDS:
        assert f"    {name}" in shown.stdout
    assert "启动演示" in shown.stdout
    assert "usage" not in shown.stdout
    assert "options" not in shown.stdout


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_command_exists(name: str) -> None:
    module = command_line.parser().parse_args([name, "list"] if name == "rules" else [name]).module
    assert callable(__import__(module, fromlist=["run"]).run)


def test_help_costs_no_library() -> None:
    code = (
        "import sys; from miniprogram_api.cli.main import parser; parser().format_help();"
        "print(sorted({'sanic', 'tortoise', 'redis', 'pydantic', 'httpx', 'asyncio', 'numpy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.strip() == "[]"


def test_processes_says_when_nothing_runs(tmp_path: Path) -> None:
    shown = huizhen("processes", HUIZHEN_DATA_DIR=str(tmp_path))
    assert shown.returncode == 1
    assert "没有在运行" in shown.stdout
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "processes.json").write_text('{"supervisor": 999999999, "url": "", "up": true, "processes": []}')
    assert "没有在运行" in huizhen("processes", HUIZHEN_DATA_DIR=str(tmp_path)).stdout


def test_an_unknown_command_is_refused() -> None:
    assert huizhen("nonsense").returncode == 2


PRINTING = ("import organisations -", "--help", "admin list", "backup list")
"""Orders of every way to print: of argparse, of the command itself, of a refusal."""


def test_a_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    """`huizhen … | head`: the pipe's other end is closed before the first line is printed."""
    environment = {**os.environ, "HUIZHEN_DATA_DIR": str(tmp_path)}
    begun = []
    for line in PRINTING:
        reading, writing = os.pipe()
        os.close(reading)
        argv = [sys.executable, "-m", "miniprogram_api.cli.main", *line.split()]
        begun.append((line, subprocess.Popen(argv, stdout=writing, stderr=subprocess.PIPE, env=environment, text=True)))
        os.close(writing)
    for line, process in begun:
        complaint = process.communicate(timeout=120)[1]
        assert complaint == "", (line, complaint)
        assert process.returncode in (0, 1, 141), line
