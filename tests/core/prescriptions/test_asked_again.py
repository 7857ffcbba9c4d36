"""Who could not sign for want of facts is asked again when they are recorded, once."""

from __future__ import annotations

import pytest

from core.foundation.practice import Practice
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def test_village_doctor_and_duty_doctor_are_asked_again_once(pharmacy: Pharmacy) -> None:
    ward = pharmacy.ward
    await pharmacy.propose(item("amlodipine", "5"))
    await pharmacy.propose(item("warfarin", "2.5"))
    assert (await ward.told(pharmacy.doctor)).count("prescription.to_sign") == 1
    await pharmacy.facts()
    assert (await ward.told(pharmacy.doctor)).count("prescription.to_sign") == 2
    assert (await ward.told(ward.county.duty_doctor)).count("prescription.to_sign") == 2
    await pharmacy.facts(systolic=120)
    assert (await ward.told(pharmacy.doctor)).count("prescription.to_sign") == 2


async def test_what_stays_blocked_asks_nobody(pharmacy: Pharmacy) -> None:
    await pharmacy.propose(item("simvastatin", "20"), item("clarithromycin", "250", 2))
    before = await pharmacy.ward.told(pharmacy.doctor)
    await pharmacy.facts()
    assert await pharmacy.ward.told(pharmacy.doctor) == before
