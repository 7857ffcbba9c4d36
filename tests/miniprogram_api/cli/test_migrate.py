"""`huizhen migrate` as an operator types it: what is there, what is to come, and the way back, which loses nothing that was not given up by name."""

from __future__ import annotations

import asyncio
import json

import pytest

from core.foundation.database.going_back import NoSuchStep, Steps, targets
from miniprogram_api.app.data_folder import FolderLock
from tests.miniprogram_api.cli.conftest import Operator

pytestmark = pytest.mark.storage


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
    assert (await operator.types("keys create"))[0] == 0
    with FolderLock(operator.folder):
        status, said = await operator.types("migrate --to 0001 --lose-data")
    assert (status, "还在运行" in said) == (1, True), said

    status, said = await operator.types("migrate --to 0001")
    assert (status, "verified_phone:1 行" in said, "没有退回" in said) == (1, True, True), said
    status, said = await operator.types("migrate --plan --to 0001")
    assert (status, "verified_phone:1 行" in said, "还没有做" in said) == (2, True, False), said

    asked = "SELECT outcome, role, subject_kind, detail FROM audit_entry WHERE action='oversight.schema_back'"
    assert operator.sql(asked) == [], "refused, nothing went back"

    # Nothing stands in the key ring yet: one database alone goes back without being asked twice.
    status, said = await operator.types("migrate --to keyring.0001")
    assert (status, "不会丢资料" in said, "已备份到" in said, "审计" in said) == (0, True, True, False), said
    (entry,) = operator.sql(asked)
    assert entry[:3] == ("done", "system", "schema")
    told = json.loads(entry[3])
    assert (told["practice"], told["keyring"], told["values"]) == ("", "0001_initial", "0")
    assert told["user"], "who typed it"
    status, said = await operator.types("migrate --to 0001 --lose-data")
    assert (status, "已退回:practice 在 0001_initial" in said, "没有写进审计" in said) == (0, True, True), said
    status, said = await operator.types("migrate --plan")
    assert (status, said.count("还没有做")) == (2, 2), said
    copies = await asyncio.to_thread(list, (operator.folder / "backups").iterdir())
    assert {path.name.partition("-")[0] for path in copies} == {"practice", "keyring"}
