"""Stories told once in a run and looked at by several tests: played on a fresh demonstration that has ended by then, its data folder kept."""

from __future__ import annotations

import io
import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.journeys.people import roster, sign_in
from tests.journeys.story.__main__ import SPOILED_PATIENCE, play, spoil
from tests.journeys.story.transcript import Transcript
from tests.support.demo import Demo, running


@dataclass
class Told:
    """One story. ``failure`` is why it stopped, empty when it ended; ``secrets`` is what no log may hold."""

    data_dir: Path
    transcript: str = ""
    failure: str = ""
    secrets: set[str] = field(default_factory=set)


_TOLD: dict[tuple[int, bool], Told] = {}


def told(seed: int, folders: pytest.TempPathFactory, environment: dict[str, str] | None = None, *, faults: bool = False) -> Told:
    """The story of ``seed``, played now or earlier in this run; with ``faults``, on a platform that has a bad day."""
    if (seed, faults) not in _TOLD:
        folder = Path(folders.mktemp(f"story-{seed}"))
        _TOLD[seed, faults] = _tell(seed, folder, environment, faults=faults)
    return _TOLD[seed, faults]


def _tell(seed: int, folder: Path, environment: dict[str, str] | None, *, faults: bool) -> Told:
    story = Told(folder / "data")
    lines = io.StringIO()
    with running(story.data_dir, seed=seed, environment=environment, hurried=True) as demo:
        try:
            if faults:
                spoil(demo.base_url, seed)
            play(demo.base_url, seed, folder, Transcript(lines), SPOILED_PATIENCE if faults else 1.0)
        except AssertionError as stopped:
            story.failure = f"{stopped}\n{demo.logs()}"
        story.transcript = lines.getvalue()
        story.secrets = known_to(demo) | _issued(demo)
    return story


def known_to(demo: Demo) -> set[str]:
    """Who the people of the demonstration are: names, phones, ids at the platforms; patients without WeChat as their village doctors see them."""
    people = roster(demo)
    ids = ("official_account_openid", "mini_program_openid", "unionid", "phone", "userid", "id_number")
    found = {person[name] for person in people for name in ids if person.get(name)}
    names = {person["name"] for person in people}
    for person in people:
        if person["role"] == "village_doctor":
            doctor = sign_in(demo, person)
            found.add(doctor.token)
            listed = doctor.get("/v1/patient-list")
            assert listed.status_code == 200, listed.text
            names |= {patient["full_name"] for patient in listed.json()["patients"]}
    return found | {re.sub(r"[((]演示[))]", "", name) for name in names}


def _issued(demo: Demo) -> set[str]:
    """What the simulated platform gave out: API tokens, sign-in and phone codes."""
    with sqlite3.connect(f"file:{demo.data_dir / 'simulator' / 'state.sqlite3'}?mode=ro", uri=True) as state:
        return {row[0] for table, column in (("tokens", "token"), ("codes", "code")) for row in state.execute(f"SELECT {column} FROM {table}")}  # noqa: S608


def problems(demo: Demo) -> str:
    """What the demonstration's outbox says is stuck, for the report of a failed test."""
    return httpx.get(f"{demo.base_url}/v1/demo/outbox", timeout=30, trust_env=False).text
