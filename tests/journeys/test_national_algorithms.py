"""The whole story on SM4-GCM and SM3 from the first start, then backup, restore elsewhere, audit; and a house of AES that changes over. Minutes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.foundation.encryption.suites import SM4
from tests.journeys.told import told

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.skipif(os.environ.get("HUIZHEN_TEST_SCALE") != "full", reason="minutes: in make soak"),
]
SM4_HEAD = bytes((2, SM4.code)).hex()
IN_SM4, IN_AES = 41, 42


class House:
    """A house that has been shut, and what an operator types at it."""

    def __init__(self, data_dir: Path, repositories: Path) -> None:
        self.data_dir = data_dir
        self.settings = {
            "HUIZHEN_DATA_DIR": str(data_dir), "HUIZHEN_SUITE": "sm4", "HUIZHEN_DEMO": "1",
            "HUIZHEN_BACKUP_REPOSITORY": str(repositories / "data"), "HUIZHEN_BACKUP_KEYRING_REPOSITORY": str(repositories / "keys"),
        }  # fmt: skip

    def run(self, *arguments: str, module: str = "miniprogram_api.cli.main") -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], capture_output=True, text=True, env={**os.environ, **self.settings}, input=""
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def sealed_only_by_sm4(self) -> None:
        found = json.loads(self.run(module="tests.journeys.sealed_by").splitlines()[-1])
        assert set(found["heads"]) == {SM4_HEAD}
        assert found["heads"][SM4_HEAD] > 1000
        assert found["keys"] == ["sm4"]


def backed_up_and_restored(house: House, folder: Path) -> None:
    house.run("backup", "init")
    house.run("backup")
    assert "演练通过" in house.run("backup", "drill")
    new = House(folder / "new", folder / "repositories")
    (folder / "new" / "secrets").mkdir(parents=True, mode=0o700)
    for name in ("keyring.key", "audit.key", "backup.password", "backup-keyring.password"):
        if (house.data_dir / "secrets" / name).exists():
            shutil.copy(house.data_dir / "secrets" / name, folder / "new" / "secrets" / name)
    assert "已恢复快照" in new.run("restore")
    new.sealed_only_by_sm4()


def test_a_house_in_sm4_from_the_first_start(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    story = told(IN_SM4, tmp_path_factory, {"HUIZHEN_SUITE": "sm4"})
    assert not story.failure, f"{story.transcript[-3000:]}\n✗ {story.failure}"
    house = House(story.data_dir, tmp_path / "repositories")
    house.sealed_only_by_sm4()
    house.run("audit", "verify")
    backed_up_and_restored(house, tmp_path)


def test_a_house_in_aes_changes_over(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    story = told(IN_AES, tmp_path_factory)
    assert not story.failure, f"{story.transcript[-3000:]}\n✗ {story.failure}"
    house = House(story.data_dir, tmp_path / "repositories")
    house.run("keys", "rotate")
    house.run("keys", "reencrypt")
    house.run("keys", "reindex")
    house.sealed_only_by_sm4()
    house.run("audit", "verify")
    backed_up_and_restored(house, tmp_path)
