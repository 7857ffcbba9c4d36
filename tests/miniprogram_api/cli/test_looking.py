"""Looking at a data folder that holds nothing: one sentence, and no file is left that would stand in the way of a restore."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.foundation.encryption.suites import SUITES
from core.foundation.keys import MasterKeys
from tests.miniprogram_api.cli.conftest import Operator
from tests.support.forked import Forked

LOOKS = (
    "audit verify", "audit heads", "audit find", "admin list", "keys status", "keys rotate", "backup", "backup status", "rules list",
    "sessions replace-key",
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """A new machine: the master keys were brought, and nothing else."""

    folder: Path

    async def types(self, line: str, **settings: str) -> tuple[int | None, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUIZHEN_")}
        environment |= {"HUIZHEN_DATA_DIR": str(self.folder), **settings}
        running = await Forked.begin("tests.support.operator_process", json.dumps(environment), "miniprogram_api.cli.main", *line.split())
        said = await running.rest()
        return await running.end(), said


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "secrets").mkdir()
    MasterKeys.create(tmp_path / "secrets/keyring.key", SUITES["aes"])
    return Machine(tmp_path)


@pytest.mark.parametrize("look", LOOKS)
async def test_it_says_that_nothing_is_here_and_leaves_no_file(machine: Machine, look: str) -> None:
    status, said = await machine.types(look)
    assert status == (2 if look == "audit verify" else 1)
    assert "这里还没有数据" in said
    assert "huizhen restore" in said
    assert os.listdir(machine.folder) == ["secrets"]


@pytest.mark.storage
async def test_databases_without_tables_hold_nothing_on_a_server_too(operator: Operator, on_mariadb: bool) -> None:
    (operator.folder / "secrets").mkdir()
    MasterKeys.create(operator.folder / "secrets/keyring.key", SUITES["aes"])
    for look in ("audit verify", "audit find", "backup status") if on_mariadb else ("audit find",):
        status, said = await operator.types(look)
        assert (status, "这里还没有数据" in said) == (2 if look == "audit verify" else 1, True), (look, said)
    assert not on_mariadb or not operator.sql("SHOW TABLES"), "looking made a table"


async def test_files_without_tables_are_nothing_too(machine: Machine) -> None:
    for name in ("practice", "keyring"):
        with closing(sqlite3.connect(machine.folder / f"{name}.sqlite3")) as database:
            database.execute("PRAGMA journal_mode=WAL")
    status, said = await machine.types("audit verify")
    assert (status, "这里还没有数据" in said) == (2, True)


async def test_a_bucket_without_keys_is_named_by_its_own_setting(machine: Machine) -> None:
    assert (await machine.types("migrate"))[0] == 0
    for look, wanted in (("audit verify", 2), ("keys status", 1), ("admin list", 1)):
        status, said = await machine.types(look, HUIZHEN_FILES_BUCKET="files")
        assert (status, "HUIZHEN_FILES_KEYS_FILE" in said, "audit_bucket" in said) == (wanted, True, False)
    assert (await machine.types("audit verify"))[0] == 0
    (machine.folder / "secrets/audit_bucket.json").write_text(json.dumps(["no bucket"]))
    for look, wanted in (("audit verify", 2), ("audit key", 1)):
        status, said = await machine.types(look)
        assert (status, "audit_bucket.json 不能用" in said) == (wanted, True)


async def test_two_settings_that_go_together_are_named_in_one_sentence(machine: Machine) -> None:
    status, said = await machine.types("admin list", HUIZHEN_TLS_CERTIFICATE=str(machine.folder / "own.pem"))
    assert (status, said) == (1, "设置不能用:HUIZHEN_TLS_CERTIFICATE 与 HUIZHEN_TLS_KEY 要一起设置。\n")


async def test_settings_that_cannot_be_read_are_no_tampering(machine: Machine) -> None:
    status, said = await machine.types("audit verify", HUIZHEN_PORT="none")
    assert (status, "这不等于发现了改动" in said) == (2, True)
