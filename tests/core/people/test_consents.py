"""Consents: the text in force, who may give them, paper as evidence, withdrawal."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date
from pathlib import Path

import pytest

from core.appointments.commands import BookSlot
from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.errors import NotAllowed
from core.foundation.models import Blob
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.accounts import actor_for
from core.people.commands import ConfirmAccount, EnsureAccount, RegisterPatient
from core.people.commands_consents import AttachPaperConsent, Consents, CurrentConsentText, GiveConsent, PaperTarget, WithdrawConsent
from core.people.commands_views import Me
from core.people.consent_texts import CURRENT
from core.people.consents import has_consent, require_care
from core.people.errors import ConsentEvidenceMissing, ConsentMissing, ConsentOutdated, RecordNeedsConfirmation, TooYoung
from core.people.errors_consents import ConsentIsThePatients, ConsentOfGuardian, ConsentWrongAge
from core.people.models import CareRelation, Consent
from core.people.purposes import PURPOSES, Giver, PurposeCode, care_purposes, check_giver, check_withdrawer
from tests.core.people.test_patients import visitor
from tests.support.county import id_number, seed_small

pytestmark = pytest.mark.storage
VERSION = CURRENT["care"]


def work_of(practice: Practice) -> Work:
    return Work(practice, Actor.system("test"), Me())


async def holds(practice: Practice, patient_id: str, purpose: PurposeCode) -> bool:
    return await has_consent(work_of(practice), patient_id, purpose)


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
    for purpose in CURRENT:
        text = await practice.ask(county.stranger, CurrentConsentText(purpose=purpose))
        data = (folder / f"{purpose}-{text.version}.md").read_bytes()
        assert text.sha256 == hashlib.sha256(data).hexdigest()
        assert text.title.endswith("同意书")
        assert "未满 1" in text.text + text.title
        assert "未经医院法务与伦理审定" in text.text


async def test_a_consent_says_what_when_and_how(practice: Practice):
    county = await seed_small(practice)
    row = await Consent.get(patient_id=county.woman, purpose="care")
    text = await practice.ask(county.woman_account, CurrentConsentText(purpose="care"))
    assert (row.text_version, row.text_sha256, row.channel, row.given_as) == (VERSION, text.sha256, "official_account", "self")
    assert row.given_at == practice.clock.now()
    assert row.given_by == county.woman_account.account_id
    await practice.execute(county.woman_account, GiveConsent(patient_id=county.woman, purpose="care", text_version=VERSION))
    assert await Consent.filter(patient_id=county.woman).count() == 2


async def test_an_old_text_is_not_consented_to(practice: Practice):
    county = await seed_small(practice)
    with pytest.raises(ConsentOutdated) as outdated:
        await practice.execute(county.woman_account, GiveConsent(patient_id=county.woman, purpose="consultation", text_version="2019.1"))
    assert CURRENT["consultation"] in outdated.value.message


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
    assert not await holds(practice, county.old_man, "consultation")
    await practice.execute(doctor, order(await paper(practice, county.old_man)))
    row = await Consent.get(patient_id=county.old_man)
    assert (row.given_as, row.channel) == ("village_doctor", "wecom_app")
    assert row.evidence_blob_id
    assert await holds(practice, county.old_man, "consultation")


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
    assert (await Consent.get(patient_id=child.patient_id)).given_as == "guardian"


async def test_withdrawn_is_withdrawn_and_kept(practice: Practice):
    county = await seed_small(practice)
    await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose="care"))
    assert not await holds(practice, county.woman, "care")
    with pytest.raises(ConsentMissing):
        await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose="care"))
    await practice.execute(county.woman_account, GiveConsent(patient_id=county.woman, purpose="care", text_version=VERSION))
    (patient,) = (await practice.ask(county.woman_account, Me())).patients
    assert [consent.withdrawn_at is None for consent in patient.consents].count(True) == 2
    assert len(patient.consents) == 3
    assert patient.care_needs == ()


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
    assert not await holds(practice, county.old_man, "care")
    assert (await practice.ask(county.village_doctor, PaperTarget(patient_id=county.old_man))).patient_id == county.old_man
    assert (await practice.execute(county.village_doctor, order)).done
    for row in await Consent.filter(patient_id=county.old_man):  # The sheet carries both texts, each signed.
        assert (row.given_as, row.evidence_blob_id, row.text_version) == ("village_doctor", stored.id, CURRENT[row.purpose])
    assert await Consent.filter(patient_id=county.old_man).count() == 2
    again = await practice.blobs.put(practice.ids.new(), "patient", county.old_man, b"another")
    assert not (await practice.execute(county.village_doctor, order.model_copy(update={"blob_id": again.id}))).done
    assert not await Blob.filter(id=again.id).exists()


def child_order(birth: date) -> RegisterPatient:
    return RegisterPatient(relation="child", full_name="刘乐乐", id_number=id_number(birth, 7))


def give(patient_id: str, purpose: PurposeCode) -> GiveConsent:
    return GiveConsent(patient_id=patient_id, purpose=purpose, text_version=CURRENT[purpose])


async def test_care_needs_the_general_and_the_separate_consent(practice: Practice):
    county = await seed_small(practice)
    book = BookSlot(slot_id=county.slots[0], patient_id=county.woman)
    await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose="sensitive"))
    with pytest.raises(ConsentMissing):
        await practice.execute(county.woman_account, book)
    (me,) = (await practice.ask(county.woman_account, Me())).patients
    assert me.care_needs == ("sensitive",)
    await practice.execute(county.woman_account, give(county.woman, "sensitive"))
    await practice.execute(county.woman_account, book)


async def test_beyond_the_care_nothing_is_given_unless_it_was_given(practice: Practice):
    county = await seed_small(practice)
    for purpose in ("recording", "research", "teaching"):
        assert not await holds(practice, county.woman, purpose)
        await practice.execute(county.woman_account, give(county.woman, purpose))
        assert await holds(practice, county.woman, purpose)
        await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose=purpose))
        assert not await holds(practice, county.woman, purpose)
    await require_care(work_of(practice), county.woman)


async def test_under_fourteen_the_guardians_alone_counts_and_at_fourteen_it_changes(practice: Practice, clock: ManualClock):
    county = await seed_small(practice)
    mother, aunt = await visitor(practice, "mother"), await visitor(practice, "aunt")
    child = (await practice.execute(mother, child_order(date(2012, 11, 25)))).patient_id
    with pytest.raises(RecordNeedsConfirmation) as refused:
        await practice.execute(aunt, child_order(date(2012, 11, 25)).model_copy(update={"relation": "other"}))
    code = refused.value.fields["claim_code"]
    await practice.execute(mother, ConfirmAccount(patient_id=child, claim_code=code))
    for purpose in ("care", "children", "consultation"):
        with pytest.raises(ConsentOfGuardian):
            await practice.execute(aunt, give(child, purpose))
    with pytest.raises(ConsentWrongAge):
        await practice.execute(mother, give(child, "sensitive"))
    await practice.execute(mother, give(child, "care"))
    with pytest.raises(ConsentMissing):
        await require_care(work_of(practice), child)
    await practice.execute(mother, give(child, "children"))
    await require_care(work_of(practice), child)
    with pytest.raises(ConsentOfGuardian):
        await practice.execute(aunt, WithdrawConsent(patient_id=child, purpose="care"))
    clock.advance(days=5)  # Fourteen.
    with pytest.raises(ConsentMissing):
        await require_care(work_of(practice), child)
    with pytest.raises(ConsentWrongAge):
        await practice.execute(mother, give(child, "children"))
    await CareRelation.create(
        id=practice.ids.new(), account_id=county.stranger.account_id, patient_id=child, relation="self", self_of_id=child,
        created_at=clock.now(), guardian=False,
    )
    await practice.execute(county.stranger, give(child, "sensitive"))
    await require_care(work_of(practice), child)
    assert (await Consent.get(patient_id=child, purpose="sensitive")).given_as == "self"
    with pytest.raises(ConsentOfGuardian):
        await practice.execute(county.stranger, give(child, "research"))
    await practice.execute(mother, give(child, "research"))
    assert await holds(practice, child, "research")
    clock.advance(days=4 * 365 + 2)  # Eighteen: what the mother allowed beyond the care is his to allow now.
    assert not await holds(practice, child, "research")
    assert await holds(practice, child, "care")
    with pytest.raises(NotAllowed):
        await practice.execute(mother, give(child, "care"))


async def test_of_age_some_things_are_the_patients_alone(practice: Practice):
    county = await seed_small(practice)
    daughter = await visitor(practice, "daughter")
    with pytest.raises(RecordNeedsConfirmation) as refused:
        await practice.execute(daughter, RegisterPatient(relation="mother", full_name="李秀英", id_number=id_number(date(1975, 7, 1), 22)))
    code = refused.value.fields["claim_code"]
    await practice.execute(county.woman_account, ConfirmAccount(patient_id=county.woman, claim_code=code))
    for purpose in ("recording", "research", "teaching"):
        with pytest.raises(ConsentIsThePatients):
            await practice.execute(daughter, give(county.woman, purpose))
    await practice.execute(daughter, give(county.woman, "consultation"))
    assert (await Consent.get(patient_id=county.woman, purpose="consultation")).given_as == "proxy"
    view = await practice.ask(county.woman_account, Consents(patient_id=county.woman))
    lines = {line.purpose: line for line in view.lines}
    assert "children" not in lines
    told = lines["consultation"].standing
    assert told is not None
    text = await practice.ask(daughter, CurrentConsentText(purpose="consultation"))
    assert (told.given_as_label, told.sha256, told.channel) == ("家人", text.sha256, "mini_program")
    assert told.given_by.startswith("微信用户")
    assert (lines["research"].standing, lines["research"].may_give, lines["research"].needed) == (None, True, False)
    theirs = {line.purpose: line for line in (await practice.ask(daughter, Consents(patient_id=county.woman))).lines}
    assert not theirs["research"].may_give
    assert "本人" in theirs["research"].why_not
    await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose="consultation"))
    row = await Consent.get(patient_id=county.woman, purpose="consultation")
    assert (row.withdrawn_as, row.withdrawn_by) == ("self", county.woman_account.account_id)


async def test_the_village_doctor_takes_back_for_who_tells_her_so(practice: Practice):
    county = await seed_small(practice)
    signed = await paper(practice, county.old_man)
    await practice.execute(county.village_doctor, give(county.old_man, "consultation").model_copy(update={"evidence_blob_id": signed}))
    await practice.execute(county.village_doctor, WithdrawConsent(patient_id=county.old_man, purpose="consultation"))
    assert not await holds(practice, county.old_man, "consultation")
    for stranger in (county.stranger, county.duty_doctor, county.experts[0]):
        with pytest.raises(NotAllowed):
            await practice.ask(stranger, Consents(patient_id=county.old_man))


async def test_given_by_two_at_once_it_is_given_once(practice: Practice):
    county = await seed_small(practice)
    order = give(county.woman, "teaching")
    await asyncio.gather(*(practice.execute(county.woman_account, order) for _ in range(6)))
    assert await Consent.filter(patient_id=county.woman, purpose="teaching").count() == 1


def allowed(purpose: PurposeCode, giver: Giver, age: int) -> bool:
    try:
        check_giver(purpose, giver, age)
    except (TooYoung, ConsentOfGuardian, ConsentIsThePatients, ConsentWrongAge):
        return False
    return True


def test_who_may_consent_to_what_at_every_age():
    for age in range(121):
        for purpose in PURPOSES:
            given = {giver for giver in Giver if allowed(purpose, giver, age)}
            if purpose == "children":
                assert given == ({Giver.GUARDIAN, Giver.PAPER} if age < 14 else set())
            elif purpose == "sensitive" and age < 14:
                assert not given
            elif age < 14:
                assert given == {Giver.GUARDIAN, Giver.PAPER}
            elif age < 18:
                own = purpose not in ("research", "teaching")
                assert given == {Giver.GUARDIAN, Giver.PAPER, *([Giver.SELF] if own else [])}
            else:
                by_proxy = purpose in ("care", "sensitive", "consultation")
                assert given - {Giver.GUARDIAN} == {Giver.SELF, Giver.PAPER, *([Giver.PROXY] if by_proxy else [])}
        assert set(care_purposes(age)) <= set(PURPOSES)
        for giver in Giver:
            refused = (giver is Giver.SELF and age < 14) or (giver is Giver.PROXY and age < 18)
            if refused:
                with pytest.raises((TooYoung, ConsentOfGuardian)):
                    check_withdrawer(giver, age)
            else:
                check_withdrawer(giver, age)
