"""Two prescriptions are no way around what may not stand on one: pairs, the same drug, the sum of a day; and a refill goes its way."""

from __future__ import annotations

import asyncio

import pytest

from core.foundation.practice import Practice
from core.prescriptions.commands import Check, CheckView, PrescriptionView, Release, View, Withdraw
from core.prescriptions.errors import PrescriptionBlocked, PrescriptionUnknown
from core.prescriptions.items import Besides, Facts, Item, Person
from core.prescriptions.models import Prescription
from core.prescriptions.rules import check
from tests.core.dispatch.ward import EMERGENT, open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy
from tests.support.county import NUMBER_WITH_WECHAT

SIMVASTATIN, CLARITHROMYCIN = item("simvastatin", "20"), item("clarithromycin", "250", times=2)
PAIR = "statin_3a4_strong:clarithromycin+simvastatin"
AMLODIPINE = item("amlodipine", "10")
WOMAN = Person(age_months=51 * 12, sex="female")
FACTS = Facts(allergies_asked=True, pregnancy="no", systolic=150)


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    opened = await open_pharmacy(await open_ward(practice, hearts=3))
    await opened.facts()
    return opened


async def handed_out(pharmacy: Pharmacy, *items: Item) -> PrescriptionView:
    view = await pharmacy.sign(await pharmacy.propose(*items))
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))
    return await pharmacy.dispense(view)


async def checked(pharmacy: Pharmacy, *items: Item, instead_of: str | None = None) -> dict[str, str]:
    order = Check(consultation_id=pharmacy.consultation_id, items=items, prescription_id=instead_of)
    view: CheckView = await pharmacy.ask(pharmacy.expert, order)
    return {one.key: one.action for one in view.findings}


@pytest.mark.storage
async def test_a_blocked_pair_cannot_be_split_over_two_prescriptions(pharmacy: Pharmacy) -> None:
    first = await pharmacy.propose(SIMVASTATIN)
    second = await pharmacy.propose(CLARITHROMYCIN)
    assert (first.findings, [one.key for one in second.findings]) == ((), [PAIR])
    assert f"辛伐他汀在处方 {first.code} 里" in second.findings[0].text
    with pytest.raises(PrescriptionBlocked):
        await pharmacy.sign(second)
    signed = await pharmacy.sign(first)
    with pytest.raises(PrescriptionBlocked):
        await pharmacy.sign(second)
    assert (await pharmacy.ask(pharmacy.expert, View(prescription_id=first.prescription_id))).findings == ()
    order = Release(prescription_id=signed.prescription_id, revision=signed.revision, confirm=True)
    assert (await pharmacy.give(pharmacy.pharmacist, order)).state == "RELEASED"
    await pharmacy.dispense(signed)
    with pytest.raises(PrescriptionBlocked):
        await pharmacy.sign(second)
    pharmacy.ward.clock.advance(days=6, hours=23)
    assert await checked(pharmacy, CLARITHROMYCIN, instead_of=second.prescription_id) == {PAIR: "B"}
    pharmacy.ward.clock.advance(hours=2)
    assert await checked(pharmacy, CLARITHROMYCIN, instead_of=second.prescription_id) == {}


@pytest.mark.storage
async def test_of_two_signed_at_once_not_both_are_released(pharmacy: Pharmacy) -> None:
    both = [await pharmacy.propose(SIMVASTATIN), await pharmacy.propose(CLARITHROMYCIN)]
    await asyncio.gather(*(pharmacy.sign(one) for one in both), return_exceptions=True)
    orders = [Release(prescription_id=one.prescription_id, revision=1, confirm=True) for one in both]
    await asyncio.gather(*(pharmacy.give(pharmacy.pharmacist, one) for one in orders), return_exceptions=True)
    assert await Prescription.filter(state="RELEASED").count() == 1


@pytest.mark.storage
async def test_the_same_drug_twice_and_what_is_withdrawn(pharmacy: Pharmacy) -> None:
    first = await pharmacy.propose(AMLODIPINE)
    assert await checked(pharmacy, AMLODIPINE) == {"same_drug:amlodipine": "B"}
    assert await checked(pharmacy, AMLODIPINE, instead_of=first.prescription_id) == {}
    second = await pharmacy.propose(item("amlodipine", "5"))
    with pytest.raises(PrescriptionBlocked) as refused:
        await pharmacy.sign(second)
    assert f"氨氯地平在处方 {first.code} 里已经开了" in refused.value.message
    await pharmacy.give(pharmacy.expert, Withdraw(prescription_id=first.prescription_id, reason="开重了"))
    assert (await pharmacy.sign(second)).state == "SIGNED"


@pytest.mark.storage
async def test_what_was_handed_out_counts_into_the_day_until_it_ends(pharmacy: Pharmacy) -> None:
    await handed_out(pharmacy, item("amlodipine", "5"))
    assert await checked(pharmacy, item("amlodipine", "5")) == {"still_taking:amlodipine": "W"}
    assert await checked(pharmacy, AMLODIPINE) == {"still_taking:amlodipine": "W", "dose.daily_sum:amlodipine": "B"}
    pharmacy.ward.clock.advance(days=4, hours=1)
    assert await checked(pharmacy, AMLODIPINE) == {}


@pytest.mark.storage
async def test_another_consultation_of_the_patient_is_no_way_around_it(pharmacy: Pharmacy) -> None:
    await handed_out(pharmacy, SIMVASTATIN)
    ward = pharmacy.ward
    asked = await ward.request(EMERGENT, number=NUMBER_WITH_WECHAT)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    view: CheckView = await pharmacy.ask(ward.who(offer), Check(consultation_id=asked.consultation_id, items=(CLARITHROMYCIN,)))
    assert PAIR in {one.key for one in view.findings}
    mine = await pharmacy.propose(AMLODIPINE)
    order = Check(consultation_id=asked.consultation_id, items=(AMLODIPINE,), prescription_id=mine.prescription_id)
    with pytest.raises(PrescriptionUnknown):
        await pharmacy.ask(ward.who(offer), order)


@pytest.mark.parametrize(("weight", "blocked"), [("20", False), ("15", True)])
def test_a_childs_day_is_counted_by_its_weight(weight: str, blocked: bool) -> None:
    child = Person(age_months=5 * 12, sex="male")
    facts = Facts.model_validate({"allergies_asked": True, "weight_kg": weight, "guardian_present": True})
    syrup = item("ibuprofen", "100", times=3, days=3)
    found = check((syrup,), child, facts, (Besides(item=syrup, code="R-1", dispensed=True),))
    assert ("dose.daily_sum:ibuprofen" in {one.key for one in found}) is blocked


def test_beside_itself_nothing_changes_what_stands_alone() -> None:
    alone = check((AMLODIPINE,), WOMAN, FACTS)
    assert check((AMLODIPINE,), WOMAN, FACTS, ()) == alone == ()
