"""What speaks against serving real people."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from core.foundation.keys import MasterKeys
from miniprogram_api.app.credentials import generate, with_callbacks, write_demo_credentials, write_private
from miniprogram_api.app.readiness import reasons_against
from miniprogram_api.app.settings import Settings


@pytest.fixture
def ready(tmp_path: Path) -> Settings:
    """A data folder and settings that nothing speaks against."""
    settings = Settings(demo=False, data_dir=tmp_path / "data", public_url="https://huizhen.example.cn", audit_anchor_dir=tmp_path / "elsewhere")
    write_private(settings.channels_file, json.dumps(with_callbacks(generate(random.Random(1).randbytes), settings.public_url)))
    MasterKeys.create(settings.secrets_dir / "keyring.key")
    settings.secrets_dir.chmod(0o700)
    return settings


def test_a_ready_house_may_serve(ready: Settings) -> None:
    assert reasons_against(ready) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"demo": True}, "HUIZHEN_DEMO"),
        ({"simulator_url": "http://127.0.0.1:1"}, "HUIZHEN_SIMULATOR_URL"),
        ({"public_url": "http://huizhen.example.cn"}, "HUIZHEN_PUBLIC_URL"),
        ({"wechat_api_base": "http://api.weixin.qq.com"}, "HUIZHEN_WECHAT_API_BASE"),
        ({"wecom_api_base": "http://qyapi.weixin.qq.com"}, "HUIZHEN_WECOM_API_BASE"),
        ({"redis_url": "redis://10.0.0.5/0"}, "HUIZHEN_REDIS_URL"),
        ({"audit_anchor_dir": None}, "HUIZHEN_AUDIT_ANCHOR_DIR"),
        ({"audit_anchor_house": "http://other.example.cn"}, "HUIZHEN_AUDIT_ANCHOR_HOUSE"),
        ({"redis_url": "rediss://10.0.0.5/0"}, "HUIZHEN_REDIS_URL"),
        ({"redis_url": "rediss://:p@10.0.0.5/0?ssl_cert_reqs=none"}, "ssl_cert_reqs"),
        ({"redis_url": "rediss://:p@10.0.0.5/0?ssl_check_hostname=false"}, "ssl_check_hostname"),
        ({"host": "192.0.2.7"}, "HUIZHEN_TRUSTED_PROXIES"),
    ],
)
def test_each_insecure_setting_is_named(ready: Settings, change: dict[str, Any], named: str) -> None:
    (reason,) = reasons_against(ready.model_copy(update=change))
    assert named in reason


@pytest.mark.parametrize("url", ["", "unix:///run/redis.sock", "redis://127.0.0.1:6379/0", "redis://localhost/0", "rediss://:p@10.0.0.5/0"])
def test_a_redis_within_reach_or_locked_is_fine(ready: Settings, url: str) -> None:
    assert reasons_against(ready.model_copy(update={"redis_url": url})) == []


def test_missing_and_open_secrets_are_named(ready: Settings) -> None:
    key = ready.secrets_dir / "keyring.key"
    key.chmod(0o644)
    (reason,) = reasons_against(ready)
    assert "chmod 600" in reason
    key.unlink()
    (reason,) = reasons_against(ready)
    assert "huizhen keys" in reason
    ready.channels_file.unlink()
    assert len(reasons_against(ready)) == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"official_account": {"appid": "top-secret-value"}}', "{}"])
def test_credentials_that_cannot_be_used_are_told_without_their_values(ready: Settings, text: str) -> None:
    write_private(ready.channels_file, text)
    (reason,) = reasons_against(ready)
    assert "channels.json" in reason
    assert "top-secret-value" not in reason


def test_the_demonstration_s_folder_is_not_for_patients(tmp_path: Path, ready: Settings) -> None:
    write_demo_credentials(ready.channels_file, ready.simulator_dir, ready.public_url, random.Random(2).randbytes)
    (reason,) = reasons_against(ready)
    assert "演示" in reason
