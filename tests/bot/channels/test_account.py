"""Reading accounts: whatever a platform answers is an answer or an ApiError, and the simulated platform is as strict as the real one."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.api.account import AccountApi, shown_menu
from bot.channels.api.errors import ApiError
from bot.channels.api.transport import Transport
from bot.channels.token import Fetched, corporation_token, stable_token
from tests.miniprogram_api.connecting.accounts import credentials, write_platform
from tests.support.simulated import simulated_platform

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=6)
NAMES = st.sampled_from(["button", "menu", "sub_button", "list", "name", "data", "template_list", "content", "quota", "daily_limit", "remain",
                         "allow_userinfos", "user", "close", "errcode", "template_id", "priTmplId", "chat_info", "userlist", "owner"])  # fmt: skip
ANSWERS = st.dictionaries(
    NAMES, st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8), max_size=5
)


class Says(Transport):
    """A platform that gives one answer to everything."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("http://127.0.0.1:9")
        self._said = json.dumps(answer).encode()

    async def _exchange(self, request: Any, call: str, limit: int, seconds: float) -> tuple[bytes, httpx.Headers]:
        return self._said, httpx.Headers()


async def _fetch(force: bool) -> Fetched:
    return Fetched("token", 7200)


@settings(max_examples=150, deadline=None)
@given(ANSWERS)
def test_whatever_is_answered_is_understood_or_refused(answer: dict[str, Any]) -> None:
    async def ask() -> None:
        api = AccountApi(Says(answer), _fetch)
        await api.open()
        asked = (
            api.may_read_followers, lambda: api.quota("/cgi-bin/message/custom/send"), api.official_templates, api.subscription_templates,
            api.menu, lambda: api.menu(7), lambda: api.agent(7), lambda: api.group("g1"),
        )  # fmt: skip
        for one in asked:
            try:
                found = await one()
            except ApiError:
                continue
            assert found is None or isinstance(found, bool | dict) or type(found).__name__ in ("Quota", "Agent", "Group")

    asyncio.run(ask())
    assert isinstance(shown_menu(answer)["button"], list)


@pytest.fixture
async def apis(tmp_path: Path) -> AsyncIterator[tuple[AccountApi, AccountApi, int]]:
    """The Official Account's and the WeCom app's on the simulated platform, and the app's agentid."""
    ours = credentials()
    write_platform(tmp_path / "simulator", ours)
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}/simulator"
    weixin, qyapi = Transport(f"{origin}/api.weixin.qq.com"), Transport(f"{origin}/qyapi.weixin.qq.com")
    async with simulated_platform(tmp_path, listening):
        oa = AccountApi(weixin, stable_token(weixin, ours["official_account"]["appid"], ours["official_account"]["secret"]))
        app = AccountApi(qyapi, corporation_token(qyapi, ours["wecom"]["corpid"], ours["wecom"]["app"]["secret"]))
        await oa.open()
        await app.open()
        yield oa, app, ours["wecom"]["app"]["agentid"]
    await weixin.close()
    await qyapi.close()


async def _code(work: Any) -> int:
    try:
        await work
    except ApiError as error:
        return error.code
    return 0


async def test_the_simulated_platform_tells_quotas_and_refuses_what_is_none_of_the_account_s(apis: tuple[AccountApi, AccountApi, int]) -> None:
    oa, _, _ = apis
    before = await oa.quota("/cgi-bin/menu/create")
    assert before is not None
    assert before.left == before.daily == 1000
    await oa.create_menu({"button": [{"name": "帮助", "type": "click", "key": "help"}]})
    after = await oa.quota("/cgi-bin/menu/create")
    assert after is not None
    assert after.left == 999
    assert await oa.quota("/cgi-bin/message/subscribe/send") is None  # the mini program's
    assert await _code(oa.quota("/cgi-bin/nowhere")) == 76021


async def test_the_simulated_wecom_takes_no_menu_that_breaks_its_rules(apis: tuple[AccountApi, AccountApi, int]) -> None:
    _, app, agentid = apis
    one = {"name": "帮助", "type": "click", "key": "help"}
    assert await app.menu(agentid) is None
    for menu, code in (
        ({"button": []}, 40016), ({"button": [one] * 4}, 40016), ({"button": [{**one, "name": "超过十六个字节的名字"}]}, 40018),
        ({"button": [{**one, "key": "k" * 129}]}, 40019), ({"button": [{"name": "看", "type": "view"}]}, 40020),
        ({"button": [{"name": "看", "type": "miniprogram"}]}, 40017), ({"button": [{"name": "多", "sub_button": [one] * 6}]}, 40023),
    ):  # fmt: skip
        assert await _code(app.create_menu(menu, agentid)) == code, menu
    assert await app.menu(agentid) is None
    assert await _code(app.create_menu({"button": [one]}, agentid + 1)) == 40056
    await app.create_menu({"button": [one]}, agentid)
    assert await app.menu(agentid) == {"button": [one]}
    agent = await app.agent(agentid)
    assert (agent.closed, agent.visible_to_somebody, agent.trusted_domain) == (False, True, "huizhen.example")
