"""The story, whole, on fresh demonstrations: three seeds, different people and answers by the seed. One on a good day; one on the platform's bad day;
one while every process is killed once (test_kill), and on MariaDB too."""

from __future__ import annotations

import json
import os
import sqlite3

import pytest

from tests.journeys.told import told

pytestmark = pytest.mark.timeout(600)
ON_MARIADB_TOO = 2
SPOILED_SEED = 3
FULL = os.environ.get("HUIZHEN_TEST_SCALE") == "full"
SEEDS = range(1, 9) if FULL else (ON_MARIADB_TOO,) if os.environ.get("HUIZHEN_TEST_DATABASE") == "mariadb" else (1,)
"""On a good day."""
STEPS = (
    "第一步(上)", "第一步(下)", "第二步", "第三步 村医", "第三步(续)", "第四步 专家应答", "第四步(续)", "第五步",
    "第六步", "第七步", "第八步", "第九步", "第十步",
)  # fmt: skip


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.storage) if seed == ON_MARIADB_TOO else seed for seed in SEEDS])
def test_the_story_ends(seed: int, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, on_mariadb: bool) -> None:
    environment = {}
    if on_mariadb:
        if seed != ON_MARIADB_TOO:
            pytest.skip("one seed on MariaDB")
        server = request.getfixturevalue("mariadb")
        environment = {
            "HUIZHEN_DATABASE_URL": server.create_schema("story_practice"),
            "HUIZHEN_KEYRING_URL": server.create_schema("story_keyring"),
        }
    story = told(seed, tmp_path_factory, environment)
    assert not story.failure, f"{story.transcript[-3000:]}\n✗ {story.failure}"
    at = [story.transcript.index(f"━━ {step}") for step in STEPS]
    assert at == sorted(at)
    assert story.transcript.count("└ 用时") == len(STEPS)


@pytest.mark.timeout(1500)
def test_the_story_ends_on_the_platforms_bad_day(tmp_path_factory: pytest.TempPathFactory, on_mariadb: bool) -> None:
    if on_mariadb:
        pytest.skip("the faults are the platform's, not the database's")
    story = told(SPOILED_SEED, tmp_path_factory, faults=True)
    assert not story.failure, f"{story.transcript[-3000:]}\n✗ {story.failure}"
    assert story.transcript.count("└ 用时") == len(STEPS)
    with sqlite3.connect(f"file:{story.data_dir / 'simulator' / 'state.sqlite3'}?mode=ro", uri=True) as state:
        records = [json.loads(row[0]) for row in state.execute("SELECT body FROM exchanges")]
    assert any(record["kind"] == "api" and record["outcome"] == "error" for record in records), "calls failed"
    assert any(attempt["duplicate"] for record in records for attempt in record["attempts"]), "callbacks came twice"
