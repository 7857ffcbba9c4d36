"""Consents: the text in force, who may give them, paper as evidence, withdrawal."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from core.foundation.models import Blob
from core.foundation.practice import Practice
from core.people.accounts import actor_for
from core.people.commands import AttachPaperConsent, CurrentConsentText, EnsureAccount, GiveConsent, Me, PaperTarget, RegisterPatient, WithdrawConsent
from core.people.consent_texts import CURRENT
from core.people.consents import has_consent, require_consent
from core.people.errors import ConsentEvidenceMissing, ConsentMissing, ConsentOutdated
from core.people.models import Consent
from tests.support.county import id_number, seed_small

pytestmark = pytest.mark.storage
VERSION = CURRENT["care"]


async def paper(practice: Practice, patient_id: str, kind: str = "patient") -> str:
    """A photographed paper in the store, as the uploading side leaves it."""
    stored = await practice.blobs.put(practice.ids.new(), kind, patient_id, b"photograph")
    await Blob.create(
        id=stored.id, subject_kind=kind, subject_id=patient_id, media_type="image/jpeg", size=stored.size, sha256=stored.sha256,
        created_at=practice.clock.now(),
    )
    return stored.id


async def test_the_text_in_force_is_a_file_with_its_hash(practice: Practice):
    county = await seed_small(practice)
    folder = Path(__file__).parents[3] / "core" / "people" / "consent_texts"
    for purpose in ("care", "consultation"):
        text = await practice.ask(county.stranger, CurrentConsentText(purpose=purpose))
        data = (folder / f"{purpose}-{text.version}.md").read_bytes()
        assert text.sha256 == hashlib.sha256(data).hexdigest()
        assert text.title.endswith("知情同意书")
        assert "14 岁" in text.text


async def test_a_consent_says_what_when_and_how(practice: Practice):
    county = await seed_small(practice)
    row = await Consent.get(patient_id=county.woman)
    text = await practice.ask(county.woman_account, CurrentConsentText(purpose="care"))
    assert (row.text_version, row.text_sha256, row.channel, row.given_as) == (VERSION, text.sha256, "official_account", "self")
    assert row.given_at == practice.clock.now()
    assert row.given_by == county.woman_account.account_id
    await practice.execute(county.woman_account, GiveConsent(patient_id=county.woman, purpose="care", text_version=VERSION))
    assert await Consent.filter(patient_id=county.woman).count() == 1


async def test_an_old_text_is_not_consented_to(practice: Practice):
    county = await seed_small(practice)
    with pytest.raises(ConsentOutdated) as outdated:
        await practice.execute(county.woman_account, GiveConsent(patient_id=county.woman, purpose="consultation", text_version="2019.1"))
    assert VERSION in outdated.value.message


async def test_the_village_doctor_needs_the_paper(practice: Practice):
    county = await seed_small(practice)
    doctor = county.village_doctor

    def order(evidence: str | None) -> GiveConsent:
        return GiveConsent(
            patient_id=county.old_man, purpose="consultation", text_version=CURRENT["consultation"], evidence_blob_id=evidence
        )

    of_another = await paper(practice, county.woman)
    for evidence in (None, practice.ids.new(), of_another):
        with pytest.raises(ConsentEvidenceMissing):
            await practice.execute(doctor, order(evidence))
    assert not await has_consent(county.old_man, "consultation")
    await practice.execute(doctor, order(await paper(practice, county.old_man)))
    row = await Consent.get(patient_id=county.old_man)
    assert (row.given_as, row.channel) == ("village_doctor", "wecom_app")
    assert row.evidence_blob_id
    await require_consent(county.old_man, "consultation")


async def test_only_for_those_one_speaks_for(practice: Practice):
    county = await seed_small(practice)
    for actor in (county.stranger, county.experts[0], county.administrator):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, GiveConsent(patient_id=county.woman, purpose="consultation", text_version=VERSION))
        with pytest.raises(NotAllowed):
            await practice.execute(actor, WithdrawConsent(patient_id=county.woman, purpose="care"))


async def test_a_guardian_consents_for_a_child(practice: Practice):
    await seed_small(practice)
    ref = await practice.execute(Actor.system("test"), EnsureAccount(app="wxmini", subject="m1"))
    mother = await actor_for(ref.account_id, "mini_program", practice.clock.now())
    child = await practice.execute(
        mother, RegisterPatient(relation="child", full_name="刘乐乐", id_number=id_number(date(2026, 3, 20), 7))
    )
    await practice.execute(mother, GiveConsent(patient_id=child.patient_id, purpose="care", text_version=VERSION))
    assert (await Consent.get(patient_id=child.patient_id)).given_as == "child"


async def test_withdrawn_is_withdrawn_and_kept(practice: Practice):
    county = await seed_small(practice)
    await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose="care"))
    with pytest.raises(ConsentMissing):
        await require_consent(county.woman, "care")
    with pytest.raises(ConsentMissing):
        await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose="care"))
    await practice.execute(county.woman_account, GiveConsent(patient_id=county.woman, purpose="care", text_version=VERSION))
    (patient,) = (await practice.ask(county.woman_account, Me())).patients
    assert [consent.withdrawn_at is None for consent in patient.consents].count(True) == 1
    assert len(patient.consents) == 2


async def test_a_photographed_paper_is_the_consent_of_who_has_no_wechat(practice: Practice):
    county = await seed_small(practice)
    stored = await practice.blobs.put(practice.ids.new(), "patient", county.old_man, b"photograph")
    order = AttachPaperConsent(
        patient_id=county.old_man, purpose="care", blob_id=stored.id, media_type="image/jpeg", size=stored.size, sha256=stored.sha256,
    )
    for stranger in (county.woman_account, county.duty_doctor, county.experts[0]):
        with pytest.raises(NotAllowed):
            await practice.ask(stranger, PaperTarget(patient_id=county.old_man))
        with pytest.raises(NotAllowed):
            await practice.execute(stranger, order)
    assert not await has_consent(county.old_man, "care")
    assert (await practice.ask(county.village_doctor, PaperTarget(patient_id=county.old_man))).patient_id == county.old_man
    assert (await practice.execute(county.village_doctor, order)).done
    row = await Consent.get(patient_id=county.old_man)
    assert (row.given_as, row.evidence_blob_id, row.text_version) == ("village_doctor", stored.id, VERSION)
    again = await practice.blobs.put(practice.ids.new(), "patient", county.old_man, b"another")
    assert not (await practice.execute(county.village_doctor, order.model_copy(update={"blob_id": again.id}))).done
    assert not await Blob.filter(id=again.id).exists()
