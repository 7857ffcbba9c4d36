"""docs/connect-wechat.md tells what the commands tell: every error number, every template with its fields, every address."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bot.channels.settings import ChannelSettings
from miniprogram_api.connecting.advice import ADVICE
from miniprogram_api.connecting.callbacks import TITLES
from miniprogram_api.connecting.needed import needed

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "connect-wechat.md").read_text("utf-8")


def test_every_error_number_stands_in_the_table_as_the_command_tells_it() -> None:
    rows = dict(re.findall(r"^\| (-?\d+) \| (.+) \|$", TEXT, re.MULTILINE))
    assert rows == {str(code): f"{means} | {then}" for code, (means, then) in ADVICE.items()}


def test_every_template_is_told_with_its_fields() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TEXT, re.MULTILINE))
    for one in needed("official", {}):
        assert set(re.findall(r"`(\w+\d)`", rows[one.name])) == one.fields


def test_every_callback_has_its_address_and_the_example_can_be_read() -> None:
    example = re.search(r"```json\n(.+?)```", TEXT, re.DOTALL)
    assert example is not None
    written = example.group(1).replace('"43 个字符"', f'"{"a" * 43}"').replace('"encoding_aes_key": "…"', f'"encoding_aes_key": "{"a" * 43}"')
    settings = ChannelSettings.model_validate(json.loads(written.replace('"token": "…"', '"token": "token"')))
    assert settings.wecom is not None
    assert all(f"https://域名/callback/{channel}" in TEXT for channel in TITLES)


def test_its_links_lead_somewhere() -> None:
    for document in ("docs/connect-wechat.md", "docs/connecting.md", "README.md", "docs/operations.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text("utf-8")):
            if "://" not in target:
                assert ((ROOT / document).parent / target).exists(), (document, target)
