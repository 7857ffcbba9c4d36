"""Every choice of every danger question: choosing it raises the level to what the question stands for, and nothing said is asked again."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from nlp.clinical import inquiry, triage
from nlp.clinical.asked import Asked, questions
from nlp.clinical.asking import Single, singles
from nlp.clinical.case import Case
from nlp.clinical.inquiry import base_code
from nlp.engine import Engine
from nlp.interface.assessment import Facts
from nlp.interface.reading import Finding, Person, Span, Status, Suspicion
from nlp.interface.urgency import Urgency
from nlp.language.lexicon import lexicon

ADULT = 30 * 365
PEOPLE = (
    Person(age_days=ADULT, sex="male"),
    Person(age_days=ADULT, sex="female"),
    Person(age_days=2000, sex="male", relation="child"),
    Person(age_days=250, sex="female", relation="child"),
    Person(age_days=ADULT, sex="female", pregnant=True, pregnancy_weeks=12),
)
"""The mildest of each kind: no age, illness or week of pregnancy that raises a level by itself."""
DANGERS = [asked for asked in questions().values() if asked.danger]
CHOICES = [(asked, code) for asked in DANGERS for code in asked.options if code != "none" and asked.guide.choices[code][1].present]


def finding(code: str, status: Status = Status.PRESENT) -> Finding:
    return Finding(code=code, term=lexicon().terms[code], status=status, span=Span(start=0, end=0, text=""))


def facts(codes: tuple[str, ...], person: Person, denied: tuple[str, ...] = (), suspects: tuple[Suspicion, ...] = ()) -> Facts:
    said = [finding(code) for code in codes] + [finding(code, Status.ABSENT) for code in denied if code not in codes]
    conditions = lexicon().conditions
    return Facts(
        person=person,
        findings=tuple(one for one in said if one.code not in conditions),
        conditions=tuple(one for one in said if one.code in conditions),
        suspects=suspects,
    )


def openings(asked: Asked) -> list[Facts]:
    """The smallest cases in which the question is asked: at most two findings of its condition, each kind of person."""
    found: list[tuple[frozenset[str], Person]] = []
    codes = sorted(code for code in asked.when.codes if code in lexicon().terms)
    suspects = (Suspicion(code=asked.code.removeprefix("suspect_")),) if asked.is_suspicion else ()
    for size in (0, 1, 2):
        for chosen in combinations(codes, size):
            for person in PEOPLE:
                if any(smaller <= set(chosen) and other == person for smaller, other in found):
                    continue
                if asked.when(Case(facts(chosen, person, suspects=suspects))) is not None:
                    found.append((frozenset(chosen), person))
    return [facts(tuple(sorted(codes)), person, suspects=suspects) for codes, person in found]


@pytest.mark.parametrize(("asked", "code"), CHOICES, ids=[f"{asked.code}-{code}" for asked, code in CHOICES])
def test_choosing_it_raises_the_level(engine: Engine, asked: Asked, code: str) -> None:
    option = asked.options[code]
    assert asked.raises is not None, "a danger question says what it is asked for"
    assert option.raises is not None
    if option.raises.severity < asked.raises.severity:
        assert option.why, "a choice that raises less says why"
    tried = 0
    for before in openings(asked):
        question = inquiry.as_question(asked, Case(before))
        if code not in {choice.code for choice in question.choices}:
            continue  # said already: it was judged when it was said
        tried += 1
        after = engine.merge(before, engine.read("", answering=question, choice=code))
        level = triage.judge(Case(after)).level or Urgency.SELF_CARE
        assert level.severity >= option.raises.severity, (asked.code, code, [f.code for f in before.findings], before.person, level)
        if option.then and level.severity < Urgency.EMERGENT.severity:
            after = after.model_copy(update={"asked": (question.code,)})
            following = engine.next_question(after)
            assert following is not None
            assert base_code(following.code) == option.then or option.then in _all_asked(engine, after)
    assert tried, (asked.code, code)


def _all_asked(engine: Engine, known: Facts) -> set[str]:
    found: set[str] = set()
    while (question := engine.next_question(known)) is not None and question.rules_out_danger:
        found.add(base_code(question.code))
        known = engine.merge(known, engine.read("", answering=question, choice="none"), answered=question)
    return found


@pytest.mark.parametrize("status", [Status.PRESENT, Status.ABSENT])
@pytest.mark.parametrize(("asked", "code"), CHOICES, ids=[f"{asked.code}-{code}" for asked, code in CHOICES])
def test_what_was_said_is_not_asked_again(asked: Asked, code: str, status: Status) -> None:
    option = asked.options[code]
    for before in openings(asked):
        said = tuple(finding(one, status) for one in option.of if one not in lexicon().conditions)
        kept = tuple(one for one in before.findings if one.code not in option.of)
        known = before.model_copy(update={"findings": (*kept, *said)})
        case = Case(known)
        question = inquiry.as_question(asked, case)
        assert code not in {choice.code for choice in question.choices}
        whole = inquiry.as_question(asked, Case(Facts(person=before.person))).text
        assert option.asks == "" or option.asks not in question.text
        for piece in asked.pieces:
            if set(piece.of) <= set(option.of) and "{" not in piece.text and len(asked.pieces) > 1 and question.text != whole:
                assert piece.text not in question.text
        again = inquiry.next_question(case, None)
        if again is not None and base_code(again.code) == asked.code:
            assert code not in {choice.code for choice in again.choices}


def test_a_denial_of_the_rest_leaves_what_was_said(engine: Engine) -> None:
    known = engine.merge(Facts(), engine.read("肚子痛,拉黑色大便"))
    question = inquiry.as_question(questions()["belly_danger"], Case(known))
    assert "黑" not in question.text
    for answer, choice in (("都没有", None), ("", "none"), ("没有其他的", None), ("别的没有", None)):
        after = engine.merge(known, engine.read(answer, answering=question, choice=choice), answered=question)
        statuses = {one.code: one.status for one in after.findings}
        assert statuses["black_stool"] is Status.PRESENT, answer
        if answer != "别的没有":
            assert statuses["haematemesis"] is Status.ABSENT, answer


GOOD_STATE = re.compile(
    "能不能|肯不肯|会好吗|怎么样|清不清|稳不稳|正常吗|清醒吗|[站走]得|得(?:下去?|进水?|起来|住|开|醒|出来|清)吗|止住了吗|放屁吗|褪不褪|有没有眼泪"
)
"""Words that ask for how it ought to be: a bare 没有 would then own to the danger, and 有 deny it."""


@pytest.mark.parametrize("asked", DANGERS, ids=[asked.code for asked in DANGERS])
def test_a_bare_no_denies_the_danger(engine: Engine, asked: Asked) -> None:
    if asked.code == "safe_now":
        return  # 身边有人吗 is asked of somebody who may be alone, and says itself what 没有 means
    for text in (asked.text, *(piece.text for piece in asked.pieces)):
        assert GOOD_STATE.search(text) is None, text
    question = inquiry.as_question(asked, Case(Facts()))
    for answer in ("没有", "没", "都没有"):
        read = engine.read(answer, answering=question)
        assert read.findings, answer
        assert {one.code for one in read.findings if one.status is not Status.ABSENT} <= {"brief_episode"}, answer


@pytest.mark.parametrize("single", singles().values(), ids=list(singles()))
def test_what_is_asked_for_alone_is_asked_for_as_it_troubles(single: Single) -> None:
    assert GOOD_STATE.search(single.text) is None, single.text


UNCLEAR = "那个嘛这个嘛"


def test_an_unclear_answer_is_asked_once_more_then_not_ruled_out(engine: Engine) -> None:
    for opening in ("胸口有点闷", "头晕三天", "肚子痛", "腰痛", "嗓子疼", "孩子咳嗽"):
        known = engine.merge(Facts(), engine.read(opening))
        question = engine.next_question(known)
        while question is not None and not question.rules_out_danger:
            known = engine.merge(known, engine.read("", answering=question, choice="1y_5y"), answered=question)
            question = engine.next_question(known)
        assert question is not None
        first = base_code(question.code)
        known = engine.merge(known, engine.read(UNCLEAR, answering=question), answered=question)
        judged = engine.assess(known).level
        again = engine.next_question(known)
        assert again is not None
        assert base_code(again.code) == first, opening
        assert "再问一次" in again.text
        assert judged is None or judged.severity < Urgency.EMERGENT.severity, "nothing is raised that an answer could take back"
        clear = engine.merge(known, engine.read("都没有", answering=again), answered=again)
        assert "unanswered_danger" not in {reason.rule for reason in engine.assess(clear).reasons}
        known = engine.merge(known, engine.read(UNCLEAR, answering=again), answered=again)
        third = engine.next_question(known)
        assert third is None or base_code(third.code) != first
        assessment = engine.assess(known)
        reasons = {reason.rule: reason.text for reason in assessment.reasons}
        if assessment.level is not None:
            assert "没有问清楚" in reasons["unanswered_danger"]


def test_the_second_answer_counts(engine: Engine) -> None:
    known = engine.merge(Facts(), engine.read("孩子3岁 发烧39度"))
    question = engine.next_question(known)
    for answer in ("那个嘛这个嘛", "不吃不喝"):
        known = engine.merge(known, engine.read(answer, answering=question), answered=question)
        question = engine.next_question(known)
    assert "unanswered_danger" not in {reason.rule for reason in engine.assess(known).reasons}


def test_what_stands_open_hides_no_complaint(engine: Engine) -> None:
    known = engine.merge(Facts(), engine.read("头晕三天"))
    question = engine.next_question(known)
    known = engine.merge(known, engine.read("不清楚", answering=question), answered=question)
    assert engine.assess(known).reasons[0].text == "头晕 3 天"


def test_who_says_that_he_does_not_know_is_not_pressed(engine: Engine) -> None:
    known = engine.merge(Facts(), engine.read("胸口有点闷"))
    question = engine.next_question(known)
    assert question is not None
    known = engine.merge(known, engine.read("不清楚", answering=question), answered=question)
    following = engine.next_question(known)
    assert following is not None
    assert base_code(following.code) != base_code(question.code)
    assert "unanswered_danger" in {reason.rule for reason in engine.assess(known).reasons}


CHILD_WORDS = ("孩子", "宝宝", "娃", "岁以下", "逗他笑", "吃奶")


def test_a_grown_up_is_asked_nothing_of_children(engine: Engine) -> None:
    for opening in ("头晕", "发烧", "拉肚子", "咳嗽", "肚子痛", "身上起疹子", "心情不好", "吐了两次", "碰到头了"):
        known = engine.merge(Facts(), engine.read(f"我58岁,{opening}"))
        while (question := engine.next_question(known)) is not None:
            told = question.text + "".join(choice.label for choice in question.choices)
            assert not any(word in told for word in CHILD_WORDS), told
            known = engine.merge(known, engine.read("", answering=question, choice="unknown"), answered=question)


@pytest.mark.parametrize("said", ["43 没有这些病", "43,没有这些病", "43岁 没有这些病", "43没有这些病", "43 没有", "43岁,都没有", "我43,没得这些毛病"])
def test_age_and_no_illness_in_one_answer(engine: Engine, said: str) -> None:
    known = engine.merge(Facts(), engine.read("头痛三天"))
    question = engine.next_question(known)
    while question is not None and base_code(question.code) != "age_chronic":
        known = engine.merge(known, engine.read("都没有", answering=question), answered=question)
        question = engine.next_question(known)
    known = engine.merge(known, engine.read(said, answering=question), answered=question)
    assert known.person.age_years == pytest.approx(43, abs=0.1)
    following = engine.next_question(known)
    assert following is None or base_code(following.code) not in ("age", "chronic", "age_chronic")


def test_dizzy_and_unsteady_is_a_possible_stroke(engine: Engine) -> None:
    for said in ("头晕 走路不稳 从早上开始", "我58岁,头晕,走路站不稳", "突然站不稳", "天旋地转,看东西重影", "头痛,走路打晃"):
        assessment = engine.assess(engine.merge(Facts(), engine.read(said)))
        assert assessment.level is Urgency.CRITICAL, said
        assert assessment.emergency is not None
        assert assessment.emergency.suspected == "中风"
        assert assessment.emergency.do_now[0] == "打 120"
    for said in ("头晕,走路不稳三年了", "头晕,走路很稳", "站不稳摔了一跤,膝盖痛"):
        assert engine.assess(engine.merge(Facts(), engine.read(said))).level is not Urgency.CRITICAL, said
    others = {"屋里烧炭,头晕站不稳": "co_severe", "打农药以后头晕站不稳": "pesticide_exposure", "头晕站不稳,过一会儿又好了": "brief_stroke"}
    for said, rule in others.items():
        emergency = engine.assess(engine.merge(Facts(), engine.read(said))).emergency
        assert emergency is not None
        assert emergency.rule == rule, said


@pytest.mark.parametrize("said", ["没精神 眼窝有点凹", "蔫了,眼窝凹", "不笑,眼窝也凹了", "叫不太醒 眼窝凹下去了"])
def test_a_listless_infant_with_sunken_eyes_goes_at_once(engine: Engine, said: str) -> None:
    known = engine.merge(Facts(), engine.read("娃儿八个月 烧到39度5 拉肚子一天七八次 尿也少了"))
    question = engine.next_question(known)
    assert question is not None
    assert base_code(question.code) == "child_spirit"
    reading = engine.read(said, answering=question)
    assert {one.code for one in reading.findings} & {"lethargic_child", "drowsy"}
    known = engine.merge(known, reading, answered=question)
    assessment = engine.assess(known)
    assert assessment.level is Urgency.CRITICAL
    assert assessment.emergency is not None
    assert "没有问清楚" not in "".join(reason.text for reason in assessment.reasons)
    following = engine.next_question(known)
    assert following is None or not following.rules_out_danger
    told = "、".join(reason.text for reason in assessment.reasons)
    assert told.count("39.5") == 1


def test_a_tired_grown_up_is_tired(engine: Engine) -> None:
    assert {one.code for one in engine.read("我没精神").findings} == {"fatigue"}
    assert {one.code for one in engine.read("我娃两岁,没精神").findings} == {"lethargic_child"}


def test_each_advice_is_given_once(engine: Engine) -> None:
    ill = ("娃儿八个月 拉肚子一天七八次 尿也少了", "娃儿八个月 烧到39度5 拉肚子 没精神", "孩子三岁发烧 拉肚子 不爱动", "孩子一岁拉肚子哭没有眼泪")
    for said in ill:
        told = engine.assess(engine.merge(Facts(), engine.read(said))).advice
        assert len(set(told)) == len(told)
        assert sum("补液盐" in line for line in told) <= 1, told
        assert sum("饮料" in line for line in told) <= 1, told
        assert sum("小口多次" in line for line in told) <= 1, told
