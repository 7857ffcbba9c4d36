"""MariaDB to a point in time: the dump, and what its binary log says of this one schema up to then. Another schema's rows never come along."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from miniprogram_api.backups.failures import BackupFailed, TargetInUse
from miniprogram_api.backups.mariadb import MariaDb, Position, cut_log
from miniprogram_api.backups.scratch_server import scratch_server
from tests.support.mariadb import is_installed, mariadb_server
from tests.support.peers import need

pytestmark = pytest.mark.storage


@pytest.fixture(scope="module")
def logged(on_mariadb: bool) -> Iterator[Any]:
    """A server that keeps a log, which the shared one does not."""
    if not on_mariadb:
        pytest.skip("MariaDB's own")
    need(is_installed(), "mariadb-server")
    with mariadb_server("--log-bin=binlog", "--binlog-format=ROW") as server:
        yield server


async def test_a_schema_is_brought_to_a_point_in_time(logged: Any, tmp_path: Path) -> None:
    practice, keyring = MariaDb(logged.create_schema("practice")), MariaDb(logged.create_schema("keyring"))
    logged.sql("CREATE TABLE practice.lease (id varchar(26) PRIMARY KEY, word longblob); CREATE TABLE keyring.wrapped_key (word blob)")
    logged.sql("INSERT INTO practice.lease VALUES ('in the dump', x'00ff0a27'), ('goes', '中文')")
    dumped = await practice.dump(tmp_path / "practice.sql")
    assert dumped.rows == {"lease": 2}
    assert dumped.position is not None
    logged.sql("INSERT INTO practice.lease VALUES ('before', 'x'); DELETE FROM practice.lease WHERE id='goes'")
    logged.sql("INSERT INTO keyring.wrapped_key VALUES ('a wrapped key')")
    await asyncio.sleep(1.1)  # the log knows whole seconds
    until = datetime.now(UTC).replace(microsecond=0)
    await asyncio.sleep(1.1)
    logged.sql("INSERT INTO practice.lease VALUES ('after', 'x')")
    await practice.fetch_log(dumped.position, tmp_path / "log.sql")
    assert "wrapped" not in (tmp_path / "log.sql").read_text()
    cut_log(tmp_path / "log.sql", until)
    with pytest.raises(TargetInUse, match="新建一个空库"):
        await practice.check_empty()
    async with scratch_server(tmp_path / "server", "practice") as (url,):
        scratch = MariaDb(url)
        await scratch.check_empty()
        await scratch.load(tmp_path / "practice.sql")
        assert await scratch.counted(["lease", "nothing"]) == {"lease": 2, "nothing": -1}
        await scratch.load(tmp_path / "log.sql")
        assert sorted(await scratch.says("SELECT id FROM lease")) == ["before", "in the dump"]
        assert await scratch.says("SELECT HEX(word) FROM lease WHERE id='in the dump'") == ["00FF0A27"]
    assert not (tmp_path / "server").exists()
    await keyring.empty()
    assert await keyring.tables() == []
    # Tables of ours without a row, as `huizhen migrate` leaves them, are in nobody's way; anybody else's are.
    logged.sql("CREATE TABLE keyring.wrapped_key (word blob); CREATE TABLE keyring.tortoise_migrations (name text)")
    logged.sql("INSERT INTO keyring.tortoise_migrations VALUES ('0001_initial')")
    await keyring.check_empty()
    logged.sql("INSERT INTO keyring.wrapped_key VALUES ('a wrapped key')")
    with pytest.raises(TargetInUse, match="1 个表里有资料"):
        await keyring.check_empty()
    logged.sql("DELETE FROM keyring.wrapped_key; CREATE TABLE keyring.somebody_elses (word blob)")
    with pytest.raises(TargetInUse, match="不是会诊的表"):
        await keyring.check_empty()
    await keyring.empty()
    with pytest.raises(BackupFailed, match=r"binlog\.000077"):
        await practice.fetch_log(Position("binlog.000077", 4), tmp_path / "gone.sql")
    with pytest.raises(BackupFailed, match="CREATE DATABASE"):
        await MariaDb(practice._parts._replace(path="/nobody").geturl()).tables()
