"""Credentials of the demonstration: the platforms' shapes, private, kept over starts."""

import base64
import json
import random
import re
from pathlib import Path
from typing import Any

from miniprogram_api.app.credentials import generate, with_callbacks, write_demo_credentials, write_demo_secret

SHAPES = {
    "original_id": r"gh_[0-9a-f]{12}",
    "appid": r"wx[0-9a-f]{16}",
    "corpid": r"ww[0-9a-f]{16}",
    "token": r"[A-Za-z0-9]{3,32}",
    "encoding_aes_key": r"[A-Za-z0-9]{43}",
    "secret": r"[A-Za-z0-9]{32,43}",
}


def leaves(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key, one in value.items() for pair in leaves(one, key)]
    return [(name, value)]


def test_every_credential_has_the_platform_s_shape() -> None:
    for seed in range(50):
        for name, value in leaves(generate(random.Random(seed).randbytes)):
            if name in SHAPES:
                assert re.fullmatch(SHAPES[name], value), name
            if name == "encoding_aes_key":
                assert len(base64.b64decode(value + "=")) == 32


def test_no_two_secrets_are_alike() -> None:
    values = [value for seed in range(5) for name, value in leaves(generate(random.Random(seed).randbytes)) if name in SHAPES]
    assert len(set(values)) == len(values)


def test_callbacks_follow_the_origin_of_all_four_channels() -> None:
    made = with_callbacks(generate(random.Random(1).randbytes), "http://127.0.0.1:8000")
    assert made["official_account"]["callback_url"] == "http://127.0.0.1:8000/callback/official-account"
    assert made["mini_program"]["callback_url"] == "http://127.0.0.1:8000/callback/mini-program"
    assert made["wecom"]["app"]["callback_url"] == "http://127.0.0.1:8000/callback/wecom-app"
    assert made["wecom"]["robot"]["callback_url"] == "http://127.0.0.1:8000/callback/wecom-robot"


def test_they_are_made_once_private_and_the_same_on_both_sides(tmp_path: Path) -> None:
    channels, simulator = tmp_path / "secrets" / "channels.json", tmp_path / "simulator"
    first = write_demo_credentials(channels, simulator, "http://127.0.0.1:8000", random.Random(1).randbytes)
    second = write_demo_credentials(channels, simulator, "http://127.0.0.1:8001", random.Random(2).randbytes)
    assert first["official_account"]["secret"] == second["official_account"]["secret"]
    assert second["mini_program"]["callback_url"].startswith("http://127.0.0.1:8001/")
    assert json.loads(channels.read_text("utf-8")) == second
    assert channels.read_bytes() == (simulator / "platform.json").read_bytes()
    for path in (channels, simulator / "platform.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert channels.parent.stat().st_mode & 0o777 == 0o700


def test_the_local_secret_is_made_once_private_and_never_empty(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "demo.secret"
    write_demo_secret(path, random.Random(1).randbytes)
    first = path.read_text()
    write_demo_secret(path, random.Random(2).randbytes)
    assert path.read_text() == first
    assert len(first) == 48
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("")
    write_demo_secret(path, random.Random(2).randbytes)
    assert len(path.read_text()) == 48
