"""What people type and what it means."""

from __future__ import annotations

import random

import pytest

from bot.phrases.definitions import PHRASES, TAPS
from bot.phrases.help import help_text, sayable
from bot.phrases.reader import code_in, phrase_of_others, read_phrase
from bot.phrases.text import number, tidy
from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.orders import order_named
from core.practice_rooms import load_rooms

DOCTOR = Actor("a", (HeldRole(Role.VILLAGE_DOCTOR, "o"),), "wecom_robot", "p")
EXPERT = Actor("a", (HeldRole(Role.EXPERT, "o"),), "wecom_app", "p")
DUTY = Actor("a", (HeldRole(Role.DUTY_DOCTOR, "o"),), "wecom_app", "p")
PHARMACIST = Actor("a", (HeldRole(Role.PHARMACIST, "o"),), "wecom_app", "p")
SCHEDULER = Actor("a", (HeldRole(Role.SCHEDULER, "o"),), "wecom_app", "p")
PATIENT = Actor("a", (HeldRole(Role.PATIENT, ""),), "official_account")


@pytest.mark.parametrize(
    ("text", "patient_number", "complaint"),
    [
        ("会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急", 3, "胸痛2小时 出冷汗 血压90/60 紧急"),
        ("会诊 3号病人 胸痛2小时", 3, "胸痛2小时"),
        ("会诊3号病人胸痛2小时", 3, "胸痛2小时"),
        ("会诊 3 胸痛2小时", 3, "胸痛2小时"),
        ("\uff20会诊助手 会诊\u30003号 胸痛", 3, "胸痛"),
        ("会诊 \uff13号\uff0c胸痛\uff0c出汗", 3, "胸痛,出汗"),
        ("请会诊 第十二号 喘不上气", 12, "喘不上气"),
        ("会诊:病人 7,发烧三天", 7, "发烧三天"),
        ("给3号病人请会诊 胸痛两小时", 3, "胸痛两小时"),
        ("麻烦会诊 二十一号 肚子疼", 21, "肚子疼"),
    ],
)
def test_a_consultation_is_understood_however_it_is_typed(text: str, patient_number: int, complaint: str) -> None:
    said = read_phrase(text, DOCTOR, staff=True)
    assert said is not None
    assert said.phrase.key == "consult"
    assert said.arguments["number"] == patient_number
    assert said.arguments["text"] == complaint


@pytest.mark.parametrize(
    ("text", "missing"),
    [("会诊", "number"), ("会诊 胸痛2小时", "number"), ("会诊 3天胸痛", "number"), ("会诊 3号", "text"), ("会诊 0号 胸痛", "number")],
)
def test_what_a_consultation_lacks_is_named(text: str, missing: str) -> None:
    said = read_phrase(text, DOCTOR, staff=True)
    assert said is not None
    assert said.missing == missing


@pytest.mark.parametrize(
    ("text", "actor", "key", "arguments"),
    [
        ("帮助", PATIENT, "help", {}),
        ("?", PATIENT, "help", {}),
        ("\uff1f", EXPERT, "help", {}),
        ("进度", DOCTOR, "progress", {}),
        ("进度 C-7K2M", DOCTOR, "progress", {"code": "C-7K2M"}),
        ("进度c7k2m", PATIENT, "progress", {"code": "C-7K2M"}),
        ("查进度 \uff23\uff0d7K2M 吧", DOCTOR, "progress", {"code": "C-7K2M"}),
        ("我的病人", DOCTOR, "patients", {}),
        ("接诊", EXPERT, "accept", {}),
        ("接诊 C-7K2M", EXPERT, "accept", {"code": "C-7K2M"}),
        ("我接", EXPERT, "accept", {}),
        ("请转别人", EXPERT, "decline", {}),
        ("请转别人 C-7K2M 在手术", EXPERT, "decline", {"code": "C-7K2M", "reason": "no_time", "words": "在手术"}),
        ("5分钟后", EXPERT, "defer", {}),
        ("五分钟后 C 7K2M", EXPERT, "defer", {"code": "C-7K2M"}),
        ("已接手", DUTY, "acknowledge", {}),
        ("取消会诊 C-7K2M 病人已好转", DOCTOR, "cancel", {"code": "C-7K2M", "reason": "病人已好转"}),
        ("意见 C-7K2M 请先口服阿司匹林,明天转院。", EXPERT, "opinion", {"code": "C-7K2M", "words": "请先口服阿司匹林,明天转院"}),
        ("意见:观察", EXPERT, "opinion", {"words": "观察"}),
        ("会诊意见 观察", EXPERT, "opinion", {"words": "观察"}),
        ("同意", DOCTOR, "agree", {}),
        ("部分同意 C-7K2M 先观察一天", DOCTOR, "partly", {"code": "C-7K2M", "words": "先观察一天"}),
        ("不同意 病人拒绝转院", DOCTOR, "disagree", {"words": "病人拒绝转院"}),
        ("完成会诊 C-7K2M", DOCTOR, "complete", {"code": "C-7K2M"}),
        ("退回会诊 突发手术", EXPERT, "give_back", {"words": "突发手术"}),
        ("评价 5星 医生很耐心", PATIENT, "rate", {"stars": 5, "words": "医生很耐心"}),
        ("评价 C-7K2M 四分", DOCTOR, "rate", {"code": "C-7K2M", "stars": 4}),
        ("评价", PATIENT, "rate", {}),
        ("签处方 R-7K2M", DUTY, "sign", {"code": "R-7K2M"}),
        ("退回 C-7K2M 突发手术", EXPERT, "give_back", {"code": "C-7K2M", "words": "突发手术"}),
        ("退回 R-7K2M 剂量请再核对", PHARMACIST, "return", {"code": "R-7K2M", "words": "剂量请再核对"}),
        ("审方", PHARMACIST, "review", {}),
        ("通过 r7k2m", PHARMACIST, "release", {"code": "R-7K2M"}),
        ("发药 R-7K2M 7K2M-90QX", PHARMACIST, "dispense", {"code": "R-7K2M", "words": "7K2M-90QX"}),
        ("急用一剂 C-7K2M 阿司匹林", DOCTOR, "dose", {"code": "C-7K2M", "words": "阿司匹林"}),
        ("随访", DOCTOR, "follow", {}),
        ("随访 3号 高血压", DOCTOR, "follow", {"number": 3, "template": "hypertension"}),
        ("建随访 五号病人 糖尿病", DOCTOR, "follow", {"number": 5, "template": "diabetes"}),
        ("随访记录 3号", DOCTOR, "visit", {"number": 3}),
        ("结束随访 3号 血压", DOCTOR, "end_follow", {"number": 3, "template": "hypertension"}),
        ("怎么算的", PATIENT, "cost", {}),
        ("取药码", PATIENT, "pickup", {}),
        ("我的处方", PATIENT, "prescriptions", {}),
        ("预约呼吸科", PATIENT, "slots", {"department": "03.01"}),
        ("我想预约 呼吸内科", PATIENT, "slots", {"department": "03.01"}),
        ("预约", PATIENT, "slots", {}),
        ("预约魔法科", PATIENT, "slots", {"unknown_department": "魔法科"}),
        ("我的预约", PATIENT, "appointments", {}),
        ("取消预约", PATIENT, "cancel_appointment", {}),
        ("停止提醒", PATIENT, "stop_reminders", {}),
        ("停止提醒!", PATIENT, "stop_reminders", {}),
        ("恢复提醒", PATIENT, "resume_reminders", {}),
        ("为什么这样建议", PATIENT, "why", {}),
        ("为什么?", PATIENT, "why", {}),
        ("换一件事", PATIENT, "change_subject", {}),
        ("说错了,改一改", PATIENT, "correct", {}),
        ("说错了", PATIENT, "correct", {}),
    ],
)
def test_phrases_and_their_arguments(text: str, actor: Actor, key: str, arguments: dict[str, object]) -> None:
    said = read_phrase(text, actor, staff=actor is not PATIENT)
    assert said is not None
    assert (said.phrase.key, said.arguments) == (key, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "我最近总是咳嗽,还发烧", "预约的时候胸口疼", "为什么我老是头疼", "停止提醒后又发烧了怎么办",
        "约了朋友吃饭以后拉肚子", "取药以后头晕", "俺爹半拉身子不听使唤", "",
    ],
)
def test_a_complaint_is_no_command(text: str) -> None:
    assert read_phrase(text, PATIENT, staff=False) is None


def test_a_code_of_another_kind_is_no_command() -> None:
    assert read_phrase("通过 C-7K2M", PHARMACIST, staff=True) is None
    assert read_phrase("退回 R-7K2M 剂量", EXPERT, staff=True) is None
    assert read_phrase("随访的时候病人说头疼", DOCTOR, staff=True) is None


def test_whose_a_phrase_is_can_be_said() -> None:
    assert phrase_of_others("签处方 R-7K2M") == ("签处方", (Role.VILLAGE_DOCTOR, Role.DUTY_DOCTOR))
    assert phrase_of_others("今天天气不错") is None


def test_a_command_of_another_role_is_none() -> None:
    assert read_phrase("会诊 3号 胸痛", EXPERT, staff=True) is None
    assert read_phrase("接诊", DOCTOR, staff=True) is None
    assert read_phrase("已接手", PATIENT, staff=False) is None


def test_every_phrase_and_every_button_maps_to_a_registered_order() -> None:
    load_rooms()
    for order in [phrase.order for phrase in PHRASES] + list(TAPS.values()):
        assert order_named(order.name) is order
        assert order.access


def test_every_example_in_help_is_understood_as_what_it_explains() -> None:
    for actor, staff in ((DOCTOR, True), (EXPERT, True), (DUTY, True), (PATIENT, False)):
        for phrase in sayable(actor, staff=staff, group=False):
            said = read_phrase(phrase.example, actor, staff=staff)
            assert said is not None, phrase.example
            assert said.phrase is phrase
            assert said.missing == ""


def test_every_name_is_understood() -> None:
    everybody = Actor("a", tuple(HeldRole(role, "o") for role in Role if role not in (Role.SYSTEM, Role.VISITOR)), "terminal", "p")
    for phrase in PHRASES:
        for name in phrase.names:
            # 退回 is said of consultations and of prescriptions: with which code tells which.
            said = read_phrase(f"{name} {phrase.letter}-7K2M" if name == "退回" else name, everybody, staff=phrase.audience == "staff")
            assert said is not None, name
            assert said.phrase is phrase, name


def test_help_shows_each_role_its_own() -> None:
    assert "会诊 3号" in help_text(DOCTOR, staff=True, group=False)
    assert "会诊 3号" not in help_text(EXPERT, staff=True, group=False)
    assert "接诊" in help_text(EXPERT, staff=True, group=False)
    assert "我的病人" not in help_text(DOCTOR, staff=True, group=True)
    assert "120" in help_text(PATIENT, staff=False, group=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("十二", 12), ("二十", 20), ("一百零三", 103), ("两百", 200), ("二三", 23), ("百", 100), ("三十百", None), ("x", None),
        ("", None),
    ],
)
def test_numbers(text: str, value: int | None) -> None:
    assert number(text) == value


def test_codes_are_found_in_sentences() -> None:
    assert code_in("那个c-7k2m怎么样了") == "C-7K2M"
    assert code_in("那个 c-7k2m 怎么样了") == "C-7K2M"
    assert code_in("没有编号") is None


def test_two_thousand_odd_texts_never_raise() -> None:
    rng = random.Random(20261120)
    parts = [name for phrase in PHRASES for name in phrase.names]
    parts += ["3号", "C-7K2M", "胸痛", "\u0000", "\ud800", "@会诊助手 ", "𠮷", "🚑", "\u202e", "第", "号", " ", "\n", "一", "9" * 30]
    for _ in range(2000):
        text = "".join(rng.choice(parts) if rng.random() < 0.7 else chr(rng.randrange(1, 0x2FFFF)) for _ in range(rng.randrange(0, 12)))
        for actor, staff in ((DOCTOR, True), (PATIENT, False)):
            said = read_phrase(text, actor, staff=staff)
            if said is not None and "number" in said.arguments:
                assert 1 <= said.arguments["number"] <= 9999
        tidy(text)


@pytest.mark.parametrize("text", [
    "确认家人 3号 K7M2QX", "确认家人3号 k7m2qx", "确认家人 3 K7M2QX", "确认家人:三号,确认码 K7M2QX", "确认家人 3号病人的家人 K7M2QX 谢谢",
    "家人确认 第3号K7M2QX",
])
def test_a_claim_is_read_with_number_and_code(text: str) -> None:
    said = read_phrase(text, DOCTOR, staff=True)
    assert said is not None
    assert (said.phrase.key, said.arguments) == ("confirm_account", {"number": 3, "claim_code": "K7M2QX"})


@pytest.mark.parametrize("text", ["确认家人", "确认家人 3号", "确认家人 K7M2QX", "确认家人 3号 K7M2Q", "确认家人 0号 K7M2QX"])
def test_a_claim_without_number_or_code_is_asked_for(text: str) -> None:
    said = read_phrase(text, DOCTOR, staff=True)
    assert said is not None
    assert (said.phrase.key, said.arguments) == ("confirm_account", {})


@pytest.mark.parametrize(("text", "key", "arguments"), [
    ("匹配 C-7K2M", "ranking", {"code": "C-7K2M"}),
    ("专家匹配", "ranking", {}),
    ("请专家 C-7K2M 2", "ask_expert", {"code": "C-7K2M", "place": 2}),
    ("请专家 第二位 c7k2m", "ask_expert", {"code": "C-7K2M", "place": 2}),
    ("请专家3", "ask_expert", {"place": 3}),
    ("请专家 C-7K2M", "ask_expert", {"code": "C-7K2M"}),
])
def test_the_desk_reads_the_ranking_and_asks_by_place(text: str, key: str, arguments: dict[str, object]) -> None:
    said = read_phrase(text, SCHEDULER, staff=True)
    assert said is not None
    assert (said.phrase.key, said.arguments) == (key, arguments)
    assert "请专家 C-7K2M 2" in help_text(SCHEDULER, staff=True, group=False)
    assert read_phrase(text, EXPERT, staff=True) is None


@pytest.mark.parametrize(
    ("text", "who", "key", "arguments"),
    [
        ("待分配", SCHEDULER, "waiting", {}),
        ("指派 C-7K2M 王主任", SCHEDULER, "assign", {"code": "C-7K2M", "words": "王主任"}),
        ("改派 C-7K2M 李主任 突发手术", SCHEDULER, "reassign", {"code": "C-7K2M", "words": "李主任 突发手术"}),
        ("改派:C-7K2M,李主任,突发手术", SCHEDULER, "reassign", {"code": "C-7K2M", "words": "李主任,突发手术"}),
        ("催办 c7k2m", SCHEDULER, "nudge", {"code": "C-7K2M"}),
        ("催一下", SCHEDULER, "nudge", {}),
        ("排班 王主任 周三下午", SCHEDULER, "roster", {"words": "王主任 周三下午"}),
        ("婉拒", EXPERT, "decline", {}),
        ("婉拒 C-7K2M 正在手术", EXPERT, "decline", {"code": "C-7K2M", "reason": "no_time", "words": "正在手术"}),
        ("婉拒 孩子发烧", EXPERT, "decline", {"reason": "other", "words": "孩子发烧"}),
        ("请转别人 C-7K2M 不是我的专业", EXPERT, "decline", {"code": "C-7K2M", "reason": "not_my_field", "words": "不是我的专业"}),
        ("改时间 C-7K2M 明天下午3点", EXPERT, "change_time", {"code": "C-7K2M", "words": "明天下午3点"}),
        ("要资料 C-7K2M 心电图、血糖", EXPERT, "ask_material", {"code": "C-7K2M", "words": "心电图、血糖"}),
        ("上传 C-7K2M", DOCTOR, "upload", {"code": "C-7K2M"}),
        ("呼叫专家", DOCTOR, "call_experts", {}),
        ("病例 C-7K2M", DOCTOR, "case", {"code": "C-7K2M"}),
        ("完成", DOCTOR, "complete", {}),
        ("完成 C-7K2M 病人已急转", DOCTOR, "complete", {"code": "C-7K2M", "words": "病人已急转"}),
        ("随访计划", DOCTOR, "follow", {}),
        ("随访计划 3号 高血压", DOCTOR, "follow", {"number": 3, "template": "hypertension"}),
        ("审方通过 R-7K2M", PHARMACIST, "release", {"code": "R-7K2M"}),
        ("审方退回 R-7K2M 剂量偏大", PHARMACIST, "return", {"code": "R-7K2M", "words": "剂量偏大"}),
    ],
)
def test_what_staff_say_in_a_word(text: str, who: Actor, key: str, arguments: dict[str, object]) -> None:
    said = read_phrase(text, who, staff=True)
    assert said is not None
    assert (said.phrase.key, said.arguments) == (key, arguments)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("完成得差不多了", DOCTOR), ("不接电话怎么办", EXPERT), ("病例太多了看不过来", DOCTOR), ("待分配", EXPERT),
        ("改派 C-7K2M 李主任", DOCTOR), ("要资料 C-7K2M 血糖", DOCTOR),
    ],
)
def test_sentences_that_begin_so_and_words_of_other_roles_are_no_command(text: str, who: Actor) -> None:
    assert read_phrase(text, who, staff=True) is None
