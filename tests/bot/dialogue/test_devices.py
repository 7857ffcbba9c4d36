"""我的设备 in a chat: where one is signed in, and the end of it."""

from __future__ import annotations

import pytest

from core.people.commands_sessions import OpenSession
from core.people.models import Session
from tests.bot.dialogue.stage import Stage
from tests.support.county import SYSTEM

pytestmark = pytest.mark.storage
OA = "official_account"


async def test_a_person_sees_where_she_is_signed_in_and_ends_it(stage: Stage) -> None:
    await stage.say("woman", OA, "我的设备")
    await stage.hears("woman", OA, "没有登录着的网页或小程序")
    account = stage.county.woman_account.account_id
    for kind, device in (("mini_program", "iPhone · 微信"), ("h5", "")):
        await stage.practice.execute(SYSTEM, OpenSession(account_id=account, kind=kind, device=device))
    await stage.say("woman", OA, "我的设备")
    await stage.hears("woman", OA, "小程序 iPhone · 微信:半小时内登录,半小时内用过", "网页 不认识的设备", "退出其他设备")
    await stage.say("woman", OA, "退出其他设备")
    await stage.hears("woman", OA, "2 处登录都已退出")
    assert not await Session.filter(account_id=account, closed_at__isnull=True).exists()
