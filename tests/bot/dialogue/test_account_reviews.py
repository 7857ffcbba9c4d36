"""核对账号 in chat: the administrator is told of two accounts with one phone, and settles it with a tap."""

from __future__ import annotations

from core.foundation.actor import Actor
from core.people.commands import EnsureAccount, VerifyPhone
from core.people.models import JoinReview
from tests.bot.dialogue.stage import Stage

APP = "wecom_app"
SYSTEM = Actor.system("test")


async def test_an_administrator_settles_what_was_not_joined(stage: Stage) -> None:
    for unionid in ("u-he", "u-she"):
        ref = await stage.practice.execute(SYSTEM, EnsureAccount(app="wxmini", subject=f"m-{unionid}", unionid=unionid))
        await stage.practice.execute(SYSTEM, VerifyPhone(account_id=ref.account_id, phone="19900000066"))
    await stage.say("administrator", APP, "核对账号")
    heard = await stage.hears("administrator", APP, "要核对的账号 1 组", "两个不同的微信", "尾号 0066")
    assert "19900000066" not in heard
    await stage.hears("administrator", APP, "要核对的账号 1 组", "【1 不是同一个人】")
    await stage.tap("administrator", APP, "1 不是同一个人")
    await stage.hears("administrator", APP, "不再问")
    assert (await JoinReview.get()).state == "apart"
    await stage.say("administrator", APP, "核对账号")
    await stage.hears("administrator", APP, "没有要核对的账号")
