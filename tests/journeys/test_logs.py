"""After a whole story nothing of it stands in the logs or in what the operator saw: no name, number, word or secret, no address with a query."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from miniprogram_api.cli.demo import WELCOME
from tests.journeys.story import spine, the_opinion, the_prescription
from tests.journeys.told import Told, told

pytestmark = pytest.mark.timeout(600)
SEED = 1
SAID = (
    "咳嗽", "发烧", "38.5", "胸口", "半拉身子", "嘴也歪", "胸痛", "出冷汗", "90/60", "腹痛", "呕吐", "糖尿病", "黄痰", "大井村", "没空", "黄小满",
    "心梗", "阿司匹林", "辛伐他汀", "支架", "心衰", "很耐心", "150/95", "一百五", "152/96", "421.70", "221.70",
)  # fmt: skip
DURATION = re.compile(r', "ms": [0-9.]+')
NUMBERS = {
    "a citizen number": re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])"),
    "a phone number": re.compile(r"(?<![0-9A-Za-z.])1[3-9]\d{9}(?![0-9A-Za-z])"),
    "an address with a query": re.compile(r"(?i)[\w/.]\?[a-z_]+="),
    "a parameter with a secret": re.compile(r"(?i)\b(code|secret|openid|userid|access_token|corpsecret|session_key|msg_signature|token)=[^\s\"]"),
    "a bearer token": re.compile(r"(?i)bearer\s+\S"),
    "an address of a person": re.compile(r"/(?:people|phone|patients)/(?!<)"),
}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Told:
    played = told(SEED, tmp_path_factory)
    assert not played.failure, played.failure
    return played


def lines(story: Told) -> Iterator[tuple[str, str]]:
    """Every line of every log and of what the operator saw, but for the welcome, which proposes the story's sentences, and for durations (38.5 ms
    is nobody's temperature)."""
    files = [*sorted((story.data_dir / "logs").glob("*.log*")), story.data_dir / "supervisor.out"]
    assert {f"{name}.log" for name in ("web-1", "web-2", "worker", "ticker", "simulator", "redis", "seed", "migrate")} <= {one.name for one in files}
    welcome = set(WELCOME.splitlines())
    for file in files:
        for line in file.read_text(errors="replace").splitlines():
            if line not in welcome:
                yield file.name, DURATION.sub("", line)


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value


def credentials(data_dir: Path) -> set[str]:
    """Tokens, keys and ids of the accounts; addresses and the names that everybody sees are none."""
    channels = json.loads((data_dir / "secrets" / "channels.json").read_text())
    found = {text for text in leaves(channels) if len(text) >= 12 and not text.startswith("http")}
    found.add((data_dir / "secrets" / "demo.secret").read_text().strip())
    master = (data_dir / "secrets" / "keyring.key").read_bytes()
    return found | {master.hex(), base64.b64encode(master).decode(), *re.findall(r"[\w+/=-]{20,}", master.decode("latin-1"))}


def test_the_story_was_logged_at_all(story: Told) -> None:
    text = "\n".join(line for _, line in lines(story))
    assert "huizhen.requests" in text
    assert "/v1/" in text


def test_callbacks_that_went_well_are_counted_and_not_logged(story: Told) -> None:
    quiet = [line for _, line in lines(story) if "POST /callback/" in line and '"status": 200' in line and '"slow": false' in line]
    assert quiet == []


def test_nobody_and_nothing_of_the_story_is_in_the_logs(story: Told) -> None:
    assert len(story.secrets) > 500
    said = {spine.COUGH, spine.STROKE, spine.GROUP_LINE, the_opinion.ADVICE, the_prescription.REASON, the_prescription.RETURNED_FOR, *SAID}
    words = [re.escape(word) for word in sorted(story.secrets | said | credentials(story.data_dir), key=len, reverse=True) if word]
    # Short ids are looked for as words of their own: wu01 may be part of a longer id that is nobody's.
    forbidden = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(words)})(?![A-Za-z0-9])")
    found = sorted({(file, hit.group(), line[:300]) for file, line in lines(story) for hit in forbidden.finditer(line)})
    assert not found, found[:10]


def test_numbers_of_persons_and_secrets_in_addresses_are_not_in_the_logs(story: Told) -> None:
    found = sorted({(file, what, line[:300]) for file, line in lines(story) for what, pattern in NUMBERS.items() if pattern.search(line)})
    assert not found, found[:10]


def test_every_line_of_ours_is_structured(story: Told) -> None:
    for file, line in lines(story):
        if file.removesuffix(".log") in ("web-1", "web-2", "worker", "ticker"):
            record = json.loads(line)
            assert {"at", "level", "process", "logger", "message"} <= record.keys()
            assert record["level"] != "error", line
