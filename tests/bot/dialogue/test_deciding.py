"""Under an opinion: the three buttons, the emergency dose with its contraindications, 已阅; an old or repeated tap has no second effect."""

from __future__ import annotations

from bot.channels.outgoing import Menu
from core.consultations.models import Consultation, Decision, TimelineEntry
from core.notifications.models import Notification
from core.prescriptions.models import EmergencyDose
from tests.bot.dialogue.stage import Stage
from tests.bot.dialogue.test_opinions import taken

APP = "wecom_app"
OPINION = "考虑急性下壁心梗,立即嚼服阿司匹林300mg,转县医院导管室,已联系"


async def advised(stage: Stage, words: str = OPINION) -> str:
    """A consultation whose opinion the village doctor has just received; its code."""
    code = await taken(stage)
    await stage.say("expert1", APP, f"意见 {code} {words}")
    await stage.hears("expert1", APP, "确认签名")
    await stage.press("expert1", APP, "确认签名")
    await stage.hears("village_doctor", APP, "由您决定")
    await stage.hears("village_doctor", APP, "请您决定", "【同意并执行】", "【部分同意】", "【不同意】")
    return code


async def _rules_out(stage: Stage, *places: str) -> None:
    """One question after the other is answered with 没有."""
    for place in places:
        await stage.hears("village_doctor", APP, place, "【没有】", "【有】", "【不用这一剂】")
        await stage.press("village_doctor", APP, "没有")


async def test_agreeing_leads_to_the_emergency_dose_and_the_pharmacist_sees_it_afterwards(stage: Stage) -> None:
    code = await advised(stage)
    assert "急救单次用药 阿司匹林肠溶片 300 mg" in await stage.everything_heard("village_doctor", APP)
    await stage.press("village_doctor", APP, "同意并执行")
    await stage.hears("village_doctor", APP, "您的决定:同意")
    assert not await Decision.exists()
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "急用一剂:阿司匹林", "1/5 病人有没有:对阿司匹林")
    await stage.press("village_doctor", APP, "没有")
    await _rules_out(stage, "2/5", "3/5", "4/5", "5/5")
    await stage.hears("village_doctor", APP, "将下医嘱", "已逐条排除")
    assert not await EmergencyDose.exists()
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "现在给药:阿司匹林")
    await stage.hears("pharmacist", APP, "已下急用一剂")
    await stage.press("pharmacist", APP, "已阅")
    await stage.hears("pharmacist", APP, "已记下您看过")
    await stage.say("village_doctor", APP, f"急用一剂 {code} 硝酸甘油")
    await _rules_out(stage, "1/4", "2/4", "3/4", "4/4")
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "已经下过一次")
    await stage.tap("village_doctor", APP, "完成会诊")
    await stage.hears("village_doctor", APP, "还差确认病人、知情同意")
    await stage.say("village_doctor", APP, "完成会诊 病人已急转县医院")
    await stage.hears("village_doctor", APP, "已完成")
    assert await EmergencyDose.all().count() == 1
    assert (await EmergencyDose.get()).seen_at is not None
    assert (await Consultation.get(code=code)).state == "COMPLETED"


async def test_a_contraindication_stops_the_dose_and_a_disagreement_takes_its_reason_from_the_next_sentence(stage: Stage) -> None:
    code = await advised(stage)
    await stage.press("village_doctor", APP, "不同意")
    await stage.hears("village_doctor", APP, "请写理由")
    await stage.say("village_doctor", APP, "同意转院但病人吃过阿司匹林出过血")
    await stage.hears("village_doctor", APP, "您的决定:不同意,同意转院但病人吃过阿司匹林出过血")
    await stage.tap("village_doctor", APP, "部分同意")
    await stage.hears("village_doctor", APP, "部分同意。请写理由")
    await stage.say("village_doctor", APP, "先转院")
    await stage.hears("village_doctor", APP, "您的决定:部分同意,先转院")
    await stage.press("village_doctor", APP, "确认签名")
    await _rules_out(stage, "1/5", "2/5")
    await stage.hears("village_doctor", APP, "3/5", "【没有】", "【有】")
    await stage.press("village_doctor", APP, "有")
    await stage.hears("village_doctor", APP, "没有下医嘱", "告诉专家")
    await stage.hears("expert1", APP, "部分同意您的意见", "先转院")
    await stage.hears("expert1", APP, f"会诊 {code}", "没有用急用一剂 阿司匹林肠溶片 300 mg", "病人有或不能排除")
    await stage.say("village_doctor", APP, f"同意 {code}")
    await stage.hears("village_doctor", APP, "确认签名")
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "已经决定过")
    assert not await EmergencyDose.exists()
    assert (await Decision.get()).choice == "partly"


async def test_the_expert_hears_once_of_a_dose_that_is_not_used(stage: Stage) -> None:
    code = await advised(stage)
    for label in ("同意并执行", "确认签名"):
        await stage.press("village_doctor", APP, label)
    await stage.hears("village_doctor", APP, "1/5")
    for _ in range(2):
        await stage.press("village_doctor", APP, "不用这一剂")
        await stage.hears("village_doctor", APP, "不下这一剂,已告诉专家")
        await stage.say("village_doctor", APP, f"急用一剂 {code} 阿司匹林")
        await stage.hears("village_doctor", APP, "1/5")
    await stage.hears("expert1", APP, f"会诊 {code}", "没有用急用一剂 阿司匹林肠溶片 300 mg(村医决定不用)")
    entries = await TimelineEntry.filter(kind="dose.not_given")
    assert len(entries) == 1
    assert await Notification.filter(kind="emergency_dose.not_given").count() == 1


async def test_an_old_button_answers_no_contraindication_and_signs_no_dose(stage: Stage) -> None:
    code = await advised(stage)
    for label in ("同意并执行", "确认签名"):
        await stage.press("village_doctor", APP, label)
    await stage.hears("village_doctor", APP, "1/5")
    keys = await _offered(stage, words=f"急用一剂 {code} 阿司匹林")
    first, clear = keys["没有"], []
    while "没有" in keys:
        clear.append(keys["没有"])
        keys = await _offered(stage, button=clear[-1])
    sign = keys["确认签名"]
    assert len(set(clear)) == 5

    keys = await _offered(stage, words=f"急用一剂 {code} 阿司匹林")
    assert (await _offered(stage, button=clear[3]))["没有"] == first
    assert (await _offered(stage, button=sign))["没有"] == first
    assert (await _offered(stage, button=first))["没有"] == clear[1]
    assert (await _offered(stage, button=first))["没有"] == clear[1]
    assert await _offered(stage, button=keys["有"]) == {}
    assert (await _offered(stage, button=sign))["没有"] == first
    assert (await _offered(stage, button=keys["有"])) == {}
    assert (await _offered(stage, button=clear[1]))["没有"] == first
    assert not await EmergencyDose.exists()

    for key in (*clear, sign):
        await _offered(stage, button=key)
    assert await EmergencyDose.all().count() == 1


async def _offered(stage: Stage, *, words: str = "", button: str = "") -> dict[str, str]:
    """What can be tapped under the answer, said or tapped at the terminal: label and key."""
    shapes = await stage.runtime.say(stage.county.village_doctor.account_id, words, button=button)
    assert shapes is not None
    return {choice.label: choice.code for shape in shapes if isinstance(shape, Menu) for choice in shape.choices}
