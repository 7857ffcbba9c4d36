"""How far a patient's prescriptions are, as he reads it before and after the release."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.consultations.commands import CompleteConsultation
from core.consultations.commands_ratings import RateConsultation, ReadRating
from core.foundation.due import tick
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.notifications.commands import ReadReminders, ResumeReminders, StopReminders
from core.prescriptions.commands import Release, ReturnPrescription, Withdraw
from core.prescriptions.commands_lists import PrescriptionStage, Stages
from core.prescriptions.doses import spoken_pieces
from core.prescriptions.drugs import drug
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy

pytestmark = pytest.mark.storage


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def stages(pharmacy: Pharmacy) -> list[PrescriptionStage]:
    return list((await pharmacy.ask(pharmacy.ward.county.woman_account, Stages())).prescriptions)


async def test_the_patient_reads_each_step_and_nothing_of_the_drugs_before_the_release(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    view = await pharmacy.propose(item("amlodipine", "5"))
    (one,) = await stages(pharmacy)
    assert (one.stage, one.stage_label, one.readable, one.until) == ("signing", "等医生签名", False, None)
    assert "氨氯地平" not in one.model_dump_json()
    assert (one.patient_id, one.consultation_id) == (pharmacy.ward.county.woman, pharmacy.consultation_id)
    await pharmacy.sign(view)
    assert [one.stage_label for one in await stages(pharmacy)] == ["药师在审"]
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=view.prescription_id, revision=view.revision, confirm=True))
    (one,) = await stages(pharmacy)
    assert (one.stage, one.stage_label, one.readable) == ("ready", "可以取药", True)
    assert one.until == pharmacy.ward.clock.now() + timedelta(days=3)
    await pharmacy.dispense(view)
    assert [(one.stage_label, one.readable, one.until) for one in await stages(pharmacy)] == [("已取药", True, None)]


async def test_what_was_returned_expired_or_withdrawn(pharmacy: Pharmacy) -> None:
    await pharmacy.facts()
    first = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    await pharmacy.give(pharmacy.pharmacist, ReturnPrescription(prescription_id=first.prescription_id, revision=first.revision, reason="剂量请再看"))
    (one,) = await stages(pharmacy)
    assert (one.stage, one.readable) == ("changing", False)
    assert "剂量" not in one.model_dump_json()
    await pharmacy.give(pharmacy.expert, Withdraw(prescription_id=first.prescription_id, reason="改用别的"))
    assert await stages(pharmacy) == []
    second = await pharmacy.sign(await pharmacy.propose(item("amlodipine", "5")))
    await pharmacy.give(pharmacy.pharmacist, Release(prescription_id=second.prescription_id, revision=second.revision, confirm=True))
    pharmacy.ward.clock.advance(days=3, seconds=1)
    while (await tick(pharmacy.ward.practice)).more:
        pass
    assert [(one.stage_label, one.readable) for one in await stages(pharmacy)] == [("过期", False)]


async def test_others_prescriptions_are_nobody_s(pharmacy: Pharmacy) -> None:
    await pharmacy.propose(item("amlodipine", "5"))
    assert (await pharmacy.ask(pharmacy.ward.county.stranger, Stages())).prescriptions == ()
    assert (await pharmacy.ask(pharmacy.doctor, Stages())).prescriptions == ()


async def test_each_side_reads_its_own_rating_only(pharmacy: Pharmacy) -> None:
    patient, query = pharmacy.ward.county.woman_account, ReadRating(consultation_id=pharmacy.consultation_id)
    assert not (await pharmacy.ask(patient, query)).may_rate
    await pharmacy.decide()
    await pharmacy.give(pharmacy.doctor, CompleteConsultation(consultation_id=pharmacy.consultation_id, without="急救在先"))
    assert (await pharmacy.ask(patient, query)).may_rate
    await pharmacy.give(patient, RateConsultation(consultation_id=pharmacy.consultation_id, stars=4, words="讲得明白"))
    told = await pharmacy.ask(patient, query)
    assert (told.may_rate, told.stars, told.words) == (False, 4, "讲得明白")
    other = await pharmacy.ask(pharmacy.doctor, query)
    assert (other.may_rate, other.stars, other.words) == (True, None, "")
    with pytest.raises(NotAllowed):
        await pharmacy.ask(pharmacy.ward.county.stranger, query)


async def test_whether_reminders_are_stopped_is_read(pharmacy: Pharmacy) -> None:
    patient = pharmacy.ward.county.woman_account
    for order, stopped in ((None, False), (StopReminders(), True), (ResumeReminders(), False)):
        if order is not None:
            await pharmacy.give(patient, order)
        assert (await pharmacy.ask(patient, ReadReminders())).stopped is stopped


@pytest.mark.parametrize(
    ("code", "amount", "pieces"),
    [("amlodipine", "5", "1 片"), ("amlodipine", "2.5", "半片"), ("amlodipine", "7.5", "1 片半"), ("valsartan", "160", "2 粒")],
)
async def test_amounts_are_said_in_pieces(code: str, amount: str, pieces: str) -> None:
    assert spoken_pieces(Decimal(amount), drug(code)) == pieces
