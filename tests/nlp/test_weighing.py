"""Diseases weighed for one case: priors, likelihoods, what may not be talked away, and how much hangs on a grade."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nlp.clinical import weighing
from nlp.clinical.belief.bedside import believed, evidence, prior
from nlp.clinical.belief.reviewed import Reviewed, build, reviewed
from nlp.clinical.case import Case
from nlp.clinical.diseases import FREQUENCY, Link, Origin
from nlp.clinical.weighing import weighed
from nlp.engine import Engine
from nlp.evaluate.patient import Interviewer
from nlp.evaluate.vignettes import read
from nlp.interface.assessment import Facts
from nlp.interface.reading import Finding, Person, Span, Status

YEAR = 366


def case_of(present: tuple[str, ...] = (), absent: tuple[str, ...] = (), **person: object) -> Case:
    nowhere = Span(start=0, end=0, text="")
    said = [(code, Status.PRESENT) for code in present] + [(code, Status.ABSENT) for code in absent]
    findings = tuple(Finding(code=code, term=code, status=status, span=nowhere) for code, status in said)
    return Case(Facts(person=Person.model_validate(person), findings=findings))


def heard(engine: Engine, text: str) -> Case:
    return Case(engine.merge(Facts(), engine.read(text)))


def share(case: Case, select: Callable[[Reviewed], np.ndarray], knowledge: Reviewed | None = None) -> float:
    knowledge = knowledge or reviewed()
    return float(believed(knowledge, case)[select(knowledge)].sum())


def test_the_arrays_hold_what_the_tables_say() -> None:
    knowledge = reviewed()
    assert (knowledge.yes > 0).all()
    assert (knowledge.yes < 1).all()
    for row, disease in enumerate(knowledge.diseases):
        for link in disease.links:
            own = knowledge.yes[row, knowledge.place[link.finding]]
            if link.grade in "ABC":
                assert own >= FREQUENCY[link.grade] - 1e-6, link
    assert np.allclose(knowledge.department.sum(1), 1)


def test_hardly_ever_is_never_above_the_background_and_does_not_talk_a_danger_away() -> None:
    knowledge = reviewed()
    seen = 0
    for row, disease in enumerate(knowledge.diseases):
        for link in disease.links:
            if link.grade != "N":
                continue
            at = knowledge.place[link.finding]
            own, usual = knowledge.yes[row, at], knowledge.background[at]
            broader = disease.frequencies()[link.finding] > FREQUENCY["N"]
            if broader:
                continue
            assert own <= usual + 1e-6
            if knowledge.dangerous[row]:
                assert own == pytest.approx(max(usual, 1e-3), rel=1e-4)
            seen += 1
    assert seen > 1000


def test_a_belief_is_a_distribution_and_what_is_not_known_changes_nothing() -> None:
    knowledge = reviewed()
    case = case_of(("cough",), ("fever",))
    found = believed(knowledge, case)
    assert found.sum() == pytest.approx(1, abs=1e-4)
    assert np.array_equal(found, believed(knowledge, case_of(("cough", "not_a_finding"), ("fever",))))


def test_not_asked_is_not_no() -> None:
    knowledge = reviewed()
    at = knowledge.number.get("pulmonary_tuberculosis", 0)
    silent, denied = believed(knowledge, case_of(("cough",)))[at], believed(knowledge, case_of(("cough",), ("haemoptysis", "night_sweats")))[at]
    assert silent > denied


def test_age_and_sex_decide_what_can_be() -> None:
    knowledge = reviewed()
    man, woman = prior(knowledge, case_of(sex="male", age_days=30 * YEAR)), prior(knowledge, case_of(sex="female", age_days=30 * YEAR))
    assert man[knowledge.female].sum() == 0
    assert woman[knowledge.male].sum() == 0
    assert man.sum() == pytest.approx(1, abs=1e-4)
    baby = prior(knowledge, case_of(age_days=100))
    assert baby[knowledge.share[0] == 0].sum() == 0
    unknown = prior(knowledge, case_of())
    assert (unknown[(knowledge.share > 0).any(0)] > 0).all(), "what is not known rules nothing out"


@pytest.mark.parametrize(
    ("person", "possible"),
    [
        ({"sex": "male", "age_days": 30 * YEAR}, False),
        ({"sex": "female", "age_days": 8 * YEAR}, False),
        ({"sex": "female", "age_days": 70 * YEAR}, False),
        ({"sex": "female", "age_days": 30 * YEAR, "pregnant": False}, False),
        ({"sex": "female", "age_days": 30 * YEAR}, True),
        ({"relation": "child"}, False),
        ({}, True),
    ],
)
def test_diseases_of_pregnancy_only_where_it_is_possible(person: dict[str, object], possible: bool) -> None:
    knowledge = reviewed()
    case = case_of(("lower_abdominal_pain", "vaginal_bleeding"), **person)
    assert bool(prior(knowledge, case)[knowledge.of_pregnancy].sum() > 0) is possible


def test_a_known_pregnancy_makes_its_diseases_likelier() -> None:
    before = share(case_of(("headache",), sex="female", age_days=30 * YEAR), lambda knowledge: knowledge.of_pregnancy)
    after = share(case_of(("headache",), sex="female", age_days=30 * YEAR, pregnant=True), lambda knowledge: knowledge.of_pregnancy)
    assert after > 3 * before


def test_before_and_after_a_birth() -> None:
    knowledge = reviewed()
    woman = {"sex": "female", "age_days": 30 * YEAR}
    assert prior(knowledge, case_of(**woman, pregnant=True))[knowledge.of_childbed].sum() == 0
    after = case_of(("fever", "postpartum"), **woman)
    assert share(after, lambda knowledge: knowledge.of_childbed) > share(case_of(("fever",), **woman), lambda knowledge: knowledge.of_childbed)


def test_who_was_bitten_says_so_but_no_danger_is_talked_away() -> None:
    knowledge = reviewed()
    assert not (knowledge.of_cause & knowledge.dangerous).any()
    assert share(case_of(("rash", "itching"), age_days=30 * YEAR), lambda knowledge: knowledge.of_cause) < 0.2
    bitten = case_of(("insect_bite", "itching"), age_days=30 * YEAR)
    assert share(bitten, lambda knowledge: knowledge.of_cause) > 0.3


def test_a_finding_and_the_broader_one_count_once(engine: Engine) -> None:
    narrow = evidence(case_of(("night_breathless", "dyspnoea", "orthopnoea"))).there
    assert set(narrow) == {"night_breathless"}


def test_conditions_are_risk_factors() -> None:
    knowledge = reviewed()
    nowhere = Span(start=0, end=0, text="")
    plain = case_of(("skin_ulcer",), age_days=60 * YEAR)
    sweet = Finding(code="diabetes", term="糖尿病", status=Status.PRESENT, span=nowhere)
    with_sugar = Case(plain.facts.model_copy(update={"conditions": (sweet,)}))
    feet = np.array([any(link.finding == "diabetes" and link.grade == "A" for link in disease.links) for disease in knowledge.diseases])
    assert believed(knowledge, with_sugar)[feet].sum() > 2 * believed(knowledge, plain)[feet].sum()


def test_the_belief_never_touches_the_level(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the tables of diseases said, the rules would give the same levels."""
    texts = ("胸口痛出冷汗", "咳嗽三天", "肚子痛得厉害,肚子硬", "头痛", "孩子发烧39度", "拉黑便")
    before = [engine.assess(engine.merge(Facts(), engine.read(text))).level for text in texts]
    upside_down = build(lambda link: FREQUENCY["N"] if link.grade in "AB" else FREQUENCY["A"])
    monkeypatch.setattr(weighing, "reviewed", lambda: upside_down)
    after = [engine.assess(engine.merge(Facts(), engine.read(text))).level for text in texts]
    assert [level for level in before if level] == [level for level, old in zip(after, before, strict=True) if old]


GRADES = tuple(FREQUENCY)
SAMPLED = [
    "咳嗽三天,发烧,黄痰,40岁", "我25岁,流鼻涕打喷嚏两天,有点嗓子疼", "28岁女,尿频尿急尿痛",
    "男,62岁,走路胸口闷,歇一会儿就好", "45岁,口渴,尿多,瘦了", "右下腹痛,开始在肚脐周围,恶心,20岁男",
    "孩子2岁,拉肚子水样,吐了两次,发烧", "反酸烧心,饭后胃胀,50岁", "60岁女,膝盖痛,上下楼更痛,早上僵一会儿",
    "耳朵痛,流脓,发烧,6岁", "身上起风团,很痒,30岁", "68岁男,夜里憋醒,脚肿,走不动",
    "腰痛放射到腿,麻,45岁", "70岁,尿不出来,尿频,夜尿多,男", "30岁女,月经量大,头晕,没力气,脸色白",
    "心慌,手抖,怕热,瘦了,35岁女", "眼睛红,痒,流泪,25岁", "牙痛,冷热都痛,40岁",
    "55岁男,突然脚趾红肿痛", "50岁女,失眠,潮热出汗,月经乱",
]  # fmt: skip
SEEDS = 5


def _moved(seed: int) -> Reviewed:
    """Every estimated grade wrong by one, up or down by chance, a third of them right."""
    chance = random.Random(seed)
    return build(lambda link: link.moved(chance.choice((-1, 0, 1))) if link.origin is Origin.ESTIMATED and link.grade != "N" else link.frequency)


def test_results_hold_when_every_grade_is_wrong_by_one(engine: Engine) -> None:
    """All estimated grades at once, by chance: how often the leading disease stays among the first three, the leading department and the danger stay.

    Measured on 20 cases and 5 draws: the leading disease stays among the first three in 97 %, and first in 84 %; the leading department stays in
    94 %, the share of dangerous diseases moves by less than a tenth in 93 %.
    """
    cases = [heard(engine, text) for text in SAMPLED]
    plain = reviewed()
    kept = doors = 0
    for seed in range(SEEDS):
        moved = _moved(seed)
        for case in cases:
            before, after = weighed(case).chances, weighed(case, moved).chances
            first = int(before.argmax())
            kept += first in after.argsort()[::-1][:3]
            doors += int((before @ plain.department).argmax()) == int((after @ moved.department).argmax())
    total = SEEDS * len(cases)
    assert kept / total >= 0.9, kept / total
    assert doors / total >= 0.8, doors / total


def test_what_a_patient_is_told_holds_when_every_grade_is_wrong_by_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told cases from the first word to the last, a sixteenth of them; all in `make soak`. Measured on all 159 and two draws: every level and every
    leading department stayed, while the candidates for the doctor changed in 21 of 25 looked at."""
    told = read(Path(__file__).with_name("vignettes.jsonl"))
    told = told if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else told[::16]
    interviewer = Interviewer(engine)
    before = [interviewer.talk(one).assessment for one in told]
    moved = _moved(0)
    monkeypatch.setattr(weighing, "reviewed", lambda: moved)
    after = [interviewer.talk(one).assessment for one in told]
    assert any(old.candidates.found != new.candidates.found for old, new in zip(before, after, strict=True)), "the grades were moved"
    assert [one.level for one in after] == [one.level for one in before]
    assert [one.departments[:1] and one.departments[0].code for one in after] == [one.departments[:1] and one.departments[0].code for one in before]


def test_one_grade_wrong_changes_little(engine: Engine) -> None:
    """One link at a time, of a disease that leads: measured, the first stays among the first three in 99 %, and first in 96 %."""
    chance = random.Random(5)
    held = tried = 0
    for text in SAMPLED:
        case = heard(engine, text)
        now = weighed(case)
        top = now.chances.argsort()[::-1][:5]
        said = set(now.said.there) | set(now.said.not_there)
        links = [link for at in top for link in now.knowledge.diseases[at].links if link.finding in said and link.grade != "N"]
        for link in chance.sample(links, min(4, len(links))):
            for steps in (-1, 1):
                chances = _with(now.knowledge, link, steps, case)
                held += int(top[0]) in chances.argsort()[::-1][:3]
                tried += 1
    assert tried > 100
    assert held / tried >= 0.95, held / tried


def _with(knowledge: Reviewed, link: Link, steps: int, case: Case) -> np.ndarray:
    import dataclasses

    yes = knowledge.yes.copy()
    yes[knowledge.number[link.disease], knowledge.place[link.finding]] = min(0.97, max(link.moved(steps), 1e-3))
    return believed(dataclasses.replace(knowledge, yes=yes), case)
