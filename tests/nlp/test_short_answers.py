"""What short clauses mean as the answer to a question (answers.csv): every form holds, says nothing elsewhere, and denies nothing that was told."""

import pytest

from nlp.clinical import asked, inquiry
from nlp.clinical.case import Case
from nlp.engine import Engine
from nlp.interface.assessment import Facts, Question
from nlp.interface.reading import Reading, Status
from nlp.language import answers
from nlp.language.lexicon import lexicon, rows
from nlp.language.normal import normalise

from .test_pattern_cost import ambiguous

ROWS = rows("answers.csv")


def ask(code: str) -> Question:
    return inquiry.as_question(asked.questions()[code], Case(Facts()))


def about(code: str) -> Question:
    """A question whose answer can tell ``code``; one that looks for danger first."""
    fitting = [one for one in asked.questions().values() if code in answers.asked_codes(one.guide)]
    assert fitting, f"{code}: no question asks for it"
    return ask(max(fitting, key=lambda one: (code in one.about, one.priority)).code)


def status(reading: Reading, code: str) -> Status | None:
    return next((finding.status for finding in reading.findings if finding.code == code and finding.subject == "patient"), None)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['code']}-{row['status']}-{row['example']}" for row in ROWS])
def test_the_example_answers_the_question(engine: Engine, row: dict[str, str]) -> None:
    assert row["status"] in ("present", "absent")
    assert row["code"] in lexicon().terms
    assert row["code"] not in lexicon().conditions
    read = status(engine.read(row["example"], answering=about(row["code"])), row["code"])
    assert read is (Status.ABSENT if row["status"] == "absent" else Status.PRESENT)


def test_no_form_is_a_bare_yes_or_no() -> None:
    for forms in answers.forms().values():
        for form in forms:
            for said in ("有", "没有", "是", "不是", "对", "不清楚", "不知道", "嗯", "没", "无"):
                assert form.expression.fullmatch(said) is None, (form.code, said)


def test_nothing_in_a_form_can_be_read_in_two_ways() -> None:
    assert {row["regex"]: words for row in ROWS if (words := ambiguous(row["regex"]))} == {}


def test_a_form_of_one_kind_is_the_example_of_no_other_kind() -> None:
    for row in ROWS:
        example = normalise(row["example"]).text
        kinds = {form.absent for form in answers.forms()[row["code"]] if form.expression.fullmatch(example)}
        assert kinds == {row["status"] == "absent"}, row


@pytest.mark.parametrize("said", ["绿的", "在手上", "越来越大", "一直流", "两个手掌大", "硬邦邦"])
def test_without_a_question_it_says_nothing(engine: Engine, said: str) -> None:
    assert engine.read(said).findings == ()


@pytest.mark.parametrize(("question", "said", "present", "absent"), [
    ("burn_size", "不在脸上,就硬币大", "", "burn_special burn_large"),
    ("bite_depth", "咬在手上,破了", "bite_face bite_deep", ""),
    ("water_loss", "尿不少，喝得进，人清醒", "", "urine_less vomits_everything drowsy"),
    ("water_loss", "喝了就吐", "vomits_everything", ""),
    ("child_spirit", "吃了药就睡", "", ""),
    ("child_breathing", "呼吸不快,没往里陷", "", "fast_breathing chest_indrawing"),
    ("belly_danger", "软的，没血，颜色正常", "", "rigid_abdomen haematemesis black_stool"),
    ("foot_danger", "脚上，比昨天大", "diabetic_foot spreading_redness", ""),
    ("mind_danger", "从来没想过", "", "suicidal"),
    ("mind_danger", "有时候想过", "suicidal", ""),
])  # fmt: skip
def test_several_things_asked_at_once(engine: Engine, question: str, said: str, present: str, absent: str) -> None:
    reading = engine.read(said, answering=ask(question))
    told = {finding.code: finding.status for finding in reading.findings}
    assert {code for code in present.split() if told.get(code) is not Status.PRESENT} == set()
    assert {code for code in absent.split() if told.get(code) is not Status.ABSENT} == set()
    assert not present or not {code for code in present.split() if told[code] is Status.ABSENT}


def test_who_took_a_drug_has_not_eaten_for_that(engine: Engine) -> None:
    assert status(engine.read("吃了退烧药", answering=ask("child_spirit")), "cannot_feed") is None


@pytest.mark.parametrize(("said", "expected"), [("不是一个人", Status.ABSENT), ("自己在家", Status.PRESENT), ("老伴在", Status.ABSENT)])
def test_who_is_with_him(engine: Engine, said: str, expected: Status) -> None:
    assert status(engine.read(said, answering=ask("safe_now")), "alone_now") is expected


@pytest.mark.parametrize("said", ["药锁起来了", "药都锁起来了", "药都收走了"])
def test_what_was_put_out_of_reach_is_no_means(engine: Engine, said: str) -> None:
    assert status(engine.read(said, answering=ask("means_now")), "means_at_hand") is not Status.PRESENT
