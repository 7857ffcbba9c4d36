"""`huizhen wechat setup` against the simulated platform: rights, menu, templates; twice is once; looking changes nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels.api.account import fields_of, shown_menu
from bot.channels.api.errors import NotTrusted, error_of
from bot.phrases.menu import official_account_menu, wecom_menu
from miniprogram_api.connecting.advice import ADVICE, advice
from miniprogram_api.connecting.findings import Finding, Mark, Section, status_of, told
from miniprogram_api.connecting.setup import Setup
from tests.miniprogram_api.connecting.accounts import PAGES, calls, changed, credentials, left_behind, secrets_of, settings_of, write_platform
from tests.support.operators_command import begun, forked, nobodys_settings
from tests.support.simulated import simulated_platform

MENU = "/cgi-bin/menu/create"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[tuple[Path, str]]:
    """Its folder and its origin."""
    folder = tmp_path / "platform" / "simulator"
    write_platform(folder, credentials())
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with simulated_platform(folder.parent, listening):
        yield folder, origin


async def setup(origin: str, ours: dict[str, Any] | None = None, *, only: str = "", dry_run: bool = False) -> list[Section]:
    return await Setup(settings_of(ours or credentials(), origin), PAGES, dry_run).run(only)


def marks(sections: list[Section]) -> list[Mark]:
    return [one.mark for section in sections for one in section.findings]


def wrong(sections: list[Section]) -> list[Finding]:
    return [one for section in sections for one in section.findings if one.bad]


async def test_the_first_run_publishes_the_menus_and_the_second_changes_nothing(platform: tuple[Path, str]) -> None:
    folder, origin = platform
    first = await setup(origin)
    assert wrong(first) == []
    assert status_of(first) == 0
    assert marks(first).count(Mark.DONE) == 2
    assert calls(folder)[MENU] == 2
    second = await setup(origin)
    assert Mark.DONE not in marks(second)
    assert status_of(second) == 0
    assert calls(folder)[MENU] == 2
    assert left_behind(folder) == 0


async def test_a_dry_run_writes_nothing_and_says_what_it_would_do(platform: tuple[Path, str]) -> None:
    folder, origin = platform
    sections = await setup(origin, dry_run=True)
    assert marks(sections).count(Mark.WOULD) == 2
    assert MENU not in calls(folder)
    assert left_behind(folder) == 0
    assert any("→ 将办" in line and "菜单" in line for line in told(sections))


async def test_without_a_public_address_a_dry_run_looks_at_all_the_rest_and_names_what_waits_for_it(platform: tuple[Path, str]) -> None:
    folder, origin = platform
    sections = await Setup(settings_of(credentials(), origin), "", True).run()
    assert marks(sections).count(Mark.WOULD) == 2
    assert all("HUIZHEN_PUBLIC_URL" in one.then for one in wrong(sections))
    assert ["打开小程序" in one.what or "会诊台" in one.what or "可信域名" in one.what for one in wrong(sections)] == [True] * 3
    assert marks(sections).count(Mark.ALREADY) == marks(await setup(origin, dry_run=True)).count(Mark.ALREADY) - 1, "all but the trusted domain"
    assert not any(".invalid" in line for line in told(sections))
    assert MENU not in calls(folder)
    assert left_behind(folder) == 0


def test_nothing_is_published_without_a_public_address() -> None:
    with pytest.raises(ValueError, match="address"):
        Setup(settings_of(credentials(), "http://127.0.0.1:9"), "", False)


async def test_only_the_account_that_was_asked_for_is_called(platform: tuple[Path, str]) -> None:
    folder, origin = platform
    (section,) = await setup(origin, only="wecom")
    assert section.title.startswith("企业微信")
    assert set(calls(folder)) == {"/cgi-bin/agent/get", "/cgi-bin/menu/get", MENU}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("official_account", "appid"), "wx0000", "40013"),
        (("official_account", "secret"), "0" * 32, "40125"),
        (("mini_program", "secret"), "0" * 32, "40125"),
        (("wecom", "corpid"), "ww00", "40013"),
        (("wecom", "app", "secret"), "0" * 43, "40001"),
        (("wecom", "app", "agentid"), 7, "40056"),
    ],
)
async def test_a_credential_that_is_wrong_is_named(platform: tuple[Path, str], path: tuple[str, ...], value: Any, said: str) -> None:
    _, origin = platform
    sections = await setup(origin, changed(credentials(), *path, to=value), dry_run=True)
    assert status_of(sections) == 2
    assert all(f"errcode {said}" in one.what and one.then for one in wrong(sections))
    assert len({section.title for section in sections if section.bad}) == 1


async def test_templates_are_compared_with_what_is_filled_in(platform: tuple[Path, str]) -> None:
    _, origin = platform
    ours = credentials()
    mine = ours["official_account"]["templates"]
    none = await setup(origin, changed(ours, "official_account", "templates", to={}), only="official-account")
    assert [(one.what.partition("(")[0], "还没有" in one.what) for one in wrong(none)] == [("模板 progress", True), ("模板 appointment", True)]
    gone = await setup(origin, changed(ours, "official_account", "templates", to={**mine, "progress": "gone"}), only="official-account")
    assert [one.what for one in wrong(gone)] == ["模板 progress 的编号在账号里没有"]
    swapped = {"progress": mine["appointment"], "appointment": mine["progress"]}
    other = await setup(origin, changed(ours, "official_account", "templates", to=swapped), only="official-account")
    assert ["多出 time4" in one.what or "缺少 time4" in one.what for one in wrong(other)] == [True, True]
    unknown = await setup(origin, changed(ours, "official_account", "templates", to={**mine, "old": "x"}), only="official-account")
    assert wrong(unknown) == []
    assert any(one.mark is Mark.MIND and "old" in one.what for one in unknown[0].findings)


async def test_a_domain_that_is_not_trusted_is_told(platform: tuple[Path, str]) -> None:
    _, origin = platform
    (section,) = await Setup(settings_of(credentials(), origin), "https://other.example", True).run("wecom")
    assert [("可信域名" in one.what, "other.example" in one.then) for one in wrong([section])] == [(True, True)]


async def test_an_account_that_is_not_connected_is_no_fault(platform: tuple[Path, str]) -> None:
    folder, origin = platform
    ours = credentials()
    del ours["mini_program"], ours["wecom"]
    sections = await setup(origin, ours, dry_run=True)
    assert status_of(sections) == 0
    assert "/cgi-bin/agent/get" not in calls(folder)


async def test_a_platform_that_cannot_be_reached_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        origin = f"http://127.0.0.1:{taken.getsockname()[1]}"
    sections = await setup(origin)
    assert status_of(sections) == 2
    assert all("连不上平台的接口" in one.what for one in wrong(sections))


async def test_the_command_prints_no_secret_and_its_status_says_what_came_of_it(platform: tuple[Path, str], tmp_path: Path) -> None:
    _, origin = platform
    data = tmp_path / "data"
    (data / "secrets").mkdir(parents=True)
    environment = nobodys_settings() | {
        "HUIZHEN_DATA_DIR": str(data), "HUIZHEN_PUBLIC_URL": PAGES,
        "HUIZHEN_WECHAT_API_BASE": f"{origin}/simulator/api.weixin.qq.com", "HUIZHEN_WECOM_API_BASE": f"{origin}/simulator/qyapi.weixin.qq.com",
    }  # fmt: skip

    async def types(*line: str, **chosen: str) -> tuple[int | None, str]:
        return await forked(environment | chosen, "wechat", *line)

    assert "HUIZHEN_PUBLIC_URL" in (await types("setup", HUIZHEN_PUBLIC_URL="http://127.0.0.1:8000"))[1]
    assert (await types("setup"))[0] == 1
    (data / "secrets" / "channels.json").write_text("{", "utf-8")
    status, said = await types("setup")
    assert (status, "不能用" in said) == (1, True)
    (data / "secrets" / "channels.json").write_text(json.dumps(credentials()), "utf-8")
    status, said = await begun(environment, "wechat", "setup", "--dry-run")
    assert status == 0, said
    assert "将办" in said
    status, said = await types("setup", "--dry-run", HUIZHEN_PUBLIC_URL="")
    assert (status, "将办" in said, "凭据能用" in said) == (2, True, True), said
    assert "HUIZHEN_PUBLIC_URL" in said
    # There is no house in this folder whose roster could say who is staff.
    groups = {"village-doctors": {"chatid": "doctors1", "name": "会诊通知", "owner": "wu01", "members": ["wu01", "zhou02"]}}
    (data / "secrets" / "channels.json").write_text(json.dumps(changed(credentials(), "wecom", "app_groups", to=groups)), "utf-8")
    status, said = await types("setup", "--only", "wecom")
    assert (status, "人员名册" in said, "建群" in said) == (2, True, False), said
    (data / "secrets" / "channels.json").write_text(json.dumps(credentials()), "utf-8")
    # In the demonstration the platforms' addresses are the simulator's, behind the house's own.
    demo = {"HUIZHEN_DEMO": "1", "HUIZHEN_PUBLIC_URL": origin, "HUIZHEN_WECHAT_API_BASE": "", "HUIZHEN_WECOM_API_BASE": ""}
    assert "凭据能用" in (await types("setup", "--dry-run", "--only", "mini-program", **demo))[1]
    wrong_secret = changed(credentials(), "official_account", "secret", to="wrong-secret-of-the-tests")
    (data / "secrets" / "channels.json").write_text(json.dumps(wrong_secret), "utf-8")
    status, more = await types("setup", "--dry-run")
    assert (status, "40125" in more) == (2, True)
    for secret in [*secrets_of(credentials()), "wrong-secret-of-the-tests"]:
        assert secret not in said + more


def test_our_own_address_is_told_where_the_platform_refuses_it() -> None:
    refused = error_of("stable_token", 40164, {"errmsg": "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 65-1"})
    assert isinstance(refused, NotTrusted)
    means, then = advice(refused)
    assert "白名单" in means
    assert "203.0.113.7" in then
    # The platform's words are not kept beyond that.
    assert "203.0.113.7" not in str(refused)


def test_every_number_says_what_to_do() -> None:
    assert all(means and then.endswith("。") for means, then in ADVICE.values())


def test_a_menu_that_comes_back_with_the_platform_s_additions_is_the_same() -> None:
    ours = official_account_menu(PAGES, "wx1")
    back = {"button": [{**one, "sub_button": one.get("sub_button") or [], "extra": 1} for one in ours["button"]], "menuid": 3}
    assert shown_menu(back) == shown_menu(ours)
    assert shown_menu({"button": [{"name": "别的", "type": "click", "key": "x"}]}) != shown_menu(ours)
    assert shown_menu(wecom_menu(PAGES))["button"]


def test_the_fields_of_a_template_are_read_from_its_text() -> None:
    assert fields_of("编号:{{character_string1.DATA}}\n状态: {{ phrase2.DATA }}\n{{first.DATA}}") == {"character_string1", "phrase2", "first"}
    assert fields_of("没有") == frozenset()
