"""The lexicon's files: allowed values, no orphan, no hidden double meaning, every word read as what it stands for."""

import os
import re
from collections import Counter

import pytest

from nlp.clinical import knowledge
from nlp.engine import Engine
from nlp.interface.reading import Reading, Status
from nlp.interface.urgency import Urgency
from nlp.language import counting
from nlp.language.lexicon import CONDITION_SURFACES, folded, lexicon, rows, surface_files
from nlp.language.normal import normalise

FINDINGS = {row["code"]: row for row in rows("findings.csv")}
CONDITIONS = {row["code"]: row for row in rows("conditions.csv")}
SURFACES = [(name, row) for name in surface_files() for row in rows(name)]

SYSTEMS = frozenset([
    "bite", "blood", "bone", "child", "chronic", "digestive", "endocrine", "ent", "eye", "general", "heart", "infection", "injury", "lung",
    "man", "medicine", "mind", "mouth", "nerve", "poison", "pregnancy", "skin", "talk", "urinary", "woman",
])  # fmt: skip
PARTS = frozenset([
    "body", "head", "hair", "face", "eye", "ear", "nose", "mouth", "lips", "tooth", "jaw", "throat", "neck", "chest", "breast", "back",
    "flank", "abdomen", "stomach", "upper_right", "lower_abdomen", "right_lower", "groin", "anus", "bladder", "urine", "vulva", "genital",
    "testis", "limb", "shoulder", "elbow", "wrist", "hand", "finger", "hip", "leg", "knee", "ankle", "foot", "joint", "bone", "skin",
    "nail", "mind",
])  # fmt: skip
ANSWERS = frozenset(["yes_no", "scale", "number", "duration", "choice"])
KINDS = frozenset(["medical", "everyday", "dialect", "typing", "voice"])
REGIONS = frozenset([
    "川渝", "云贵", "湖南", "湖北", "江西", "江浙", "安徽", "福建", "广东", "广西", "客家", "中原", "山东", "河北", "山西", "陕甘",
    "西北", "东北", "内蒙", "北方", "南方",
])  # fmt: skip
CONDITION_KINDS = frozenset(["illness", "operation", "medicine", "allergy", "state", "passing"])
GROUPS = frozenset([
    "chest", "respiratory", "cold", "fever", "neuro", "digestive", "urinary", "woman", "man", "eye", "ent", "skin", "bone", "injury",
    "poison", "mind", "circumstance", "child", "general",
])  # fmt: skip
FLAGS = frozenset(["danger", "rules_out", "none"])
ICD10 = re.compile(r"[A-Z]\d{2}(?:\.\d)?")
ICPC2 = re.compile(r"(?:[ABDFHKLNPRSTUWXY](?:0[1-9]|[1-9]\d)|Z(?:0[1-9]|[12]\d))")
PLAIN = re.compile(r"[^{}]*")
EVERY = 1 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 5
"""Of the words that name no danger one of so many is read by the whole engine in ``make test``, every one in ``make soak``."""


def given(reading: Reading) -> set[str]:
    """Codes that are said to be there, of the patient."""
    return {f.code for f in (*reading.findings, *reading.conditions) if f.status is not Status.ABSENT and f.subject == "patient"}


@pytest.mark.parametrize("code", FINDINGS)
def test_finding_has_allowed_values(code: str) -> None:
    row = FINDINGS[code]
    assert row["term"]
    assert row["system"] in SYSTEMS
    assert row["part"] in PARTS
    assert row["answer"] in ANSWERS
    assert ICD10.fullmatch(row["icd10"]) or not row["icd10"]
    assert ICPC2.fullmatch(row["icpc"]) or not row["icpc"]


def test_condition_has_allowed_values() -> None:
    for row in CONDITIONS.values():
        assert row["term"]
        assert row["kind"] in CONDITION_KINDS, row
        assert ICD10.fullmatch(row["icd10"]) or not row["icd10"], row


def test_terms_name_one_thing_each() -> None:
    terms = Counter(row["term"] for row in (*FINDINGS.values(), *CONDITIONS.values()))
    assert [term for term, count in terms.items() if count > 1] == []
    assert not FINDINGS.keys() & CONDITIONS.keys()


def test_each_system_has_its_file() -> None:
    assert {row["system"] for row in FINDINGS.values()} == SYSTEMS
    assert set(surface_files()) == {f"surfaces/{system}.csv" for system in SYSTEMS} | {CONDITION_SURFACES}


def test_surface_has_allowed_values_and_stands_in_the_file_of_its_system() -> None:
    for name, row in SURFACES:
        known = CONDITIONS if name == CONDITION_SURFACES else FINDINGS
        assert row["code"] in known, row
        assert name == CONDITION_SURFACES or name == f"surfaces/{known[row['code']]['system']}.csv", row
        assert row["kind"] in KINDS, row
        assert (row["region"] in REGIONS) == (row["kind"] == "dialect"), row
        assert row["region"] == "" or row["kind"] == "dialect", row


def test_surface_is_written_as_the_normaliser_leaves_it() -> None:
    assert [row for _, row in SURFACES if normalise(row["surface"]).text != row["surface"].lower() or not row["surface"]] == []


def test_no_two_rows_say_the_same() -> None:
    """Also after the characters that people mix up were read as one: 疼 and 痛 differ in no row that has another code."""
    owners: dict[str, set[str]] = {}
    for _, row in SURFACES:
        owners.setdefault(folded(row["surface"].lower()), set()).add(row["code"])
    assert {surface: codes for surface, codes in owners.items() if len(codes) > 1} == {}
    written = Counter(row["surface"].lower() for _, row in SURFACES)
    assert [surface for surface, count in written.items() if count > 1] == []
    ambiguous = {folded(row["surface"].lower()) for row in rows("ambiguous.csv")}
    assert not ambiguous & owners.keys()
    assert not {folded(row["word"]) for row in rows("blocked.csv")} & (owners.keys() | ambiguous)


def test_ambiguous_words_are_declared_with_a_reason(engine: Engine) -> None:
    known = FINDINGS.keys() | CONDITIONS.keys()
    for row in rows("ambiguous.csv"):
        codes = row["codes"].split()
        assert len(set(codes)) == len(codes) >= 2, row
        assert set(codes) <= known, row
        assert row["why"], row
        reading = engine.read(row["surface"])
        found = {f.code: f.status for f in (*reading.findings, *reading.conditions)}
        assert {code: found.get(code) for code in codes} == dict.fromkeys(codes, Status.UNCERTAIN), row
        assert not given(engine.read(f"没有{row['surface']}")) & set(codes), row


def test_words_that_say_more_than_their_code(engine: Engine) -> None:
    surfaces = {row["surface"]: row["code"] for _, row in SURFACES}
    for row in rows("also.csv"):
        codes = set(row["codes"].split())
        assert codes <= FINDINGS.keys() | CONDITIONS.keys(), row
        assert {surfaces[row["surface"]], *codes} <= given(engine.read(row["surface"])), row
        assert surfaces[row["surface"]] not in codes, row


@pytest.mark.parametrize("row", rows("idle.csv"), ids=[row["example"] for row in rows("idle.csv")])
def test_words_around_a_danger_that_make_it_none(engine: Engine, row: dict[str, str]) -> None:
    codes = set(row["codes"].split())
    assert codes - {"*"} <= FINDINGS.keys() | CONDITIONS.keys()
    assert row["why"]
    assert re.search(row["regex"], normalise(row["example"]).text)
    assert not given(engine.read(row["example"])) & (codes - {"*"})


def severity(code: str) -> int:
    known = knowledge.complaints().get(code)
    return known.level.severity if known and known.level else -1


def test_no_milder_word_swallows_a_danger() -> None:
    """A longer word takes the place of the shorter ones in it. Where one of these is worse by itself, swallows.csv says why that is right."""
    allowed = {row["surface"] for row in rows("swallows.csv") if row["why"]}
    lex = lexicon()
    found = {}
    for code, surface, lost in counting.swallowed():
        kept = max(severity(one) for one in (code, *lex.broader.get(code, ()), *lex.also.get(folded(surface.lower()), ())))
        worse = {one for one in lost if severity(one) >= Urgency.EMERGENT.severity and severity(one) > kept}
        if worse:
            found[surface] = (code, worse)
    assert {surface: why for surface, why in found.items() if surface not in allowed} == {}
    assert allowed - found.keys() == set()


def test_what_only_the_pregnant_have_tells_that_she_is(engine: Engine) -> None:
    assert set(lexicon().words("only_pregnant")) <= FINDINGS.keys()
    assert engine.read("孕吐得厉害").person.pregnant is True
    assert engine.read("没有孕吐").person.pregnant is None
    assert engine.read("邻居孕吐，我肚子痛").person.pregnant is None


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("夜里咳得厉害", {"night_cough", "cough", "severe_cough"}),
        ("伤口流血不止", {"bleeding_wound", "heavy_bleeding"}),
        ("胃又痛得受不了", {"stomach_pain", "worse_pain_worst"}),
        ("胃痛经常反酸", {"stomach_pain", "heartburn"}),  # no 痛经
        ("有点想吐了", {"nausea"}),
        ("没有孕吐得厉害", set()),
    ],
)
def test_words_that_share_an_edge_are_both_read(engine: Engine, text: str, codes: set[str]) -> None:
    assert given(engine.read(text)) == codes


def test_characters_are_single_and_fold_once() -> None:
    table = {row["character"]: row["read_as"] for row in rows("characters.csv")}
    assert all(len(one) == len(other) == 1 for one, other in table.items())
    assert not table.keys() & set(table.values())


def test_broader_codes_exist_and_run_in_no_circle() -> None:
    known = FINDINGS.keys() | CONDITIONS.keys()
    pairs = [(row["code"], row["broader"]) for row in rows("broader.csv")]
    assert len(set(pairs)) == len(pairs)
    assert {code for pair in pairs for code in pair} <= known
    broader = lexicon().broader
    for code in broader:
        reached, new = set(), set(broader[code])
        while new:
            reached |= new
            new = {wider for one in new for wider in broader.get(one, ())} - reached
        assert code not in reached, code


def test_a_narrow_finding_is_also_the_broad_one_but_its_denial_is_not(engine: Engine) -> None:
    assert {"night_cough", "cough"} <= given(engine.read("晚上咳得睡不着"))
    denied = {f.code: f.status for f in engine.read("没有夜里咳").findings}
    assert denied == {"night_cough": Status.ABSENT}
    # of somebody else both are his
    assert not {"cough", "night_cough"} & given(engine.read("邻居夜里咳，我肚子痛"))


def names_a_danger(code: str) -> bool:
    return any(severity(one) >= Urgency.EMERGENT.severity for one in (code, *lexicon().broader.get(code, ())))


def test_every_surface_said_alone_gives_its_code(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word of a danger, and of the others one of ``EVERY``. What the trained models add (leanings, suspicions) is no code and is left away."""
    monkeypatch.setattr("nlp.clinical.department_model.leaning", lambda _: ())
    monkeypatch.setattr("nlp.clinical.suspicion.suspects", lambda _: ())
    dangers = [row for _, row in SURFACES if names_a_danger(row["code"])]
    others = [row for _, row in SURFACES if not names_a_danger(row["code"])]
    assert len(dangers) >= 5000
    assert [(row["code"], row["surface"]) for row in (*dangers, *others[::EVERY]) if row["code"] not in given(engine.read(row["surface"]))] == []


def test_every_finding_can_be_said(engine: Engine) -> None:
    """By words of its own, a combination of part and sensation, or the example of a pattern."""
    said = {row["code"] for _, row in SURFACES}
    left = (FINDINGS.keys() | CONDITIONS.keys()) - said
    parts = {row["part"]: row["surfaces"].split()[0] for row in rows("parts.csv")}
    sensations = {row["sensation"]: row["surfaces"].split()[0] for row in rows("sensations.csv")}
    for row in rows("combos.csv"):
        if row["code"] in left and row["code"] in given(engine.read(parts[row["part"]] + sensations[row["sensation"]])):
            left = left - {row["code"]}
    for row in rows("patterns.csv"):
        if row["code"] in left and row["status"] == "present" and row["code"] in given(engine.read(row["example"])):
            left = left - {row["code"]}
    assert left == set()


def test_a_passing_condition_does_not_answer_for_long_illness(engine: Engine) -> None:
    assert {f.code for f in engine.read("我感冒了，吃了感冒药").conditions} == {"cold_medicine"}
    assert "cold_medicine" in lexicon().passing
    assert not {"hypertension", "diabetes", "anticoagulant"} & lexicon().passing


@pytest.mark.parametrize("row", list(knowledge.table_rows("complaints.csv")), ids=lambda row: row["code"])
def test_complaint_has_allowed_values(row: dict[str, str]) -> None:
    assert row["group"] in GROUPS
    assert row["flag"] in FLAGS
    question = row["question"]
    assert question.endswith("?")
    assert "你" not in question
    assert PLAIN.fullmatch(question.replace("{who}", ""))
    assert len(question) <= 60
    if row["level"] == "critical":
        assert row["flag"] == "danger"


def test_no_question_for_a_finding_names_a_disease() -> None:
    """A patient is asked what he feels; 高血压 and 糖尿病 that he knows of himself may be asked for."""
    diseases = ("肺炎", "冠心病", "心梗", "脑梗", "阑尾", "癌", "脑炎", "胰腺炎", "宫外孕", "白血病")
    found = {code: one.question for code, one in knowledge.complaints().items() if any(disease in one.question for disease in diseases)}
    assert {code: text for code, text in found.items() if code not in ("heart_attack_said", "stroke_said", "worry_health")} == {}


def test_enough_findings_and_words_that_nothing_else_gives() -> None:
    counts = counting.count()
    assert counts.findings >= 700
    assert counts.conditions >= 180
    assert counts.of_findings >= 5000
    assert counts.own.total() <= counts.distinct.total() <= counts.rows.total()
    for system in SYSTEMS - {"talk"}:
        assert counts.own[system] >= 40, system


def test_a_word_that_another_gives_is_not_counted() -> None:
    lost = set(counting.not_own())
    assert ("headache", "脑壳痛") in lost  # part and sensation say it
    assert ("fever", "发高烧") in lost  # 高烧 stands inside
    assert ("chills", "打摆子") not in lost
