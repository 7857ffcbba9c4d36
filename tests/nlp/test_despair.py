"""Who thinks of ending his life: in what words, whose life it is, and what makes it a danger at once."""

from __future__ import annotations

import pytest

from nlp.clinical.inquiry import base_code
from nlp.engine import Engine
from nlp.interface.assessment import Assessment, Facts
from nlp.interface.reading import Status
from nlp.interface.urgency import Urgency

CRISIS = {"suicidal", "suicide_plan", "suicide_act"}


def said(engine: Engine, *sentences: str) -> tuple[Facts, Assessment]:
    known, question = Facts(), None
    for sentence in sentences:
        known = engine.merge(known, engine.read(sentence, answering=question), answered=question)
        question = engine.next_question(known)
    return known, engine.assess(known)


def heard(engine: Engine, sentence: str) -> set[str]:
    return {one.code for one in engine.read(sentence).findings if one.status is not Status.ABSENT} & CRISIS


@pytest.mark.parametrize(
    "sentence",
    [
        "我不想活了", "不想活", "活着没意思", "活起没得意思", "我想死", "我想去死", "死了算了", "活够了", "活腻了", "想自杀", "想一了百了",
        "不想在这个世上了",
        "想寻短见", "没活头了", "不如死了算了", "想喝药死", "我要跳楼", "想跳河", "我割腕了", "喝药自杀", "遗书写好了", "农药都买好了",
        "疼得不想活了",
        "生不如死,想了断", "活着没意义", "我真想死", "打算去跳河", "准备喝农药",
    ],
)  # fmt: skip
def test_words_of_despair_are_heard(engine: Engine, sentence: str) -> None:
    assert heard(engine, sentence), sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "累死了", "笑死我了", "想死你了", "想死我了", "孩子想死妈妈了", "热死了", "气死我了", "忙死了", "痛得要死", "要死要活的", "跳楼价",
        "我不想死", "没有想死", "我没想过自杀",
        "从来没有想过自杀", "不是不想活", "没有不想活", "不想活动", "喝药了还是咳嗽", "每天喝药",
        "想喝药调理一下", "我没有割腕", "不想活受罪", "死活不肯吃饭",
    ],
)  # fmt: skip
def test_figures_of_speech_and_denials_are_no_despair(engine: Engine, sentence: str) -> None:
    assert not heard(engine, sentence), sentence


def test_suffering_is_asked_about(engine: Engine) -> None:
    known, _ = said(engine, "不想活受罪")
    question = engine.next_question(known)
    assert question is not None
    assert base_code(question.code) == "mind_danger"


def test_a_kind_answer_with_help_and_one_question(engine: Engine) -> None:
    known, assessment = said(engine, "我不想活了")
    assert assessment.level is Urgency.EMERGENT
    emergency = assessment.emergency
    assert emergency is not None
    assert emergency.first.startswith("谢谢您告诉我")
    told = "".join(emergency.do_now)
    assert all(number in told for number in ("12356", "110", "120"))
    assert emergency.question is not None
    assert base_code(emergency.question.code) == "safe_now"
    assert emergency.question.text == "您现在身边有人吗?"
    assert engine.next_question(known) == emergency.question


@pytest.mark.parametrize(
    "answer",
    ["一个人 家里有农药", "一个人", "没有", "没人", "家里有农药", "我一个人在家", "手边有刀",
     "农药就在手边", "就我自己", "绳子准备好了", "想喝农药", "有人,但是我手里有安眠药"],
)  # fmt: skip
def test_alone_with_means_or_a_plan_is_danger_of_life(engine: Engine, answer: str) -> None:
    _, assessment = said(engine, "我不想活了", answer)
    assert assessment.level is Urgency.CRITICAL, answer
    assert assessment.emergency is not None
    assert assessment.emergency.rule == "suicide_act"
    assert "打农药" not in "".join(reason.text for reason in assessment.reasons)


@pytest.mark.parametrize("answer", ["有人", "我老公在家", "我妈在旁边", "有人陪着我"])
def test_with_company_what_lies_near_is_asked(engine: Engine, answer: str) -> None:
    known, assessment = said(engine, "我不想活了", answer)
    assert assessment.level is Urgency.EMERGENT, answer
    question = engine.next_question(known)
    assert question is not None
    assert base_code(question.code) == "means_now"
    for means in ("有", "农药", "刀", "有安眠药"):
        later = engine.merge(known, engine.read(means, answering=question), answered=question)
        assert engine.assess(later).level is Urgency.CRITICAL, means
    for none in ("没有", "都收走了", "没有农药"):
        later = engine.merge(known, engine.read(none, answering=question), answered=question)
        assert engine.assess(later).level is Urgency.EMERGENT, none


def test_a_method_said_at_once_is_danger_of_life(engine: Engine) -> None:
    for sentence in ("我想跳楼", "不想活了,农药都买好了", "我割腕了", "我一个人在家,不想活了", "不想活了,家里有农药"):
        assert said(engine, sentence)[1].level is Urgency.CRITICAL, sentence


@pytest.mark.parametrize(("sentence", "relation"), [("我妈说不想活了", "mother"), ("儿子说想死", "child"), ("俺爹说活着没意思", "father")])
def test_it_concerns_the_one_who_said_it(engine: Engine, sentence: str, relation: str) -> None:
    known, assessment = said(engine, sentence)
    assert known.person.relation == relation
    assert assessment.emergency is not None
    assert assessment.emergency.first.startswith("谢谢您来说")
    assert assessment.emergency.question is not None
    assert assessment.emergency.question.text[0] in "她他孩"
    later = engine.merge(known, engine.read("一个人在家", answering=assessment.emergency.question), answered=assessment.emergency.question)
    assert engine.assess(later).level is Urgency.CRITICAL


def test_pesticide_at_home_is_no_poisoning(engine: Engine) -> None:
    codes = {one.code for one in engine.read("家里有农药").findings}
    assert "pesticide_exposure" not in codes
    _, assessment = said(engine, "家里有农药,我头晕三天了")
    assert not any(reason.rule.startswith("pesticide") for reason in assessment.reasons)
    assert "pesticide_exposure" in {one.code for one in engine.read("打农药后头晕").findings}
    assert "pesticide_exposure" in {one.code for one in engine.read("不想活了,打农药后头晕").findings}
    assert "pesticide_swallowed" in {one.code for one in engine.read("不想活了,喝了农药").findings}
