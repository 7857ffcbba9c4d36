"""`huizhen migrate` as an operator types it: what is there, what is to come, and the way back, which loses nothing that was not given up by name."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.foundation.database.going_back import NoSuchStep, Steps, targets
from miniprogram_api.app.data_folder import FolderLock
from tests.support.forked import Forked

pytestmark = pytest.mark.storage


class Operator:
    """Two empty databases of the kind that this run is about, and a terminal."""

    def __init__(self, folder: Path, urls: tuple[str, str], server: Any) -> None:
        self.folder, self.urls, self._server = folder, urls, server

    async def types(self, line: str) -> tuple[int | None, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUIZHEN_")}
        environment |= {"HUIZHEN_DATA_DIR": str(self.folder), "HUIZHEN_DATABASE_URL": self.urls[0], "HUIZHEN_KEYRING_URL": self.urls[1]}
        running = await Forked.begin("tests.support.operator_process", json.dumps(environment), "miniprogram_api.cli.main", *line.split())
        said = await running.rest()
        return await running.end(), said

    def sql(self, statement: str) -> None:
        if self._server is not None:
            self._server.sql(f"USE {urlsplit(self.urls[0]).path.lstrip('/')}; {statement}")
            return
        with closing(sqlite3.connect(urlsplit(self.urls[0]).path)) as database:
            database.execute(statement)
            database.commit()


@pytest.fixture
def operator(on_mariadb: bool, request: pytest.FixtureRequest, tmp_path: Path) -> Operator:
    if not on_mariadb:
        return Operator(tmp_path, (f"sqlite://{tmp_path}/practice.sqlite3", f"sqlite://{tmp_path}/keyring.sqlite3"), None)
    server = request.getfixturevalue("mariadb")
    return Operator(tmp_path, (server.create_schema("back_practice"), server.create_schema("back_keyring")), server)


def test_a_step_that_nobody_took_is_named_with_those_that_were() -> None:
    there = [Steps("huizhen", ("0001_initial", "0002_more", "0003_most"), (), ()), Steps("keyring", ("0001_initial", "0002_more"), (), ())]
    assert targets(there, "0002") == {"huizhen": "0002_more"}
    assert targets(there, "0001_initial") == {"huizhen": "0001_initial", "keyring": "0001_initial"}
    assert targets(there, "keyring.0001") == {"keyring": "0001_initial"}
    for wrong in ("0009", "nowhere.0001", "practice.", "keyring.0003", "000", ""):
        with pytest.raises(NoSuchStep):
            targets(there, wrong)
    with pytest.raises(NoSuchStep, match="另一个版本"):
        targets([Steps("huizhen", ("0001_initial",), (), ("0004_later",))], "0001")


async def test_an_operator_sees_the_steps_and_goes_back_only_by_naming_what_he_gives_up(operator: Operator, on_mariadb: bool) -> None:
    status, said = await operator.types("migrate --plan")
    assert status == (2 if on_mariadb else 1), said  # of SQLite no file is made by looking
    assert on_mariadb or list(operator.folder.iterdir()) == []
    assert (await operator.types("migrate"))[0] == 0
    status, said = await operator.types("migrate --plan")
    assert (status, said.count("已做"), "还没有做" in said) == (0, 4, False), said
    operator.sql("INSERT INTO verified_phone (phone_blind) VALUES ('one')")
    with FolderLock(operator.folder):
        status, said = await operator.types("migrate --to 0001 --lose-data")
    assert (status, "还在运行" in said) == (1, True), said

    status, said = await operator.types("migrate --to 0001")
    assert (status, "verified_phone:1 行" in said, "没有退回" in said) == (1, True, True), said
    status, said = await operator.types("migrate --plan --to 0001")
    assert (status, "verified_phone:1 行" in said, "还没有做" in said) == (2, True, False), said

    # Nothing stands in the key ring yet: one database alone goes back without being asked twice.
    status, said = await operator.types("migrate --to keyring.0001")
    assert (status, "不会丢资料" in said, "已备份到" in said) == (0, True, True), said
    status, said = await operator.types("migrate --to 0001 --lose-data")
    assert (status, "已退回:practice 在 0001_initial" in said) == (0, True), said
    status, said = await operator.types("migrate --plan")
    assert (status, said.count("还没有做")) == (2, 2), said
    # MariaDB is copied before its first step too, when it is still empty.
    assert len(await asyncio.to_thread(list, (operator.folder / "backups").iterdir())) == (6 if on_mariadb else 4)
