"""What becomes known, or runs out, between the signature and the drugs in hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.practice import Practice
from core.people.models import Practitioner
from core.prescriptions.commands import Dispense, PrescriptionView, Release, View
from core.prescriptions.errors import DispenseBlocked, FourEyes, LicenceExpired, PrescriptionBlocked, PrescriptionOver, WarningsAfterSignature
from core.prescriptions.models import Prescription
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy

pytestmark = pytest.mark.storage

AMLODIPINE, AMOXICILLIN = item("amlodipine", "5"), item("amoxicillin", "500", times=3)


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    opened = await open_pharmacy(await open_ward(practice, hearts=3))
    await opened.facts()
    return opened


def letting_go(view: PrescriptionView, **differently: Any) -> Release:
    order: dict[str, Any] = {"prescription_id": view.prescription_id, "revision": view.revision, "confirm": True}
    return Release(**(order | differently))


async def ready(pharmacy: Pharmacy, *items: Any) -> tuple[PrescriptionView, Dispense]:
    """Released, with the order that hands it out."""
    signed = await pharmacy.sign(await pharmacy.propose(*items))
    view: PrescriptionView = await pharmacy.give(pharmacy.pharmacist, letting_go(signed))
    return view, Dispense(prescription_id=view.prescription_id, dispense_code=await pharmacy.code_of(view))


async def state_of(view: PrescriptionView) -> str:
    return (await Prescription.get(id=view.prescription_id)).state


async def test_an_allergy_told_after_the_release_stops_the_dispensing(pharmacy: Pharmacy) -> None:
    view, order = await ready(pharmacy, AMOXICILLIN)
    await pharmacy.facts(allergies=("penicillin",))
    with pytest.raises(DispenseBlocked) as refused:
        await pharmacy.give(pharmacy.pharmacist, order)
    assert "过敏" in refused.value.message
    assert refused.value.fields["findings"]
    assert isinstance(refused.value, PrescriptionBlocked)
    assert await state_of(view) == "RELEASED"


async def test_a_warning_nobody_gave_a_reason_for_is_neither_released_nor_dispensed(pharmacy: Pharmacy) -> None:
    signed = await pharmacy.sign(await pharmacy.propose(AMLODIPINE))
    await pharmacy.facts(systolic=96)
    for seen in (False, True):
        with pytest.raises(WarningsAfterSignature) as refused:
            await pharmacy.give(pharmacy.pharmacist, letting_go(signed, overrides_seen=seen))
        assert refused.value.fields["keys"] == ["low_pressure_warn:amlodipine"]
    await pharmacy.facts()
    view = await pharmacy.give(pharmacy.pharmacist, letting_go(signed))
    order = Dispense(prescription_id=view.prescription_id, dispense_code=await pharmacy.code_of(view))
    await pharmacy.facts(systolic=96)
    with pytest.raises(WarningsAfterSignature):
        await pharmacy.give(pharmacy.pharmacist, order)
    await pharmacy.facts()
    assert (await pharmacy.give(pharmacy.pharmacist, order)).state == "DISPENSED"


async def test_a_warning_that_was_signed_over_is_dispensed(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(systolic=96)
    signed = await pharmacy.sign(await pharmacy.propose(AMLODIPINE), **{"low_pressure_warn:amlodipine": "先减半观察"})
    view = await pharmacy.give(pharmacy.pharmacist, letting_go(signed, overrides_seen=True))
    assert (await pharmacy.dispense(view)).state == "DISPENSED"


async def test_after_three_days_it_is_worth_nothing_though_no_ticker_has_been_by(pharmacy: Pharmacy) -> None:
    view, order = await ready(pharmacy, AMLODIPINE)
    signed = await pharmacy.sign(await pharmacy.propose(item("metformin", "500")))
    pharmacy.ward.clock.advance(days=2, hours=23, minutes=59)
    assert await pharmacy.code_of(view) == order.dispense_code
    pharmacy.ward.clock.advance(minutes=1)
    for late in (letting_go(signed), order):
        with pytest.raises(PrescriptionOver):
            await pharmacy.give(pharmacy.pharmacist, late)
    assert (await pharmacy.ask(pharmacy.doctor, View(prescription_id=view.prescription_id))).dispense_code is None
    assert (await state_of(view), await state_of(signed)) == ("RELEASED", "SIGNED")


def also_pharmacist(pharmacy: Pharmacy, actor: Actor) -> Actor:
    return replace(actor, roles=(*actor.roles, HeldRole(Role.PHARMACIST, pharmacy.ward.county.county_hospital)))


async def test_who_proposed_or_signed_it_does_not_hand_it_out(pharmacy: Pharmacy) -> None:
    view, order = await ready(pharmacy, AMLODIPINE)
    for actor in (pharmacy.expert, pharmacy.doctor):
        with pytest.raises(FourEyes):
            await pharmacy.give(also_pharmacist(pharmacy, actor), order)
    assert await state_of(view) == "RELEASED"


async def test_a_pharmacist_whose_licence_ran_out_hands_out_nothing(pharmacy: Pharmacy) -> None:
    view, order = await ready(pharmacy, AMLODIPINE)
    await Practitioner.filter(id=pharmacy.pharmacist.practitioner_id).update(licence_valid_until=date(2026, 11, 19))
    with pytest.raises(LicenceExpired):
        await pharmacy.give(pharmacy.pharmacist, order)
    assert await state_of(view) == "RELEASED"
