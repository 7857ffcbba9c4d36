"""The one list for doctors: what is typical leads it, values count, cited numbers stand beside coarse grades, a danger is never left out."""

import itertools
from collections.abc import Mapping

import pytest

from nlp.clinical.candidates import joined
from nlp.clinical.candidates.joined import candidates
from nlp.clinical.case import Case
from nlp.clinical.diseases import diseases
from nlp.engine import Engine
from nlp.interface.assessment import Assessment, Facts
from nlp.interface.candidates import MOST, Basis, Candidate, Candidates, Grade
from nlp.interface.case_values import case_signs, case_values
from nlp.interface.diagnoses import named_diseases, searched

CASES = {
    "我25岁,流鼻涕打喷嚏两天,有点嗓子疼": "common_cold",
    "60岁男,咳嗽半年,痰里有血,瘦了很多": "pulmonary_tuberculosis",
    "28岁女,尿频尿急尿痛": "cystitis",
    "男,62岁,走路胸口闷,歇一会儿就好": "coronary_heart_disease",
    "45岁,口渴,尿多,瘦了": "diabetes_type2",
    "右下腹痛,开始在肚脐周围,恶心,20岁男": "acute_appendicitis",
}


def heard(engine: Engine, text: str) -> Case:
    return Case(engine.merge(Facts(), engine.read(text)))


def listed(engine: Engine, text: str, values: Mapping[str, float] | None = None, examined: Mapping[str, bool] | None = None) -> dict[str, Candidate]:
    return {one.code: one for one in candidates(heard(engine, text), values, examined).found}


@pytest.mark.parametrize("text", CASES)
def test_what_is_typical_is_named(engine: Engine, text: str) -> None:
    found = candidates(heard(engine, text)).found
    assert 1 <= len(found) <= MOST
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    assert CASES[text] in [one.code for one in found]
    assert all(one.icd10[:3] in one.categories for one in found)


def test_a_danger_in_question_is_among_those_named(engine: Engine) -> None:
    for text in ("怀孕30周,头痛", "肚子痛,20岁男", "腰痛,70岁男", "胸口痛,50岁", "68岁男,胸口痛,出汗,血压165/100"):
        assert any(one.is_danger for one in candidates(heard(engine, text)).found), text


def test_for_and_against_stand_beside_each_with_what_they_rest_on(engine: Engine) -> None:
    found = candidates(heard(engine, "25岁,流鼻涕,嗓子疼,不咳嗽,不打喷嚏")).found
    assert any("流鼻涕" in [point.text for point in one.speaks_for] for one in found)
    assert any("没有咳嗽" in [point.text for point in one.speaks_against] for one in found)
    for point in itertools.chain.from_iterable((*one.speaks_for, *one.speaks_against) for one in found):
        assert point.source
        assert point.origin in ("table", "counted", "estimated")


def test_nothing_is_named_without_a_complaint(engine: Engine) -> None:
    for text in ("你好", "我想体检", "开点药", "58岁", ""):
        assert candidates(heard(engine, text)).found == ()


def test_one_high_pressure_does_not_push_a_danger_from_the_top(engine: Engine) -> None:
    found = candidates(heard(engine, "68岁男,胸口痛,出汗,血压165/100")).found
    assert found[0].is_danger
    assert next(one for one in found if one.code == "hypertension").grade is Grade.ONCE_ABOVE


def test_criteria_that_are_met_lead_the_list(engine: Engine) -> None:
    first = candidates(heard(engine, "45岁,口渴,尿多,瘦了,血糖16.8")).found[0]
    assert (first.code, first.grade, first.basis) == ("diabetes_type2", Grade.CRITERIA_MET, Basis.CITED)
    assert first.rule_out == ("糖尿病酮症酸中毒", "高渗性高血糖状态") or first.rule_out
    assert first.checks


def test_values_and_signs_of_the_doctor_move_the_list(engine: Engine) -> None:
    before = listed(engine, "60岁男,咳嗽,发烧")
    after = listed(engine, "60岁男,咳嗽,发烧", {"temperature": 39.2, "respiratory_rate": 30, "spo2": 91, "crp": 120}, {"crackles": True})
    assert after["pneumonia"].rank == 1
    assert after["pneumonia"].grade is Grade.PROBABLE
    assert after["pneumonia"].grade.strength > before["pneumonia"].grade.strength
    said = [point.text for point in after["pneumonia"].speaks_for]
    assert any("120" in words for words in said)
    assert any("湿啰音" in words for words in said)


def test_a_later_value_replaces_what_was_told_in_both_halves(engine: Engine) -> None:
    case = joined.with_values(heard(engine, "发烧39度,咳嗽"), {"temperature": 36.5})
    assert case.measured["temperature"].value == 36.5


def test_what_nobody_can_have_is_left_out(engine: Engine) -> None:
    plain = candidates(heard(engine, "60岁男,咳嗽,发烧"))
    odd = {"temperature": 390.0, "cholesterol": 5.0, "crp": float("nan")}
    assert candidates(heard(engine, "60岁男,咳嗽,发烧"), odd, {"no_such_sign": True}) == plain


def test_the_same_case_gives_the_same_list_and_the_inputs_have_their_digest(engine: Engine) -> None:
    one, same, other = (candidates(heard(engine, text)) for text in ("咳嗽三天", "咳嗽三天", "咳嗽三天,发烧"))
    assert one == same
    assert one.inputs != other.inputs
    assert (one.model, one.digest) == (other.model, other.digest)
    assert len(one.digest) == len(one.inputs) == 64


def test_no_entry_shows_a_number_for_how_likely_it_is(engine: Engine) -> None:
    for text in CASES:
        for one in candidates(heard(engine, text)).found:
            assert 0 <= one.grade.strength <= 5
            assert "%" not in one.grade.label + one.basis.label


def test_agreement_is_read_at_the_category() -> None:
    def named(code: str, icd10: str, rank: int, *categories: str) -> Candidate:
        return Candidate(code=code, name=code, icd10=icd10, categories=categories, rank=rank, grade=Grade.POSSIBLE)

    found = Candidates(found=(named("one", "J18.9", 1, "J12", "J18"), named("two", "I10", 2, "I10")))
    assert found.place_of(["J18.0"]) == found.place_of(["J12.9"]) == 1
    assert found.place_of(["I10"]) == 2
    assert found.place_of(["I10", "J18.9"]) == 1
    assert found.place_of(["K29.5"]) == found.place_of([]) == 0


def test_an_assessment_hides_the_list_from_patients_and_reads_what_was_kept_before(engine: Engine) -> None:
    assessment = engine.assess(heard(engine, "咳嗽三天").facts)
    assert assessment.candidates.found
    assert assessment.for_patient().candidates == Candidates()
    former = {"level": None, "complete": False, "considered": [{"code": "common_cold", "name": "普通感冒"}]}
    assert Assessment.model_validate(former).candidates == Candidates()


def test_the_classes_for_watching_drift_name_nobody_and_are_few(engine: Engine) -> None:
    worked = engine.work_out(heard(engine, "45岁,口渴,尿多,血糖16.8").facts, {}, {})
    assert worked.states["in.age"] == "adult"
    assert worked.states["in.temperature"] == "unknown"
    assert worked.states["out.first"] == "E"
    assert all(len(value) <= 12 for value in worked.states.values())


# --- what a form may offer ---


def test_every_value_and_sign_of_the_form_is_one_of_the_rules() -> None:
    from nlp.clinical.candidates import inputs

    assert set(case_values()) == set(inputs.measures())
    assert set(case_signs()) == set(inputs.signs())


def test_every_disease_can_be_chosen_as_a_diagnosis() -> None:
    assert {(one.icd10, one.name) for one in named_diseases()} == {(one.icd10, one.name) for one in diseases().values()}


@pytest.mark.parametrize(("words", "first"), [("高血压", "高血压"), ("I10", "I10"), ("i10", "I10"), ("肺炎", "肺炎"), ("支气管 急性", "支气管炎")])
def test_a_diagnosis_is_found_by_name_part_or_code(words: str, first: str) -> None:
    found = searched(words)
    assert first in found[0].name + found[0].icd10


@pytest.mark.parametrize("words", ["", "  ", "。。", "没有这种病", "%", "a" * 500])
def test_what_names_no_disease_finds_none(words: str) -> None:
    assert searched(words) == ()


def test_the_rule_sets_hold_what_the_list_is_made_of(engine: Engine) -> None:
    assert {"diseases", "candidates", "asking"} <= {one.name for one in engine.rule_sets}
