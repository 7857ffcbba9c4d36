"""The credentials file and the addresses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.channels.api.robot import is_platform_address
from bot.channels.api.sign_in import official_account_authorize_url, wecom_authorize_url
from bot.channels.connections import connect_channels
from bot.channels.settings import Addresses, ChannelSettings
from tests.bot.channels.platform_side import KEY, TOKEN

CALLBACK = {"token": TOKEN, "encoding_aes_key": KEY, "callback_url": "http://127.0.0.1:1/callback"}
FILE = {
    "official_account": {"original_id": "gh_1", "appid": "wx1", "secret": "s3cret", **CALLBACK, "templates": {"progress": "t1"}},
    "mini_program": {"original_id": "gh_2", "appid": "wx2", "secret": "s3cret", **CALLBACK, "message_format": "json"},
    "wecom": {
        "corpid": "ww1",
        "app": {"agentid": 1000002, "secret": "s3cret", **CALLBACK},
        "robot": {"aibotid": "aib1", "name": "会诊助手", **CALLBACK, "only_for_the_simulator": 1},
    },
}


def test_reading_the_file(tmp_path: Path) -> None:
    path = tmp_path / "channels.json"
    path.write_text(json.dumps(FILE))
    settings = ChannelSettings.read(path, Addresses(wechat_api="http://127.0.0.1:5/simulator/api.weixin.qq.com/"))
    assert settings.addresses.wechat_api == "http://127.0.0.1:5/simulator/api.weixin.qq.com"
    assert settings.official_account is not None
    assert settings.official_account.templates == {"progress": "t1"}
    for secret in ("s3cret", TOKEN, KEY):
        assert secret not in repr(settings)
    channels = connect_channels(settings)
    assert None not in (channels.official_account, channels.mini_program, channels.wecom_app, channels.wecom_robot)


def test_a_group_of_the_app_is_told_by_its_chatid_or_in_full() -> None:
    full = {"chatid": "doctors1", "name": "会诊通知", "owner": "wu01", "members": ["wu01", "li02"]}
    settings = ChannelSettings.model_validate(FILE | {"wecom": FILE["wecom"] | {"app_groups": {"one": "wrkSFf_1-2", "two": full}}})
    assert settings.wecom is not None
    one, two = settings.wecom.app_groups["one"], settings.wecom.app_groups["two"]
    assert (one.chatid, one.members) == ("wrkSFf_1-2", ())
    assert two.model_dump() == {**full, "members": ("wu01", "li02")}


def test_a_channel_that_is_not_set_up_is_none() -> None:
    channels = connect_channels(ChannelSettings())
    assert channels.official_account is channels.mini_program is channels.wecom_app is channels.wecom_robot is None


@pytest.mark.parametrize(
    "base", ["http://api.weixin.qq.com", "ftp://127.0.0.1", "api.weixin.qq.com", "https://u:p@x", "https://x/?a=1", "http://127.0.0.1.evil.com", ""]
)
def test_bases_outside_this_machine_must_be_https(base: str) -> None:
    with pytest.raises(ValidationError):
        Addresses(wechat_api=base)


@pytest.mark.parametrize("base", ["https://api.weixin.qq.com", "http://127.0.0.1:8000/simulator/x", "http://localhost:1", "http://[::1]:9"])
def test_bases_that_are_taken(base: str) -> None:
    assert Addresses(wechat_api=base).wechat_api == base


def test_a_wrong_key_is_refused_without_being_shown() -> None:
    with pytest.raises(ValidationError) as error:
        ChannelSettings.model_validate({"official_account": {**FILE["official_account"], "encoding_aes_key": "topsecretbutshort"}})
    assert "topsecret" not in str(error.value)


def test_authorise_addresses() -> None:
    oa = official_account_authorize_url("https://open.weixin.qq.com", "wx1", "https://h/h5/a?b=1", "St4te")
    assert oa == (
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1&redirect_uri=https%3A%2F%2Fh%2Fh5%2Fa%3Fb%3D1"
        "&response_type=code&scope=snsapi_base&state=St4te#wechat_redirect"
    )
    assert wecom_authorize_url("https://open.weixin.qq.com", "ww1", 1000002, "https://h/", "s").endswith("&state=s&agentid=1000002#wechat_redirect")
    for state in ("", "a-b", "x" * 129, "会"):
        with pytest.raises(ValueError, match="state"):
            official_account_authorize_url("https://open.weixin.qq.com", "wx1", "https://h/", state)


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("https://qyapi.weixin.qq.com/cgi-bin/aibot/response?x=1", True),
        ("https://ww-aibot-img-1.cos.ap-guangzhou.myqcloud.com/a?sign=1", True),
        ("http://127.0.0.1:5/simulator/qyapi.weixin.qq.com/file/1", True),
        ("http://127.0.0.1:6/other", False),
        ("http://qyapi.weixin.qq.com/x", False),
        ("https://qyapi.weixin.qq.com.evil.com/x", False),
        ("https://evilweixin.qq.com/x", False),
        ("https://weixin.qq.com@evil.com/x", False),
        ("https://qyapi.weixin.qq.com:8443/x", False),
        ("http://169.254.169.254/latest", False),
        ("file:///etc/passwd", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_the_platforms_own_addresses_are_called(address: str, ours: bool) -> None:
    assert is_platform_address(address, "http://127.0.0.1:5/simulator/qyapi.weixin.qq.com") is ours
