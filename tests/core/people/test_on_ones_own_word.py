"""What a person may say of others on his own word: nothing that opens a record or vouches for a paper."""

from __future__ import annotations

import logging
from datetime import date

import pytest
from pydantic import ValidationError

from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.people.commands import EnlistPatient, EnsureAccount, RegisterPatient, VerifyPhone
from core.people.commands_consents import GiveConsent
from core.people.commands_views import MyPatientList
from core.people.consent_texts import CURRENT
from core.people.errors import ConsentEvidenceMissing
from core.people.models import CareRelation, Consent
from tests.core.people.test_consents import paper
from tests.support.county import SYSTEM, id_number, seed_small

pytestmark = pytest.mark.storage


async def test_a_village_doctor_gives_nobody_the_record_of_a_patient(practice: Practice) -> None:
    """Which account is the patient's own is known from the platform, not from her."""
    county = await seed_small(practice)
    order = EnlistPatient(
        practitioner_id=county.village_doctor.practitioner_id or "", number=9, full_name="赵大妈", id_number=id_number(date(1950, 1, 2), 32),
        account_id=county.stranger.account_id,
    )
    with pytest.raises(NotAllowed):
        await practice.execute(county.village_doctor, order)
    assert not await CareRelation.filter(account_id=county.stranger.account_id).exists()


async def test_a_consent_points_to_no_paper_of_somebody_else(practice: Practice) -> None:
    county = await seed_small(practice)
    foreign = await paper(practice, county.old_man)
    for evidence in (foreign, practice.ids.new()):
        with pytest.raises(ConsentEvidenceMissing):
            await practice.execute(county.woman_account, GiveConsent(
                patient_id=county.woman, purpose="consultation", text_version=CURRENT["consultation"], evidence_blob_id=evidence
            ))
    assert not await Consent.filter(purpose="consultation").exists()


@pytest.mark.parametrize("phone", ["1٩٩٠٠٠٠٠٠١١", "\uff11\uff19900000011", "19900000011\n"])
def test_a_phone_is_of_plain_digits(phone: str) -> None:
    with pytest.raises(ValidationError):
        VerifyPhone(account_id="01ARZ3NDEKTSV4RRFFQ69G5FAV", phone=phone)
    with pytest.raises(ValidationError):
        RegisterPatient(full_name="王小梅", id_number=id_number(date(1990, 5, 17), 44), phone=phone)


def test_an_empty_unionid_joins_nobody() -> None:
    with pytest.raises(ValidationError):
        EnsureAccount(app="wx", subject="o", unionid="")


async def test_a_long_list_is_read_in_a_few_questions(practice: Practice, caplog: pytest.LogCaptureFixture) -> None:
    county = await seed_small(practice)
    for number in range(10, 50):
        await practice.execute(SYSTEM, EnlistPatient(
            practitioner_id=county.village_doctor.practitioner_id or "", number=number, full_name="赵大妈",
            id_number=id_number(date(1950, 1, 2), 100 + number),
        ))
    practice.keys._cache.clear()
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        seen = await practice.ask(county.village_doctor, MyPatientList())
    statements = [record for record in caplog.records if record.name == "tortoise.db_client"]
    assert [one.number for one in seen.patients] == [3, 5, *range(10, 50)]
    assert seen.patients[1].consents
    assert seen.patients[1].has_wechat
    assert 0 < len(statements) <= 12
