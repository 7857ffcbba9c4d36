"""A new house from the command line: the table of houses, the first administrator's code, the table of people."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.foundation.practice import Practice
from core.people.models import Organisation
from miniprogram_api.cli import admin, imports
from miniprogram_api.cli.main import parser
from tests.miniprogram_api.app.test_register_import import houses, people

pytestmark = pytest.mark.storage


class House:
    """What an operator types, in a house whose database and keys are the test's."""

    def __init__(self, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings, self.capsys = settings, capsys
        self.tables = {
            "good.csv": houses(), "bad.csv": houses(("甲", "县级医院", "1", "", ""), ("乙医院", "诊所", "522727", "", "")), "people.csv": people(),
        }

    async def types(self, *arguments: str) -> tuple[int, str]:
        given: argparse.Namespace = parser().parse_args(arguments)
        if given.module.endswith("admin"):
            status = await admin._run(self.settings, given)
        else:
            status = await imports._run(self.settings, given.what, self.tables[given.file])
        return status, self.capsys.readouterr().out


@pytest.fixture
async def house(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> House:
    @contextlib.asynccontextmanager
    async def opened(settings: Any) -> AsyncIterator[Practice]:
        yield practice

    for module in (admin, imports):
        monkeypatch.setattr(module, "open_for_signing", opened)
    channels = tmp_path / "channels.json"
    channels.write_text(json.dumps({"wecom": {"corpid": "wwtest"}}))
    return House(SimpleNamespace(channels_file=channels), capsys)


async def test_from_nothing_to_the_first_administrators_code(house: House) -> None:
    first = ("admin", "first", "--name", "何平", "--phone", "19900000077")
    status, said = await house.types(*first)
    assert (status, "还没有机构" in said) == (1, True)
    status, said = await house.types("import", "organisations", "bad.csv")
    assert status == 1
    assert said.startswith("没有导入,有 2 处要改:\n  第 2 行:")
    assert not await Organisation.exists()
    assert await house.types("import", "organisations", "good.csv") == (0, "导入完成:新登记 3 行,已有 0 行。\n")
    status, said = await house.types("admin", "first", "--name", "何", "--phone", "1")
    assert (status, "姓名和 11 位手机号" in said) == (1, True)
    status, said = await house.types(*first)
    assert status == 0
    assert "绑定管理员" in said
    assert "30 分钟" in said
    assert "还没有管理员" in (await house.types("admin", "list"))[1]
    assert await house.types("import", "practitioners", "people.csv") == (0, "导入完成:新登记 3 行,已有 0 行。\n")
    assert await house.types("import", "practitioners", "people.csv") == (0, "导入完成:新登记 0 行,已有 3 行。\n")
    assert "何平" in (await house.types("admin", "list"))[1]
    status, said = await house.types(*first)
    assert (status, "已经有管理员" in said) == (1, True)
