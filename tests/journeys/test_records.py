"""After a whole story: what lies in the database says nothing to whoever opens the file, and what leaves by the outbox is ids only."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.story.spine import COUGH, STROKE
from tests.journeys.story.the_opinion import ADVICE
from tests.journeys.story.the_prescription import REASON, RETURNED_FOR
from tests.journeys.told import told

ID_OR_CODE = re.compile(r"[A-Za-z0-9_.:@+,/-]{0,120}")
pytestmark = pytest.mark.timeout(600)
SECRETS = (
    "咳嗽", "胸口", "半拉身子", "大井村", "胸痛", "血压", "心梗", "阿司匹林", "氯吡格雷", "支架", "心衰", "很耐心", "150/95", COUGH, STROKE, ADVICE,
    REASON, RETURNED_FOR,
)  # fmt: skip
OPEN_ON_PURPOSE = {"organisation", "migrations", "tortoise_migrations"}
"""Names of organisations are public."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a demonstration in which the story was played and that has ended."""
    story = told(1, tmp_path_factory)
    assert not story.failure, story.failure
    return story.data_dir


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def test_outbox_due_rows_and_audit_hold_ids_and_codes_only(data: Path):
    with opened(data / "practice.sqlite3") as practice:
        for row in practice.execute("SELECT topic, body FROM outbox_event"):
            for name, value in json.loads(row["body"]).items():
                assert ID_OR_CODE.fullmatch(str(value)), f"{row['topic']}.{name}"
        for row in practice.execute("SELECT kind, ref, step FROM due_work"):
            assert ID_OR_CODE.fullmatch(row["ref"] + row["step"]), row["kind"]
        for row in practice.execute("SELECT action, detail, subject_id, outcome FROM audit_entry"):
            assert ID_OR_CODE.fullmatch(row["subject_id"] + row["outcome"]), row["action"]
            for value in json.loads(row["detail"]).values():
                assert ID_OR_CODE.fullmatch(str(value)), row["action"]


def test_nothing_that_people_said_and_no_name_lies_open(data: Path):
    people = json.loads((data / "simulator" / "people.json").read_text())["people"]
    patients = [one for one in people if one["role"] == "patient"]
    private = [*SECRETS, *(one[name] for one in patients for name in ("full_name", "id_number", "phone") if one[name])]
    for name in ("practice.sqlite3", "keyring.sqlite3"):
        with opened(data / name) as database:
            tables = [row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                if table in OPEN_ON_PURPOSE:
                    continue
                for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - a table's own name
                    for column in row.keys():  # noqa: SIM118 - sqlite3.Row is no mapping
                        value = row[column]
                        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                        found = [secret for secret in private if secret in text]
                        assert not found, f"{table}.{column} holds words that should be sealed"


def test_blobs_are_sealed(data: Path):
    blobs = [path for path in (data / "blobs").rglob("*") if path.is_file()]
    assert blobs
    for path in blobs:
        data = path.read_bytes()
        assert b"DICM" not in data
        assert not data.startswith(b"\xff\xd8\xff")


def test_every_owned_row_names_its_organisation(data: Path):
    with opened(data / "practice.sqlite3") as practice:
        tables = [row["name"] for row in practice.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        owned = [table for table in tables if any(c["name"] == "organisation_id" for c in practice.execute(f'PRAGMA table_info("{table}")'))]
        assert {"intake", "consultation", "patient", "practitioner"} <= set(owned)
        for table in owned:
            if table == "audit_entry":
                continue  # the system acts for no organisation
            empty = practice.execute(f"SELECT COUNT(*) FROM \"{table}\" WHERE organisation_id IS NULL OR organisation_id = ''").fetchone()[0]  # noqa: S608
            assert empty == 0, table


def audit_verify(folder: Path) -> subprocess.CompletedProcess[str]:
    """`huizhen audit verify` as an operator types it, on this data folder."""
    return subprocess.run(
        [sys.executable, "-m", "miniprogram_api.cli.main", "audit", "verify"], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "HUIZHEN_DEMO": "1", "HUIZHEN_DATA_DIR": str(folder), "HUIZHEN_DATABASE_URL": "", "HUIZHEN_KEYRING_URL": ""},
    )  # fmt: skip


def test_the_audit_of_the_story_is_whole_and_one_changed_word_in_it_is_found(data: Path, tmp_path: Path):
    done = audit_verify(data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "未发现改动" in done.stdout
    assert "未受保护" in done.stdout
    copy = tmp_path / "data"
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("blobs", "redis", "run", "logs", "simulator"))
    with sqlite3.connect(copy / "practice.sqlite3") as practice:
        (changed,) = practice.execute("SELECT id FROM audit_entry WHERE subject_kind = 'patient' AND in_tree = 1 ORDER BY id LIMIT 1").fetchone()
        practice.execute("UPDATE audit_entry SET account_id = 'somebody-else' WHERE id = ?", [changed])
    done = audit_verify(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert changed in done.stdout
