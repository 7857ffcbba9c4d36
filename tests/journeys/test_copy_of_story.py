"""A de-identified copy of a whole told story, made by the command on its data folder: nobody of the county is anywhere in its bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.told import told

pytestmark = pytest.mark.timeout(600)


def test_nobody_of_the_county_is_in_the_copy_of_a_story(tmp_path_factory: pytest.TempPathFactory, on_mariadb: bool) -> None:
    if on_mariadb:
        pytest.skip("one database is enough: what touches storage is tested on both elsewhere")
    story = told(1, tmp_path_factory)
    assert not story.failure, f"{story.transcript[-3000:]}\n✗ {story.failure}"
    people = json.loads((story.data_dir / "simulator" / "people.json").read_text("utf-8"))["people"]
    administrator = next(one["name"] for one in people if one["role"] == "administrator")
    out = Path(tmp_path_factory.mktemp("copy")) / "out"
    done = subprocess.run(
        [
            sys.executable, "-m", "miniprogram_api.cli.main", "deidentify", "--out", str(out), "--purpose", "tests", "--by", administrator,
            "--why", "给测试环境", "--k", "2", "--images",
        ],
        env=os.environ | {"HUIZHEN_DATA_DIR": str(story.data_dir), "HUIZHEN_DEMO": "1"}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "要求 2" in done.stdout
    made = json.loads((out / "manifest.json").read_text("utf-8"))
    assert made["patients"]["in_copy"] >= 2
    assert made["k_anonymity"]["after"] >= 2
    places = {one["place"] for one in people if len(one.get("place") or "") > 2}
    wanted = {one for one in story.secrets | places if len(one) > 1}
    for path in sorted(one for one in out.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert not [one for one in wanted if one.encode() in content], f"{path.name} names somebody"
