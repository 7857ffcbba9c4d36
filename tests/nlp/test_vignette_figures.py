"""The automatic patient and the table of told cases: honest, deterministic, and strict about a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from nlp.engine import Engine
from nlp.evaluate import vignettes
from nlp.evaluate.__main__ import main
from nlp.evaluate.figures import share
from nlp.evaluate.patient import Interviewer, Patient, Vignette
from nlp.evaluate.vignettes import NONE, Judged
from nlp.interface.assessment import Facts

CASE: dict[str, Any] = {
    "id": "1", "urgency_level": "emergent", "age": 58, "age_unit": "y", "sex": "m", "speaker": "self", "opening_zh": "胸口有点闷",
    "facts_zh": "没有出冷汗；歇一会儿就好；昨天打了牌；有高血压", "departments_ok": ["心血管内科"],
}  # fmt: skip


def _told(**changed: Any) -> Vignette:
    row = CASE | changed
    facts = tuple(row["facts_zh"].split("；"))
    return Vignette(row["id"], row["urgency_level"], row["age"], row["age_unit"], "male", "self", row["opening_zh"], facts, ("心血管内科",))


def _file(folder: Path, *rows: Any) -> Path:
    path = folder / "told.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows), "utf-8")
    return path


def test_the_patient_answers_with_his_own_sentences_or_not_at_all(engine: Engine) -> None:
    vignette = _told()
    talk = Interviewer(engine).talk(vignette)
    said = {piece for _, answer in talk.turns for piece in answer.split("；")}
    assert said <= {*vignette.facts, "不清楚"}
    assert "没有出冷汗" in said
    assert "昨天打了牌" not in said, "what nobody asked for is not told"


def test_what_the_patient_does_not_know_stays_unknown(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("胸口有点闷"))
    question = engine.next_question(facts)
    assert question is not None
    assert Patient(engine, _told(facts_zh="家里养了猫；爱吃面")).answer(question) is None


def test_what_is_said_of_another_is_not_told_as_his_own(engine: Engine) -> None:
    facts = engine.merge(Facts(), engine.read("胸口有点闷"))
    question = engine.next_question(facts)
    assert question is not None
    assert Patient(engine, _told(facts_zh="我老婆昨天出冷汗；爱吃面")).answer(question) is None


def test_age_and_sex_are_told_when_asked_for(engine: Engine) -> None:
    talk = Interviewer(engine, knows_person=False).talk(_told(opening_zh="头有点痛两天了", facts_zh="没有吐；没有发烧；手脚有劲；看东西清楚"))
    assert any("58岁" in answer for _, answer in talk.turns)
    assert talk.facts.person.age_days == 21170 or round(talk.facts.person.age_years or 0) == 58


def test_the_same_talk_again(engine: Engine) -> None:
    assert Interviewer(engine).talk(_told()) == Interviewer(engine).talk(_told())


def test_a_case_without_a_level_is_below_every_level() -> None:
    assert Judged("self_care", NONE, vignettes.FIVE).difference < 0
    assert Judged("urgent", "emergent", vignettes.FIVE).difference == 1
    assert Judged("emergent", "routine", vignettes.FIVE).difference == -2
    assert Judged("em", "em", vignettes.THREE).difference == 0


def test_intervals_stay_open_where_all_were_right() -> None:
    found = share(20, 20)
    assert found is not None
    assert found.value == found.high == 1.0
    assert 0.80 < found.low < 0.87
    assert share(0, 0) is None


def test_the_table_of_a_file_with_five_levels_and_with_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vignettes", str(_file(tmp_path, CASE, CASE | {"id": "2", "urgency_level": "self-care"})), "--wrong"]) == 0
    printed = capsys.readouterr().out
    for words in (
        "five levels",
        "three levels",
        "right level",
        "at or above",
        "emergencies found",
        "over-triage",
        "median",
        "top-1",
        "top-3",
        "file ↓ given →",
    ):
        assert words in printed
    three = [
        CASE | {"id": str(number), "urgency_level": level, "departments_ok": "心内科、急诊科"} for number, level in enumerate(("em", "ne", "sc"))
    ]
    assert main(["vignettes", str(_file(tmp_path, *three))]) == 0
    printed = capsys.readouterr().out
    assert "five levels" not in printed
    assert "| em |" in printed
    assert main(["vignettes", str(_file(tmp_path, CASE)), "--talk", "1"]) == 0
    assert "胸口有点闷" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("{", "line 1"),
        ("[1]", "not an object"),
        (CASE | {"urgency_level": "soon"}, "soon"),
        (CASE | {"age": 300}, "age"),
        (CASE | {"age_unit": "w"}, "age_unit"),
        (CASE | {"sex": "x"}, "sex"),
        ({"id": "1"}, "needs"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, row: Any, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vignettes", str(_file(tmp_path, row))]) == 2
    complaint = capsys.readouterr().err
    assert word in complaint
    assert "told.jsonl" in complaint


def test_no_id_twice_and_no_two_kinds_of_levels(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than once"):
        vignettes.read(_file(tmp_path, CASE, CASE))
    with pytest.raises(ValueError, match="two kinds"):
        vignettes.read(_file(tmp_path, CASE, CASE | {"id": "2", "urgency_level": "em"}))
