"""Runs the static checks and the suite: everything on SQLite, and what touches storage on MariaDB too, each in a process of its own; ends with one
line over all.

Several run side by side; the calls of three browsers go first, and everything else gives way to them.
Arguments are handed to pytest; without any the whole suite runs and must hold storage tests. Exit status 0 only when tests ran and none failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from defusedxml.ElementTree import parse

NO_TEST_RAN = 5
"""pytest's exit status when its selection was empty."""

JOURNEYS, CONVERSATIONS, PRACTICE, LANGUAGE, SERVICE = "tests/journeys", "tests/bot", "tests/core", "tests/nlp", "tests/miniprogram_api"
STORAGE = ("-m", "storage")
CALLS = tuple(
    f"{JOURNEYS}/test_{name}.py"
    for name in ("call_pages", "simulator_call", "call_rooms", "call_files", "call_troubles", "call_links", "call_recording", "call_over_janus")
)
CHECKS = (("ruff", "check", "."), ("mypy",), ("lint-imports",))
"""What is read without running it; nothing here may be left unsaid by a green suite."""
LANES = 5
"""How many run at once, on two cores: each waits for others a third of the time. Measured: with three a third of the machine was idle; with four the
last minutes were, when only those were left that wait."""
GIVING_WAY = ("nice", "-n", "19")
"""Before the command of a run that takes what the calls leave of the processor."""


@dataclass(frozen=True)
class Run:
    """One pytest process: the database, pytest's selection, how many of the lanes it takes, whether it gives way to the calls, and whether its
    output is shown while it runs."""

    database: str
    selection: tuple[str, ...]
    lanes: int = 1
    gives_way: bool = True
    shown: bool = False


def on(database: str, *selection: str, lanes: int = 1, gives_way: bool = True, shown: bool = False) -> Run:
    return Run(database, selection, lanes, gives_way, shown)


WHOLE: tuple[Run, ...] = (
    # Real time and three pictures at once: what else runs gets what they leave, and nothing whose deadlines are short begins beside them.
    on("sqlite", *CALLS, lanes=3, gives_way=False),
    on("sqlite", PRACTICE),
    on("sqlite", LANGUAGE),
    on("sqlite", "-m", "not browser", JOURNEYS),
    # nlp may import nothing that stores (import-linter holds it to that): its thousands of tests are not collected a second time
    on("mariadb", *STORAGE, f"--ignore={JOURNEYS}", f"--ignore={LANGUAGE}"),
    on("sqlite", "-m", "browser", JOURNEYS, *(f"--ignore={path}" for path in CALLS)),
    on("sqlite", CONVERSATIONS),
    on("sqlite", SERVICE, shown=True),
    on("mariadb", "-m", "storage and not browser", JOURNEYS),
    on("sqlite", *(f"--ignore={folder}" for folder in (JOURNEYS, CONVERSATIONS, PRACTICE, LANGUAGE, SERVICE))),
)
"""What runs side by side, in the order in which it begins: the calls, what may be slow beside them, then the longest first, so that none is left
alone at the end."""

CHOSEN: tuple[Run, ...] = (
    on("sqlite", lanes=LANES, gives_way=False, shown=True),
    on("mariadb", *STORAGE, lanes=LANES, gives_way=False, shown=True),
)
"""When the caller chose the tests himself: one after the other."""


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def main(arguments: list[str]) -> int:
    with ThreadPoolExecutor(1) as beside:
        checks = None if arguments else beside.submit(check)
        total, complete = run_all(CHOSEN if arguments else WHOLE, arguments)
    clean = checks is None or checks.result()
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped{'' if clean else '; 代码检查没有通过'}", flush=True)
    return 0 if clean and complete and total.passed and not total.failed else 1


def run_all(runs: tuple[Run, ...], arguments: list[str]) -> tuple[Counts, bool]:
    """All tests, or those the caller chose; whether every run came to its end."""
    free = threading.Semaphore(LANES)
    total, complete = Counts(), True

    def in_its_lanes(one: Run) -> Done:
        try:
            return run(one, arguments)
        finally:
            free.release(one.lanes)

    with ThreadPoolExecutor(len(runs)) as side_by_side:
        begun = []
        for one in runs:
            for _ in range(one.lanes):
                free.acquire()
            begun.append(side_by_side.submit(in_its_lanes, one))
        for one, result in zip(runs, begun, strict=True):
            done = result.result()
            counts, took = done.counts, f"{done.passed_s:.0f} 秒,处理器 {done.cpu_s:.0f} 秒"
            told = f"{counts.passed} 通过,{counts.failed} 失败,{counts.skipped} 跳过({took})"
            print(f"{done.output}· {one.database} {' '.join([*one.selection, *arguments])}: {told}", flush=True)
            total += counts
            if done.status == NO_TEST_RAN and arguments:
                continue
            if done.status != 0 and not counts.failed:
                print(f"! {one.database}: pytest 以状态 {done.status} 结束,没有完成", flush=True)
                complete = False
    return total, complete


def check() -> bool:
    """The static checks one after the other, each told when it ends; whether none of them found anything."""
    clean = True
    for command in CHECKS:
        program = Path(sys.executable).parent / command[0]
        done = subprocess.run([*GIVING_WAY, program, *command[1:]], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = "通过" if done.returncode == 0 else "没有通过\n" + done.stdout
        print(f"· 代码检查 {' '.join(command)}:{found}", flush=True)
        clean = clean and done.returncode == 0
    return clean


@dataclass(frozen=True)
class Done:
    """`cpu_s`: processor time of pytest and of all that it had begun and waited for; `output` where it was kept back."""

    status: int
    counts: Counts
    passed_s: float
    cpu_s: float
    output: str


def run(one: Run, arguments: list[str]) -> Done:
    """One pytest process against one database."""
    with tempfile.TemporaryDirectory(prefix="huizhen-tests-") as folder:
        report = Path(folder) / "report.xml"
        way = GIVING_WAY if one.gives_way else ()
        command = [*way, sys.executable, "-m", "pytest", "-rfEs", f"--junit-xml={report}", *one.selection, *arguments]
        # What was installed beside Python (Node on a machine that has none) is found by name, as in an activated environment.
        search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        environment = {**os.environ, "HUIZHEN_TEST_DATABASE": one.database, "PATH": search}
        print(f"· 测试:{one.database} {' '.join([*one.selection, *arguments])}", flush=True)
        # Only one of those side by side may write to the terminal while it runs; the others are told when they end.
        kept = {} if one.shown else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        begun = time.monotonic()
        with subprocess.Popen(command, env=environment, **kept) as process:  # type: ignore[call-overload]
            output = b"" if process.stdout is None else process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)  # as Popen.wait, with the processor time
            process.returncode = os.waitstatus_to_exitcode(status)
        passed_s = time.monotonic() - begun
        return Done(process.returncode, count(report), passed_s, used.ru_utime + used.ru_stime, output.decode("utf-8", "replace"))


def count(report: Path) -> Counts:
    """What a JUnit report counts; errors in set-up or tear-down are failures. A report that was never written counts nothing."""
    if not report.exists():
        return Counts()
    total = Counts()
    for suite in parse(report).getroot().iter("testsuite"):
        tests, failures, errors, skipped = (int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped"))
        total += Counts(max(tests - failures - errors - skipped, 0), failures + errors, skipped)
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
