"""To whom and why: who is alone, a child that writes itself, poison perhaps taken on purpose; a fit; a bare 有; 是不是肺炎."""

from __future__ import annotations

import pytest

from nlp.clinical.inquiry import base_code
from nlp.engine import Engine
from nlp.interface.assessment import Assessment, Emergency, Facts, Question
from nlp.interface.reading import Reading
from nlp.interface.urgency import Urgency


def told(engine: Engine, *sentences: str) -> tuple[Facts, Assessment, Question | None]:
    known, question = Facts(), None
    for said in sentences:
        choice = said.strip("【】") if said.startswith("【") else None
        reading = engine.read("" if choice else said, answering=question, choice=choice, known=known)
        known = engine.merge(known, reading, answered=question)
        question = engine.next_question(known)
    return known, engine.assess(known), question


def danger(engine: Engine, *sentences: str) -> Emergency:
    found = told(engine, *sentences)[1].emergency
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    ["我一个人在家,胸口痛得厉害,出冷汗", "我一个人,胸口痛得厉害,出冷汗", "家里没别人,半边身子动不了", "就我一个人在家,吐了好多血"],
)
def test_who_is_alone_is_told_what_one_does_alone(engine: Engine, text: str) -> None:
    emergency = danger(engine, text)
    assert emergency.alone
    now = "".join(emergency.do_now)
    assert emergency.do_now[0].startswith("打 120")
    assert all(word in now for word in ("免提", "大门打开", "邻居"))
    assert not any(word in now for word in ("身边留人", "守着他", "让他"))
    assert "身边不要离人" not in "".join(told(engine, text)[1].advice)


def test_who_is_alone_and_told_of_needs_a_neighbour(engine: Engine) -> None:
    emergency = danger(engine, "我爸一个人在家,胸口痛,出冷汗")
    assert not emergency.alone
    assert "请邻居、村医先过去" in "".join(emergency.do_now)


def test_company_is_no_loneliness(engine: Engine) -> None:
    emergency = danger(engine, "我胸口痛得厉害,出冷汗")
    assert not emergency.alone
    assert "身边留人" in "".join(emergency.do_now)


@pytest.mark.parametrize("text", ["我今年9岁,肚子痛,我妈不在家", "我今年10岁了 肚子痛"])
def test_a_child_that_writes_itself_is_spoken_to(engine: Engine, text: str) -> None:
    known, _, question = told(engine, text)
    assert known.person.child_speaking
    for _ in range(8):
        if question is None:
            break
        words = question.text + "".join(choice.label for choice in question.choices)
        assert not any(word in words for word in ("孩子", "宝宝", "您", "逗他")), words
        known = engine.merge(known, engine.read("", answering=question, choice="unknown", known=known), answered=question)
        question = engine.next_question(known)
    assert not any(word in line for line in engine.assess(known).advice for word in ("孩子", "您"))


def test_a_child_in_danger_is_told_to_call_a_grown_up(engine: Engine) -> None:
    assert "马上喊一个大人" in danger(engine, "我今年9岁,胸口痛,喘不上气").do_now[1]


def test_a_child_in_despair_is_spoken_to_as_one(engine: Engine) -> None:
    emergency = danger(engine, "我今年12岁,不想活了")
    assert emergency.first.startswith("谢谢你告诉我")
    assert "大人" in emergency.do_now[0]
    assert emergency.question is not None
    assert emergency.question.text == "你现在身边有人吗?"


@pytest.mark.parametrize("text", ["孩子9岁,肚子痛", "我儿子9岁肚子痛", "我今年19岁,肚子痛", "9岁,肚子痛"])
def test_others_are_not_children_writing(engine: Engine, text: str) -> None:
    assert not told(engine, text)[0].person.child_speaking


@pytest.mark.parametrize("text", ["我喝了农药,不想活了", "喝了百草枯,活着没意思", "我想不开,喝了敌敌畏"])
def test_poison_taken_to_die_is_met_with_kindness_beside_120(engine: Engine, text: str) -> None:
    emergency = danger(engine, text)
    assert emergency.first == ""
    assert emergency.suspected.endswith("中毒")
    assert emergency.do_now[0].startswith("打 120")
    assert emergency.comfort.startswith("谢谢您告诉我")
    assert emergency.calls == ("120", "110", "12356")
    assert "12356" in "".join(emergency.do_now)
    assert emergency.question is not None
    assert base_code(emergency.question.code) == "safe_now"


@pytest.mark.parametrize("text", ["喝了百草枯", "我喝了一口敌敌畏", "我爸喝了农药", "他把一瓶敌敌畏喝了,跟媳妇吵架了", "我妈吃了老鼠药"])
def test_poison_of_open_purpose_is_asked_about(engine: Engine, text: str) -> None:
    emergency = danger(engine, text)
    assert emergency.comfort
    assert emergency.calls[0] == "120"
    assert "12356" in emergency.calls
    assert emergency.question is not None
    assert emergency.question.code == "on_purpose"
    _known, assessment, question = told(engine, text, "【despair】")
    assert assessment.level is Urgency.CRITICAL
    assert question is not None
    assert base_code(question.code) == "safe_now"
    assert told(engine, text, "想不开")[0].findings[-1].code == "suicidal"
    for answer in ("【accident】", "不小心的", "误喝的,当成水了", "不是故意的"):
        later = told(engine, text, answer)[1].emergency
        assert later is not None
        assert (later.comfort, later.calls) == ("", ("120",)), answer
    assert danger(engine, text, "【unknown】").question is None


@pytest.mark.parametrize("text", ["误喝了百草枯", "不小心喝了一口农药", "把农药当成水喝了", "孩子喝了农药,两岁"])
def test_poison_by_accident_is_not_asked_about(engine: Engine, text: str) -> None:
    emergency = danger(engine, text)
    assert (emergency.comfort, emergency.calls, emergency.question) == ("", ("120",), None)


@pytest.mark.parametrize("text", ["孩子抽了,现在不抽了", "孩子抽风了,抽了十分钟还在抽", "刚才抽了一下,全身抽"])
def test_a_fit_over_or_going_on_has_one_headline(engine: Engine, text: str) -> None:
    emergency = danger(engine, text)
    assert "持续" not in emergency.headline + emergency.suspected
    assert "还在抽" in emergency.headline
    assert "停了" in emergency.headline


def test_a_known_fit_tells_when_120_and_when_to_go(engine: Engine) -> None:
    emergency = danger(engine, "他有癫痫,刚才抽了")
    assert emergency.headline == "还在抽,或停了叫不醒:马上打 120。停了、叫得醒:现在就去急诊。"


@pytest.mark.parametrize(("complaint", "code"), [("发烧39度", "fever_danger"), ("头痛三天", "head_danger"), ("我五十岁,胸口闷", "chest_danger")])
def test_a_bare_yes_names_none_of_several_signs(engine: Engine, complaint: str, code: str) -> None:
    known, before, question = told(engine, complaint)
    assert question is not None
    assert base_code(question.code) == code
    known, after, again = told(engine, complaint, "有")
    assert not known.findings[len(engine.read(complaint).findings) :]
    assert again is not None
    assert base_code(again.code) == code
    assert again.text.startswith("您说有,是哪一样?")
    assert after.level is not None
    assert after.level is not Urgency.CRITICAL
    assert before.level is None or after.level.severity >= before.level.severity
    named = next(choice.code for choice in again.choices)
    severest = told(engine, complaint, "有", f"【{again.choices[1].code}】")[1].level
    assert named == "none"
    assert severest is not None
    assert severest.severity >= after.level.severity
    last = told(engine, complaint, "有", "有")[1]
    assert last.level is not None
    assert last.level.severity >= after.level.severity
    assert any(reason.rule == "unanswered_danger" for reason in last.reasons)


def test_a_bare_yes_to_two_signs_is_asked_which(engine: Engine) -> None:
    _, assessment, question = told(engine, "孩子拉肚子三天,八个月", "有")
    assert question is not None
    assert base_code(question.code) == "child_spirit"
    assert question.text.startswith("您说有,是哪一样?")
    assert assessment.level is Urgency.EMERGENT, "one of two signs of danger is there"


@pytest.mark.parametrize(("said", "first"), [
    ("我左边蛋蛋突然痛得厉害,16岁", "这可能是睾丸扭转,现在就去急诊。"),
    ("屋里烧煤头晕恶心", "这可能是煤气(一氧化碳)中毒:所有人马上到屋外,现在就去急诊。"),
    ("娃被狗咬破脸流血", "要防狂犬病:先冲洗伤口,今天就去狂犬病门诊打针。"),
    ("突然一边手脚没力", ""),
])  # fmt: skip
def test_who_must_go_now_is_told_to_go_and_the_ambulance_is_for_life_in_danger(engine: Engine, said: str, first: str) -> None:
    emergency = told(engine, said)[1].emergency
    assert emergency is not None
    assert emergency.headline == first


def test_signs_that_all_mean_danger_are_not_let_go_by_a_bare_yes(engine: Engine) -> None:
    assert told(engine, "发烧39度", "有")[1].level is Urgency.EMERGENT


@pytest.mark.parametrize("text", ["是不是肺炎啊", "这是什么病", "会不会是阑尾炎", "我这是得了什么病啊", "是胃炎吗"])
def test_who_asks_for_a_diagnosis_is_heard(engine: Engine, text: str) -> None:
    assert engine.read(text) == Reading(asks_diagnosis=True)


def test_a_diagnosis_asked_for_beside_complaints(engine: Engine) -> None:
    reading = engine.read("咳嗽三天发烧39度,是不是肺炎啊")
    assert reading.asks_diagnosis
    assert {"cough", "fever"} <= {finding.code for finding in reading.findings}


@pytest.mark.parametrize("text", ["我有肺炎", "以前得过胃炎", "咽喉发炎", "我是糖尿病", "没有高血压"])
def test_telling_of_an_illness_asks_for_nothing(engine: Engine, text: str) -> None:
    assert not engine.read(text).asks_diagnosis
