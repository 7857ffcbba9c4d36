"""An operator at a terminal, with two empty databases of the kind that this run is about."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.forked import Forked


@dataclass(frozen=True)
class Operator:
    """``urls``: practice and key ring. ``server``: the MariaDB, None on SQLite."""

    folder: Path
    urls: tuple[str, str]
    server: Any

    def environment(self, **settings: str) -> dict[str, str]:
        """The settings as he gives them, and nothing of the machine's own."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("HUIZHEN_")}
        chosen = {"HUIZHEN_DATA_DIR": str(self.folder), "HUIZHEN_DATABASE_URL": self.urls[0], "HUIZHEN_KEYRING_URL": self.urls[1]}
        return {**own, **chosen, **settings}

    async def types(self, line: str, **settings: str) -> tuple[int | None, str]:
        """One command, to its end: its status and what it said."""
        environment = json.dumps(self.environment(**settings))
        running = await Forked.begin("tests.support.operator_process", environment, "miniprogram_api.cli.main", *line.split())
        said = await running.rest()
        return await running.end(), said

    def sql(self, statement: str) -> list[tuple[str, ...]]:
        """The rows of a statement about the practice's database, which is carried out."""
        if self.server is not None:
            said: str = self.server.sql(f"USE {urlsplit(self.urls[0]).path.lstrip('/')}; {statement}")
            return [tuple(line.split("\t")) for line in said.splitlines()]
        with closing(sqlite3.connect(urlsplit(self.urls[0]).path)) as database:
            rows = database.execute(statement).fetchall()
            database.commit()
        return [tuple(str(value) for value in row) for row in rows]


@pytest.fixture
def operator(on_mariadb: bool, request: pytest.FixtureRequest, tmp_path: Path) -> Operator:
    if not on_mariadb:
        return Operator(tmp_path, (f"sqlite://{tmp_path}/practice.sqlite3", f"sqlite://{tmp_path}/keyring.sqlite3"), None)
    server = request.getfixturevalue("mariadb")
    return Operator(tmp_path, (server.create_schema("operators_practice"), server.create_schema("operators_keyring")), server)
