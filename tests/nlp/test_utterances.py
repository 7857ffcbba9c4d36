"""The labelled utterances (utterances*.jsonl) as a floor that the reader may not fall below, and the table that measures them."""

import json
from pathlib import Path

import pytest

from nlp.engine import Engine
from nlp.evaluate import utterances as table
from nlp.evaluate.__main__ import main
from nlp.evaluate.labels import Label, Utterance, equal_terms, meaning, read
from nlp.evaluate.utterances import Score
from nlp.interface.reading import Status

FOLDER = Path(__file__).parent
FILES = {name: FOLDER / f"{name}.jsonl" for name in ("utterances", "utterances_north", "utterances_southwest", "utterances_kin_doubt")}
FILE = FILES["utterances"]
UTTERANCES = {name: read(file) for name, file in FILES.items()}
KNOWN_NUMBERS = {
    "temperature", "systolic", "diastolic", "heart_rate", "respiratory_rate", "spo2", "glucose", "pain", "weight", "height", "stools_per_day",
}  # fmt: skip
"""The interface's codes, and height, which is told and not read yet."""

# What was reached on the day it was written, with a little room below for honest changes. utterances.jsonl was read while the reader was mended, the
# two of regions were written by people who knew neither lexicon nor rules and tried once before anything was mended after them (docs/triage.md tells
# both figures); from then on all three say that nothing was lost, not how well it reads what it has never seen.
FLOORS = {
    "utterances": {
        "uncertain": 0.80, "of others": 0.72,
        "present": 0.94, "absent": 0.88, "hours": 0.90, "course": 0.87, "severity": 0.87, "numbers": 0.94, "relation": 0.96, "sex": 0.94,
        "age_days": 0.97, "pregnancy_weeks": 0.97, "everything": 0.93,
    },
    "utterances_north": {
        "uncertain": 0.64, "of others": 0.39,
        "present": 0.83, "absent": 0.82, "hours": 0.74, "course": 0.77, "severity": 0.69, "numbers": 0.93, "relation": 0.97, "sex": 0.97,
        "age_days": 0.97, "pregnancy_weeks": 0.97, "everything": 0.86,
    },
    "utterances_southwest": {
        "of others": 0.61,
        "present": 0.66, "absent": 0.59, "hours": 0.69, "course": 0.46, "severity": 0.54, "numbers": 0.86, "relation": 0.88, "sex": 0.83,
        "age_days": 0.80, "pregnancy_weeks": 0.70, "everything": 0.70,
    },
    # written for whose it is and how sure it is, labelled before it was tried: 0.684 of others and 0.763 uncertain then; it labels neither time,
    # course nor degree
    "utterances_kin_doubt": {"of others": 0.83, "uncertain": 0.76, "relation": 0.91},
}  # fmt: skip
MISSED_RED_FLAGS = {"utterances": 1, "utterances_north": 1, "utterances_southwest": 0, "utterances_kin_doubt": 0}
"""No room here: a danger that was heard is heard tomorrow. What is missed is breathlessness without a word of how bad, and a foot frozen black."""
FALSE_RED_FLAGS = {"utterances": 8, "utterances_north": 8, "utterances_southwest": 16, "utterances_kin_doubt": 4}


@pytest.fixture(scope="session")
def scores(engine: Engine) -> dict[str, list[Score]]:
    return {name: [table.score(utterance, engine) for utterance in listed] for name, listed in UTTERANCES.items()}


def total(scores: list[Score]) -> Score:
    whole = Score()
    for one in scores:
        for scope, tally in one.scopes.items():
            whole.scopes[scope].add(tally)
    return whole


def test_the_files_are_what_they_say() -> None:
    everything = [one for listed in UTTERANCES.values() for one in listed]
    assert len(UTTERANCES["utterances"]) >= 300
    assert len(everything) - len(UTTERANCES["utterances"]) >= 400, "of people who had not seen the lexicon"
    assert len({one.id for one in everything}) == len({one.text for one in everything}) == len(everything)
    assert sum(one.red_flag for one in everything) >= 200
    kin_and_doubt = UTTERANCES["utterances_kin_doubt"]
    assert sum("other" in one.kinds for one in kin_and_doubt) >= 40
    assert sum("uncertain" in one.kinds for one in kin_and_doubt) >= 40
    for listed in UTTERANCES.values():
        assert {label.status for one in listed for label in one.findings} == set(Status)
        assert {code for one in listed for code in one.measurements} <= KNOWN_NUMBERS
    kinds = {kind for one in UTTERANCES["utterances"] for kind in one.kinds}
    assert kinds >= {"negation", "uncertain", "time", "course", "severity", "number", "place", "trigger", "subject", "past", "drug", "allergy"}
    assert kinds >= {"pregnancy", "injection", "joke", "polite", "dialect", "voice", "long", "red", "near"}
    for name in ("utterances_north", "utterances_southwest"):
        fresh = {kind for one in UTTERANCES[name] for kind in one.kinds}
        assert fresh == {"negation", "dialect", "numbers", "other_past", "typo_voice", "aside", "plain", "long"}


@pytest.mark.parametrize(("name", "scope"), [(name, scope) for name, floors in FLOORS.items() for scope in floors])
def test_scope_stays_above_its_floor(scores: dict[str, list[Score]], name: str, scope: str) -> None:
    reached = total(scores[name])
    assert (reached.whole if scope == "everything" else reached.scopes[scope]).f1 >= FLOORS[name][scope]


@pytest.mark.parametrize("name", FILES)
def test_red_flags_missed_and_false_stay_few(scores: dict[str, list[Score]], name: str) -> None:
    missed = [one.id for one, score in zip(UTTERANCES[name], scores[name], strict=True) if score.missed_flag]
    false = [one.id for one, score in zip(UTTERANCES[name], scores[name], strict=True) if score.false_flag]
    assert len(missed) <= MISSED_RED_FLAGS[name], missed
    assert len(false) <= FALSE_RED_FLAGS[name], false


def one(text: str, *labels: Label, **more: object) -> Utterance:
    fields: dict[str, object] = {"id": "x", "kinds": ("all",), "person": {}, "conditions": (), "measurements": {}, "red_flag": False}
    return Utterance(text=text, findings=labels, **(fields | more))  # type: ignore[arg-type]


def label(term: str, status: str = "present", subject: str = "patient", hours: float | None = None) -> Label:
    return Label(term, Status(status), subject, hours, None, None)


def test_a_right_reading_has_no_mistakes(engine: Engine) -> None:
    score = table.score(one("咳嗽三天，没有发烧", label("咳嗽", hours=72), label("发热", "absent")), engine)
    assert score.mistakes == []
    assert (score.scopes["present"].right, score.scopes["absent"].right, score.scopes["hours"].right) == (1, 1, 1)


def test_every_kind_of_mistake_is_told(engine: Engine) -> None:
    wrong = one(
        "咳嗽三天，没有发烧，体温38.5",
        label("咳嗽", hours=240),
        label("发热"),
        label("胸痛"),
        measurements={"temperature": 37.0},
        person={"relation": "mother"},
        red_flag=True,
    )
    score = table.score(wrong, engine)
    told = "\n".join(score.mistakes)
    assert "hours of 咳嗽: 240" in told
    assert "missed 发热 present" in told
    assert "false 发烧 (fever) absent" in told
    assert "missed 胸痛" in told
    assert "temperature: 37.0, read 38.5" in told
    assert "relation: mother" in told
    assert "RED FLAG MISSED" in told
    assert score.named.right == 2
    assert score.missed_flag


def test_of_whom_it_is_said_counts(engine: Engine) -> None:
    told = one("邻居昨天发烧，我头晕", label("发热", subject="neighbour"), label("头晕"), person={"relation": "self"})
    assert table.score(told, engine).mistakes == []
    mine = one("邻居昨天发烧，我头晕", label("发热"), label("头晕"), person={"relation": "self"})
    assert table.score(mine, engine).scopes["present"].missed == 1


def test_terms_are_compared_by_meaning() -> None:
    assert "cough" in meaning("咳嗽")
    assert meaning("头晕") == meaning("眩晕") >= {"dizziness", "vertigo"}
    assert "stomach_pain" in meaning("上腹痛")
    assert meaning("没有这样的词") == frozenset()
    assert "diabetes" in meaning("高血糖", denied=True)
    assert "糖尿病" not in equal_terms().get("高血糖", frozenset())


def test_the_table_is_printed_and_the_same_each_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()[:12]
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(lines), encoding="utf-8")
    printed = []
    for _ in range(2):
        assert main(["utterances", str(few)]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "12 utterances" in printed[0]
    assert "red flags missed" in printed[0]
    assert "findings with status and person" in printed[0]


def test_kinds_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()[:2]]
    bare, kinds = tmp_path / "bare.jsonl", tmp_path / "kinds.jsonl"
    bare.write_text("\n".join(json.dumps({key: value for key, value in row.items() if key != "kind"}) for row in rows), encoding="utf-8")
    kinds.write_text("\n".join(json.dumps({"id": row["id"], "kind": "other", "also": ["near"]}) for row in rows), encoding="utf-8")
    assert [one.kinds for one in read(bare, kinds)] == [("other", "near")] * 2


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1}',
        '{"id": 1, "text": "咳", "findings": [{"status": "present"}]}',
        '{"id": 1, "text": "咳", "findings": [{"term": "咳", "status": "maybe"}]}',
        "not json",
    ],
)
def test_what_does_not_fit_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(line, encoding="utf-8")
    assert main(["utterances", str(file)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
