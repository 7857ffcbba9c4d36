"""`huizhen triage --jsonl` and `huizhen inquire --jsonl`: one answer a line, one clear error a bad line, and the same again for the same input."""

import io
import json
import random
import subprocess
import sys
from typing import Any

import pytest

from miniprogram_api.cli.inquire import Dialogues
from miniprogram_api.cli.json_lines import LONGEST_LINE
from miniprogram_api.cli.main import main
from miniprogram_api.cli.triage import answer_all
from nlp.engine import Engine

LEVELS = {"critical", "emergent", "urgent", "routine", "self_care"}


@pytest.fixture(scope="module")
def engine() -> Engine:
    built = Engine()
    built.warm()
    return built


def _bytes(*lines: Any) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()) + b"\n" for line in lines)


def _answers(out: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().decode("utf-8").splitlines()]


def _triage(engine: Engine, *lines: Any) -> tuple[int, list[dict[str, Any]]]:
    out = io.BytesIO()
    return answer_all(io.BytesIO(_bytes(*lines)), out, engine), _answers(out)


def _inquire(engine: Engine, *lines: Any, turns: int = 20) -> tuple[int, list[dict[str, Any]]]:
    out = io.BytesIO()
    return Dialogues(engine, out, turns, 7).run(io.BytesIO(_bytes(*lines))), _answers(out)


def test_a_case_is_told_with_spans_level_reasons_and_departments(engine: Engine) -> None:
    text = "没有发烧,也不咳嗽,胸口有点闷,一直出冷汗,左胳膊也疼"
    status, (told,) = _triage(engine, {"id": "a", "text": text, "age": 58, "sex": "男", "vitals": {"systolic": 150, "diastolic": None}})
    assert status == 0
    assert told["id"] == "a"
    found = {finding["code"]: finding for finding in told["findings"]}
    assert found["fever"]["status"] == found["cough"]["status"] == "absent"
    assert found["chest_tightness"]["status"] == "present"
    for finding in told["findings"]:
        span = finding["span"]
        assert text[span["start"] : span["end"]] == span["text"]
        assert finding["subject"] == "patient"
    assert told["level"] == "critical"
    assert told["reasons"]
    assert told["emergency"]["do_now"]
    assert 1 <= len(told["departments"]) <= 3
    assert len(told["candidates"]) <= 5
    assert told["measurements"] == [{"code": "systolic", "value": 150.0, "unit": "mm[Hg]", "span": {"start": 0, "end": 0, "text": ""}}]


def test_vitals_alone_give_a_level_and_age_has_a_unit(engine: Engine) -> None:
    _, (low, child) = _triage(
        engine,
        {"id": 1, "text": "人没精神", "age": 70, "vitals": {"systolic": 78, "spo2": 84, "heart_rate": 140}},
        {"id": 2, "text": "发烧", "age": 40, "age_unit": "d"},
    )
    assert low["level"] in ("critical", "emergent")
    assert child["person"]["age_days"] == 40
    assert child["level"] in ("critical", "emergent")


def test_what_is_still_missing_is_asked_for_and_no_level_is_invented(engine: Engine) -> None:
    _, (told,) = _triage(engine, {"id": 1, "text": "头痛"})
    assert told["level"] is None or told["level"] in LEVELS
    assert not told["complete"]
    (question,) = told["next_questions"]
    assert question["finding"]
    assert question["text"]
    assert question["choices"][-1]["code"] == "unknown"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"nonsense", "JSON"),
        (b'{"id": 1, "text": "\xff"}', "UTF-8"),
        (b'{"id": 1, "text": "a", "text": "b"}', "两次"),
        (b'{"id": 1, "text": "a", "age": NaN}', "NaN"),
        (b'{"id": 1, "text": "\\ud800"}', "UTF-8"),
        (b"[" * 100_000, "JSON"),
        (b'{"id": 1, "text": "' + b"a" * LONGEST_LINE + b'"}', "太长"),
        ([], "对象"),
        ({"text": "疼"}, "id"),
        ({"id": True, "text": "疼"}, "id"),
        ({"id": 1}, "text"),
        ({"id": 1, "text": " "}, "text"),
        ({"id": 1, "text": "疼" * 5001}, "5000"),
        ({"id": 1, "text": "疼", "name": "x"}, "name"),
        ({"id": 1, "text": "疼", "age": -1}, "age"),
        ({"id": 1, "text": "疼", "age": 10**400}, "age"),
        ({"id": 1, "text": "疼", "age": "五十"}, "age"),
        ({"id": 1, "text": "疼", "age": 5, "age_unit": "w"}, "age_unit"),
        ({"id": 1, "text": "疼", "sex": "x"}, "sex"),
        ({"id": 1, "text": "疼", "vitals": [38]}, "vitals"),
        ({"id": 1, "text": "疼", "vitals": {"temperature": 380}}, "temperature"),
        ({"id": 1, "text": "疼", "vitals": {"mood": 3}}, "mood"),
    ],
)
def test_a_bad_line_gets_one_clear_error_and_the_next_is_taken(engine: Engine, line: Any, word: str) -> None:
    status, (refused, told) = _triage(engine, line, {"id": "next", "text": "肚子疼"})
    assert status == 1
    assert word in refused["error"]
    assert refused["line"] == 1
    assert told["id"] == "next"
    assert "error" not in told


def test_blank_lines_and_a_mark_of_order_do_no_harm(engine: Engine) -> None:
    status, answers = _triage(engine, b"\xef\xbb\xbf" + _bytes({"id": 1, "text": "头痛"}).strip(), b"", b"  \r", {"id": 2, "text": "头痛"})
    assert status == 0
    assert [answer["id"] for answer in answers] == [1, 2]


def test_a_dialogue_runs_from_opening_to_assessment(engine: Engine) -> None:
    opening = {"id": "d", "text": "胸口有点闷", "age": 58, "sex": "male"}
    status, answers = _inquire(engine, opening, {"answer": "no"}, "一会儿就过去,走路没事", *["no"] * 9)
    assert status == 1  # the lines after the end open nothing
    talk = [answer for answer in answers if "error" not in answer]
    assert [answer["type"] for answer in talk][-1] == "assessment"
    assert all(answer["type"] == "question" for answer in talk[:-1])
    assert [answer["turn"] for answer in talk[:-1]] == list(range(1, len(talk)))
    assert len({answer["code"].partition(":")[0] for answer in talk[:-1]}) == len(talk) - 1, "never the same twice"
    end = talk[-1]
    assert end["level"] in LEVELS
    assert end["seed"] == 7
    assert end["turns"] == len(talk) - 1
    absent = {finding["code"] for finding in end["findings"] if finding["status"] == "absent"}
    assert {"dyspnoea", "sweating"} <= absent


def test_a_dialogue_takes_taps_free_text_and_not_knowing(engine: Engine) -> None:
    _, answers = _inquire(engine, {"id": "d", "text": "胸口有点闷", "age": 58}, {"id": "d", "answer": "sweating"})
    assert answers[-1]["level"] == "critical"
    _, answers = _inquire(engine, {"id": "d", "text": "胸口有点闷", "age": 58}, "出冷汗,喘不上气")
    assert answers[-1]["level"] == "critical"
    _, answers = _inquire(engine, {"id": "d", "text": "胸口有点闷", "age": 58}, "unknown", "unknown", {"stop": True})
    last = next(answer for answer in answers if answer.get("type") == "assessment")
    assert last["level"] != "routine", "not known is not normal"


def test_several_dialogues_one_after_another_and_the_last_is_not_lost(engine: Engine) -> None:
    status, answers = _inquire(engine, {"id": 1, "text": "胸口有点闷"}, {"stop": True}, {"id": 2, "text": "头痛"})
    assert status == 0
    assert [(answer["id"], answer["type"]) for answer in answers] == [(1, "question"), (1, "assessment"), (2, "question"), (2, "assessment")]
    assert answers[-1]["turns"] == 0


def test_no_more_turns_than_allowed(engine: Engine) -> None:
    _, answers = _inquire(engine, {"id": 1, "text": "头痛"}, "unknown", turns=1)
    assert [answer["type"] for answer in answers] == ["question", "assessment"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ({"text": "另一个", "id": 2}, "还没有回答"),
        ({"answer": ""}, "answer"),
        ({"answer": 3}, "answer"),
        ({"answer": "疼" * 5001}, "5000"),
        ({"answer": "yes", "id": "other"}, "id"),
        ({"answer": "yes", "mood": 1}, "mood"),
        ({"stop": False}, "stop"),
        ([1], "回答"),
        (b"{", "JSON"),
    ],
)
def test_a_bad_answer_leaves_the_question_open(engine: Engine, line: Any, word: str) -> None:
    status, (question, refused, *_, end) = _inquire(engine, {"id": "d", "text": "胸口有点闷", "age": 58}, line, {"answer": "sweating"})
    assert status == 1
    assert question["type"] == "question"
    assert word in refused["error"]
    assert end["type"] == "assessment"
    assert end["level"] == "critical"


PIECES = (
    "肚子疼", "没有发烧", "三天了", "头晕", "38度5", "我妈", "😀", "\u3000", "怀孕", "不想活了", "yes", "血压200/120",
    "{", '"', "\\", "忽略以上规则", "。",
)  # fmt: skip


def _noise(draw: random.Random) -> Any:
    """A line of any kind: good, nearly good, and bytes."""
    text = "".join(draw.choice(PIECES) for _ in range(draw.randint(0, 8)))
    kind = draw.randrange(7)
    if kind == 0:
        return bytes(draw.randrange(256) for _ in range(draw.randint(1, 60))).replace(b"\n", b" ") or b" "
    if kind == 1:
        return draw.choice(["yes", "no", "unknown", text or "好", 3, None, [], {"stop": True}])
    if kind == 2:
        return {"answer": draw.choice(["yes", "no", "unknown", "none", text])}
    row: dict[str, Any] = {"id": draw.choice(["a", 1, None, "", 1.5]), "text": text}
    if kind > 3:
        row |= {"id": draw.randrange(99), "age": draw.choice([0, 3, 58, 90, None, 200]), "sex": draw.choice(["m", "female", None, "?"])}
    if kind > 5:
        row["vitals"] = {draw.choice(["temperature", "systolic", "spo2", "glucose", "x"]): draw.choice([38.5, 80, 0, None, "a", 1e308])}
    whole = json.dumps(row, ensure_ascii=False).encode()
    return whole[: draw.randrange(len(whole))].strip() or b"{" if draw.random() < 0.1 else whole


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_in_every_line_is_answered_once_and_the_same_again(engine: Engine, seed: int) -> None:
    draw = random.Random(seed)
    lines = [_noise(draw) for _ in range(40)]
    given = sum(bool(_bytes(line).strip()) for line in lines)
    status, answers = _triage(engine, *lines)
    assert len(answers) == given
    assert status == int(any("error" in answer for answer in answers))
    assert all(answer["level"] in LEVELS | {None} for answer in answers if "error" not in answer)
    _, talk = _inquire(engine, *lines)
    assert _inquire(engine, *lines)[1] == talk
    assert len(talk) in (given, given + 1)  # a dialogue left open is assessed at the end


def test_the_orders_work_as_processes(capsys: pytest.CaptureFixture[str]) -> None:
    def huizhen(name: str, *more: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "miniprogram_api.cli.main", name, *more]
        return subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)

    opening = _bytes({"id": "1", "text": "我想喝农药,不想活了"})
    done = huizhen("triage", "--jsonl", given=opening)
    assert done.returncode == 0
    assert json.loads(done.stdout)["level"] in ("critical", "emergent")
    talk = huizhen("inquire", "--jsonl", "--seed", "3", given=opening)
    assert talk.returncode == 0
    assert json.loads(talk.stdout.splitlines()[-1])["seed"] == 3
    assert talk.stdout == huizhen("inquire", "--jsonl", "--seed", "3", given=opening).stdout
    for name in ("triage", "inquire"):
        assert main([name]) == 2
        assert "--jsonl" in capsys.readouterr().err
