"""Accounts of the simulated platform for these tests, and what it remembers of the calls it got."""

from __future__ import annotations

import copy
import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.channels.settings import Addresses, ChannelSettings
from miniprogram_api.app.credentials import generate, with_callbacks

PAGES = "https://huizhen.example"
PEOPLE = {"people": [{"key": "doctor", "name": "吴医生", "role": "village_doctor", "userid": "wu01"}], "groups": []}


def credentials() -> dict[str, Any]:
    return with_callbacks(generate(random.Random(7).randbytes), PAGES)


def write_platform(folder: Path, platform: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "platform.json").write_text(json.dumps(platform), "utf-8")
    (folder / "people.json").write_text(json.dumps(PEOPLE), "utf-8")


def settings_of(ours: dict[str, Any], origin: str) -> ChannelSettings:
    addresses = Addresses(wechat_api=f"{origin}/simulator/api.weixin.qq.com", wecom_api=f"{origin}/simulator/qyapi.weixin.qq.com", pages=PAGES)
    return ChannelSettings.model_validate(ours).model_copy(update={"addresses": addresses})


def calls(folder: Path) -> dict[str, int]:
    """Address → how often it was called, as the platform counted."""
    with closing(sqlite3.connect(f"file:{folder / 'state.sqlite3'}?mode=ro", uri=True)) as state:
        rows = state.execute("SELECT name, sum(count) FROM counters WHERE name LIKE 'day:%' GROUP BY name").fetchall()
    found: Counter[str] = Counter()
    for name, number in rows:
        found[str(name).split(":", 2)[2]] += int(number)
    return found


def left_behind(folder: Path) -> int:
    """Messages and recorded calls: what would have reached somebody."""
    with closing(sqlite3.connect(f"file:{folder / 'state.sqlite3'}?mode=ro", uri=True)) as state:
        return sum(int(state.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in ("messages", "exchanges"))  # noqa: S608


def changed(ours: dict[str, Any], *path: str, to: Any) -> dict[str, Any]:
    """A copy of ``ours`` with one value replaced."""
    new = copy.deepcopy(ours)
    place = new
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return new


def secrets_of(ours: Any) -> list[str]:
    """Every secret of a credentials file."""
    if isinstance(ours, dict):
        own = [value for name, value in ours.items() if name in ("secret", "token", "encoding_aes_key")]
        return own + [found for value in ours.values() for found in secrets_of(value)]
    return []
