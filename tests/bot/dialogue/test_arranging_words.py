"""Experts and village doctors arrange in chat: 婉拒 with a reason, 改时间, 要资料, 上传, 呼叫专家, 病例, 完成, 随访计划."""

from __future__ import annotations

from core.consultations.models import Consultation, MaterialRequest, TimelineEntry, TimeProposal
from core.dispatch.models import ExpertOffer
from core.followups.commands import RecordReading, StartPlan
from tests.bot.dialogue.stage import GROUP, Stage
from tests.bot.dialogue.test_doctors import JPEG, NAMES
from tests.support.consulting import ready

APP = "wecom_app"
OA = "official_account"
CRITICAL = "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 危急"


async def taken(stage: Stage, number: int = 5) -> tuple[str, str]:
    """A consultation that can wait, taken by an expert; its code and who took it."""
    await stage.say("village_doctor", APP, f"会诊 {number}号 胸口闷三天 血压150/95 不急")
    await stage.hears("village_doctor", APP, "已建")
    row = await Consultation.all().first()
    assert row is not None
    await ready(stage, row.id)
    offer = await ExpertOffer.filter(consultation_id=row.id, state="offered").order_by("id").first()
    assert offer is not None
    person = next(f"expert{place}" for place, one in enumerate(stage.county.experts, 1) if one.practitioner_id == offer.practitioner_id)
    await stage.hears(person, APP, "会诊邀请")
    await stage.say(person, APP, "接诊")
    await stage.hears(person, APP, "由您接诊")
    return row.code, person


async def test_another_time_is_proposed_and_agreed_to_and_the_patient_is_told(stage: Stage) -> None:
    code, expert = await taken(stage)
    await stage.say(expert, APP, "改时间")
    await stage.hears(expert, APP, f"改时间 {code} 明天下午3点")
    await stage.say(expert, APP, f"改时间 {code} 明天下午")
    await stage.hears(expert, APP, "请写到几点")
    await stage.say(expert, APP, f"改时间 {code} 昨天下午3点")
    await stage.hears(expert, APP, "改时间", "比如")
    await stage.say(expert, APP, f"改时间 {code} 明天下午3点")
    await stage.hears(expert, APP, "提议改到", "下午3:00", "已经告诉村医和患者")
    await stage.hears("village_doctor", APP, "改时间", "就这个时间", "换个时间")
    await stage.hears("woman", OA, "想换时间")
    await stage.press("village_doctor", APP, "换个时间")
    await stage.hears("village_doctor", APP, "请写您方便的时间", code)
    await stage.say("village_doctor", APP, f"改时间 {code} 明天下午4点半")
    await stage.hears("village_doctor", APP, "提议改到", "下午4:30", "告诉专家")
    await stage.hears(expert, APP, "改时间", "就这个时间")
    await stage.press(expert, APP, "就这个时间")
    await stage.hears(expert, APP, "约好了", "下午4:30")
    await stage.hears("village_doctor", APP, "时间约好了")
    await stage.hears("woman", OA, "约好", "下午4:30")
    await stage.say("village_doctor", APP, "进度")
    await stage.hears("village_doctor", APP, "约好", "下午4:30")
    assert await TimeProposal.filter(state="agreed").count() == 1


async def test_an_emergency_is_not_put_off(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, CRITICAL)
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.say("expert1", APP, "接诊")
    await stage.hears("expert1", APP, "由您接诊")
    await stage.say("expert1", APP, "改时间 明天下午3点")
    await stage.hears("expert1", APP, "不能改时间", "现在就联系")
    assert await TimeProposal.all().count() == 0


async def test_material_is_asked_for_and_comes_or_does_not(stage: Stage) -> None:
    code, expert = await taken(stage)
    await stage.say(expert, APP, "要资料")
    await stage.hears(expert, APP, "请写要什么", code)
    await stage.say(expert, APP, "要资料 心电图、血糖")
    await stage.hears(expert, APP, "已经告诉村医", "心电图、血糖")
    await stage.hears("village_doctor", APP, "专家要资料", "心电图、血糖", "去补", "没有")
    await stage.press("village_doctor", APP, "去补")
    await stage.hears("village_doctor", APP, "专家还要", "心电图、血糖", "当文件发")
    await stage.say("village_doctor", APP, f"上传 {code}")
    await stage.hears("village_doctor", APP, "专家还要")
    await stage.press("village_doctor", APP, "没有")
    await stage.hears("village_doctor", APP, "为什么没有")
    await stage.say("village_doctor", APP, "卫生室没有心电图机")
    await stage.hears("village_doctor", APP, "已告诉", "卫生室没有心电图机")
    await stage.hears(expert, APP, "没有", "卫生室没有心电图机")
    assert (await MaterialRequest.get()).state == "none"


async def test_declining_keeps_the_reason_in_his_words(stage: Stage) -> None:
    await stage.say("village_doctor", GROUP, CRITICAL)
    await stage.hears("expert1", APP, "会诊邀请")
    await stage.hears("expert2", APP, "会诊邀请")
    await stage.say("expert1", APP, "婉拒")
    await stage.hears("expert1", APP, "方便说一下原因吗", "没空", "其他原因")
    await stage.say("expert1", APP, "孩子发烧要去医院")
    await stage.hears("expert1", APP, "记下了")
    code = (await Consultation.all().first()).code  # type: ignore[union-attr]
    await stage.say("expert2", APP, f"婉拒 {code} 正在手术台上")
    await stage.hears("expert2", APP, "记下了")
    assert sorted(await ExpertOffer.filter(state="declined").values_list("decline_reason", flat=True)) == ["no_time", "other"]
    assert await TimelineEntry.filter(kind="offer.declined_why").count() == 2


async def test_the_village_doctor_asks_what_is_missing_presses_on_and_reads_her_case(stage: Stage) -> None:
    await stage.say("village_doctor", APP, "上传")
    await stage.hears("village_doctor", APP, "没有开着的会诊")
    await stage.say("village_doctor", APP, "会诊 3号 头晕三天 血压150/95 不急")
    await stage.hears("village_doctor", APP, "已建")
    await stage.say("village_doctor", APP, "上传")
    await stage.hears("village_doctor", APP, "还要补", "知情同意", "是这位病人")
    await stage.say("village_doctor", APP, "呼叫专家")
    await stage.hears("village_doctor", APP, "变重了不等资料", "120")
    await stage.say("village_doctor", GROUP, CRITICAL.replace("3号", "5号"))
    await stage.hears("village_doctor", GROUP, "已建")
    code = (await Consultation.filter(urgency="critical").first()).code  # type: ignore[union-attr]
    await stage.say("village_doctor", APP, f"病例 {code}")
    await stage.hears("village_doctor", APP, "李秀英", "主诉", "胸痛2小时", "打开病例")
    await stage.say("village_doctor", APP, f"上传 {code}")
    await stage.hears("village_doctor", APP, code, "知情同意")
    await stage.send("village_doctor", APP, "image", "知情同意.jpg", JPEG)
    await stage.press("village_doctor", APP, "知情同意书")
    await stage.hears("village_doctor", APP, "知情同意收到了", code)
    await stage.say("village_doctor", APP, f"呼叫专家 {code}")
    await stage.hears("village_doctor", APP, "已催", "接诊")
    await stage.say("village_doctor", GROUP, f"@会诊助手 病例 {code}")
    said = await stage.hears("village_doctor", GROUP, code, "单独会话")
    assert not [name for name in NAMES if name in said]


async def test_done_alone_completes_and_a_sentence_that_begins_so_does_not(stage: Stage) -> None:
    await stage.say("village_doctor", APP, "完成")
    await stage.hears("village_doctor", APP, "没有可以做这一步的会诊")
    await stage.say("village_doctor", APP, "完成了再告诉你")
    await stage.hears("village_doctor", APP, "没听懂")


async def test_plans_are_listed_with_what_was_measured_last(stage: Stage) -> None:
    practice, doctor = stage.practice, stage.county.village_doctor
    await practice.execute(doctor, StartPlan(patient_id=stage.county.woman, template="hypertension"))
    await stage.say("village_doctor", APP, "随访计划")
    await stage.hears("village_doctor", APP, "5号 高血压")
    for upper in (150, 142):
        await practice.execute(doctor, RecordReading(patient_id=stage.county.woman, systolic=upper, diastolic=88))
    await stage.say("village_doctor", APP, "随访计划")
    assert "李秀英" not in await stage.hears("village_doctor", APP, "5号 高血压", "上次 142/88")
