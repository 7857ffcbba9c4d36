"""An expert, a patient and a button named in words."""

from __future__ import annotations

from core.dispatch.commands import DeclineOffer
from core.dispatch.models import ExpertOffer
from core.people.models import Practitioner
from core.people.service import actor_for
from tests.bot.dialogue.stage import GROUP, Stage

APP = "wecom_app"
LINE = "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 危急"


async def test_the_scheduler_asks_an_expert_by_name(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, LINE)
    await stage.hears("scheduler", APP, "县值班台请留意")
    asked = await ExpertOffer.filter(state="offered").order_by("-score").first()
    assert asked is not None
    expert = await Practitioner.get(id=asked.practitioner_id)
    await stage.practice.execute(await actor_for(expert.account_id, APP, stage.practice.clock.now()), DeclineOffer(offer_id=asked.id))
    names = dict(zip((one.practitioner_id for one in stage.county.experts), ("王志远", "李文博", "赵晓岚", "周明"), strict=True))
    name = names[expert.id]
    await stage.say("scheduler", APP, "请专家 诸葛主任")
    await stage.hears("scheduler", APP, "名单上没有「诸葛主任」")
    await stage.say("scheduler", APP, f"请专家 心内科{name[0]}主任")
    await stage.hears("scheduler", APP, "已经请")
    assert await ExpertOffer.filter(practitioner_id=asked.practitioner_id, times=2).exists()
    await stage.say("scheduler", APP, f"请专家 {name[0]}医生")
    await stage.hears("scheduler", APP, "已经在请了")
    await stage.say("scheduler", APP, f"再请专家 骨科{name[0]}主任")
    await stage.hears("scheduler", APP, "是请这一位吗", name)


async def test_a_bed_is_the_number_on_the_list_and_that_is_said(stage: Stage) -> None:
    await stage.say("village_doctor", APP, "会诊 3床 胸痛2小时 出冷汗 血压90/60 紧急")
    await stage.hears("village_doctor", APP, "会诊", "3号")
    heard = await stage.hears("village_doctor", APP, "3 床", "3 号")
    assert "取消" in heard


async def test_a_button_is_said_as_it_is_written(stage: Stage) -> None:
    await stage.say("village_doctor", APP, "随访 5号")
    await stage.hears("village_doctor", APP, "建哪种随访")
    await stage.say("village_doctor", APP, "糖尿病")
    await stage.hears("village_doctor", APP, "糖尿病", "建好了")
