"""The database goes away in the middle and comes back: no order that was acknowledged is lost, none is done twice, and nobody restarts us.

A process of its own with a database of its own: MariaDB is killed and started again on the same socket, SQLite's file is locked by somebody else.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.mariadb import is_installed, mariadb_server
from tests.support.peers import need

pytestmark = pytest.mark.storage

ROOT = Path(__file__).resolve().parents[3]
WRITERS = 6

_HOUSE = """
import asyncio, json, random, sys, time
from pathlib import Path
from tortoise import Tortoise
from core.foundation.actor import Actor
from core.foundation.blobs import BlobStore
from core.foundation.clock import SystemClock
from core.foundation.database.connection import close_database, open_database
from core.foundation.errors import Unavailable
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.models import AuditEntry, OutboxEvent
from core.foundation.orders import Command, Done, Grant, Query, answers, handles
from core.foundation.actor import Role
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals

class Write(Command):
    name = "test.write"
    title = "write"
    access = (Grant(Role.SYSTEM),)
    number: str

@handles(Write)
async def write(work, order):
    await work.emit("test.written", key=order.number, number=order.number)
    return Done()

class Look(Query):
    name = "test.look"
    title = "look"
    access = (Grant(Role.SYSTEM),)

@answers(Look)
async def look(work, order):
    await OutboxEvent.all().count()
    return Done()

async def main():
    folder, practice_url, keyring_url, writers = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    await open_database(practice_url, keyring_url)
    await Tortoise.generate_schemas()
    clock, rng = SystemClock(), random.Random(7)
    keys = KeyRing(MasterKeys.create(folder / "keyring.key"), clock)
    practice = Practice(clock, Ids(clock.real_now, rng), rng, keys, BlobStore(folder / "blobs", keys), LocalSignals())
    actor = Actor.system("test")
    acknowledged, away, others, longest = [], 0, [], 0.0
    stop = folder / "stop"

    async def writer(name):
        nonlocal away, longest
        number = 0
        while not stop.exists():
            number += 1
            key = f"{name}-{number}"
            while True:  # what a client does: the same order under the same key until there is an answer
                began = time.monotonic()
                try:
                    await practice.execute(actor, Write(number=key), idempotency_key=key)
                    acknowledged.append(key)
                    break
                except Unavailable:
                    away += 1
                except Exception as error:
                    others.append(repr(error)[:300])
                finally:
                    longest = max(longest, time.monotonic() - began)
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.01)

    async def reader():
        nonlocal away
        while not stop.exists():
            try:
                await practice.ask(actor, Look())
            except Unavailable:
                away += 1
            except Exception as error:
                others.append(repr(error)[:300])
            await asyncio.sleep(0.02)

    async def tell():
        while not stop.exists():
            print(len(acknowledged), flush=True)
            await asyncio.sleep(0.1)

    await asyncio.gather(tell(), reader(), *(writer(str(one)) for one in range(writers)))
    written = [row.key for row in await OutboxEvent.filter(topic="test.written")]
    entries = await AuditEntry.filter(action="test.write", outcome="done").count()
    print(json.dumps({"acknowledged": acknowledged, "written": written, "entries": entries, "away": away, "others": others, "longest": longest}))
    await close_database()

asyncio.run(main())
"""


class House:
    """The process with its writers; ``count``: how many orders were acknowledged so far."""

    def __init__(self, folder: Path, practice_url: str, keyring_url: str) -> None:
        self._stop = folder / "stop"
        argv = [sys.executable, "-c", _HOUSE, str(folder), practice_url, keyring_url, str(WRITERS)]
        self._process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=(folder / "errors").open("wb"), text=True)
        self._errors = folder / "errors"

    def count(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._errors.read_text()[-3000:]
        return int(line)

    def go_on(self, more: int) -> None:
        """Wait until ``more`` further orders were acknowledged."""
        goal = self.count() + more
        until = time.monotonic() + 90
        while self.count() < goal:
            assert time.monotonic() < until, "it did not recover by itself"

    def end(self) -> dict[str, Any]:
        self._stop.touch()
        out, _ = self._process.communicate(timeout=90)
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def check(said: dict[str, Any]) -> None:
    assert said["others"] == []
    assert said["away"] > 0, "the loss was not noticed: the test proves nothing"
    assert sorted(said["written"]) == sorted(set(said["written"])), "an order was done twice"
    assert set(said["acknowledged"]) <= set(said["written"]), "an acknowledged order is lost"
    assert said["entries"] == len(said["written"]), "an act without its audit entry, or the other way round"


def test_the_server_is_killed_and_comes_back(on_mariadb: bool, tmp_path: Path) -> None:
    if not on_mariadb:
        pytest.skip("SQLite has no server")
    need(is_installed(), "mariadb-server")
    with mariadb_server() as server:
        house = House(tmp_path, server.create_schema("lost_practice"), server.create_schema("lost_keyring"))
        try:
            house.go_on(20)
            for _ in range(2):
                server.kill()
                time.sleep(0.5)
                server.start()
                house.go_on(20)
            check(house.end())
        finally:
            house.kill()


class Switch:
    """An address behind which the server can be another from one connection to the next, as a proxy or a moved address is in a fail-over.
    Connections that stand are left as they are."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                here, _ = self._listening.accept()
                there = socket.create_connection(("127.0.0.1", self.port))
                for source, target in ((here, there), (there, here)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listening.close()


def test_another_server_takes_over_and_the_old_one_stays_up_and_only_reads(on_mariadb: bool, tmp_path: Path) -> None:
    """A planned fail-over: who keeps his connection to the old server is answered there, and can never write again."""
    if not on_mariadb:
        pytest.skip("SQLite has no server")
    need(is_installed(), "mariadb-server")
    with mariadb_server() as old, mariadb_server() as new:
        switch = Switch(old.port)
        schemas = ("moved_practice", "moved_keyring")
        for server in (old, new):
            for schema in schemas:
                server.create_schema(schema)
            # The house's own user may not write where the server only reads; root may.
            server.sql("CREATE USER house@'127.0.0.1'; GRANT ALL ON `moved_practice`.* TO house@'127.0.0.1'")
            server.sql("GRANT ALL ON `moved_keyring`.* TO house@'127.0.0.1'")
        house = House(tmp_path, *(f"mysql://house@127.0.0.1:{switch.address}/{schema}" for schema in schemas))
        try:
            house.go_on(20)
            old.sql("SET GLOBAL read_only=1")
            dumped = ["mariadb-dump", "--no-defaults", "-uroot", f"--socket={old.socket_path}", "--hex-blob", "--databases", *schemas]
            copy = subprocess.run(dumped, check=True, capture_output=True).stdout
            subprocess.run(["mariadb", "--no-defaults", "-uroot", f"--socket={new.socket_path}", "--binary-mode"], input=copy, check=True)
            switch.port = new.port
            house.go_on(20)
            check(house.end())
        finally:
            house.kill()
            switch.close()
        assert int(new.sql("SELECT COUNT(*) FROM moved_practice.outbox_event")) > int(old.sql("SELECT COUNT(*) FROM moved_practice.outbox_event"))


def test_the_file_is_locked_by_somebody_else_for_longer_than_anybody_waits(on_mariadb: bool, tmp_path: Path) -> None:
    if on_mariadb:
        pytest.skip("MariaDB's rows are locked one by one")
    import sqlite3

    house = House(tmp_path, f"sqlite://{tmp_path}/practice.sqlite3", f"sqlite://{tmp_path}/keyring.sqlite3")
    try:
        house.go_on(20)
        other = sqlite3.connect(os.fspath(tmp_path / "practice.sqlite3"), timeout=30)
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(12)
        other.rollback()
        other.close()
        house.go_on(20)
        check(house.end())
    finally:
        house.kill()
