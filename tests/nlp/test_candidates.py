"""Candidates for the doctor: that Python and ONNX say the same to the last digit, that the tables hold together, and what a doctor reads."""

import json
import math
import random
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from nlp.clinical.candidates import inputs, language, model, rules
from nlp.clinical.candidates.inputs import ImplausibleValue
from nlp.clinical.candidates.ranking import of_values, ranked
from nlp.clinical.diseases import diseases
from nlp.engine import Engine
from nlp.evaluate import candidates as evaluation
from nlp.evaluate.__main__ import main as evaluate
from nlp.interface.assessment import Facts
from nlp.interface.candidates import Candidate, Grade
from nlp.interface.reading import Finding, Measurement, Person, Span, Status

KNOWN = rules.knowledge()
NUMBERS = sorted({(leaf.code, leaf.number) for row in KNOWN.rows for leaf in language.leaves(row.when) if leaf.test in (">=", "<")})


def made_up(chosen: random.Random) -> dict[str, float]:
    """Inputs of a case that nobody is: much unknown, values often exactly on a threshold or a hair beside it."""
    values: dict[str, float] = {}
    for code in KNOWN.inputs:
        if chosen.random() < 0.5:
            continue
        measure = inputs.measures().get(code)
        if measure is None:
            values[code] = float(chosen.random() < 0.5)
        else:
            bounds = [number for name, number in NUMBERS if name == code] or [measure.low]
            values[code] = chosen.choice(bounds) + chosen.choice([0.0, 0.0, 1e-9, -1e-9, 0.1, -0.1, 7.0, -7.0])
    return values


def case(age: float | None = None, sex: str | None = None, **said: float | bool) -> dict[str, float]:
    """Inputs by name; True and False are found and not found."""
    values = {code: float(value) for code, value in said.items()}
    values["is_child"] = float(age is not None and age < 15)
    if age is not None:
        values["age"] = age
    if sex is not None:
        values["male"] = float(sex == "male")
    return values


def of(values: dict[str, float], code: str) -> Candidate:
    return next(one for one in of_values(values).found if one.code == code)


def words(points: tuple) -> list[str]:  # type: ignore[type-arg]
    return [point.text for point in points]


# --- the model ---


def test_the_graph_says_what_the_rules_say_to_the_last_digit() -> None:
    pytest.importorskip("onnxruntime")
    chosen = random.Random(7)
    shipped = model.shipped()
    for _ in range(300):
        values = made_up(chosen)
        assert shipped.outcome(values) == rules.outcome(KNOWN, values)
    assert shipped.outcome({}) == rules.outcome(KNOWN, {})


def test_the_shipped_graph_was_compiled_from_the_tables_as_they_stand() -> None:
    assert model.described()["digest"] == KNOWN.digest
    assert model.described()["inputs"] == list(KNOWN.inputs)
    assert model.described()["rows"] == [row.id for row in KNOWN.rows]


def test_compiling_again_gives_the_same_file() -> None:
    pytest.importorskip("onnx")
    from nlp.training.gates import compiled

    assert compiled(KNOWN) == resources.files("nlp.clinical").joinpath("models", "candidates.onnx").read_bytes()


def test_the_graph_takes_many_cases_at_once() -> None:
    pytest.importorskip("onnxruntime")
    import numpy as np

    chosen = random.Random(3)
    cases = [made_up(chosen) for _ in range(20)]
    _, _, scores, _ = model.shipped().run(np.array([inputs.filled(one, KNOWN.inputs) for one in cases]))
    assert [tuple(round(score) for score in line) for line in scores.tolist()] == [rules.outcome(KNOWN, one).scores for one in cases]


# --- the tables ---


def test_exactly_one_prior_opens_each_sum_that_applies() -> None:
    chosen = random.Random(11)
    for _ in range(300):
        values = made_up(chosen)
        found = rules.outcome(KNOWN, values)
        opened = Counter(row.disease for row, holds in zip(KNOWN.rows, found.holds, strict=True) if holds and row.kind == "prior")
        for subject, applies in zip(KNOWN.subjects, found.applies, strict=True):
            assert not applies or opened[subject.code] == 1, (subject.code, values)


def test_the_diseases_are_those_of_the_knowledge_base() -> None:
    for subject in KNOWN.subjects:
        known = diseases()[subject.code]
        assert known.icd10[:3] == subject.icd10[:3]


def test_every_number_stands_beside_its_source_and_its_origin() -> None:
    sources = rules.sources()
    for row in KNOWN.rows:
        assert row.origin in rules.ORIGINS
        assert row.source in sources
        if row.kind in ("prior", "evidence") and row.source in ("GK", "DESIGN"):
            assert row.origin == "estimated", f"{row.id} rests on nothing that could be cited, and does not say so"
    assert all(source["grade"] in ("P", "2", "-") and source["edition"] for source in sources.values())


def test_what_was_counted_follows_from_its_counts() -> None:
    for row in inputs.rows("counted.csv"):
        ill, rest = (float(row["shown"]) + 0.5) / (float(row["cases"]) + 1), (float(row["shown_others"]) + 0.5) / (float(row["others"]) + 1)
        assert float(row["value"]) == pytest.approx(ill / rest, abs=0.006)


def test_the_published_table_of_priors_rises_with_age_points_and_risks() -> None:
    table = {(row["symptom_points"], row["sex"], int(row["age_from"])): row for row in inputs.rows("coronary.csv")}
    assert len(table) == 30
    columns = ("risk_0_1", "risk_2_3", "risk_4_5")
    for (points, sex, age), row in table.items():
        values = [int(row[column]) for column in columns]
        assert values == sorted(values)
        if age > 30:
            assert all(int(table[points, sex, age - 10][column]) <= int(row[column]) for column in columns)
        if points > "1":
            assert all(int(table[str(int(points) - 1), sex, age][column]) <= int(row[column]) for column in columns)
        if sex == "male":
            assert all(int(table[points, "female", age][column]) <= int(row[column]) for column in columns)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"when": "coughing"}, "neither a term nor an input"),
        ({"when": "cough &"}, "missing"),
        ({"when": "cough) | fever"}, "not understood"),
        ({"value": ""}, "have a value"),
        ({"value": "0"}, "likelihood ratio"),
        ({"source": "SOMEWHERE"}, "no source"),
        ({"origin": "felt"}, "no origin"),
        ({"kind": "guess"}, "no kind"),
        ({"disease": "influenza"}, "no disease"),
        ({"words": "体温 {warmth}"}, "is no value"),
    ],
)
def test_a_row_that_does_not_hold_is_refused_with_its_fault(change: dict[str, str], fault: str) -> None:
    row = {"id": "pneumonia.x", "disease": "pneumonia", "kind": "evidence", "when": "cough", "value": "2", "words": "咳嗽"}
    row |= {"origin": "estimated", "source": "GK"}
    rules.assembled([row])
    with pytest.raises(rules.CandidateError, match=fault):
        rules.assembled([row | change])


def test_no_condition_makes_the_parser_fail_otherwise_than_by_saying_so() -> None:
    chosen = random.Random(5)
    pieces = ["cough", "absent(", "known(", "atleast(", "2", ",", ")", "(", "|", "&", "!", ">=", "38", "temperature", "temperature>=38", " ", "嗯"]
    for _ in range(1500):
        source = "".join(chosen.choice(pieces) for _ in range(chosen.randint(0, 9)))
        try:
            language.parse(source, {}, inputs.known_inputs()).holds({"cough": 1.0})
        except language.ConditionError:
            continue


def test_unknown_is_neither_there_nor_not_there() -> None:
    codes = inputs.known_inputs()
    for source in ("cough", "absent(cough)", "known(cough)", "temperature>=38", "temperature<38", "atleast(1, cough, fever)"):
        assert not language.parse(source, {}, codes).holds({})
        assert not language.parse(source, {}, codes).holds({"cough": math.nan, "temperature": math.nan})
    assert language.parse("absent(cough) & !cough & known(cough)", {}, codes).holds({"cough": 0.0})


# --- what a doctor reads ---


def test_pressure_on_three_days_is_a_diagnosis_once_is_not() -> None:
    once = of(case(50, systolic=152, diastolic=94), "hypertension")
    assert once.grade is Grade.ONCE_ABOVE
    assert "缺非同日的另外两次血压" in once.missing
    assert "血压 152/94 ≥ 140/90" in words(once.speaks_for)
    assert of(case(50, systolic=152, diastolic=94, high_pressure_days=3), "hypertension").grade is Grade.CRITERIA_MET
    assert of(case(50, systolic=139, diastolic=89), "hypertension").grade not in (Grade.ONCE_ABOVE, Grade.CRITERIA_MET)


def test_a_normal_pressure_under_treatment_rules_nothing_out() -> None:
    treated = of(case(60, systolic=128, diastolic=78, calcium_blocker=True), "hypertension")
    assert treated.cautions == ("在吃降压药,现在不高不能排除",)
    assert treated.score > of(case(60, systolic=128, diastolic=78), "hypertension").score


def test_sugar_with_symptoms_is_a_diagnosis_without_them_it_is_repeated() -> None:
    assert of(case(45, glucose_fasting=9.8, thirst=True), "diabetes_type2").grade is Grade.CRITERIA_MET
    silent = of(case(45, glucose_fasting=9.8), "diabetes_type2")
    assert silent.grade is Grade.ONCE_ABOVE
    assert "缺另一天的空腹血糖或糖化血红蛋白" in silent.missing
    assert of(case(45, glucose_fasting=9.8, hba1c=7.1), "diabetes_type2").grade is Grade.CRITERIA_MET


def test_random_sugar_alone_never_makes_the_second_value() -> None:
    assert of(case(45, glucose=12.0, glucose_fasting=7.4), "diabetes_type2").grade is Grade.ONCE_ABOVE


def test_sugar_in_an_infection_is_not_called_diabetes() -> None:
    found = of(case(45, glucose_fasting=9.8, thirst=True, temperature=39.2), "diabetes_type2")
    assert found.grade is Grade.ONCE_ABOVE
    assert "感染、手术、激素会使血糖一时升高,平稳后复查再诊断" in found.cautions


def test_what_was_not_measured_is_said() -> None:
    unmeasured = of(case(58, dizziness=True), "hypertension")
    assert unmeasured.grade is Grade.UNDECIDED
    assert unmeasured.missing == ("未测血压",)
    assert of(case(58, thirst=True), "diabetes_type2").missing == ("未测血糖",)


def test_signs_of_pneumonia_add_up_and_normal_vital_signs_speak_against() -> None:
    ill = case(70, cough=True, temperature=38.9, heart_rate=112, respiratory_rate=31, spo2=91, crackles=True, crp=130)
    heavy = of(ill, "pneumonia")
    assert heavy.grade is Grade.PROBABLE
    assert "湿啰音" in words(heavy.speaks_for)
    assert heavy.missing == ("未拍胸片",)
    assert "CRB-65 2 分:考虑住院或转诊" in heavy.cautions
    slight = of(case(30, cough=True, runny_nose=True, temperature=36.8, heart_rate=78, respiratory_rate=16), "pneumonia")
    assert slight.grade is Grade.VERY_UNLIKELY
    assert "体温、心率、呼吸都正常" in words(slight.speaks_against)
    assert of(ill | {"chest_infiltrate": 1.0}, "pneumonia").grade is Grade.CRITERIA_MET


def test_a_child_is_read_by_the_rules_for_children() -> None:
    found = of_values(case(2, cough=True, dyspnoea=True, respiratory_rate=52, spo2=94, chest_indrawing=True)).found
    assert [one.code for one in found] == ["pneumonia_child"]
    assert {"咳嗽加呼吸快:WHO 归为肺炎", "有重症征象,马上转诊"} <= set(found[0].cautions)
    calm = of(case(2, cough=True, respiratory_rate=26, spo2=99), "pneumonia_child")
    assert calm.score < found[0].score
    assert "血氧 99% > 96%" in words(calm.speaks_against)


def test_breathing_is_fast_by_age() -> None:
    def cautions(age: float, rate: float) -> tuple[str, ...]:
        return of(case(age, cough=True, respiratory_rate=rate), "pneumonia_child").cautions

    fast = "咳嗽加呼吸快:WHO 归为肺炎"
    assert fast not in cautions(0.1, 55)
    assert fast in cautions(0.1, 60)
    assert fast not in cautions(0.5, 45)
    assert fast in cautions(0.5, 50)
    assert fast not in cautions(3, 38)
    assert fast in cautions(3, 40)


def test_the_published_prior_of_coronary_disease_is_found_for_who_it_is() -> None:
    typical = case(65, "male", chest_tightness=True, exertional_worse=True, relieved_by_rest=True, hypertension=True, smoking=True)
    found = of(typical, "coronary_heart_disease")
    assert "胸痛特征 3 分,男,60–69 岁,已知危险因素 2–3 个" in words(found.speaks_for)
    assert found.score == rules.thousandths(rules.log_odds(0.35))
    woman = of(case(35, "female", chest_pain=True, chest_wall_tender=True, pleuritic_pain=True), "coronary_heart_disease")
    assert woman.grade is Grade.VERY_UNLIKELY
    assert "胸口按着痛" in words(woman.speaks_against)


def test_pain_that_lasts_is_not_put_down_to_the_stable_table() -> None:
    found = of(case(60, "male", chest_pain=True, sweating=True), "coronary_heart_disease")
    assert any("急性冠脉综合征" in caution for caution in found.cautions)


def test_a_known_disease_is_called_known_and_stands_behind_what_is_new() -> None:
    found = of_values(case(60, "male", hypertension=True, glucose_fasting=9.8, thirst=True, systolic=150, diastolic=92)).found
    assert [one.grade for one in found] == [Grade.CRITERIA_MET, Grade.KNOWN]
    assert [one.rank for one in found] == [1, 2]


def test_likelihood_is_told_in_words_alone() -> None:
    assert not any(sign.isdigit() or sign == "%" for grade in Grade for sign in grade.label)
    assert "probability" not in Candidate.model_fields


def test_evidence_in_favour_never_lowers_and_evidence_against_never_raises() -> None:
    chosen = random.Random(17)
    known = {row.id: row for row in KNOWN.rows}
    for _ in range(60):
        values = made_up(chosen)
        for one in of_values(values).found:
            for point in (*one.speaks_for, *one.speaks_against):
                row = known[point.rule]
                assert row.kind != "evidence" or (row.weight > 0) is (point in one.speaks_for)


def test_clear_cases_stay_clear_when_every_estimate_is_half_or_double() -> None:
    ill = case(70, cough=True, temperature=38.9, heart_rate=112, respiratory_rate=31, spo2=91, crackles=True, crp=130)
    well = case(30, cough=True, runny_nose=True, temperature=36.8, heart_rate=78, respiratory_rate=16)
    place = [one.code for one in KNOWN.subjects].index("pneumonia")
    written = inputs.rows("rules.csv") + list(rules.coronary_rows(inputs.rows("coronary.csv"))) + inputs.rows("counted.csv")
    for factor in (0.5, 2.0):
        moved = []
        for row in written:
            guessed = row["origin"] == "estimated" and row["kind"] == "evidence"
            moved.append(row | {"value": str(min(100.0, float(row["value"]) * factor))} if guessed else row)
        known = rules.assembled(moved)
        assert rules.outcome(known, ill).scores[place] > rules.thousandths(rules.log_odds(0.5))
        assert rules.outcome(known, well).scores[place] < rules.thousandths(rules.log_odds(0.05))


# --- from facts ---


def facts() -> Facts:
    def said(code: str, status: Status, subject: str = "patient") -> Finding:
        return Finding(code=code, term=code, status=status, span=Span(start=0, end=0, text=""), subject=subject)

    return Facts(
        person=Person(age_days=round(62 * 365.25), sex="male"),
        findings=(said("chest_tightness", Status.PRESENT), said("relieved_by_rest", Status.PRESENT), said("sweating", Status.ABSENT)),
        conditions=(said("hypertension", Status.PRESENT), said("coronary_disease", Status.PRESENT, "father")),
        measurements=(Measurement(code="glucose", value=6.4, unit="mmol/L", span=Span(start=0, end=7, text="空腹血糖6.4")),),
    )


def test_facts_are_taken_over_with_what_a_doctor_adds() -> None:
    found = ranked(facts(), {"systolic": 150, "diastolic": 90}, {"ecg_ischaemia": False})
    assert found.model == model.version()
    coronary = next(one for one in found.found if one.code == "coronary_heart_disease")
    assert coronary.grade is not Grade.KNOWN, "the father's disease is not the patient's"
    assert "未做心电图" not in coronary.missing
    assert "未问家里人早发冠心病" not in coronary.missing
    sugar = next(one for one in found.found if one.code == "diabetes_type2")
    assert "空腹血糖 6.4 < 7.0" in words(sugar.speaks_against)
    assert "血糖未注明空腹或餐后,缺空腹血糖" not in sugar.missing


def test_what_was_told_with_doubt_is_not_called_known() -> None:
    doubted = facts().conditions[0].model_copy(update={"status": Status.UNCERTAIN})
    found = ranked(Facts(person=facts().person, conditions=(doubted,)), {"systolic": 130, "diastolic": 80})
    assert next(one for one in found.found if one.code == "hypertension").grade is not Grade.KNOWN


@pytest.mark.parametrize("laboratory", [{"hba1c": 300.0}, {"hba1c": math.nan}, {"hba1c": -1.0}, {"cholesterol": 5.0}])
def test_a_value_nobody_has_is_refused(laboratory: dict[str, float]) -> None:
    with pytest.raises(ImplausibleValue):
        ranked(facts(), laboratory)


def test_a_sign_there_is_not_is_refused() -> None:
    with pytest.raises(ImplausibleValue):
        ranked(facts(), None, {"aura": True})


def test_a_pregnant_woman_is_not_judged_by_the_lines_for_others() -> None:
    values = case(28, "female", pregnant=True, systolic=150, diastolic=95, glucose_fasting=7.2)
    assert not of_values(values).found


def test_nothing_said_gives_no_candidate_and_nothing_fails(engine: Engine) -> None:
    assert not ranked(Facts()).found
    for text in ("", "😀", "咳" * 5000, "血压 0/0", "体温 99 度"):
        ranked(engine.merge(Facts(), engine.read(text)))


def test_a_sentence_leads_to_what_a_doctor_would_think_of(engine: Engine) -> None:
    told = engine.merge(Facts(), engine.read("女,45岁,口渴尿多,瘦了十斤,空腹血糖9.8"))
    first = ranked(told).found[0]
    assert (first.code, first.grade) == ("diabetes_type2", Grade.CRITERIA_MET)


# --- against final diagnoses ---


def written(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return str(path)


def test_agreement_is_counted_at_the_category(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    high = {"age": 60, "male": 1, "systolic": 160, "diastolic": 95}
    rows: list[dict[str, object]] = [
        {"values": high, "diagnosis": "I10.x00"},
        {"values": high, "diagnosis": ["E11.9", "I11.0"]},
        {"values": high, "diagnosis": "M54"},
        {"values": {"age": 60, "male": 1, "systolic": 118, "diastolic": 70}, "diagnosis": "I10"},
        {"values": high},
    ]
    assert evaluate(["candidates", written(tmp_path / "cases.jsonl", rows)]) == 0
    text = capsys.readouterr().out
    assert "5 cases, 1 without a final diagnosis" in text
    assert "| 高血压 | 3 | 2 | 2 | 1 |" in text
    assert f"| {Grade.ONCE_ABOVE.label} | 3 | 2 | 0.67 |" in text


def test_drift_is_nothing_between_like_cases_and_seen_between_unlike_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old: list[dict[str, object]] = [{"values": {"age": 70, "male": place % 2, "systolic": 120 + place}} for place in range(40)]
    young: list[dict[str, object]] = [{"values": {"age": 3, "cough": 1, "temperature": 39}} for _ in range(40)]
    before = written(tmp_path / "before.jsonl", old)
    assert evaluate(["candidates", before, "--reference", before]) == 0
    assert "0 of" in capsys.readouterr().out
    assert evaluate(["candidates", written(tmp_path / "after.jsonl", young), "--reference", before]) == 0
    text = capsys.readouterr().out
    assert "| age |" in text
    assert "| grades of pneumonia_child |" in text


def test_the_stability_index_is_the_textbook_one() -> None:
    assert evaluation.stability({"a": 50, "b": 50}, {"a": 5, "b": 5}) == pytest.approx(0)
    assert evaluation.stability({"a": 50, "b": 50}, {"a": 80, "b": 20}) == pytest.approx(0.3 * math.log(1.6) - 0.3 * math.log(0.4))


@pytest.mark.parametrize("line", ["{", '{"values": {"cholesterol": 5}}', '{"values": {}, "diagnosis": "高血压"}', "[]", '{"values": {"age": "old"}}'])
def test_a_line_that_cannot_be_read_is_named(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(line, "utf-8")
    assert evaluate(["candidates", str(path)]) == 2
    assert "line 1" in capsys.readouterr().err


# --- counting ---


def test_counting_takes_what_is_on_record_of_children_with_cough_or_fever(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from nlp.training import candidates as training

    def line(disease: str, explicit: dict[str, int], implicit: dict[str, int]) -> str:
        return json.dumps({"id": "x", "disease": disease, "explicit": explicit, "implicit": implicit}, ensure_ascii=False)

    ill = [line("肺炎", {"咳嗽": 1}, {"气喘": 1, "流涕": 0})] * 3 + [line("小儿支气管肺炎", {"发热": 1}, {"痰": 2})]
    rest = [line("上呼吸道感染", {"咳嗽": 1, "流涕": 1}, {})] * 5 + [line("小儿腹泻", {"腹泻": 1}, {"咳嗽": 0})]
    for name in training.SETS:
        for part in ("train", "dev"):
            (tmp_path / f"{name}.{part}.jsonl").write_text("\n".join(ill + rest) if name == "dxy" else "", "utf-8")
    counts = {one.code: one for one in training.counted(training.recorded(tmp_path, "train"))}
    assert (counts["dyspnoea"].shown, counts["dyspnoea"].cases, counts["dyspnoea"].shown_others, counts["dyspnoea"].others) == (3, 4, 0, 5)
    assert counts["phlegm"].shown == 0, "what was only mentioned is not on record as there"
    assert counts["dyspnoea"].ratio == pytest.approx((3.5 / 5) / (0.5 / 6))
    probabilities = training.sure(training.recorded(tmp_path, "dev"), list(counts.values()), 1.0)
    assert probabilities[0] > probabilities[-1]
    training.write_counts(counts.values(), tmp_path / "counted.csv")
    assert rules.assembled(inputs.table(tmp_path / "counted.csv")).rows
