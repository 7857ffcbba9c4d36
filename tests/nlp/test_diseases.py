"""The knowledge base of diseases: every group that is written holds together, by itself and with the others."""

import os
from importlib import resources

import pytest

from nlp.clinical import diseases
from nlp.clinical.diseases import COMMONNESS, FREQUENCY, Disease, DiseaseError, Link, Origin
from nlp.clinical.knowledge import known_codes
from nlp.interface.urgency import Urgency

GROUPS = diseases.groups()


def written() -> list[Disease]:
    """Those of the groups that can be read: a fault in one group shows in its own test, not in all."""
    found: list[Disease] = []
    for group in GROUPS:
        try:
            found.extend(diseases.read_group(group))
        except DiseaseError:
            continue
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_group_holds_together(group: str) -> None:
    try:
        assert diseases.read_group(group)
    except DiseaseError as error:
        pytest.fail(str(error), pytrace=False)


def test_groups_hold_together() -> None:
    try:
        diseases.diseases()
    except DiseaseError as error:
        pytest.fail(str(error), pytrace=False)


def test_awaited_diseases_are_still_to_be_written_and_asked_for() -> None:
    codes = {disease.code for disease in written()}
    asked = {code for disease in written() for code in disease.rule_out}
    assert sorted(diseases.awaited().keys() & codes) == [], "these are written: take their rows out of awaited.csv"
    assert sorted(diseases.awaited().keys() - asked) == [], "no rule_out names these"


@pytest.mark.parametrize("disease", written(), ids=lambda disease: disease.code)
def test_disease_has_enough_links_to_be_told_from_others(disease: Disease) -> None:
    """8 to 20 are meant; some more do no harm."""
    assert 8 <= len(disease.links) <= 30


def test_dangers_come_with_their_department_at_once() -> None:
    """What is critical or emergent leads to 急诊科 too, whatever specialty treats it afterwards."""
    severe = [disease for disease in written() if disease.urgency in (Urgency.CRITICAL, Urgency.EMERGENT)]
    assert [disease.code for disease in severe if "20" not in dict(disease.departments)] == []


def test_nothing_dangerous_stands_without_what_makes_it_dangerous() -> None:
    """A disease of self-care names what must be ruled out before one may wait."""
    mild = [disease for disease in written() if disease.urgency is Urgency.SELF_CARE]
    assert [disease.code for disease in mild if not disease.rule_out] == []


def test_grades_fall() -> None:
    assert list(FREQUENCY.values()) == sorted(FREQUENCY.values(), reverse=True)
    assert list(COMMONNESS) == sorted(COMMONNESS)
    assert FREQUENCY["N"] > 0
    assert COMMONNESS[0] == 0


def test_link_moves_by_grades_and_stops_at_the_ends() -> None:
    link = Link("x", "cough", "B", Origin.ESTIMATED, "")
    assert (link.frequency, link.moved(1), link.moved(-1)) == (FREQUENCY["B"], FREQUENCY["A"], FREQUENCY["C"])
    assert (link.moved(9), link.moved(-9)) == (FREQUENCY["A"], FREQUENCY["N"])


def test_broader_finding_is_never_rarer_than_the_narrow_one() -> None:
    links = tuple(Link("x", finding, grade, Origin.ESTIMATED, "") for finding, grade in [("night_cough", "B"), ("cough", "C"), ("pustules", "N")])
    disease = Disease("x", "x", "x", "J45", (), Urgency.ROUTINE, "any", (1, 1, 1, 1), (), (), "", "gk", links)
    assert disease.frequencies() == {"night_cough": FREQUENCY["B"], "cough": FREQUENCY["B"], "pustules": FREQUENCY["N"]}


def test_share_follows_age_and_sex_and_the_unknown_rules_nothing_out() -> None:
    disease = Disease("x", "x", "x", "N40", (), Urgency.ROUTINE, "male", (0, 0, 2, 4), (), (), "", "gk", ())
    assert disease.share(70, "male") == COMMONNESS[4]
    assert disease.share(64.9, "male") == COMMONNESS[2]
    assert disease.share(0.5, "male") == 0
    assert disease.share(70, "female") == 0
    assert disease.share(None, None) == COMMONNESS[4]


@pytest.mark.parametrize(("years", "age"), [(0, "infant"), (0.99, "infant"), (1, "child"), (14.9, "child"), (15, "adult"), (65, "elder")])
def test_age_band(years: float, age: str) -> None:
    assert diseases.AGES[diseases.age_band(years)] == age


def test_what_is_taken_from_tables_has_an_origin_and_is_not_refused() -> None:
    everything, written = diseases.diseases(), diseases.written_diseases()
    taken = [link for disease in everything.values() for link in disease.links[len(written[disease.code].links) :]]
    assert {link.origin for link in taken} == {Origin.TABLE, Origin.COUNTED}
    assert all(link.grade != "N" and link.source for link in taken)
    assert not {(link.disease, link.finding) for link in taken} & diseases.refused().keys()


def test_every_refusal_names_what_is_there_and_says_why() -> None:
    for (disease, finding), why in diseases.refused().items():
        assert disease == "*" or disease in diseases.written_diseases(), disease
        assert finding in known_codes(), finding
        assert why


@pytest.mark.skipif("HUIZHEN_DATA" not in os.environ, reason="the tables are not here: set HUIZHEN_DATA")
def test_the_tables_give_what_is_kept() -> None:
    """Made anew from the data, the file is the one that is kept."""
    from nlp.training.diseases import table

    kept = resources.files("nlp.clinical").joinpath("knowledge", "diseases", diseases.FROM_TABLES).read_text(encoding="utf-8")
    assert table() == kept, "run python -m nlp.training.diseases"
