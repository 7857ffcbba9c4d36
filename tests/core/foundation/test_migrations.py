"""The schema that the migrations make is the schema that the models say, on either database, up and down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.storage

ROOT = Path(__file__).resolve().parents[3]

_STEPS = """
import asyncio, json, sys
from tortoise import Tortoise
from tortoise.connection import get_connection
from core.foundation.database import connection, migrate

urls = sys.argv[1], sys.argv[2]

async def shape():
    await Tortoise.init(config=connection.configuration(*urls))
    found = {}
    for name in (connection.PRACTICE, connection.KEYRING):
        client = get_connection(name)
        if client.capabilities.dialect == "sqlite":
            tables = await client.execute_query_dict("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")
            columns, indexes = [], []
            for table in (row["name"] for row in tables):
                for row in await client.execute_query_dict(f'PRAGMA table_info("{table}")'):
                    columns.append(f"{table}.{row['name']} {row['type']} {row['notnull']}")
                for row in await client.execute_query_dict(f'PRAGMA index_list("{table}")'):
                    names = await client.execute_query_dict(f'PRAGMA index_info("{row["name"]}")')
                    indexes.append(f"{table} {row['unique']} {[one['name'] for one in names]}")
                for row in await client.execute_query_dict(f'PRAGMA foreign_key_list("{table}")'):
                    indexes.append(f"{table} -> {row['table']} {row['from']} {row['on_delete']}")
        else:
            rows = await client.execute_query_dict(
                "SELECT table_name AS t, column_name AS c, is_nullable AS n, column_type AS y FROM information_schema.columns"
                " WHERE table_schema = DATABASE()")
            columns = [f"{row['t']}.{row['c']} {row['y']} {row['n']}" for row in rows]
            rows = await client.execute_query_dict(
                "SELECT table_name AS t, non_unique AS u, GROUP_CONCAT(column_name ORDER BY seq_in_index) AS c FROM information_schema.statistics"
                " WHERE table_schema = DATABASE() GROUP BY table_name, index_name, non_unique")
            indexes = [f"{row['t']} {row['u']} {row['c']}" for row in rows]
            rows = await client.execute_query_dict(
                "SELECT table_name AS t, referenced_table_name AS r, delete_rule AS d FROM information_schema.referential_constraints"
                " WHERE constraint_schema = DATABASE()")
            indexes += [f"{row['t']} -> {row['r']} {row['d']}" for row in rows]
        found[name] = {"columns": sorted(columns), "indexes": sorted(indexes)}
    await Tortoise.close_connections()
    return found

async def by_models():
    await Tortoise.init(config=connection.configuration(*urls))
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()
    return await shape()

what = sys.argv[3]
if what == "migrate":
    before = asyncio.run(migrate.pending_migrations(*urls))
    asyncio.run(migrate.migrate(*urls))
    print(json.dumps({"before": before, "after": asyncio.run(migrate.pending_migrations(*urls)),
                      "missing": asyncio.run(migrate.missing_migrations(*urls)), "shape": asyncio.run(shape())}))
elif what == "down":
    asyncio.run(migrate.migrate(*urls, target="huizhen.__first__"))
    print(json.dumps({"shape": asyncio.run(shape())}))
else:
    print(json.dumps({"shape": asyncio.run(by_models())}))
"""


def step(practice_url: str, keyring_url: str, what: str) -> dict:
    """One step in a process of its own: Tortoise is initialised once a process."""
    done = subprocess.run([sys.executable, "-c", _STEPS, practice_url, keyring_url, what], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.fixture
def empty(on_mariadb: bool, request: pytest.FixtureRequest, tmp_path: Path):
    def make(name: str) -> tuple[str, str]:
        if on_mariadb:
            server = request.getfixturevalue("mariadb")
            return server.create_schema(f"{name}_practice"), server.create_schema(f"{name}_keyring")
        return f"sqlite://{tmp_path}/{name}.sqlite3", f"sqlite://{tmp_path}/{name}_keys.sqlite3"

    return make


def test_migrations_make_what_the_models_say(empty):
    migrated = step(*empty("migrated"), "migrate")
    assert migrated["before"] > 0
    assert migrated["after"] == 0
    assert migrated["missing"] == []
    modelled = step(*empty("modelled"), "models")
    for name, said in modelled["shape"].items():
        made = migrated["shape"][name]
        for part in ("columns", "indexes"):
            assert [one for one in made[part] if not one.startswith("tortoise_migrations")] == said[part]


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
    assert step(practice_url, keyring_url, "migrate")["after"] == 0
