"""Recorded inquiries: reading, counting, asking, naming a disease, and the table of ``python -m nlp.evaluate inquiry``."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.clinical.belief.cases import ANSWERS, Case, CaseError, names, read, table
from nlp.clinical.belief.counted import count
from nlp.clinical.belief.knowledge import NO, YES
from nlp.clinical.belief.network import Schooling
from nlp.clinical.belief.posterior import NOT_ASKED, Tempering, posterior
from nlp.clinical.belief.recorded import learn
from nlp.evaluate.__main__ import main, tables
from nlp.evaluate.figures import calibration_error, error_by_chance, mean, ratio
from nlp.evaluate.inquiry import cross_validated, measure

SHORT = Schooling(steps=0)
SIGNS = {"cold": ("runny nose", "sneezing"), "gut": ("diarrhoea", "vomiting"), "ear": ("earache", "fever")}


def made(number: int, seed: int) -> list[Case]:
    """Patients of three illnesses who say "unwell" and one thing more or nothing; asking brings their signs, and one that they do not have."""
    chance, found = np.random.default_rng(seed), []
    for at in range(number):
        disease = str(chance.choice(list(SIGNS)))
        signs = {sign: 1 for sign in SIGNS[disease] if chance.random() < 0.9}
        other = str(chance.choice([sign for name, listed in SIGNS.items() if name != disease for sign in listed]))
        found.append(Case(str(at), disease, {"unwell": 1}, signs | {other: int(chance.choice([0, 2]))}))
    return found


def test_who_asks_learns_what_it_is_and_asks_nothing_twice_nor_what_was_said() -> None:
    inquirer = learn(made(160, 1), turns=4, how=SHORT)
    patients = inquirer.table(made(80, 2))
    order = inquirer.dialogues(patients)
    assert order.shape == (80, 4)
    unwell = patients.findings.index("unwell")
    for row in order:
        assert len(set(row)) == 4
        assert unwell not in row
    measured = measure(inquirer, made(80, 2))
    assert measured.right.mean() > 0.9
    assert measured.found.sum() / measured.implicit.sum() > 0.7
    assert (measured.turns == 4).all()
    before = inquirer.believe(patients, np.zeros_like(patients.may_be_asked)).diseases
    assert (before.argmax(1) == patients.disease).mean() < 0.6


def test_it_ends_where_nothing_is_left_to_ask() -> None:
    inquirer = learn(made(60, 3), turns=30, how=SHORT)
    measured = measure(inquirer, made(20, 4))
    assert (measured.turns == 6).all()
    assert (measured.found == measured.implicit).all()


def test_the_same_seed_gives_the_same_dialogues() -> None:
    one, two = (measure(learn(made(80, 5), turns=3, seed=7, how=SHORT), made(40, 6)) for _ in range(2))
    assert np.array_equal(one.right, two.right)
    assert np.array_equal(one.sure, two.sure)


def test_in_folds_every_case_is_asked_once() -> None:
    measured = cross_validated(made(41, 5), 3, 2, seed=7, how=SHORT)
    assert len(measured.right) == 41
    with pytest.raises(ValueError, match="folds"):
        cross_validated(made(5, 5), 3, 6, seed=7)


def test_what_the_training_file_does_not_have_counts_as_not_found() -> None:
    inquirer = learn(made(80, 6), turns=3, how=SHORT)
    stranger = Case("x", "measles", {"unwell": 1, "spots": 1}, {"cough": 1})
    measured = measure(inquirer, [stranger])
    assert measured.right.sum() == 0
    assert measured.implicit.sum() == 1
    assert measured.found.sum() == 0


def test_counting_agrees_with_the_engine_for_one_patient() -> None:
    cases = made(60, 8)
    counted = count(table(cases, *names(cases)))
    patients = table(cases[:10], *names(cases))
    asked = np.random.default_rng(0).random(patients.said.shape) < 0.5
    asked &= patients.may_be_asked
    together = counted.posterior(patients, asked, Tempering(power=0.7))
    for row in range(10):
        evidence = {patients.findings[at]: ANSWERS[patients.answers[row, at]] for at in np.flatnonzero(asked[row])}
        alone = posterior(counted.knowledge, evidence, Tempering(power=0.7), counted.opening(patients.said[row]))
        assert together[row] == pytest.approx(alone, abs=1e-4)


def test_counted_rates_follow_the_cases() -> None:
    cases = made(400, 9)
    counted = count(table(cases, *names(cases)))
    knowledge = counted.knowledge
    yes = dict(zip(knowledge.diseases, knowledge.likelihood[ANSWERS.index(YES), knowledge.place["earache"]], strict=True))
    assert 0.8 < yes["ear"] < 0.95
    assert yes["cold"] < 0.05
    assert counted.said[knowledge.place["unwell"]].min() > 0.8
    assert (knowledge.likelihood > 0).all()


def test_not_sure_can_be_taken_for_silence() -> None:
    cases = [Case("1", "cold", {"a": 1}, {"b": 2, "c": 0})]
    loud, silent = (table(cases, *names(cases), not_sure_is_silence=strict) for strict in (False, True))
    assert [ANSWERS[place] for place in loud.answers[0]][1:] == ["mentioned", NO]
    assert [ANSWERS[place] for place in silent.answers[0]][1:] == ["not_on_record", NO]
    assert np.array_equal(loud.listed, silent.listed)
    assert loud.said[0].tolist() == [0, NOT_ASKED, NOT_ASKED]


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", "{}", '{"disease": "cold"}', '{"disease": "cold", "explicit": {}, "implicit": {"a": 3}}', '{"disease": 1}']
)
def test_a_line_that_is_no_case_is_named(tmp_path: Path, line: str) -> None:
    good = '{"disease": "cold", "explicit": {"a": 1}, "implicit": {}}'
    path = tmp_path / "cases.jsonl"
    path.write_text(f"{good}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(CaseError, match="line 3"):
        read(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["disease", "explicit", "implicit", "x"]), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values)
def test_reading_anything_gives_cases_or_one_clear_error(tmp_path: Path, value: object) -> None:
    path = tmp_path / "any.jsonl"
    path.write_text(json.dumps(value), encoding="utf-8")
    said = None
    try:
        assert read(path)
    except CaseError as error:
        said = str(error)
    assert said is None or path.name in said


def test_figures() -> None:
    half = mean(np.array([0.0, 1.0] * 200))
    assert half.value == 0.5
    assert 0.44 < half.low < 0.5 < half.high < 0.56
    assert ratio(np.array([1.0, 2.0]), np.array([2.0, 4.0])).value == 0.5
    assert calibration_error(np.array([0.5, 0.5]), np.array([1.0, 0.0]), bins=1) == 0
    assert calibration_error(np.array([0.9, 0.9]), np.array([1.0, 0.0]), bins=1) == pytest.approx(0.4)
    assert error_by_chance(np.full(100, 1.0)) == 0
    assert error_by_chance(np.full(10_000, 0.7)) < 0.02 < error_by_chance(np.full(400, 0.7)) < 0.1


def written(path: Path, cases: list[Case]) -> Path:
    lines = [{"id": case.id, "disease": case.disease, "explicit": case.explicit, "implicit": case.implicit} for case in cases]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_the_table_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, test = written(tmp_path / "train.jsonl", made(80, 10)), written(tmp_path / "test.jsonl", made(40, 11))
    assert "inquiry" in tables()
    assert main(["inquiry", "--train", str(train), "--test", str(test), "--turns", "4"]) == 0
    once = capsys.readouterr().out
    for measure_ in ("accuracy", "recall", "known at the end", "mean turns", "all shown", "ratio", "calibration error", "the same by chance"):
        assert f"| {measure_} | " in once
    assert main(["inquiry", "--train", str(train), "--test", str(test), "--turns", "4", "--folds", "2"]) == 0
    assert "| cases | 120 |" in capsys.readouterr().out


@pytest.mark.parametrize("more", [["--turns", "-1"], ["--folds", "1"], ["--test", "missing.jsonl"]])
def test_what_does_not_fit_is_one_line_and_a_code(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    path = str(written(tmp_path / "cases.jsonl", made(20, 12)))
    assert main(["inquiry", "--train", path, "--test", path, *more]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.strip().splitlines()) == 1


def test_one_fold_of_real_cases_stays_above_its_floor() -> None:
    """Dxy, trained on the training file and asked on its small dev file: far under the measured means, so that only a break falls below."""
    if "HUIZHEN_DATA" not in os.environ:
        pytest.skip("HUIZHEN_DATA is not set")
    folder = Path(os.environ["HUIZHEN_DATA"]) / "inquiry"
    measured = measure(learn(read(folder / "dxy.train.jsonl")), read(folder / "dxy.dev.jsonl"))
    assert measured.right.mean() >= 0.65
    assert measured.found.sum() / measured.implicit.sum() >= 0.6
    assert measured.turns.max() <= 10
