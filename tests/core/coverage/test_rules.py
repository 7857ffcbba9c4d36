"""What the insurance pays: the article's figures, every step of the sum, and what must hold whatever comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.coverage.policies import POLICIES, Benefit, DrugClass, HouseLevel, Policy, Service, policy_on
from core.coverage.rules import Item, Standing, quote, yuan

DAY = date(2026, 11, 20)
CLINIC = HouseLevel.VILLAGE_CLINIC
INSURED = Standing(insured=True)


def policy(scheme: str = "residents") -> Policy:
    found = policy_on(scheme, DAY)
    assert found is not None
    return found


def item(fee_fen: int, service: Service = Service.TELECONSULTATION, drug_class: DrugClass | None = None, ref: str = "1") -> Item:
    return Item(ref, "某项", service, fee_fen, drug_class)


@pytest.mark.parametrize(("service", "fee", "pays"), [
    (Service.TELECONSULTATION, "100.00", "80.00"),
    (Service.TELECONSULTATION, "300.00", "150.00"),
    (Service.OTHER, "100.00", "70.00"),
    (Service.OTHER, "300.00", "200.00"),
    (Service.OTHER, "285.71", "200.00"),
    (Service.OTHER, "285.70", "199.99"),
])
def test_the_figures_of_the_article_hold_to_the_fen(service: Service, fee: str, pays: str) -> None:
    told = quote([item(int(Decimal(fee) * 100), service)], policy(), INSURED, CLINIC)
    assert yuan(told.pays_fen) == pays
    assert told.own_fen == told.fee_fen - told.pays_fen


def test_without_insurance_nothing_is_paid_and_the_reason_is_said() -> None:
    told = quote([item(100_00)], policy(), Standing(insured=False), CLINIC)
    assert (told.pays_fen, told.own_fen) == (0, 100_00)
    assert "没有登记医保" in told.reason
    assert told.lines[0].reason == told.reason


def test_without_an_edition_for_the_day_nothing_is_paid() -> None:
    told = quote([item(100_00)], policy_on("residents", date(2019, 1, 1)), INSURED, CLINIC)
    assert (told.pays_fen, told.reason) == (0, "这一天没有生效的医保规则,先按自费算。")


def test_three_drugs_of_which_one_is_not_covered_and_one_meets_the_cap() -> None:
    """Given drugs of 86.40, 250.00 and 30.00 (the last in no class), then the cap of 200.00 ends the second and nothing is paid of the third."""
    lines = [
        item(86_40, Service.DRUG, DrugClass.A, "1"), item(250_00, Service.DRUG, DrugClass.A, "2"), item(30_00, Service.DRUG, DrugClass.NONE, "3")
    ]
    told = quote(lines, policy(), INSURED, CLINIC)
    assert [yuan(line.pays_fen) for line in told.lines] == ["60.48", "139.52", "0.00"]
    assert (yuan(told.fee_fen), yuan(told.pays_fen), yuan(told.own_fen)) == ("366.40", "200.00", "166.40")
    assert "一次最多报 200.00 元" in told.lines[1].reason
    assert told.lines[2].reason == "这个药不在医保目录内,由您自付。"
    assert told.reason == "按城乡居民医保(演示)计算:共 366.40 元,医保报 200.00 元,您付 166.40 元。"


def test_a_drug_without_a_class_and_the_delivery_are_ones_own() -> None:
    told = quote([item(10_00, Service.DRUG), item(8_00, Service.DELIVERY)], policy(), INSURED, CLINIC)
    assert told.pays_fen == 0
    assert "不在医保范围内" in told.lines[1].reason


def test_first_share_deductible_and_share_come_in_that_order() -> None:
    """Given an employee with 70.00 of the yearly 100.00 used, then 100.00 of class 乙: 90.00 eligible, 30.00 deductible, 65 % of 60.00."""
    told = quote(
        [item(100_00, Service.DRUG, DrugClass.B)], policy("employees"), Standing(insured=True, deductible_fen=70_00), HouseLevel.COUNTY_HOSPITAL
    )
    assert (told.pays_fen, told.deductible_fen) == (39_00, 30_00)
    assert told.lines[0].reason == "乙类药先自付 10%,起付线内的 30.00 元自付,按 65% 报:医保报 39.00 元。"


def test_the_deductible_is_taken_once_over_several_lines() -> None:
    told = quote([item(60_00, Service.OTHER), item(60_00, Service.OTHER)], policy("employees"), INSURED, CLINIC)
    assert [line.deductible_fen for line in told.lines] == [60_00, 40_00]
    assert [line.pays_fen for line in told.lines] == [0, 14_00]


def test_a_deductible_by_visit_begins_anew() -> None:
    by_visit = replace(policy("employees"), deductible_per="visit", deductible_fen=30_00)
    told = quote([item(100_00, Service.OTHER)], by_visit, Standing(insured=True, deductible_fen=30_00), CLINIC)
    assert told.pays_fen == 49_00


def test_additions_are_added_and_never_pass_the_whole() -> None:
    retired = Standing(insured=True, traits=frozenset({"retired"}), deductible_fen=100_00)
    told = quote([item(100_00, Service.OTHER)], policy("employees"), retired, CLINIC)
    assert (told.pays_fen, "退休加 10%" in told.lines[0].reason) == (80_00, True)
    generous = replace(policy("employees"), default=Benefit(Decimal("0.95"), None))
    assert quote([item(100_00, Service.OTHER)], generous, retired, CLINIC).pays_fen == 100_00


@pytest.mark.parametrize(("paid", "pays", "said"), [(570_00, 30_00, "只剩 30.00 元"), (600_00, 0, "已用完"), (700_00, 0, "已用完")])
def test_the_year_has_a_limit(paid: int, pays: int, said: str) -> None:
    told = quote([item(100_00)], policy(), Standing(insured=True, paid_fen=paid), CLINIC)
    assert told.pays_fen == pays
    assert said in told.lines[0].reason


def test_rules_are_dated_and_do_not_overlap() -> None:
    assert policy_on("residents", date(2025, 12, 31)) is not policy_on("residents", date(2026, 1, 1))
    for one in POLICIES:
        others = [other for other in POLICIES if other is not one and other.scheme == one.scheme]
        assert all(other.valid_until < one.valid_from or one.valid_until < other.valid_from for other in others)
        assert one.example
        assert "演示" in one.title
        assert one.source


def test_a_fee_below_zero_is_no_item() -> None:
    with pytest.raises(ValueError, match="below zero"):
        item(-1)


POLICY = st.builds(
    lambda share, cap, first, deductible, annual, per, extra: replace(
        policy(), default=Benefit(share, cap), benefits={Service.DRUG: Benefit(extra, cap)}, first_share={DrugClass.B: first},
        deductible_fen=deductible, annual_cap_fen=annual, deductible_per=per,
    ),
    st.decimals(0, 1, places=3), st.none() | st.integers(0, 50_000), st.decimals(0, 1, places=3), st.integers(0, 30_000),
    st.none() | st.integers(0, 200_000), st.sampled_from(["year", "visit"]), st.decimals(0, 1, places=4),
)
ITEMS = st.lists(
    st.builds(
        Item, st.text(max_size=3), st.text(max_size=5), st.sampled_from(Service), st.integers(0, 1_000_000), st.none() | st.sampled_from(DrugClass)
    ),
    max_size=8,
)
STANDING = st.builds(
    Standing, insured=st.booleans(), traits=st.frozensets(st.sampled_from(["retired", "family_doctor"])), paid_fen=st.integers(0, 300_000),
    deductible_fen=st.integers(0, 30_000),
)


@settings(max_examples=400, deadline=None)
@given(ITEMS, POLICY, STANDING, st.sampled_from(HouseLevel))
def test_never_more_than_the_fee_or_a_cap_and_every_fen_has_its_place(
    items: list[Item], rules: Policy, standing: Standing, level: HouseLevel
) -> None:
    told = quote(items, rules, standing, level)
    assert told.fee_fen == sum(one.fee_fen for one in items)
    assert told.pays_fen + told.own_fen == told.fee_fen
    assert told.pays_fen == sum(line.pays_fen for line in told.lines)
    for line in told.lines:
        assert 0 <= line.pays_fen <= line.item.fee_fen
        assert line.pays_fen + line.own_fen == line.item.fee_fen
        assert line.deductible_fen >= 0
        assert line.reason
    for service in Service:
        cap = rules.benefit_for(service).cap_fen
        assert cap is None or sum(line.pays_fen for line in told.lines if line.item.service is service) <= cap
    if rules.annual_cap_fen is not None:
        assert told.pays_fen <= max(0, rules.annual_cap_fen - standing.paid_fen)
    assert told.deductible_fen <= rules.deductible_fen
    assert standing.insured or told.pays_fen == 0


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 100_000), st.integers(0, 100_000), POLICY)
def test_a_higher_fee_is_never_paid_less(small: int, more: int, rules: Policy) -> None:
    lower, higher = (quote([item(fee)], rules, INSURED, CLINIC).pays_fen for fee in (small, small + more))
    assert lower <= higher
