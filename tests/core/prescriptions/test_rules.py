"""The safety rules, each by an example, with the source it stands on."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from core.foundation.actor import Role
from core.prescriptions.drugs import catalogue, drug
from core.prescriptions.errors import DrugUnknown
from core.prescriptions.items import Besides, Facts, Finding, Item, Person
from core.prescriptions.kidney import egfr_2021
from core.prescriptions.knowledge_base import knowledge
from core.prescriptions.licence import beyond_licence
from core.prescriptions.rules import check

MAN = Person(age_months=58 * 12, sex="male")
OLD = Person(age_months=70 * 12, sex="male")
WOMAN = Person(age_months=30 * 12, sex="female")


def item(code: str, dose: str | None = None, times: int = 1, days: int = 3) -> Item:
    return Item(drug=code, dose=Decimal(dose) if dose else min(drug(code).per_unit, drug(code).max_single), times_per_day=times, days=days)


def asked(**facts: Any) -> Facts:
    return Facts(**({"allergies_asked": True} | facts))


def found(items: list[Item], person: Person = MAN, **facts: Any) -> dict[str, Finding]:
    return {one.key: one for one in check(tuple(items), person, asked(**facts))}


PAIRS = [
    ("simvastatin", "clarithromycin", "B", "S50"), ("simvastatin", "erythromycin", "B", "S50"), ("simvastatin", "itraconazole", "B", "S50"),
    ("simvastatin", "amlodipine", "W", "S50"), ("simvastatin", "amiodarone", "W", "S50"), ("atorvastatin", "clarithromycin", "W", "S50"),
    ("sildenafil", "nitroglycerin", "B", "S53"), ("linezolid", "sertraline", "B", "S52"), ("linezolid", "tramadol", "B", "S52"),
    ("enalapril", "losartan", "B", "S62"), ("enalapril", "spironolactone", "W", "S51"), ("losartan", "cotrimoxazole", "W", "S51"),
    ("warfarin", "ibuprofen", "B", "S51c"), ("warfarin", "cotrimoxazole", "W", "S51b"),
    ("warfarin", "metronidazole", "W", "GK"), ("warfarin", "danshen", "W", "GK"),
    ("rivaroxaban", "clarithromycin", "B", "GK"), ("methotrexate", "cotrimoxazole", "B", "GK"), ("verapamil", "metoprolol", "B", "GK"),
    ("digoxin", "amiodarone", "W", "GK"), ("clopidogrel", "omeprazole", "W", "GK"), ("colchicine", "clarithromycin", "B", "GK"),
    ("allopurinol", "azathioprine", "B", "GK"), ("lithium", "enalapril", "W", "GK"), ("theophylline_sr", "ciprofloxacin", "W", "GK"),
    ("azithromycin", "amiodarone", "W", "S54"), ("ibuprofen", "enalapril", "W", "S51c"), ("liquorice", "digoxin", "W", "GK"),
    ("codeine", "diazepam", "B", "GK"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "action", "source"), PAIRS)
def test_two_drugs_together(one: str, other: str, action: str, source: str) -> None:
    """Given both prescribed, or one prescribed and the other taken already, then the same finding with its source."""
    for findings in (
        found([item(one), item(other)]), found([item(other), item(one)]), found([item(one)], current=(other,)), found([item(other)], current=(one,)),
    ):
        key = "+".join(sorted((one, other)))
        hits = [entry for entry in findings.values() if entry.kind == "interaction" and entry.key.endswith(f":{key}")]
        assert (action, source) in {(entry.action, entry.source) for entry in hits}, findings.keys()


def test_drugs_that_go_together_raise_nothing() -> None:
    assert found([item("amlodipine"), item("metformin"), item("atorvastatin")]) == {}
    assert found([item("rosuvastatin"), item("clarithromycin", "250")]) == {}


def test_age_turns_a_warning_into_a_block() -> None:
    pair = [item("ibuprofen", "200"), item("enalapril")]
    assert found(pair)["nsaid_raas:enalapril+ibuprofen"].action == "W"
    assert found(pair, OLD)["nsaid_raas:enalapril+ibuprofen"].action == "B"


PATIENTS = [
    ("amlodipine", MAN, {"systolic": 96}, "low_pressure_warn:amlodipine", "W"),
    ("amlodipine", MAN, {"systolic": 85}, "low_pressure_block:amlodipine", "B"),
    ("metoprolol", MAN, {"heart_rate": 55}, "slow_heart_warn:metoprolol", "W"),
    ("metoprolol", MAN, {"heart_rate": 45}, "slow_heart_block:metoprolol", "B"),
    ("metoprolol", MAN, {"conditions": ("asthma",)}, "asthma_beta_blocker:metoprolol", "B"),
    ("metformin", MAN, {"egfr": 29}, "metformin_kidney_block:metformin", "B"),
    ("metformin", MAN, {"egfr": 30}, "metformin_kidney_warn:metformin", "W"),
    ("enalapril", MAN, {"potassium": "5.5"}, "potassium_high:enalapril", "B"),
    ("ibuprofen", MAN, {"conditions": ("peptic_ulcer",)}, "ulcer_nsaid:ibuprofen", "B"),
    ("cotrimoxazole", MAN, {"conditions": ("g6pd",)}, "g6pd_sulfonamide:cotrimoxazole", "B"),
    ("gliclazide", OLD, {}, "beers_sulfonylurea:gliclazide", "W"),
    ("chlorphenamine", OLD, {}, "beers_anticholinergic:chlorphenamine", "W"),
    ("levofloxacin", Person(age_months=17 * 12, sex="male"), {}, "quinolone_child:levofloxacin", "B"),
    ("aspirin", Person(age_months=15 * 12, sex="male"), {}, "aspirin_child:aspirin", "B"),
    ("doxycycline", Person(age_months=7 * 12, sex="male"), {"weight_kg": 22}, "tetracycline_child:doxycycline", "B"),
    ("amoxicillin", MAN, {"allergies": ("penicillin",)}, "allergy:amoxicillin", "B"),
    ("amoxicillin", MAN, {"allergies": ("amoxicillin",)}, "allergy:amoxicillin", "B"),
    ("cefalexin", MAN, {"allergies": ("penicillin",)}, "penicillin_cephalosporin:cefalexin", "W"),
    ("ibuprofen", MAN, {"allergies": ("aspirin",)}, "aspirin_nsaid:ibuprofen", "B"),
    ("warfarin", WOMAN, {"pregnancy": "yes"}, "pregnancy_block:warfarin", "B"),
    ("enalapril", WOMAN, {"pregnancy": "yes"}, "pregnancy_block:enalapril", "B"),
    ("metronidazole", WOMAN, {"pregnancy": "yes"}, "pregnancy_warn:metronidazole", "W"),
    ("valproate", WOMAN, {"pregnancy": "may_conceive"}, "may_conceive_block:valproate", "B"),
    ("enalapril", WOMAN, {}, "facts.pregnancy:enalapril", "B"),
    ("tramadol", MAN, {}, "special:tramadol", "B"),
    ("dextromethorphan", MAN, {}, "special:dextromethorphan", "B"),
    ("methotrexate", MAN, {}, "dose.weekly:methotrexate", "B"),
    ("valproate", WOMAN, {"pregnancy": "no"}, "fertile_valproate:valproate", "B"),
    ("methotrexate", WOMAN, {"pregnancy": "no"}, "fertile_methotrexate:methotrexate", "W"),
    ("cefalexin", MAN, {"allergies": ("amoxicillin",)}, "penicillin_cephalosporin:cefalexin", "W"),
    ("diclofenac", MAN, {"allergies": ("ibuprofen",)}, "aspirin_nsaid:diclofenac", "B"),
    ("aspirin", MAN, {"allergies": ("ibuprofen",)}, "aspirin_nsaid:aspirin", "B"),
    ("ciprofloxacin", MAN, {"allergies": ("levofloxacin",)}, "allergy_class:ciprofloxacin", "B"),
    ("cefuroxime_axetil", MAN, {"allergies": ("cefalexin",)}, "allergy_class:cefuroxime_axetil", "B"),
    ("carbamazepine", MAN, {}, "hla_carbamazepine:carbamazepine", "W"),
    ("allopurinol", MAN, {}, "hla_allopurinol:allopurinol", "W"),
    ("metronidazole", MAN, {"conditions": ("alcohol",)}, "disulfiram_alcohol:metronidazole", "W"),
    ("ibuprofen", MAN, {"conditions": ("dengue",)}, "dengue_nsaid:ibuprofen", "B"),
    ("aspirin", MAN, {"conditions": ("dengue",)}, "dengue_nsaid:aspirin", "B"),
    ("nitroglycerin", MAN, {"systolic": 85}, "low_pressure_vasodilator:nitroglycerin", "B"),
    ("sildenafil", MAN, {"systolic": 85}, "low_pressure_vasodilator:sildenafil", "B"),
    ("aspirin", OLD, {}, "beers_aspirin:aspirin", "W"),
    ("linezolid", MAN, {}, "antibiotic_special:linezolid", "B"),
    ("metformin", MAN, {"current_words": "祖传秘方"}, "facts.current_words", "W"),
    ("metformin", MAN, {"allergy_words": "花生"}, "facts.allergy_words", "W"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "person", "facts", "key", "action"), PATIENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_one_drug_and_one_patient(code: str, person: Person, facts: dict[str, Any], key: str, action: str) -> None:
    findings = found([item(code)], person, **facts)
    assert key in findings, findings.keys()
    assert findings[key].action == action
    assert findings[key].source in knowledge().sources


def test_methotrexate_by_the_day_is_stopped_whatever_the_dose() -> None:
    """Given 15 mg a day for a week, as it is taken in a week, then nobody can sign it."""
    stopped = found([item("methotrexate", "15", 1, 7)])["dose.weekly:methotrexate"]
    assert (stopped.action, stopped.mark) == ("B", "gk")
    assert "每周一次,不能按天开" in stopped.text


@pytest.mark.parametrize("age", [10, 25, 55])
def test_valproate_is_for_no_woman_who_may_conceive(age: int) -> None:
    for pregnancy in ("no", "may_conceive", "yes"):
        findings = found([item("valproate")], Person(age_months=age * 12, sex="female"), pregnancy=pregnancy, weight_kg=35)
        assert any(one.kind == "pregnancy" and one.action == "B" for one in findings.values()), (age, pregnancy)


def test_valproate_is_for_men_and_for_older_women() -> None:
    for person in (MAN, Person(age_months=56 * 12, sex="female")):
        assert found([item("valproate")], person, pregnancy="no") == {}


QT = [item("azithromycin", "500"), item("domperidone", "10")]


@pytest.mark.parametrize(("person", "facts", "action", "source"), [
    (MAN, {}, "W", "S54"), (MAN, {"potassium": "3.5"}, "W", "S54"), (MAN, {"potassium": "3.4"}, "B", "GK"),
    (MAN, {"conditions": ("qt_long",)}, "B", "GK"),
    (WOMAN, {"pregnancy": "no"}, "B", "GK"), (OLD, {}, "B", "GK"), (Person(age_months=65 * 12 - 1, sex="male"), {}, "W", "S54"),
])  # fmt: skip
def test_two_drugs_that_lengthen_qt_are_blocked_with_one_more_risk(person: Person, facts: dict[str, Any], action: str, source: str) -> None:
    pair = found(QT, person, **facts)["qt_pair:azithromycin+domperidone"]
    assert (pair.action, pair.source, pair.mark) == (action, source, "gk" if source == "GK" else "seen")


def test_no_more_doses_a_day_than_the_rule_says() -> None:
    assert found([item("ibuprofen", "200", 3)]) == {}
    assert found([item("ibuprofen", "200", 4)])["dose.times:ibuprofen"].source == "S49"
    assert found([item("paracetamol", "500", 4)]) == {}
    assert found([item("paracetamol", "500", 5)])["dose.times:paracetamol"].action == "B"
    running = Besides(item=item("ibuprofen", "200", 2), code="R-1", dispensed=True)
    keys = {one.key for one in check((item("ibuprofen", "200", 2),), MAN, asked(), (running,))}
    assert "dose.times_sum:ibuprofen" in keys


def test_what_is_asked_before_the_first_time_is_not_asked_of_who_takes_it() -> None:
    assert found([item("carbamazepine")], current=("carbamazepine",)) == {}
    assert "hla_allopurinol:allopurinol" not in found([item("allopurinol")], current=("allopurinol",))
    assert found([item("aspirin")], OLD, conditions=("vascular_disease",)) == {}
    assert found([item("aspirin", days=1)], OLD) == {}
    assert found([item("aspirin")]) == {}


def test_eight_weeks_of_a_proton_pump_inhibitor_are_too_long_for_the_old() -> None:
    assert found([item("omeprazole", "20", days=57)], OLD)["beers_ppi:omeprazole"].action == "W"
    assert "beers_ppi:omeprazole" not in found([item("omeprazole", "20", days=56)], OLD)


def test_a_drug_to_which_one_is_allergic_is_named_with_its_class() -> None:
    text = found([item("ciprofloxacin")], allergies=("levofloxacin",))["allergy_class:ciprofloxacin"].text
    assert text == "患者对左氧氟沙星过敏,环丙沙星同是喹诺酮类,不能用"
    assert found([item("azithromycin")], allergies=("levofloxacin",)) == {}


def test_a_source_is_named_only_for_what_it_says() -> None:
    def of(findings: dict[str, Finding], key: str) -> tuple[str, str]:
        return findings[key].source, findings[key].mark

    assert of(found([item("linezolid")]), "antibiotic_special:linezolid") == ("GK", "gk")
    assert of(found([item("amoxicillin", days=8)]), "days:amoxicillin") == ("S55", "seen")
    assert of(found([item("amlodipine", days=28)]), "days:amlodipine") == ("S55", "seen")
    assert of(found([item("amlodipine", days=85)]), "days:amlodipine") == ("GK", "gk")
    assert "84" not in found([item("amoxicillin", days=8)])["days:amoxicillin"].text
    assert of(found([item("metformin")], egfr=29), "metformin_kidney_block:metformin") == ("GK", "gk")
    assert of(found([item("metformin", "1500")]), "dose.single:metformin") == ("LABEL", "gk")
    assert of(found([item("ibuprofen", "200")], CHILD, weight_kg=18, guardian_present=True), "dose.child_single:ibuprofen") == ("S49b", "seen")
    infant = found([item("ibuprofen", "40")], Person(age_months=5, sex="male"), weight_kg=7, guardian_present=True)
    assert of(infant, "dose.age:ibuprofen") == ("LABEL", "gk")


def test_low_pressure_and_a_nitrate_are_not_called_an_antihypertensive() -> None:
    assert "降压药" not in found([item("sildenafil")], systolic=85)["low_pressure_vasodilator:sildenafil"].text


def test_only_the_hardest_band_of_one_measure_counts() -> None:
    assert [key for key in found([item("amlodipine")], systolic=80) if key.startswith("low_pressure")] == ["low_pressure_block:amlodipine"]


def test_pressure_that_is_not_low_and_a_woman_who_is_not_pregnant_raise_nothing() -> None:
    assert found([item("amlodipine")], systolic=100) == {}
    assert found([item("enalapril")], WOMAN, pregnancy="no") == {}


def test_what_must_be_asked_comes_first() -> None:
    child = Person(age_months=50, sex="male")
    keys = {one.key: one.action for one in check((item("paracetamol", "150"),), child, Facts())}
    assert keys["facts.allergies"] == keys["facts.weight"] == keys["facts.guardian"] == "B"


CHILD = Person(age_months=5 * 12 + 3, sex="female")
CHILD_DOSES = [
    # 18 kg: paracetamol 15 mg/kg = 270, with a tenth 297; 60 mg/kg/day = 1 080, with a tenth 1 188 (S49).
    ("paracetamol", "250", 4, None),
    ("paracetamol", "298", 2, "dose.child_single:paracetamol"),
    ("paracetamol", "250", 5, "dose.child_daily:paracetamol dose.times:paracetamol"),
    # Ibuprofen 10 mg/kg = 180, with a tenth 198; 30 mg/kg/day = 540, with a tenth 594 (S49b).
    ("ibuprofen", "180", 3, None),
    ("ibuprofen", "200", 1, "dose.child_single:ibuprofen"),
    ("ibuprofen", "180", 4, "dose.child_daily:ibuprofen dose.times:ibuprofen"),
]


@pytest.mark.parametrize(("code", "dose", "times", "key"), CHILD_DOSES)
def test_a_childs_dose_goes_by_weight(code: str, dose: str, times: int, key: str | None) -> None:
    blocks = {one.key for one in found([item(code, dose, times)], CHILD, weight_kg=18, guardian_present=True).values() if one.action == "B"}
    assert blocks == (set() if key is None else set(key.split()))


def test_a_weight_in_jin_and_an_infant_are_noticed_and_liquids_are_spoken_in_both_measures() -> None:
    assert "dose.weight:paracetamol" in found([item("paracetamol", "100")], CHILD, weight_kg=Decimal(50), guardian_present=True)
    assert "dose.age:ibuprofen" in found([item("ibuprofen", "40")], Person(age_months=5, sex="male"), weight_kg=7, guardian_present=True)
    text = found([item("ibuprofen", "200")], CHILD, weight_kg=18, guardian_present=True)["dose.child_single:ibuprofen"].text
    assert "200 mg(10 ml)" in text


def test_adult_limits_pieces_and_days() -> None:
    assert "dose.single:paracetamol" in found([item("paracetamol", "1500")])
    assert "dose.daily:paracetamol" in found([item("paracetamol", "1000", 5)])
    assert found([item("paracetamol", "1000", 4)]) == {}
    assert found([item("amlodipine", "3")])["dose.pieces:amlodipine"].action == "W"
    assert found([item("amlodipine", "2.5")]) == {}
    assert found([item("amlodipine", days=28)])["days:amlodipine"].action == "W"
    assert found([item("amlodipine", days=85)])["days:amlodipine"].action == "B"
    assert found([item("amoxicillin", days=8)])["days:amoxicillin"].action == "B"


def test_the_same_drug_twice_is_blocked_and_the_same_class_warned_of() -> None:
    assert found([item("metformin"), item("metformin")])["same_drug:metformin"].action == "B"
    assert found([item("simvastatin"), item("rosuvastatin")])["same_class.statin:rosuvastatin:simvastatin"].action == "W"
    assert found([item("metformin")], current=("metformin",)) == {}


@pytest.mark.parametrize(
    ("sex", "age", "mg_dl", "expected"),
    [
        ("female", 55, "0.9", "75.5"), ("male", 40, "1.0", "97.6"), ("female", 30, "0.6", "123.8"), ("female", 50, "0.7", "105.3"),
        ("male", 70, "2.0", "35.2"),
    ],
)
def test_kidney_function_by_the_formula_of_2021(sex: str, age: int, mg_dl: str, expected: str) -> None:
    """The figures of the published formula, worked out apart from this code (S46: 55-year-old woman, 0.9 mg/dL, about 76)."""
    assert egfr_2021(Decimal(mg_dl) * Decimal("88.4"), age, sex) == Decimal(expected)


def test_the_formula_is_not_for_children() -> None:
    with pytest.raises(ValueError, match="adults"):
        egfr_2021(Decimal(50), 17, "male")


def test_who_may_sign_what() -> None:
    village, township = Role.VILLAGE_DOCTOR, Role.DUTY_DOCTOR
    assert beyond_licence([drug("amlodipine"), drug("amoxicillin")], village, "乡村医生") == ()
    assert beyond_licence([drug("warfarin")], village, "乡村医生") == ("华法林钠不在村医可开目录",)
    assert beyond_licence([drug("warfarin")], township, "住院医师") == ()
    assert beyond_licence([drug("moxifloxacin")], township, "住院医师")
    assert beyond_licence([drug("moxifloxacin")], township, "主治医师") == ()


def test_packs_are_whole_and_fees_follow() -> None:
    amoxicillin = drug("amoxicillin")
    assert amoxicillin.packs_for(Decimal(500), 3, 7) == 2
    assert amoxicillin.packs_for(Decimal(500), 3, 4) == 1
    with pytest.raises(DrugUnknown):
        drug("snake_oil")


def test_any_drugs_for_anybody_are_answered() -> None:
    """Seeded: no combination of drugs, person and facts raises, and the order of the drugs does not matter."""
    rng = random.Random(43)
    codes, known = list(catalogue()), knowledge()
    for _ in range(400):
        items = [
            Item(drug=code, dose=Decimal(rng.randrange(1, 3000)) / 4, times_per_day=rng.randrange(1, 5), days=rng.randrange(1, 90))
            for code in rng.sample(codes, rng.randrange(1, 6))
        ]
        person = Person(age_months=rng.randrange(0, 1200), sex=rng.choice(["male", "female"]))
        facts = Facts(
            allergies_asked=rng.random() < 0.8, allergies=tuple(rng.sample(list(known.allergy_labels), 2)), current=tuple(rng.sample(codes, 3)),
            conditions=tuple(rng.sample(list(known.condition_labels), 2)), pregnancy=rng.choice(["unknown", "no", "yes", "may_conceive"]),
            weight_kg=rng.choice([None, Decimal(20)]), systolic=rng.choice([None, Decimal(85)]), egfr=rng.choice([None, Decimal(25)]),
        )
        there = check(tuple(items), person, facts)
        back = check(tuple(reversed(items)), person, facts)
        assert {(one.key, one.action) for one in there} == {(one.key, one.action) for one in back}
        assert [one.action for one in there] == sorted(one.action for one in there)
