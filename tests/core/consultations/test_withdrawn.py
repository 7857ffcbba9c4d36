"""The patient takes his consent back while the consultation runs."""

from __future__ import annotations

import pytest

from core.consultations.commands import ConfirmPatient, WaiveMaterial
from core.consultations.models import Consultation
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.people.commands_consents import GiveConsent, WithdrawConsent
from core.people.consent_texts import CURRENT
from core.people.errors_consents import ConsentWithdrawn
from tests.core.dispatch.ward import CRITICAL, URGENT, Ward, open_ward


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice, hearts=2)


async def settled(ward: Ward) -> None:
    worker = OutboxWorker(ward.practice, "send", "test")
    ward.clock.advance(seconds=1)
    while await worker.work_once():
        pass


def give(ward: Ward) -> GiveConsent:
    return GiveConsent(patient_id=ward.county.woman, purpose="consultation", text_version=CURRENT["consultation"])


async def test_nobody_new_gets_the_case_until_it_is_given_again(ward: Ward) -> None:
    doctor, woman = ward.county.village_doctor, ward.county.woman_account
    await ward.practice.execute(woman, give(ward))
    asked = await ward.request(URGENT, number=5)
    await ward.practice.execute(doctor, ConfirmPatient(consultation_id=asked.consultation_id))
    await ward.practice.execute(doctor, WaiveMaterial(consultation_id=asked.consultation_id))
    (offer,) = await ward.offers(asked.consultation_id)

    await ward.practice.execute(woman, WithdrawConsent(patient_id=ward.county.woman, purpose="consultation"))
    assert (await Consultation.get(id=asked.consultation_id)).consented_at is None
    assert "consent.withdrawn" in await ward.timeline(asked.consultation_id)
    assert (await ward.told(doctor))[-1] == "consultation.progress/consent_withdrawn"
    with pytest.raises(ConsentWithdrawn):
        await ward.accept(offer)

    await ward.practice.execute(woman, give(ward))
    await settled(ward)
    assert (await Consultation.get(id=asked.consultation_id)).consented_at is not None
    assert (await ward.accept(offer)).state == "accepted"


async def test_what_saves_a_life_goes_on(ward: Ward) -> None:
    await ward.practice.execute(ward.county.woman_account, give(ward))
    asked = await ward.request(CRITICAL, number=5)
    await ward.practice.execute(ward.county.woman_account, WithdrawConsent(patient_id=ward.county.woman, purpose="consultation"))
    offer = (await ward.offers(asked.consultation_id))[0]
    assert (await ward.accept(offer)).state == "accepted"


async def test_another_withdrawal_stops_nothing_here(ward: Ward) -> None:
    await ward.practice.execute(ward.county.woman_account, give(ward))
    asked = await ward.request(URGENT, number=5)
    await ward.practice.execute(ward.county.woman_account, WithdrawConsent(patient_id=ward.county.woman, purpose="care"))
    assert (await Consultation.get(id=asked.consultation_id)).consented_at is not None
