"""Levels that a clinician found too low or too high when the rules were read: what was mended, and beside it what must not follow from it."""

import pytest

from nlp.clinical import knowledge, triage
from nlp.clinical.case import Case
from nlp.clinical.expressions import ExpressionError, compile_expression
from nlp.clinical.inquiry import question_text
from nlp.engine import Engine
from nlp.interface.assessment import Facts


def case(engine: Engine, said: str) -> Case:
    return Case(engine.merge(Facts(), engine.read(said)))


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("70岁 体温38.9", "urgent"), ("30岁 体温38.6", "routine"), ("30岁 体温36.6", None),
        ("发烧三天", "urgent"), ("发烧两天", "routine"),
        ("我75岁,拉肚子两天,眼窝凹,皮肤捏起来半天不回去", "emergent"), ("我75岁,拉肚子两天", "urgent"),
        ("吃了野蘑菇,没什么不舒服", "emergent"),
        ("宝宝才40天,红屁股", "routine"), ("宝宝才40天,红屁股,发烧", "critical"), ("宝宝才40天,红屁股,不吃奶", "critical"),
        ("我70岁头痛", "urgent"), ("我70岁头痛越来越重", "emergent"), ("我70岁肚子痛", "emergent"), ("我70岁肚子痛十天了", "urgent"),
        ("血糖3.5", "urgent"), ("血糖3.1", "emergent"), ("血糖2.5", "critical"), ("血糖3.0 出冷汗", "critical"), ("血糖3.5 有糖尿病", "emergent"),
        ("我吃阿司匹林,摔了一跤,没碰到头", "routine"), ("我吃阿司匹林,摔了一跤", "emergent"), ("我吃阿司匹林,碰到头了", "emergent"),
        ("吃华法林,摔了一跤,没碰到头", "critical"),
        ("睾丸痛三天了", "urgent"), ("睾丸痛", "emergent"), ("突然睾丸痛", "emergent"),
        ("嘴歪三个星期了", "emergent"), ("嘴歪两天了", "critical"), ("嘴歪,过一会儿又好了", "critical"),
        ("我30岁,体温35.8", None), ("我70岁体温35.8", "urgent"), ("我30岁,体温35.8,没劲", "urgent"), ("我30岁,体温35.4", "urgent"),
        ("孩子身上皮肤发花", "emergent"), ("孩子发烧皮肤发花", "critical"),
        ("孩子三岁 发烧39度 心率142", "urgent"), ("孩子三岁 发烧 心率150", "critical"), ("孩子三岁 肚子胀 心率150", "emergent"),
        ("孩子3岁 发烧 血压85/50", "routine"), ("孩子3岁 发烧 血压75/40", "critical"), ("孩子10岁 发烧 血压85/50", "critical"),
        ("孩子8岁 发烧 血压95/60", "routine"), ("孩子 发烧 血压85/50", "critical"),
        ("孩子八个月 咳嗽 呼吸48次", "self_care"), ("孩子八个月 咳嗽 呼吸50次", "emergent"), ("孩子一岁半 咳嗽 呼吸41次", "emergent"),
    ],
)  # fmt: skip
def test_level(engine: Engine, said: str, level: str | None) -> None:
    assert triage.judge(case(engine, said)).level == level


def test_a_temperature_alone_keeps_its_level_after_the_danger_was_denied(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("70岁 体温38.9"))
    for _ in range(8):
        question = engine.next_question(facts)
        if question is None:
            break
        facts = engine.merge(facts, engine.read("没有", answering=question), answered=question)
    assessment = engine.assess(facts)
    assert assessment.level == "urgent"


def test_the_oxygen_of_high_places_is_said_in_words(engine: Engine) -> None:
    reasons = engine.assess(engine.merge(Facts(), engine.read("没劲 血氧93"))).reasons
    assert any("高原" in reason.text for reason in reasons)
    assert not any("高原" in reason.text for reason in engine.assess(engine.merge(Facts(), engine.read("没劲 血氧85"))).reasons)


def test_what_is_asked_after_food_is_not_the_question_after_gas(engine: Engine) -> None:
    asks = {rule.id: rule.ask_next for rule in knowledge.rules()}
    assert {rule for rule, ask in asks.items() if ask == "others_ill"} <= {"gas_pit", "co_severe"}
    assert {rule for rule, ask in asks.items() if ask == "others_ate"} == {"nitrite", "botulism", "methanol", "mould_toxin"}
    words = question_text("others_ate", case(engine, "头晕"))
    assert words is not None
    assert "吃" in words
    assert "屋里" not in words


def test_first_aid_names_the_age() -> None:
    told = {rule.id: "".join((*rule.do_now, *rule.do_not)) for rule in knowledge.rules()}
    assert "不到 1 岁约 4 厘米" in told["cardiac_arrest"]
    assert "满 1 岁" in told["swallowed_battery"]
    assert "12 小时" in told["swallowed_battery"]
    assert "6 小时" in told["mushroom"]
    assert "6 小时" in told["mushroom_eaten_well"]
    assert "破伤风" in told["animal_bite"]
    assert "母乳" not in told["dehydration_adult"]


def test_only_needs_every_complaint_to_be_named(engine: Engine) -> None:
    codes = frozenset(["mottled", "fever", "cough"])
    only = compile_expression("only(mottled, cough)", {}, codes)
    assert only(case(engine, "皮肤发花")) is not None
    assert only(case(engine, "皮肤发花,咳嗽")) is not None
    assert only(case(engine, "皮肤发花,发烧")) is None
    assert only(case(engine, "皮肤发花,体温39")) is None
    assert only(case(engine, "我30岁")) is None
    with pytest.raises(ExpressionError):
        compile_expression("only(unheard_of)", {}, codes)


@pytest.mark.parametrize(
    ("said", "code", "near_miss"),
    [
        ("胃里烧得慌", "heartburn", "昨天发烧烧得慌"),
        ("发烧烧得慌", "fever", "胃烧得慌"),
        ("得了流感", "flu_like", "上个月打过流感针"),
        ("心脏放了支架", "stent_bypass", "输尿管里放了支架"),
        ("走路上坡就胸闷", "exertional_worse", "走路上坡不胸闷"),
        ("发烧 心慌", "palpitations", "发烧 不心慌"),
        ("烧心", "heartburn", "发烧 心率132"),
        ("半边没力", "one_side_weak", "半边有力"),
    ],
)
def test_what_the_words_mean(engine: Engine, said: str, code: str, near_miss: str) -> None:
    def present(text: str) -> set[str]:
        return set(case(engine, text).present)

    assert code in present(said)
    assert code not in present(near_miss)


def test_who_denies_for_himself_and_names_his_mother_is_the_patient(engine: Engine) -> None:
    himself = engine.merge(Facts(), engine.read("没有发烧,也不咳嗽,我妈有高血压"))
    assert himself.person.relation in (None, "self")
    assert "hypertension" not in Case(himself).present
    assert engine.merge(Facts(), engine.read("我妈有高血压,没有发烧")).person.relation == "mother"
