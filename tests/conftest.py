"""What every test may use: a practice on a real database, a clock that stands still, the clinical engine."""

from __future__ import annotations

import asyncio
import os
import random
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import pytest

from core.foundation.actor import Actor
from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing
from core.foundation.practice import Engines, Practice
from core.foundation.signals import LocalSignals
from tests.support.kept import same_master_keys
from tests.support.log_watch import pytest_configure, pytest_sessionfinish, pytest_terminal_summary
from tests.support.peers import need
from tests.support.reports import pytest_runtest_makereport
from tests.support.same_routes import routes_are_compiled_once

__all__ = ["pytest_configure", "pytest_runtest_makereport", "pytest_sessionfinish", "pytest_terminal_summary", "routes_are_compiled_once"]

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
"""Friday, 10:00 in Shanghai."""


WHOLE_ON_MARIADB = Path(__file__).parent / "core" / "foundation"
"""Where the two databases are told apart; above it every order goes through what stands here."""
ONLY_ORDERS = tuple(Path(__file__).parent / where for where in ("bot/dialogue", "bot/sending", "miniprogram_api/http"))
"""Where orders are given and answers shown, and nothing is stored by any other way; stories and callbacks are told on MariaDB whole."""
_AT_ONCE = frozenset(("gather", "TaskGroup", "processes", "race"))
"""What a test calls that lets several act at the same time."""


def _at_once(code: CodeType) -> bool:
    """Whether ``code`` or a function inside it lets several act at once: who wins then is decided by locks, which each database has of its own."""
    return not _AT_ONCE.isdisjoint(code.co_names) or any(_at_once(inner) for inner in code.co_consts if isinstance(inner, CodeType))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What touches storage runs on both databases, whether its file says so or not. On MariaDB these do: the layer that tells the databases apart,
    whatever lets several act at once, and one test of each other file, but for those of `ONLY_ORDERS`. All of them in `make soak`, and whenever files
    are named."""
    for item in items:
        if "database" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.storage)
    if os.environ.get("HUIZHEN_TEST_DATABASE") != "mariadb" or os.environ.get("HUIZHEN_TEST_SCALE") == "full" or config.args != ["tests"]:
        return
    told, left_out = set(), set()
    for item in items:
        if item.get_closest_marker("storage") is not None and WHOLE_ON_MARIADB not in item.path.parents:
            spared = item.path in told or any(folder in item.path.parents for folder in ONLY_ORDERS)
            if spared and not _at_once(item.function.__code__):  # type: ignore[attr-defined]
                left_out.add(item)
            told.add(item.path)
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def limits_begin_with_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows counted in this process lie on whole minutes and hours: each test begins just after an hour, so that none straddles two."""
    into_the_hour = time.time() % 3600
    monkeypatch.setattr("limits.aio.storage.memory.time", SimpleNamespace(time=lambda: time.time() - into_the_hour))


@pytest.fixture(autouse=True, scope="session")
def authorities_are_read_once() -> Iterator[None]:
    """Every HTTP client of a test would read anew which authorities vouch for servers (30 ms): those that read the same share it."""
    from httpx import create_ssl_context as read

    @cache
    def kept(trust_env: bool, _file: str | None, _folder: str | None) -> ssl.SSLContext:
        return read(trust_env=trust_env)

    def shared(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
        if verify is not True or cert:
            return read(verify, cert, trust_env)
        return kept(trust_env, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", shared)
        yield


@dataclass(frozen=True)
class DatabaseUrls:
    practice: str
    keyring: str


@pytest.fixture(scope="session")
def on_mariadb() -> bool:
    return os.environ.get("HUIZHEN_TEST_DATABASE", "sqlite") == "mariadb"


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Any]:
    """A running MariaDB server, for the whole run."""
    from tests.support.mariadb import is_installed, mariadb_server

    need(is_installed(), "mariadb-server")
    with mariadb_server() as server:
        yield server


@pytest.fixture(scope="session")
def database_urls(on_mariadb: bool, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DatabaseUrls:
    """Two empty databases, migrated once."""
    if on_mariadb:
        server = request.getfixturevalue("mariadb")
        urls = DatabaseUrls(server.create_schema("practice"), server.create_schema("keyring"))
    else:
        folder = tmp_path_factory.mktemp("database")
        urls = DatabaseUrls(f"sqlite://{folder}/practice.sqlite3", f"sqlite://{folder}/keyring.sqlite3")
    return urls


@pytest.fixture(scope="session")
async def database(database_urls: DatabaseUrls) -> AsyncIterator[DatabaseUrls]:
    from tortoise import Tortoise

    from core.foundation.database.connection import close_database, open_database
    from core.foundation.guard import install_guard
    from core.practice_rooms import load_rooms

    install_guard(asyncio.get_running_loop())
    load_rooms()
    await open_database(database_urls.practice, database_urls.keyring)
    await Tortoise.generate_schemas()
    yield database_urls
    await close_database()


async def _delete_all_rows() -> None:
    from tortoise import Tortoise
    from tortoise.connection import get_connection

    for app, name in (("huizhen", "practice"), ("keyring", "keyring")):
        connection = get_connection(name)
        quote = "`" if connection.capabilities.dialect == "mysql" else '"'
        off, on = (
            ("SET foreign_key_checks=0", "SET foreign_key_checks=1")
            if connection.capabilities.dialect == "mysql"
            else ("PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON")
        )
        # Table names are the models' own. Most tests write into few of them: one question finds these.
        tables = [f"{quote}{model._meta.db_table}{quote}" for model in Tortoise.apps[app].values()]
        asked = (f"SELECT '{table}' AS name FROM (SELECT 1) AS one_row WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)  # noqa: S608
        written = await connection.execute_query_dict(" UNION ALL ".join(asked))
        statements = [f"DELETE FROM {row['name']}" for row in written]  # noqa: S608
        if not statements:
            continue
        if connection.capabilities.dialect == "mysql":
            await connection.execute_script(";".join([off, *statements, on]))
        else:
            for statement in [off, *statements, on]:
                await connection.execute_query(statement)


@pytest.fixture(autouse=True)
def _factor(request: pytest.FixtureRequest) -> Iterator[None]:
    """Signing is unlocked, but for the tests of unlocking it."""
    if "database" not in request.fixturenames or request.node.get_closest_marker("second_factor") is not None:
        yield
        return
    from core.practice_rooms import load_rooms
    from tests.support.signing import factor_given

    load_rooms()
    with factor_given():
        yield


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def system() -> Actor:
    return Actor.system("test")


@pytest.fixture(scope="session")
def clinical() -> Any:
    """The real clinical engine, built once."""
    from nlp.engine import build

    return build()


@pytest.fixture
async def practice(database: DatabaseUrls, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Practice]:
    """A practice with empty tables; ``practice.engines`` are empty until a test sets them."""
    rng = random.Random(20261120)
    keys = KeyRing(same_master_keys(tmp_path / "keyring.key"), clock)
    yield Practice(
        clock=clock,
        ids=Ids(clock.real_now, rng),
        rng=rng,
        keys=keys,
        blobs=BlobStore(tmp_path / "blobs", keys),
        signals=LocalSignals(),
        engines=Engines(),
        demo=True,
    )
    await _delete_all_rows()
