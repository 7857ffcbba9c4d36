"""A prescription and what is known of a patient are read by those whose turn it is, not by everybody of the county."""

from __future__ import annotations

import pytest

from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from core.foundation.orders import Query
from core.foundation.practice import Practice
from core.prescriptions.commands import Refer, Revise, View
from core.prescriptions.commands import ReturnPrescription as Return
from core.prescriptions.commands_facts import ReadFacts
from core.prescriptions.commands_lists import Mine
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy

pytestmark = pytest.mark.storage


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def reads(pharmacy: Pharmacy, actor: Actor, query: Query) -> bool:
    try:
        await pharmacy.ask(actor, query)
    except NotAllowed:
        return False
    return True


async def test_a_pharmacist_reads_what_is_signed(pharmacy: Pharmacy) -> None:
    facts = ReadFacts(consultation_id=pharmacy.consultation_id)
    await pharmacy.facts()
    assert not await reads(pharmacy, pharmacy.pharmacist, facts)
    view = await pharmacy.propose(item("amlodipine", "5"))
    shown = View(prescription_id=view.prescription_id)
    assert not await reads(pharmacy, pharmacy.pharmacist, shown)
    assert not await reads(pharmacy, pharmacy.pharmacist, facts)
    assert not (await pharmacy.ask(pharmacy.pharmacist, Mine(code=view.code))).prescriptions
    await pharmacy.sign(view)
    assert [one.code for one in (await pharmacy.ask(pharmacy.pharmacist, Mine(code=view.code))).prescriptions] == [view.code]
    assert await reads(pharmacy, pharmacy.pharmacist, shown)
    assert await reads(pharmacy, pharmacy.pharmacist, facts)
    await pharmacy.give(pharmacy.pharmacist, Return(prescription_id=view.prescription_id, revision=view.revision, reason="剂量请再核对"))
    assert await reads(pharmacy, pharmacy.pharmacist, shown)
    revised = Revise(prescription_id=view.prescription_id, diagnosis="高血压", items=(item("amlodipine", "2.5"),))
    await pharmacy.give(pharmacy.expert, revised)
    assert not await reads(pharmacy, pharmacy.pharmacist, shown)


async def test_a_duty_doctor_reads_the_facts_of_what_was_referred(pharmacy: Pharmacy) -> None:
    duty, facts = pharmacy.ward.county.duty_doctor, ReadFacts(consultation_id=pharmacy.consultation_id)
    await pharmacy.facts()
    view = await pharmacy.propose(item("amlodipine", "5"))
    assert not await reads(pharmacy, duty, facts)
    await pharmacy.give(pharmacy.doctor, Refer(prescription_id=view.prescription_id))
    assert await reads(pharmacy, duty, facts)
    await pharmacy.sign(view, duty)
    assert await reads(pharmacy, duty, facts)
