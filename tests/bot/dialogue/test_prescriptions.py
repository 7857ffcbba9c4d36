"""A prescription in chat: what cannot be signed, a warning with its reason, a return, two pharmacists at once, the patient's money and code."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from bot.channels.words import as_words
from core.consultations.models import Consultation
from core.foundation.actor import Actor, Role
from core.prescriptions.commands import PrescriptionView, Propose, Revise
from core.prescriptions.commands_facts import FactsView, ReadFacts, RecordFacts
from core.prescriptions.models import Prescription
from tests.bot.dialogue.stage import Stage
from tests.bot.dialogue.test_deciding import advised
from tests.core.prescriptions.pharmacy import add_staff, item

APP = "wecom_app"
OA = "official_account"
FACTS: dict[str, Any] = {"allergies_asked": True, "pregnancy": "no"}
TOGETHER = (item("simvastatin", "20"), item("clarithromycin", "250", 2))


@pytest.fixture
async def treated(stage: Stage) -> Stage:
    """The woman's case with a signed opinion."""
    await advised(stage, "调整降压药,两周后复诊")
    return stage


async def _propose(stage: Stage, *items: Any, systolic: int = 130) -> PrescriptionView:
    case = await Consultation.get()
    await stage.practice.execute(stage.county.village_doctor, RecordFacts(consultation_id=case.id, **FACTS, systolic=Decimal(systolic)))
    order = Propose(consultation_id=case.id, diagnosis="高血压", items=items, note="两周后复诊")
    view: PrescriptionView = await stage.practice.execute(stage.county.experts[0], order)
    return view


async def _taps(stage: Stage, who: Actor, key: str) -> str:
    """What is answered to a button that is tapped at the terminal, whoever it was meant for."""
    shapes = await stage.runtime.say(who.account_id, "", button=key)
    assert shapes is not None
    return "\n".join(as_words(shape) for shape in shapes)


async def _is_pregnant(stage: Stage, consultation_id: str) -> None:
    """Learned after the buttons went out."""
    known: FactsView = await stage.practice.ask(stage.county.village_doctor, ReadFacts(consultation_id=consultation_id))
    facts = known.recorded.model_dump() | {"consultation_id": consultation_id, "version": known.version, "pregnancy": "yes"}
    await stage.practice.execute(stage.county.village_doctor, RecordFacts.model_validate(facts))


async def _revise(stage: Stage, view: PrescriptionView, *items: Any) -> None:
    await stage.practice.execute(stage.county.experts[0], Revise(prescription_id=view.prescription_id, diagnosis="高血压", items=items))


async def _sign_with_reason(stage: Stage, reason: str) -> None:
    await stage.hears("village_doctor", APP, "等您签名", "1 条提醒")
    await stage.press("village_doctor", APP, "照此签名")
    await stage.hears("village_doctor", APP, "⚠ 提醒", "来源", "请写理由")
    await stage.say("village_doctor", APP, reason)
    await stage.hears("village_doctor", APP, "将签处方", reason)
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "已签名,等药师审方")


async def test_from_what_cannot_be_signed_to_the_drugs_in_hand(treated: Stage) -> None:
    stage = treated
    await add_staff(stage, stage.county.county_hospital, Role.PHARMACIST, "主管药师", 1)  # type: ignore[arg-type]
    await stage.say("woman", OA, "你好")
    await stage.hears("woman", OA, "我是会诊助手")
    view = await _propose(stage, *TOGETHER, systolic=96)
    await stage.hears("expert1", APP, "现在谁也不能签", "辛伐他汀", "来源", "请专家换药")
    await stage.hears("village_doctor", APP, "现在不能签", "请专家换药")
    await stage.say("village_doctor", APP, f"签处方 {view.code}")
    await stage.hears("village_doctor", APP, "不能签", "辛伐他汀")

    await _revise(stage, view, item("amlodipine", "5"))
    await _sign_with_reason(stage, "先减半观察血压")
    again = f"sign_rx:{view.prescription_id}:2"
    assert "吴医生已签名,在等药师审方" in await _taps(stage, stage.county.village_doctor, again)
    assert "没有权限" in await _taps(stage, stage.county.pharmacist, again)
    assert "没有权限" in await _taps(stage, stage.county.village_doctor, f"rx_release:{view.prescription_id}:2")
    await stage.hears("pharmacist", APP, "先减半观察血压")
    await stage.press("pharmacist", APP, "退回")
    await stage.hears("pharmacist", APP, "请写退回的理由")
    await stage.say("pharmacist", APP, "退回剂量请再核对")
    await stage.hears("pharmacist", APP, "将退回处方", "退回剂量请再核对")
    await stage.press("pharmacist", APP, "确认退回")
    await stage.hears("pharmacist", APP, "已退回")
    await stage.hears("expert1", APP, "审方退回:退回剂量请再核对")

    await _revise(stage, view, item("amlodipine", "2.5"))
    await _sign_with_reason(stage, "减到半片,每天量血压")
    for pharmacist in ("pharmacist", "pharmacist2"):
        await stage.hears(pharmacist, APP, "减到半片")
        await stage.press(pharmacist, APP, "通过")
        await stage.hears(pharmacist, APP, "看过无误请点「确认通过」")
        await stage.hears(pharmacist, APP, "【确认通过】")
    await stage.press("pharmacist2", APP, "确认通过")
    await stage.hears("pharmacist2", APP, "已通过")
    await stage.press("pharmacist", APP, "确认通过")
    await stage.hears("pharmacist", APP, "钱药师已审方通过")
    assert any("钱药师已通过" in str(message.get("card", {}).get("replaced")) for message in await stage.messages("pharmacist", APP))

    await stage.hears("woman", OA, "药开好了", "您付 12.60 元")
    await stage.press("woman", OA, "怎么算的")
    await stage.hears("woman", OA, "氨氯地平 12.60 元", "您付 12.60")
    await stage.say("woman", OA, "取药")
    fetched = re.search(r"取药码 (\S{4}-\S{4})", await stage.hears("woman", OA, "出示取药码"))
    assert fetched is not None
    await stage.say("pharmacist", APP, f"发药 {view.code} 0000-0000")
    await stage.hears("pharmacist", APP, "对不上")
    await stage.say("pharmacist", APP, f"发药 {view.code} {fetched[1]}")
    await stage.hears("pharmacist", APP, "已发药")
    assert (await Prescription.get()).state == "DISPENSED"
    assert "李秀英" not in await stage.everything_heard("pharmacist", APP)


async def test_beyond_her_list_the_doctor_above_signs_and_everybody_else_is_told_whose_turn_it_is(treated: Stage) -> None:
    stage = treated
    view = await _propose(stage, item("warfarin", "2.5"))
    await stage.hears("village_doctor", APP, "已转上级")
    await stage.hears("duty_doctor", APP, "等您签名")
    await stage.say("village_doctor", APP, f"签处方 {view.code}")
    await stage.hears("village_doctor", APP, "在等值班医生签名")
    await stage.say("pharmacist", APP, f"签处方 {view.code}")
    await stage.hears("pharmacist", APP, "「签处方」由村医、值班医生来做")
    await stage.say("pharmacist", APP, f"通过 {view.code}")
    await stage.hears("pharmacist", APP, f"没有找到处方 {view.code}", "还没签名")
    await stage.say("duty_doctor", APP, "签处方")
    await stage.hears("duty_doctor", APP, "将签处方", "华法林")
    await stage.press("duty_doctor", APP, "确认签名")
    await stage.hears("duty_doctor", APP, "已签名,等药师审方")
    await stage.say("pharmacist", APP, "审方")
    await stage.hears("pharmacist", APP, "待审", "【通过】")


async def test_proposed_in_words_what_is_missing_is_asked_and_the_doctor_above_signs(treated: Stage) -> None:
    stage = treated
    await stage.say("expert1", APP, "开方 高血压:氨氯地平 5mg")
    await stage.hears("expert1", APP, "没读懂:氨氯地平 5mg")
    await stage.say("expert1", APP, "开方 高血压:辛伐他汀 20mg 每晚一次 7天;克拉霉素 0.25g 一日两次 7天")
    await stage.hears("expert1", APP, "✕ 不能签:", "辛伐他汀", "没有提交")
    await stage.say("expert1", APP, "开方 高血压:氨氯地平 5mg 每日一次 7天 早上服")
    await stage.hears("expert1", APP, "氨氯地平(片剂 5mg):每次 5 mg,每天 1 次,7 天", "还没有问过敏史")
    await stage.press("expert1", APP, "确认开方")
    await stage.hears("expert1", APP, "已提交(第 1 版)")
    await stage.hears("village_doctor", APP, "现在不能签", "缺的资料请村医补上")
    view = await Prescription.get()
    await stage.press("village_doctor", APP, "问过,都不过敏")
    await stage.hears("village_doctor", APP, "等您签名")
    await _is_pregnant(stage, view.consultation_id)
    assert "没有改动" in await _taps(stage, stage.county.village_doctor, f"fact:not_pregnant:{view.id}")
    assert (await stage.practice.ask(stage.county.village_doctor, ReadFacts(consultation_id=view.consultation_id))).recorded.pregnancy == "yes"
    await stage.press("village_doctor", APP, "请镇卫生院医生签")
    await stage.hears("village_doctor", APP, "已转上级值班医生签名")
    await stage.say("village_doctor", APP, f"转上级签 {view.code}")
    await stage.hears("village_doctor", APP, "在等值班医生签名")
    await stage.hears("duty_doctor", APP, "等您签名")
    await stage.press("duty_doctor", APP, "照此签名")
    await stage.hears("duty_doctor", APP, "请写理由")
    await stage.say("duty_doctor", APP, "心率快,血压已升到 110")
    await stage.press("duty_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "张医生已签名")


async def _asks_for_a_dose(stage: Stage, name: str, **facts: Any) -> None:
    """The decision is signed, the facts are on record, the dose is named."""
    case = await Consultation.get()
    for label in ("同意并执行", "确认签名"):
        await stage.press("village_doctor", APP, label)
    await stage.practice.execute(stage.county.village_doctor, RecordFacts(consultation_id=case.id, **FACTS, **facts))
    await stage.say("village_doctor", APP, f"急用一剂 {case.code} {name}")


async def test_a_remark_on_a_dose_is_shown_and_never_asked_or_said_to_be_excluded(treated: Stage) -> None:
    stage = treated
    await _asks_for_a_dose(stage, "肾上腺素", conditions=("vascular_disease",))
    asked = await stage.hears("village_doctor", APP, "急用一剂:肾上腺素", "请看:过敏性休克时没有绝对禁忌", "1/1 病人有没有:12 岁以下")
    assert "看过了" not in asked
    await stage.press("village_doctor", APP, "没有")
    confirming = await stage.hears("village_doctor", APP, "将下医嘱", "给药时:过敏性休克时没有绝对禁忌")
    assert "冠心病" not in confirming.split("您已逐条排除")[1]
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "现在给药:肾上腺素", "密切监护")
    told = await stage.hears("pharmacist", APP, "已下急用一剂")
    assert "冠心病" not in told


async def test_a_warning_is_read_before_the_dose_is_signed_and_by_the_pharmacist(treated: Stage) -> None:
    stage = treated
    await _asks_for_a_dose(stage, "阿司匹林", current=("warfarin",))
    for place in range(1, 6):
        await stage.hears("village_doctor", APP, f"{place}/5")
        await stage.press("village_doctor", APP, "没有")
    await stage.hears("village_doctor", APP, "将下医嘱", "⚠ 提醒:", "华法林")
    await stage.hears("village_doctor", APP, "【确认签名】", "【不用这一剂】")
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("village_doctor", APP, "现在给药:阿司匹林", "⚠", "华法林")
    await stage.hears("pharmacist", APP, "已下急用一剂", "⚠", "华法林")


async def test_what_is_on_record_against_a_dose_is_said_before_it_can_be_signed(treated: Stage) -> None:
    stage = treated
    await _asks_for_a_dose(stage, "硝酸甘油", systolic=Decimal(85))
    for place in range(1, 5):
        await stage.hears("village_doctor", APP, f"{place}/4")
        await stage.press("village_doctor", APP, "没有")
    refused = await stage.hears("village_doctor", APP, "现在不能用", "收缩压低于 90")
    assert "【确认签名】" not in refused


async def test_what_waits_is_found_behind_however_many_newer_ones(treated: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = treated
    view = await _propose(stage, item("amlodipine", "5"))
    await stage.press("village_doctor", APP, "照此签名")
    await stage.press("village_doctor", APP, "确认签名")
    await stage.hears("pharmacist", APP, f"{view.code} 待审")
    case = await Consultation.get()
    newer = Propose(consultation_id=case.id, diagnosis="胃炎", items=(item("omeprazole", "20"),))
    await stage.practice.execute(stage.county.experts[0], newer)
    monkeypatch.setattr("core.prescriptions.reading.SHOWN", 1)
    await stage.say("pharmacist", APP, "审方")
    await stage.hears("pharmacist", APP, f"{view.code} 待审", "【通过】")
    await stage.say("pharmacist", APP, f"通过 {view.code}")
    await stage.hears("pharmacist", APP, "确认通过")
    await stage.say("expert1", APP, f"改方 {view.code} 高血压:氨氯地平 2.5mg 每日一次 7天")
    await stage.hears("expert1", APP, "吴医生已签名,在等药师审方")


async def test_the_end_of_a_consultation_names_what_still_waits_for_the_signature(treated: Stage) -> None:
    view = await _propose(treated, item("amlodipine", "5"))
    await treated.hears("village_doctor", APP, "等您签名")
    await treated.tap("village_doctor", APP, "同意并执行")
    await treated.hears("village_doctor", APP, "确认签名")
    await treated.press("village_doctor", APP, "确认签名")
    await treated.hears("village_doctor", APP, "都办完了")
    await treated.say("village_doctor", APP, "完成会诊 病人已转县医院")
    await treated.hears("village_doctor", APP, "已完成")
    await treated.hears("village_doctor", APP, "还有处方等您签名", view.code, f"【签 {view.code}】")
    await treated.press("village_doctor", APP, f"签 {view.code}")
    await treated.hears("village_doctor", APP, "将签处方", view.code)
