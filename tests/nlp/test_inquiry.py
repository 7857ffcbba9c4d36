"""The next question: danger first, never twice, never what was said, few."""

import random
import statistics

from nlp.clinical.inquiry import base_code
from nlp.engine import Engine
from nlp.interface.assessment import Facts

OPENINGS = [
    "咳嗽三天", "发烧", "胸口有点闷", "肚子痛", "拉肚子", "头痛三天", "头晕", "腰痛", "孩子发烧", "孩子拉肚子",
    "膝盖痛", "身上起疹子很痒", "尿痛",
    "睡不着", "嗓子疼", "心慌", "腿肿", "牙疼", "眼睛红", "怀孕20周恶心", "摔了一跤手痛", "被狗抓了一下", "没胃口",
    "耳朵痛", "吐了两次", "手麻", "月经不调",
    "便秘", "痔疮", "血压150/95", "我妈头晕三天", "宝宝咳嗽", "喘", "心情不好", "流鼻血",
]  # fmt: skip


def converse(engine: Engine, opening: str, answers: random.Random | None) -> tuple[list[str], Facts]:
    facts = engine.merge(Facts(), engine.read(opening))
    asked: list[str] = []
    while (question := engine.next_question(facts)) is not None:
        asked.append(question.code)
        assert len(asked) <= 12, asked
        codes = [choice.code for choice in question.choices]
        choice = answers.choice(codes) if answers else ("none" if "none" in codes else codes[-2])
        facts = engine.merge(facts, engine.read("", answering=question, choice=choice), answered=question)
    return asked, facts


def test_few_questions_and_an_end(engine: Engine) -> None:
    counts = []
    for opening in OPENINGS:
        asked, facts = converse(engine, opening, None)
        counts.append(len(asked))
        assessment = engine.assess(facts)
        assert assessment.complete, opening
        assert assessment.level is not None
        assert assessment.reasons, opening
        assert assessment.departments, opening
        assert assessment.advice, opening
    assert statistics.median(counts) <= 6
    assert max(counts) <= 8


def test_nothing_is_asked_twice_whatever_is_answered(engine: Engine) -> None:
    for seed in range(6):
        for opening in OPENINGS:
            asked, facts = converse(engine, opening, random.Random(f"{seed}{opening}"))
            bases = [base_code(code) for code in asked]
            assert len(set(bases)) == len(bases)
            assert engine.assess(facts).complete


def test_danger_comes_before_everything_else(engine: Engine) -> None:
    for opening in ("胸口有点闷,咳嗽", "发烧咳嗽", "肚子痛", "头痛", "腰痛", "摔到头了"):
        question = engine.next_question(engine.merge(Facts(), engine.read(opening)))
        assert question is not None
        assert question.rules_out_danger, opening


def test_what_was_said_is_not_asked(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("我58岁,有糖尿病,咳嗽四天,黄痰,不喘,没有胸痛,也没晕倒"))
    assert {base_code(code) for code in _all_codes(engine, facts)}.isdisjoint({"age", "age_chronic", "cough_detail", "general_danger"})


def _all_codes(engine: Engine, facts: Facts) -> list[str]:
    found = []
    while (question := engine.next_question(facts)) is not None:
        found.append(question.code)
        facts = engine.merge(facts, engine.read("", answering=question, choice="none"), answered=question)
    return found


def test_chest_pain_is_not_let_go_before_its_signs_are_asked(engine: Engine) -> None:
    for opening in ("胸痛", "胸口闷", "心口窝痛,咳嗽发烧"):
        asked, _ = converse(engine, opening, None)
        assert {"chest_danger", "chest_effort"} <= {base_code(code) for code in asked}


def test_the_level_is_never_lowered_by_more_facts_of_danger(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("咳嗽"))
    before = 0
    for more in ("发烧38.5度", "喘不上气", "嘴唇发紫", "人糊涂了"):
        facts = engine.merge(facts, engine.read(more))
        level = engine.assess(facts).level
        assert level is None or level.severity >= before
        before = level.severity if level else before
    assert before == 5


def test_unknown_to_danger_raises(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("胸口闷"))
    question = engine.next_question(facts)
    facts = engine.merge(facts, engine.read("不清楚", answering=question), answered=question)
    assert engine.assess(facts).level == "emergent"


def test_nothing_said_gives_no_level_and_an_open_question(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("你好"))
    assert engine.assess(facts).level is None
    question = engine.next_question(facts)
    assert question is not None
    assert question.code == "complaint"
