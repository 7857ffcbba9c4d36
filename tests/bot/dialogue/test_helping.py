"""转人工: the village doctor is told once; who is on nobody's list hears honestly what he can do."""

from __future__ import annotations

from core.notifications.models import Notification
from tests.bot.dialogue.stage import Stage

OA = "official_account"
APP = "wecom_app"


async def test_the_village_doctor_is_told_once_and_without_a_name(stage: Stage) -> None:
    await stage.say("woman", OA, "转人工")
    await stage.hears("woman", OA, "没有人工坐席", "已经告诉您的村医吴医生", "120")
    told = await stage.hears("village_doctor", APP, "5号病人", "请您联系")
    assert "李秀英" not in told
    await stage.say("woman", OA, "请村医一起看")
    await stage.hears("woman", OA, "已经告诉您的村医吴医生")
    assert await Notification.filter(kind="helper.asked").count() == 1
    await stage.say("stranger", OA, "转人工")
    await stage.hears("stranger", OA, "不能替您转接", "120")
