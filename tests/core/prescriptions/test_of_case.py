"""What the village doctor reads of one case and of one patient on her list: her own in full, others' only what took effect."""

from __future__ import annotations

from datetime import date

import pytest

from core.consultations.commands_case import Case, PatientConsultations
from core.foundation.actor import Actor, Role
from core.foundation.errors import NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.people.commands import EnlistPatient
from core.prescriptions import of_case
from core.prescriptions.commands import Release, Withdraw
from core.prescriptions.commands_doses import EmergencyDoses, OrderDose
from core.prescriptions.commands_lists import CaseMedicines, PatientPrescriptions
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, add_staff, item, open_pharmacy
from tests.support.county import SYSTEM, id_number

pytestmark = pytest.mark.storage


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def second_doctor(pharmacy: Pharmacy) -> Actor:
    """Another village doctor, on whose list the woman stands too."""
    county = pharmacy.ward.county
    doctor = await add_staff(pharmacy.ward, county.clinic, Role.VILLAGE_DOCTOR, "乡村医生", 31)
    await pharmacy.give(SYSTEM, EnlistPatient(
        practitioner_id=doctor.practitioner_id or "", number=8, full_name="李秀英", id_number=id_number(date(1975, 7, 1), 22),
    ))
    return doctor


async def test_a_case_shows_its_prescriptions_and_its_dose(pharmacy: Pharmacy) -> None:
    order = CaseMedicines(consultation_id=pharmacy.consultation_id)
    empty = await pharmacy.ask(pharmacy.doctor, order)
    assert (empty.prescriptions, empty.dose) == ((), None)
    await pharmacy.facts()
    proposed = await pharmacy.propose(item("amlodipine", "5"))
    await pharmacy.decide()
    choice = next(one for one in (await pharmacy.ask(pharmacy.doctor, EmergencyDoses())).doses if one.code == "aspirin_chewed")
    await pharmacy.give(pharmacy.doctor, OrderDose(
        consultation_id=pharmacy.consultation_id, dose=choice.code, ruled_out=tuple(choice.contraindications), confirm=True,
    ))
    found = await pharmacy.ask(pharmacy.doctor, order)
    assert [one.code for one in found.prescriptions] == [proposed.code]
    assert found.dose is not None
    assert found.dose.signature_valid
    assert (await pharmacy.ask(pharmacy.expert, order)).dose == found.dose
    assert await AuditEntry.filter(action="prescriptions.of_consultation").count() == 3
    for stranger in (await second_doctor(pharmacy), pharmacy.pharmacist, pharmacy.ward.county.woman_account):
        with pytest.raises(NotAllowed):
            await pharmacy.ask(stranger, order)


async def test_a_patients_prescriptions_for_those_on_whose_list_he_stands(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    proposed = await pharmacy.propose(item("amlodipine", "5"))
    order = PatientPrescriptions(patient_id=pharmacy.ward.county.woman)
    other = await second_doctor(pharmacy)
    assert [one.code for one in (await pharmacy.ask(pharmacy.doctor, order)).prescriptions] == [proposed.code]
    assert (await pharmacy.ask(other, order)).prescriptions == ()
    signed = await pharmacy.sign(proposed)
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=signed.prescription_id, revision=1, overrides_seen=True, confirm=True))
    assert [one.state for one in (await pharmacy.ask(other, order)).prescriptions] == ["RELEASED"]
    for stranger in (pharmacy.ward.county.woman_account, pharmacy.expert):
        with pytest.raises(NotAllowed):
            await pharmacy.ask(stranger, order)
    with pytest.raises(NotAllowed):
        await pharmacy.ask(other, PatientPrescriptions(patient_id=pharmacy.ward.county.old_man))


async def test_another_doctors_prescription_is_read_without_its_code(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    signed = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=signed.prescription_id, revision=1, confirm=True))
    order = PatientPrescriptions(patient_id=pharmacy.ward.county.woman)
    (hers,) = (await pharmacy.ask(pharmacy.doctor, order)).prescriptions
    (others,) = (await pharmacy.ask(await second_doctor(pharmacy), order)).prescriptions
    assert hers.dispense_code == await pharmacy.code_of(signed)
    assert others.dispense_code is None
    assert others.items == hers.items


async def test_what_took_effect_is_shown_however_much_others_have_open(pharmacy: Pharmacy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_case, "SHOWN", 1)
    await pharmacy.facts()
    signed = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=signed.prescription_id, revision=1, confirm=True))
    await pharmacy.propose(item("metformin", "500"))
    order = PatientPrescriptions(patient_id=pharmacy.ward.county.woman)
    assert [one.code for one in (await pharmacy.ask(await second_doctor(pharmacy), order)).prescriptions] == [signed.code]


async def test_a_pharmacist_reads_the_case_of_what_was_signed_and_may_still_be_given(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    order = Case(consultation_id=pharmacy.consultation_id)

    async def may_read() -> bool:
        try:
            await pharmacy.ask(pharmacy.pharmacist, order)
        except NotAllowed:
            return False
        return True

    proposed = await pharmacy.propose(item("amlodipine", "5"))
    assert not await may_read()
    await pharmacy.give(pharmacy.doctor, Withdraw(prescription_id=proposed.prescription_id, reason="病人已转院"))
    assert not await may_read()
    signed = await pharmacy.sign(await pharmacy.propose(item("metformin", "500")))
    assert await may_read()
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=signed.prescription_id, revision=1, confirm=True))
    assert await may_read()
    await pharmacy.dispense(signed)
    assert await may_read()


async def test_after_an_emergency_dose_a_pharmacist_reads_the_case(pharmacy: Pharmacy) -> None:
    await pharmacy.decide()
    choice = next(one for one in (await pharmacy.ask(pharmacy.doctor, EmergencyDoses())).doses if one.code == "aspirin_chewed")
    order = Case(consultation_id=pharmacy.consultation_id)
    with pytest.raises(NotAllowed):
        await pharmacy.ask(pharmacy.pharmacist, order)
    await pharmacy.give(pharmacy.doctor, OrderDose(
        consultation_id=pharmacy.consultation_id, dose=choice.code, ruled_out=tuple(choice.contraindications), confirm=True,
    ))
    assert (await pharmacy.ask(pharmacy.pharmacist, order)).consultation_id == pharmacy.consultation_id


async def test_a_patients_consultations_newest_first_and_which_are_hers(pharmacy: Pharmacy) -> None:
    later = await pharmacy.ward.request("咳嗽 三天", number=5)
    order = PatientConsultations(patient_id=pharmacy.ward.county.woman)
    hers = (await pharmacy.ask(pharmacy.doctor, order)).consultations
    assert [one.consultation_id for one in hers] == [later.consultation_id, pharmacy.consultation_id]
    assert all(one.own and one.headline for one in hers)
    assert hers[1].expert
    others = (await pharmacy.ask(await second_doctor(pharmacy), order)).consultations
    assert [one.own for one in others] == [False, False]
    for stranger in (pharmacy.ward.county.woman_account, pharmacy.expert, pharmacy.ward.county.scheduler):
        with pytest.raises(NotAllowed):
            await pharmacy.ask(stranger, order)
