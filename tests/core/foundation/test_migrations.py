"""The schema that the migrations make is the schema that the models say, on either database, up and down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.storage

ROOT = Path(__file__).resolve().parents[3]

_STEPS = """
import asyncio, datetime, json, sys
from tortoise import Tortoise
from tortoise.connection import get_connection
from core.foundation.database import connection, drift, migrate, shapes

urls = sys.argv[1], sys.argv[2]
APPS = {connection.APP: connection.PRACTICE, connection.KEYRING: connection.KEYRING}
OURS = "tortoise_migrations"

async def opened(act):
    # One at a time, with foreign keys off: the rows of a test come in no order.
    await Tortoise.init(config=connection.configuration(*urls, foreign_keys=False))
    try:
        return {name: await act(get_connection(name)) for name in APPS.values()}
    finally:
        await Tortoise.close_connections()

async def columns_of(client):
    # {table: {column: (type, nullable)}} with what a model cannot say: the order of columns does not count.
    there = await shapes.shapes_there(client)
    return {table: shape for table, shape in sorted(there.items()) if table != OURS}

async def shape():
    async def one(client):
        return {table: {"columns": sorted(f"{c} {y} {n}" for c, (y, n) in s.columns.items()), "indexes": sorted(map(str, s.indexes)),
                        "references": sorted(map(str, s.references))} for table, s in (await columns_of(client)).items()}
    return await opened(one)

def value(kind):
    said = {"char": "x", "text": "{}", "time": "2026-11-20 02:00:00+00:00", "date": "2026-11-20", "blob": b"\\x01\\xff"}
    return next((said[part] for part in said if part in kind), 1)

async def fill(client):
    mysql = client.capabilities.dialect == "mysql"
    q, mark = ("`", "%s") if mysql else ('"', "?")
    tables = await columns_of(client)
    for table, made in tables.items():
        names = ",".join(f"{q}{c}{q}" for c in made.columns)
        values = [datetime.datetime(2026, 11, 20, 2) if mysql and "datetime" in y else value(y) for y, _ in made.columns.values()]
        statement = f"INSERT INTO {q}{table}{q} ({names}) VALUES ({','.join([mark] * len(values))})"
        if mysql:
            async with client.acquire_connection() as raw:
                async with raw.cursor() as cursor:
                    await cursor.execute("SET foreign_key_checks=0")
                    await cursor.execute(statement, values)
                    await cursor.execute("SET foreign_key_checks=1")
                await raw.commit()
        else:
            await client.execute_query(statement, values)
    return {table: sorted(made.columns) for table, made in tables.items()}

async def rows(columns):
    async def one(client):
        q = "`" if client.capabilities.dialect == "mysql" else '"'
        name = next(name for name in APPS.values() if get_connection(name) is client)
        found = {}
        for table, names in columns[name].items():
            listed = ",".join(f"{q}{c}{q}" for c in names)
            found[table] = [{c: str(row[c]) for c in names} for row in await client.execute_query_dict(f"SELECT {listed} FROM {q}{table}{q}")]
        return found
    return await opened(one)

async def to(name_of):
    for app in reversed(APPS):
        await migrate.migrate(*urls, target=f"{app}.{name_of(migrate.migration_names(connection.MIGRATIONS[app]))}")

async def walk():
    said = {"before": await migrate.pending_migrations(*urls)}
    await to(lambda names: names[0])
    said["first"] = await shape()
    columns = await opened(fill)
    said["rows"] = [await rows(columns)]
    await migrate.migrate(*urls)
    said["rows"].append(await rows(columns))
    said |= {"after": await migrate.pending_migrations(*urls), "missing": await migrate.missing_migrations(*urls), "newest": await shape(),
             "drift": list(map(str, await drift.differences(*urls)))}
    await to(lambda names: names[0])
    said["first_again"] = await shape()
    said["rows"].append(await rows(columns))
    await to(lambda names: "__first__")
    said["nothing"] = await shape()
    await migrate.migrate(*urls)
    said["newest_again"] = await shape()
    return said

async def by_models():
    await Tortoise.init(config=connection.configuration(*urls))
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()
    return {"shape": await shape()}

async def recorded():
    # As if migrated, in a second instead of many.
    await by_models()
    async def one(client):
        app = next(app for app, name in APPS.items() if get_connection(name) is client)
        await client.execute_query("CREATE TABLE tortoise_migrations (app VARCHAR(255), name VARCHAR(255), applied_at VARCHAR(40))")
        for name in migrate.migration_names(connection.MIGRATIONS[app]):
            await client.execute_query(f"INSERT INTO tortoise_migrations VALUES ('{app}', '{name}', '2026-11-20 02:00:00')")
    await opened(one)

async def altered():
    await recorded()
    said = [[str(one) for one in await drift.differences(*urls)]]
    for statement in json.loads(sys.argv[4]):
        async def one(client):
            if get_connection("practice") is client:
                await client.execute_query(statement)
        await opened(one)
        said.append([str(one) for one in await drift.differences(*urls)])
    return said

print(json.dumps(asyncio.run({"walk": walk, "models": by_models, "altered": altered}[sys.argv[3]]())))
"""


def step(practice_url: str, keyring_url: str, what: str, *more: str) -> Any:
    """One step in a process of its own: one process, one dialect."""
    argv = [sys.executable, "-c", _STEPS, practice_url, keyring_url, what, *more]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "already exists" not in done.stderr, "whoever migrates or restores would read a warning of nothing"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def empty(on_mariadb: bool, request: pytest.FixtureRequest, tmp_path: Path):
    def make(name: str) -> tuple[str, str]:
        if on_mariadb:
            server = request.getfixturevalue("mariadb")
            return server.create_schema(f"{name}_practice"), server.create_schema(f"{name}_keyring")
        return f"sqlite://{tmp_path}/{name}.sqlite3", f"sqlite://{tmp_path}/{name}_keys.sqlite3"

    return make


def test_every_migration_goes_up_and_down_and_up_again_and_old_rows_stay(empty):
    """From nothing to the first, a row into every table, to the newest, back to the first, back to nothing, and up once more."""
    said = step(*empty("walked"), "walk")
    assert said["before"] > 0
    assert (said["after"], said["missing"], said["drift"]) == (0, [], [])
    written, later, back = said["rows"]
    assert all(len(rows) == 1 for tables in written.values() for rows in tables.values())
    assert later == written
    assert back == written
    assert said["first_again"] == said["first"]
    assert said["nothing"] == {"practice": {}, "keyring": {}}
    assert said["newest_again"] == said["newest"]
    assert step(*empty("modelled"), "models")["shape"] == said["newest"]


def test_a_table_altered_by_hand_is_found_and_the_house_does_not_start_on_it(on_mariadb: bool, empty, tmp_path: Path):
    urls = empty("altered")
    quote = "`" if on_mariadb else '"'
    on_table = " ON outbox_event" if on_mariadb else ""
    changes = [
        "ALTER TABLE patient ADD COLUMN nickname VARCHAR(20) NULL",
        "CREATE UNIQUE INDEX hands ON outbox_event (topic)",
        f"DROP INDEX hands{on_table}",
        f"ALTER TABLE blob DROP COLUMN {quote}size{quote}".replace("blob ", f"{quote}blob{quote} "),
        f"DROP TABLE {quote}lease{quote}",
    ]
    before, nickname, unique, dropped, column, table = step(*urls, "altered", json.dumps(changes))
    assert before == []
    assert nickname == ["patient.nickname:多出这一列"]
    assert unique == ["outbox_event:多出唯一索引(topic)", *nickname]
    assert dropped == nickname
    assert column == ["blob.size:没有这一列", *nickname]
    assert table == ["blob.size:没有这一列", "lease:没有这个表", *nickname]
    environment = os.environ | {"HUIZHEN_DATABASE_URL": urls[0], "HUIZHEN_KEYRING_URL": urls[1], "HUIZHEN_DATA_DIR": str(tmp_path / "house")}
    argv = [sys.executable, "-m", "miniprogram_api.cli.main", "migrate"]
    start = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert start.returncode == 1, start.stderr[-2000:]
    assert "lease:没有这个表" in start.stdout
    assert "backups" in start.stdout


def test_a_schema_that_takes_large_and_small_letters_for_one_is_refused_with_what_to_do(on_mariadb: bool, request: pytest.FixtureRequest):
    """Two openids that differ in case only are two people."""
    if not on_mariadb:
        pytest.skip("SQLite compares letter by letter")
    server = request.getfixturevalue("mariadb")
    practice_url, keyring_url = server.create_schema("loose_practice"), server.create_schema("loose_keyring")
    server.sql("ALTER DATABASE loose_practice COLLATE utf8mb4_general_ci")
    code = "import asyncio, sys; from core.foundation.database.migrate import migrate; asyncio.run(migrate(*sys.argv[1:3]))"
    done = subprocess.run([sys.executable, "-c", code, practice_url, keyring_url], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "WrongCollation" in done.stderr
    assert server.sql("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'loose_practice'").strip() == "0"
    server.sql("ALTER DATABASE loose_practice COLLATE utf8mb4_bin")
    assert step(practice_url, keyring_url, "altered", "[]") == [[]]
