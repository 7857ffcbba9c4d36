"""Whose illness it is where a relative has it as well, and dangers that were told in words nobody had listened for."""

import pytest

from nlp.engine import Engine
from nlp.interface.assessment import Assessment, Facts
from nlp.interface.reading import Person, Status, Suspicion
from nlp.interface.urgency import Urgency


def heard(engine: Engine, *said: str) -> tuple[Facts, Assessment]:
    facts = Facts()
    for text in said:
        facts = engine.merge(facts, engine.read(text))
    return facts, engine.assess(facts)


def told_of(facts: Facts, subject: str) -> set[str]:
    return {one.code for one in (*facts.findings, *facts.conditions) if one.subject == subject and one.status is not Status.ABSENT}


@pytest.mark.parametrize(("said", "subject", "theirs"), [
    ("老公也有脚气", "spouse", "foot_fungus"),
    ("我妈也有高血压,我自己血压正常", "mother", "hypertension"),
    ("孩子他爸也咳嗽", "spouse", "cough"),
    ("脚痒脱皮,孩子他爸也有脚气", "spouse", "foot_fungus"),
    ("我咳嗽快一个礼拜了,我老公也咳,他还有点发烧", "spouse", "fever"),
    ("娃他爸昨晚吐了,今天孩子也吐", "spouse", "vomiting"),
])  # fmt: skip
def test_who_has_it_as_well_is_told_of_beside_the_patient(engine: Engine, said: str, subject: str, theirs: str) -> None:
    facts, _ = heard(engine, said)
    assert theirs in told_of(facts, subject)
    assert facts.person.relation in (None, "self", "child")


@pytest.mark.parametrize("said", ["老公也有脚气", "我妈也有高血压,我自己血压正常", "孩子他爸也咳嗽"])
def test_what_only_a_relative_has_is_not_the_patients(engine: Engine, said: str) -> None:
    facts, _ = heard(engine, said)
    assert not told_of(facts, "patient")
    _, alone = heard(engine, "脚痒脱皮")
    _, beside = heard(engine, "脚痒脱皮", said)
    assert beside.level == alone.level


def test_what_both_have_concerns_the_patient_too(engine: Engine) -> None:
    facts, _ = heard(engine, "我和老公都发烧")
    assert told_of(facts, "patient") == {"fever"}
    assert facts.person.relation == "self"


@pytest.mark.parametrize(("said", "relation"), [
    ("我爸也胸口痛出冷汗", "father"),
    ("我妈也嘴歪了", "mother"),
    ("我有点咳,我爸也喘得说不出话", "father"),
    ("我爸也喝农药了", "father"),
])  # fmt: skip
def test_a_danger_is_nobodys_aside(engine: Engine, said: str, relation: str) -> None:
    facts, assessment = heard(engine, said)
    assert facts.person.relation == relation
    assert assessment.level == Urgency.CRITICAL


def test_who_asks_for_himself_is_the_patient(engine: Engine) -> None:
    facts, _ = heard(engine, "我媳妇吃虾就起疹子,我没事,我就问我这个牙疼")
    assert (facts.person.relation, told_of(facts, "patient")) == ("self", {"toothache"})


@pytest.mark.parametrize("said", [
    "上个月被狗咬过,这两天怕风、喝水就难受",
    "以前被狗咬过,现在见水就怕",
    "去年猫抓了没管,这两天一喝水嗓子就紧,风一吹就抽",
])  # fmt: skip
def test_a_late_bite_with_fear_of_water_or_wind_is_an_emergency(engine: Engine, said: str) -> None:
    facts, assessment = heard(engine, said)
    assert "fear_water_wind" in told_of(facts, "patient")
    assert assessment.level == Urgency.CRITICAL


@pytest.mark.parametrize("said", [
    "半年前被狗咬了没打针,现在伤口又麻又痒,烦躁",
    "去年被狗咬过,这两天发烧,睡不着,心烦",
    "去年让猫抓了,这几天嗓子发紧,水咽不下去",
])  # fmt: skip
def test_after_a_late_bite_it_is_asked_about(engine: Engine, said: str) -> None:
    facts, _ = heard(engine, said)
    question = engine.next_question(facts)
    assert question is not None
    assert question.code == "rabies_danger"
    owned = engine.merge(facts, engine.read("有,一喝水喉咙就抽", answering=question), answered=question)
    assert engine.assess(owned).level == Urgency.CRITICAL
    denied = engine.merge(facts, engine.read("没有", answering=question), answered=question)
    assert "fear_water_wind" not in told_of(denied, "patient")


def test_a_bite_of_these_days_is_asked_about_for_what_it_is(engine: Engine) -> None:
    facts, _ = heard(engine, "狗咬了三天,伤口痒")
    question = engine.next_question(facts)
    assert question is not None
    assert question.code == "bite_depth"


@pytest.mark.parametrize("said", ["左边不能动", "左边身子不能动了", "右边手脚动不了", "右半身一下子动不了了", "我爸右半边动弹不得"])
def test_a_side_that_does_not_move_is_a_stroke(engine: Engine, said: str) -> None:
    facts, assessment = heard(engine, said)
    assert "one_side_weak" in told_of(facts, "patient")
    assert assessment.level in (Urgency.CRITICAL, Urgency.EMERGENT)


@pytest.mark.parametrize("said", ["我的车往左边不能动", "床靠左边不能动", "左边牙碰不得"])
def test_what_else_stands_on_one_side_is_none(engine: Engine, said: str) -> None:
    assert "one_side_weak" not in told_of(heard(engine, said)[0], "patient")


@pytest.mark.parametrize(("said", "relation"), [
    ("家里的农药,我爸喝了两口", "father"),
    ("敌敌畏我儿子喝了一口", "child"),
    ("桌上的农药,娃儿喝了一口", "child"),
    ("我家的百草枯,我老婆喝了", "spouse"),
])  # fmt: skip
def test_a_poison_named_before_who_drank_it(engine: Engine, said: str, relation: str) -> None:
    facts, assessment = heard(engine, said)
    assert "pesticide_swallowed" in told_of(facts, "patient")
    assert (facts.person.relation, assessment.level) == (relation, Urgency.CRITICAL)


@pytest.mark.parametrize("said", ["家里的农药,我爸没喝", "家里的农药,我爸打了两天"])
def test_who_only_handled_it_did_not_swallow_it(engine: Engine, said: str) -> None:
    assert "pesticide_swallowed" not in told_of(heard(engine, said)[0], "patient")


@pytest.mark.parametrize(("sex", "asked"), [("female", False), ("male", True), (None, True)])
def test_only_men_are_asked_of_what_only_men_have(engine: Engine, sex: str | None, asked: bool) -> None:
    facts = Facts(person=Person(relation="self", sex=sex, age_days=12000), suspects=(Suspicion(code="groin", strong=True),))
    question = engine.next_question(facts)
    assert question is not None
    assert question.code == "suspect_groin"
    assert ("睾丸" in question.text) is asked
    assert ("testicle" in {choice.code for choice in question.choices}) is asked
    denied = engine.merge(facts, engine.read("", answering=question, choice="none"), answered=question)
    assert ("testicular_pain" in {finding.code for finding in denied.findings}) is asked
    following = engine.next_question(denied)
    assert following is None or not following.code.startswith("suspect_groin")
