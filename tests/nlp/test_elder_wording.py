"""An old person who speaks for himself is asked in everyday words: the same dangers, the same choices, and what he answers is taken as ever."""

from __future__ import annotations

import pytest

from bot.channels.cards import LABEL_LIMIT
from nlp.clinical import inquiry
from nlp.clinical.asked import Asked, questions
from nlp.clinical.asking import Single, single_question, singles
from nlp.clinical.case import Case
from nlp.clinical.knowledge import table
from nlp.clinical.spoken import put_to, to_elder
from nlp.engine import Engine
from nlp.interface.assessment import Facts, Question
from nlp.interface.reading import Person, Reading, Status

YEARS_72 = 72 * 366
ELDER = Person(age_days=YEARS_72, relation="self")
DANGERS = [asked for asked in questions().values() if asked.danger]
DENIALS = ("没有", "没", "都没有", "没得", "不是")

HARD = (
    "呕吐", "恶心", "腹泻", "腹痛", "腹胀", "上腹", "小腹", "剧烈", "视物", "视力", "模糊", "重影", "小便", "排便", "排尿", "频繁", "持续",
    "发作", "缓解", "加重", "症状", "意识", "昏沉", "嗜睡", "抽搐", "呼吸", "气短", "乏力", "食欲", "心悸", "变形", "会阴", "腋下", "脚踝",
    "牙龈", "智齿", "脉搏", "睾丸", "抗凝", "褪", "正常", "影响", "明显", "反复", "知觉", "触电", "洗涤剂", "输液", "手术", "困难", "食物",
    "压力", "行为", "大理石", "标志", "长期", "完整", "气味", "剧痛", "肢体", "严重", "疼痛", "伴有", "周围", "坠胀", "胀痛", "消化", "停经",
    "停酒", "酒后", "病人", "老人",
)  # fmt: skip
"""Words of papers and hospitals, and those that speak of the speaker as of somebody else."""


def single_asked(single: Single) -> Question:
    return single_question(single, "您")


def everything() -> list[Question]:
    """Every question that an old person may be asked, whole and by each of its pieces, before its words are changed."""
    found = [single_asked(single) for single in singles().values()]
    for asked in questions().values():
        whole = inquiry.as_question(asked, Case(Facts(person=ELDER)))
        found.append(whole)
        found += [whole.model_copy(update={"text": piece.text.replace("{who}", "您")}) for piece in asked.pieces if "{asks}" not in piece.text]
    return found


def put(question: Question, person: Person = ELDER) -> Question:
    return inquiry.for_who_speaks(question, Case(Facts(person=person)))


def pair(asked: Asked) -> tuple[Question, Question]:
    """The question as it stands in the file and as it is put to an old person."""
    plain = inquiry.as_question(asked, Case(Facts(person=ELDER)))
    return plain, put(plain)


def told(reading: Reading) -> set[tuple[str, Status]]:
    return {(one.code, one.status) for one in (*reading.findings, *reading.conditions)}


def test_no_hard_word_is_left() -> None:
    for question in map(put, everything()):
        for text in (question.text, *(choice.label for choice in question.choices)):
            assert not [word for word in HARD if word in text], text


def test_every_row_changes_some_question() -> None:
    """After the rows before it, so that none stands in another's shadow."""
    texts = {text for question in everything() for text in (question.text, *(choice.label for choice in question.choices))}
    for said, instead in table("questions.toml")["to_elder"].items():
        assert any(said in text for text in texts), said
        texts = {text.replace(said, instead) for text in texts}


def test_a_question_is_changed_once_and_for_all() -> None:
    for question in everything():
        assert put(put(question)) == put(question)


def test_codes_and_dangers_stay_as_they_are() -> None:
    for asked in questions().values():
        plain, elder = pair(asked)
        assert elder.code == plain.code
        assert [choice.code for choice in elder.choices] == [choice.code for choice in plain.choices]
        assert elder.rules_out_danger == plain.rules_out_danger
        labels = [choice.label for choice in elder.choices]
        assert len(set(labels)) == len(labels), "no two choices came to be the same"
        for part in (option.asks for option in asked.options.values() if option.asks):
            assert to_elder(part) in elder.text, "every sign that is asked for is still asked for"
        assert elder.text.count("?") == plain.text.count("?")
        assert elder.text.count("、") + elder.text.count(",") >= plain.text.count("、") + plain.text.count(",") - 1


def test_labels_still_fit_on_a_button() -> None:
    for question in everything():
        for before, after in zip(question.choices, put(question).choices, strict=True):
            assert len(after.label) <= max(LABEL_LIMIT, len(before.label)), after.label


@pytest.mark.parametrize("asked", DANGERS, ids=[asked.code for asked in DANGERS])
def test_a_typed_label_means_its_choice(engine: Engine, asked: Asked) -> None:
    plain, elder = pair(asked)
    for before, after in zip(plain.choices, elder.choices, strict=True):
        meant = told(engine.read(before.label, answering=plain))
        assert told(engine.read(after.label, answering=elder)) == meant, after.label
        assert told(engine.read("", answering=elder, choice=after.code)) == told(engine.read("", answering=plain, choice=before.code))


@pytest.mark.parametrize("asked", DANGERS, ids=[asked.code for asked in DANGERS])
def test_a_sign_said_in_the_words_of_the_question_is_heard(engine: Engine, asked: Asked) -> None:
    plain, elder = pair(asked)
    for option in asked.options.values():
        said = to_elder(option.asks)
        if said != option.asks:
            codes = {code for code, status in told(engine.read(option.asks, answering=plain)) if status is Status.PRESENT}
            heard = {code for code, status in told(engine.read(said, answering=elder)) if status is Status.PRESENT}
            assert heard & set(option.of) >= codes & set(option.of), said


@pytest.mark.parametrize("asked", DANGERS, ids=[asked.code for asked in DANGERS])
def test_a_bare_no_and_a_bare_yes_keep_their_meaning(engine: Engine, asked: Asked) -> None:
    plain, elder = pair(asked)
    for answer in (*DENIALS, "是", "是的", "有", "不清楚"):
        assert told(engine.read(answer, answering=elder)) == told(engine.read(answer, answering=plain)), answer


def test_a_question_still_asks_for_yes_or_no_as_it_did() -> None:
    """有 and 没有 go with 有没有, 是 and 不是 with 是不是: the choices beside the question, and what a bare 有 leaves open."""
    for single in singles().values():
        plain = single_asked(single)
        assert put(plain).choices == plain.choices
        assert ("是不是" in put(plain).text) == ("是不是" in plain.text), plain.text
    for plain, elder in map(pair, DANGERS):
        for words in ("有没有", "是不是"):
            assert (words in elder.text) == (words in plain.text) or ("有没有" in plain.text and "是不是" in plain.text), elder.text


def asked_in_turn(engine: Engine, *said: str) -> str:
    """All that is asked of who opens with ``said``, each question answered with 没有."""
    known = Facts()
    for text in said:
        known = engine.merge(known, engine.read(text))
    texts = ""
    while (question := engine.next_question(known)) is not None and len(known.asked) < 12:
        texts += question.text + "".join(choice.label for choice in question.choices) + "\n"
        known = engine.merge(known, engine.read("没有", answering=question), answered=question)
    return texts


def test_who_is_spoken_to_so(engine: Engine) -> None:
    for said in ("我72岁了,头痛三天", "72岁,头痛三天"):
        told_elder = asked_in_turn(engine, said)
        assert "有没有吐、看东西花" in told_elder, said
        assert "您老" in told_elder, said
        assert not any(word in told_elder for word in HARD), told_elder
    for said in ("我妈72岁,头痛三天", "我爸今年80,头痛三天", "我40岁,头痛三天", "头痛三天", "我今年10岁,头痛三天"):
        others = asked_in_turn(engine, said)
        assert "有没有呕吐、看东西模糊" in others, said
        assert "您老" not in others, said


def test_a_child_hears_what_it_heard_before() -> None:
    child = Person(age_days=9 * 366, relation="self")
    assert child.child_speaking
    assert not child.elder_speaking
    assert put_to("您恶心吗?", child) == "你恶心吗?"
    assert put_to("您恶心吗?", Person(age_days=YEARS_72, relation="mother")) == "您恶心吗?"


def test_he_is_called_so_once_and_never_so_that_it_reads_as_always() -> None:
    assert to_elder("您的胸口痛吗,您看呢?") == "您老的胸口痛吗,您看呢?"
    assert to_elder("这一条要紧,再问一次:您有没有出冷汗?") == "这一条要紧,再问一次:您老有没有出冷汗?"
    assert to_elder("您说有,是哪一样?") == "您说有,是哪一样?"
    for text in ("您头晕吗?", "您是不是没力气?", "您咳嗽吗?", "您肚子痛不痛?"):
        assert "您老" not in to_elder(text), text
    for question in map(put, everything()):
        assert question.text.count("您老") <= 1
        assert not any("您老" in choice.label for choice in question.choices)


def test_a_bare_yes_to_several_signs_is_asked_which_in_the_same_words(engine: Engine) -> None:
    known = engine.merge(Facts(), engine.read("我72岁,头痛三天"))
    question = engine.next_question(known)
    assert question is not None
    assert question.code == "head_danger"
    known = engine.merge(known, engine.read("有", answering=question), answered=question)
    which = engine.next_question(known)
    assert which is not None
    assert which.text.startswith("您说有,是哪一样?")
    assert "「看东西花」" in which.text
    after = engine.merge(known, engine.read("看东西花", answering=which), answered=which)
    assert "blurred_vision" in {one.code for one in after.findings if one.status is Status.PRESENT}
