"""The department: who decides first, that any text is borne, and that the shipped models are what training makes."""

import json
import random
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from nlp.clinical import department_model, knowledge, routing
from nlp.clinical.case import Case
from nlp.clinical.department_labels import codes_of
from nlp.clinical.ngrams import LONGEST, ngrams
from nlp.engine import Engine
from nlp.evaluate import departments as evaluation
from nlp.evaluate.__main__ import main as evaluate
from nlp.interface.assessment import Assessment, Department, Facts
from nlp.interface.departments import DEPARTMENTS, department
from nlp.interface.reading import Person, Reading
from nlp.interface.urgency import Urgency

pytest.importorskip("onnxruntime")
COMPLAINTS = Path(__file__).parent / "departments" / "complaints.jsonl"


def told(engine: Engine, text: str) -> Assessment:
    return engine.assess(engine.merge(Facts(), engine.read(text)))


def leaning(**shares: float) -> tuple[Department, ...]:
    return tuple(Department(code=code, name=department(code).name, probability=share) for code, share in shares.items())


def first(facts: Facts, level: Urgency | None = None) -> str:
    return routing.departments(Case(facts), level, [])[0].code


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("老是打嗝反酸,胃里烧得慌", "消化内科"),
        ("查出近视四百度,想做激光", "眼科"),
        ("智齿发炎,腮帮子都肿了", "口腔科"),
        ("乙肝小三阳,要不要抗病毒", "感染科"),
        ("月经推迟了一个星期", "妇科"),
        ("怀孕12周,想做产检", "产科"),
        ("脚上长了鸡眼", "皮肤科"),
        ("整夜整夜睡不着,心里压抑", "精神科"),
        ("宝宝湿疹,8个月了,又拉肚子", "儿科"),
    ],
)
def test_plain_complaints_find_their_department(engine: Engine, text: str, name: str) -> None:
    assert told(engine, text).departments[0].name == name


def test_danger_opens_the_emergency_door_first_and_names_the_specialty_after_it(engine: Engine) -> None:
    found = told(engine, "我爸嘴歪了,右边手脚没力,说不清话").departments
    assert [one.code for one in found[:2]] == ["20", "03.03"]


def test_who_it_is_decides_before_the_words() -> None:
    lungs = leaning(**{"03.01": 0.9, "05.01": 0.06, "07": 0.04})
    assert first(Facts(leaning=lungs)) == "03.01"
    assert first(Facts(leaning=lungs, person=Person(age_days=3 * 365))) == "07"
    assert first(Facts(leaning=leaning(**{"04.03": 0.9, "07": 0.1}), person=Person(age_days=3 * 365))) == "08"
    assert first(Facts(leaning=leaning(**{"10": 0.9, "07": 0.1}), person=Person(age_days=3 * 365))) == "10"
    woman = leaning(**{"05.01": 0.9, "05.02": 0.1})
    assert first(Facts(leaning=woman, person=Person(pregnant=True, sex="female"))) == "05.02"
    man = routing.departments(Case(Facts(leaning=leaning(**{"05.01": 0.6, "04.04": 0.4}), person=Person(sex="male"))), None, [])
    assert [one.code for one in man] == ["04.04"]
    grown = routing.departments(Case(Facts(leaning=leaning(**{"07": 0.6, "03.01": 0.4}), person=Person(age_days=40 * 365))), None, [])
    assert [one.code for one in grown] == ["03.01"]


def test_general_practice_leads_when_nothing_is_likely() -> None:
    even = leaning(**{"03.01": 0.2, "03.02": 0.2, "03.03": 0.2, "03.04": 0.2, "04.01": 0.2})
    assert first(Facts(leaning=even)) == routing.GENERAL
    assert first(Facts(leaning=leaning(**{"03.01": 0.3, "03.02": 0.2, "03.03": 0.2, "03.04": 0.2, "04.01": 0.1}))) == "03.01"
    assert first(Facts()) == routing.GENERAL


def test_shares_are_ranked_and_add_up_to_one_at_most(engine: Engine) -> None:
    for row in map(json.loads, COMPLAINTS.read_text("utf-8").splitlines()):
        shares = [one.probability for one in told(engine, row["text"]).departments]
        assert len(shares) <= routing.SHOWN
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1.002


def test_answers_and_asides_lean_nowhere(engine: Engine) -> None:
    question = engine.next_question(engine.merge(Facts(), engine.read("咳嗽")))
    assert question is not None
    assert engine.read("没有,就是痰多", answering=question).leaning == ()
    assert engine.read("你好").leaning == engine.read("").leaning == Reading().leaning == ()


def test_a_second_text_moves_the_leaning_and_does_not_replace_it(engine: Engine) -> None:
    before, new = leaning(**{"03.01": 0.8, "11": 0.2}), leaning(**{"11": 1.0})
    assert [(one.code, one.probability) for one in department_model.joined(before, new)] == [("11", 0.6), ("03.01", 0.4)]
    assert department_model.joined((), new) == department_model.joined(new, ()) == new


def test_no_text_raises_and_probabilities_are_probabilities() -> None:
    chosen = random.Random(5)
    alphabet = "胃痛咳嗽孩子没有了，。 !?0９\t\n\u0000\u200b🤒\ud800\U0010ffffａb%-/頭髮"
    for model in (department_model.text_model(), department_model.text_model(department_model.INTERNAL_MEDICINE)):
        for length in (0, 1, 2, 7, 30, 300, 6000):
            text = "".join(chosen.choices(alphabet, k=length))
            shares = model.probabilities(text)
            assert shares == {} or (abs(sum(shares.values()) - 1) < 1e-4 and min(shares.values()) >= 0)
            assert shares == model.probabilities(text)


def test_models_are_small_and_name_only_what_the_list_has() -> None:
    folder = resources.files("nlp.clinical").joinpath("models")
    sizes = 0
    for name in (department_model.SPECIALTIES, department_model.INTERNAL_MEDICINE):
        content, described = folder.joinpath(f"{name}.onnx").read_bytes(), json.loads(folder.joinpath(f"{name}.json").read_text("utf-8"))
        sizes += len(content)
        assert described["version"].startswith(f"{name}-")
        assert len(described["data_digest"]) == 64
        assert max(map(len, described["vocabulary"])) <= LONGEST  # runs of characters, never a sentence
        assert len(set(described["vocabulary"])) == len(described["vocabulary"])
    assert sizes < 6_000_000
    assert set(department_model.text_model().labels) <= {entry.code for entry in DEPARTMENTS}


def test_ngrams_stay_within_clauses_and_forget_numbers() -> None:
    assert ngrams("头痛,38.5度") == ngrams("頭痛。12度") | {}
    assert "痛0" not in ngrams("头痛,3天")
    assert ngrams("头痛3天")["痛0天"] == 1
    assert not ngrams("🤒 ,。")


def test_labels_of_other_lists() -> None:
    assert codes_of("妇产科") == ("05.01", "05.02")
    assert codes_of("肝病科") == ("16",)
    assert codes_of("03.04") == codes_of("心内科") == ("03.04",)
    assert codes_of("没有这个科") == ()


def test_figures_of_the_evaluation() -> None:
    one = evaluation.Judged("眼科", frozenset(["10"]), frozenset(), (("10", 0.8), ("11", 0.1)))
    two = evaluation.Judged("妇产科", frozenset(["05.01", "05.02"]), frozenset(), (("20", 0.5), ("05.02", 0.4)))
    assert (one.within(1), two.within(1), two.within(3)) == (True, False, True)
    assert [judged.within(1) for judged in evaluation.without_door([one, two])] == [True, True]
    assert evaluation.macro_f1([one, two], frozenset(["眼科", "妇产科"])) == 0.5
    assert evaluation.calibration([one]) == pytest.approx(0.2)
    assert "0.500" in evaluation.table({"told": [one, two]})
    child = evaluation.Judged("神经内科", frozenset(["03.03"]), frozenset(), (("07", 1.0),))
    assert evaluation.of_no_child([one, child, two]) == [one, two]


def test_a_list_without_children_is_also_judged_where_nobody_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "眼睛又红又痒", "department": "眼科"}\n{"ask": "孩子5岁,拉肚子", "department": "消化内科"}\n', "utf-8")
    assert evaluate(["departments", str(file), "--whole-list"]) == 0
    assert "the 1 where nobody was taken for a child" in capsys.readouterr().out


def test_evaluation_reads_files_and_says_what_is_wrong_with_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "眼睛又红又痒", "department": "眼科"}\n{"ask": "咳嗽", "department": "儿科", "age": 3}\n', "utf-8")
    assert evaluate(["departments", str(file)]) == 0
    assert "| top-3 | 1.000" in capsys.readouterr().out
    file.write_text('{"text": "眼睛又红又痒"}\n', "utf-8")
    assert evaluate(["departments", str(file)]) == 2
    assert "line 1" in capsys.readouterr().err


def test_every_department_of_the_tables_can_be_said() -> None:
    trained = set(department_model.text_model().labels)
    for complaint in knowledge.complaints().values():
        assert {code for code, _ in complaint.departments} <= trained | {"28", "32"}


@pytest.fixture(scope="module")
def small() -> Callable[[], Any]:
    """Trains a small model from our own phrases. Skipped where requirements/training.txt is not installed."""
    pytest.importorskip("sklearn", reason="requirements/training.txt is not installed")
    pytest.importorskip("onnx", reason="requirements/training.txt is not installed")
    from nlp.training.departments import specialties
    from nlp.training.phrases import written
    from nlp.training.sources import Question

    rows = [Question("胃痛怎么办", "胃痛三天了吃什么药", "消化内科"), Question("头晕", "头晕得厉害是怎么回事", "神经内科")] * 10
    return lambda: specialties(rows, written(), generated=1500)


def test_the_graph_gives_what_scikit_learn_gives(small: Callable[[], Any]) -> None:
    import numpy as np
    from sklearn.svm import LinearSVC

    from nlp.training.linear import counted_texts, graph, softmax

    model = small()
    classifier = LinearSVC()
    classifier.classes_ = np.array(model.labels)
    classifier.coef_, classifier.intercept_ = model.weights.T.astype(np.float64), model.bias.astype(np.float64)
    described = {"version": "x", "labels": model.labels, "vocabulary": model.weighting.vocabulary}
    served = department_model.loaded(graph(model), described)
    texts = [row["text"] for row in map(json.loads, COMPLAINTS.read_text("utf-8").splitlines())]
    expected = softmax(classifier.decision_function(model.weighting.matrix(counted_texts(texts))) * model.factor)
    for text, line in zip(texts, expected, strict=True):
        shares = served.probabilities(text)
        assert np.allclose([shares[label] for label in model.labels], line, atol=2e-5)


def test_training_repeats_itself(small: Callable[[], Any]) -> None:
    from nlp.training.linear import graph

    assert graph(small()) == graph(small())


def test_no_phrase_stands_on_both_sides() -> None:
    pytest.importorskip("sklearn", reason="requirements/training.txt is not installed")
    from nlp.training.phrases import parted, written

    kept, aside = parted(written(), 0.2, random.Random(1))
    assert {one.text for one in kept}.isdisjoint(one.text for one in aside)
    assert len(kept) + len(aside) == len(written())
