"""The supervisor as an operator meets it: a program of its own, real Redis, real signals."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
import redis

from miniprogram_api.app.data_folder import ProcessList, read_process_list

RANDOM_STOPS = 40 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 8
PATIENCE = 20.0


class House:
    """One run of `supervised_house` on `folder`; everything it starts carries `folder` in its environment."""

    def __init__(self, folder: Path, *children: str) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.printed: IO[str] = (folder.parent / f"{folder.name}.out").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.supervised_house", str(folder), *children],
            stdout=self.printed,
            stderr=self.printed,
            env={**os.environ, "SUPERVISED_HOUSE": str(folder)},
            start_new_session=True,
        )

    def said(self) -> str:
        self.printed.flush()
        return Path(self.printed.name).read_text("utf-8")

    def listed(self) -> ProcessList:
        listed = read_process_list(self.folder / "run")
        assert listed is not None
        return listed

    def pid(self, name: str) -> int | None:
        return next(process.pid for process in self.listed().processes if process.name == name)

    def is_up(self) -> bool:
        return "welcome" in self.said()

    def serves_again(self, name: str, old: int) -> bool:
        listed = read_process_list(self.folder / "run")
        return listed is not None and any(p.name == name and p.serving and p.pid not in (None, old) for p in listed.processes)

    def left(self) -> list[str]:
        """Command lines of the processes of this house that still live."""
        mark = f"SUPERVISED_HOUSE={self.folder}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):  # it ended while we looked
                    dead = entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
                    # redis-server writes its title over its environment, but works in its folder.
                    ours = mark in entry.joinpath("environ").read_bytes().split(b"\0") or entry.joinpath("cwd").readlink().is_relative_to(self.folder)
                    if ours and not dead:
                        found.append(entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(PATIENCE)


def until(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for something that is going to happen; fails when it has not within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Starts houses; what a test leaves running is killed after it."""
    houses: list[House] = []

    def one(*children: str, folder: str = "data") -> House:
        houses.append(House(tmp_path / folder, *children))
        return houses[-1]

    yield one
    for house in houses:
        if house.process.poll() is None:
            house.process.kill()
            house.process.wait()
        house.printed.close()


def test_everything_starts_in_order_and_stops_without_a_trace(start: Callable[..., House]) -> None:
    house = start()
    until(house.is_up)
    listed = house.listed()
    assert listed.up
    assert listed.supervisor == house.process.pid
    assert [process.name for process in listed.processes] == ["redis", "one", "two"]
    assert all(process.serving and process.pid and not process.restarts for process in listed.processes)
    client = redis.Redis(unix_socket_path=str(house.folder / "redis" / "redis.sock"))
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    client.set("kept", "yes")
    client.close()
    assert len(house.left()) == 4

    house.signal(signal.SIGINT)
    assert house.wait() == 0
    assert house.left() == []
    assert read_process_list(house.folder / "run") is None
    assert not (house.folder / "redis" / "redis.sock").exists()

    again = start()
    until(again.is_up)
    client = redis.Redis(unix_socket_path=str(again.folder / "redis" / "redis.sock"))
    assert client.get("kept") == b"yes"
    client.close()


def test_only_warnings_reach_the_operator_and_everything_reaches_the_log(start: Callable[..., House]) -> None:
    house = start("one:serves")
    until(lambda: "请看一下" in house.said())
    assert "! one:请看一下" in house.said()
    assert "quiet" not in house.said()
    log = (house.folder / "logs" / "one.log").read_text("utf-8")
    assert "quiet" in log
    assert "请看一下" in log
    assert (house.folder / "logs" / "once.log").read_text("utf-8") == "did it\n"
    assert (house.folder / "logs" / "one.log").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["redis", "one", "two"])
def test_what_is_killed_comes_back(start: Callable[..., House], name: str) -> None:
    house = start()
    until(house.is_up)
    old = house.pid(name)
    assert old is not None
    os.kill(old, signal.SIGKILL)
    until(lambda: house.serves_again(name, old))
    restarts = {process.name: process.restarts for process in house.listed().processes}
    assert restarts == {"redis": 0, "one": 0, "two": 0} | {name: 1}
    if name == "redis":
        with contextlib.closing(redis.Redis(unix_socket_path=str(house.folder / "redis" / "redis.sock"))) as client:
            assert client.ping()


def test_a_killed_supervisor_leaves_nothing_behind(start: Callable[..., House]) -> None:
    house = start("one:serves", "two:deaf")
    until(house.is_up)
    assert len(house.left()) == 4
    house.signal(signal.SIGKILL)
    house.wait()
    until(lambda: house.left() == [], 3)
    # The lock went with it, the socket it left is removed, and the house starts again.
    assert (house.folder / "redis" / "redis.sock").exists()
    until(start("one:serves").is_up)


def test_what_a_dead_child_had_started_goes_with_it(start: Callable[..., House]) -> None:
    house = start("one:parent")
    until(house.is_up)
    old = house.pid("one")
    assert old is not None
    assert len(house.left()) == 4
    os.kill(old, signal.SIGKILL)
    until(lambda: house.serves_again("one", old))
    assert len(house.left()) == 4


def test_a_deaf_child_is_killed_after_its_grace(start: Callable[..., House]) -> None:
    house = start("one:deaf")
    until(house.is_up)
    house.signal(signal.SIGTERM)
    assert house.wait() == 0
    assert house.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_ending_signal_ends_it_in_order(start: Callable[..., House], number: signal.Signals) -> None:
    house = start("one:serves")
    until(house.is_up)
    house.signal(number)
    assert house.wait() == 0
    assert house.left() == []


@pytest.mark.parametrize("seed", range(RANDOM_STOPS))
def test_stopped_at_any_moment_of_its_start_it_leaves_nothing(start: Callable[..., House], seed: int) -> None:
    house = start()
    time.sleep(random.Random(seed).uniform(0, 1.0))
    house.signal(signal.SIGTERM)
    # Before it listens for signals there is nothing to stop either.
    assert house.wait() in (0, -signal.SIGTERM)
    assert house.left() == []


def test_two_supervisors_do_not_share_a_folder(start: Callable[..., House]) -> None:
    house = start("one:serves")
    until(house.is_up)
    second = start("one:serves")
    assert second.wait() == 7
    assert f"in use by {house.process.pid}" in second.said()
    with contextlib.closing(redis.Redis(unix_socket_path=str(house.folder / "redis" / "redis.sock"))) as client:
        assert client.ping()
    elsewhere = start("one:serves", folder="other")
    until(elsewhere.is_up)


@pytest.mark.parametrize(("behaviour", "reason"), [("breaks", "the reason why"), ("silent", "没有在限定时间内就绪")])
def test_a_start_that_cannot_succeed_says_why_and_ends(start: Callable[..., House], behaviour: str, reason: str) -> None:
    house = start("one:serves", f"bad:{behaviour}")
    assert house.wait() == 1
    assert reason in house.said()
    assert "bad.log" in house.said()
    assert "welcome" not in house.said()
    assert house.left() == []


def test_a_data_folder_with_a_long_path_works(start: Callable[..., House]) -> None:
    house = start("one:serves", folder="数据" * 20 + "/" + "x" * 60 + " y")
    until(house.is_up)
    house.signal(signal.SIGTERM)
    assert house.wait() == 0
    assert house.left() == []


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "miniprogram_api.cli.main", "demo"],
            env={**os.environ, "HUIZHEN_PORT": str(port), "HUIZHEN_DATA_DIR": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [f"端口 {port} 已被别的程序占用。换一个端口再试:HUIZHEN_PORT={port + 1} make run"]


def test_a_setting_that_cannot_be_used_is_named_without_its_value(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "miniprogram_api.cli.main", "demo"],
        env={**os.environ, "HUIZHEN_PORT": "secret", "HUIZHEN_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1
    assert "HUIZHEN_PORT" in ended.stdout
    assert "secret" not in ended.stdout + ended.stderr
