"""Patient, consent and material come in, in any order, from several hands."""

from __future__ import annotations

import pytest

from core.consultations.commands import AttachConsent, CancelConsultation, ConfirmPatient, Status, UploadTarget
from core.consultations.errors import ConsentNotAPicture, ConsultationClosed
from core.consultations.models import Consultation, TimelineEntry
from core.foundation.errors import NotAllowed
from core.foundation.models import Blob
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.commands_consents import GiveConsent
from core.people.commands_views import Me
from core.people.consent_texts import CURRENT
from core.people.models import Consent
from core.people.service import has_consent
from tests.core.dispatch.ward import CRITICAL, URGENT, Ward, open_ward
from tests.support.county import SYSTEM


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice, hearts=1)


async def test_paper_consent_is_kept_with_the_patients_record(ward: Ward) -> None:
    asked = await ward.request(URGENT)
    blob = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", ward.county.old_man, b"\xff\xd8 paper")

    status = await ward.practice.execute(ward.county.village_doctor, AttachConsent(
        consultation_id=asked.consultation_id, blob_id=blob.id, media_type="image/jpeg", size=blob.size, sha256=blob.sha256
    ))

    assert status.missing == ("patient", "material")
    assert await has_consent(Work(ward.practice, SYSTEM, Me()), ward.county.old_man, "consultation")
    assert (await Consent.get(patient_id=ward.county.old_man)).evidence_blob_id == blob.id
    again = await ward.request(CRITICAL)
    assert again.missing == ("patient", "material")


async def test_a_second_photo_is_kept_beside_the_first(ward: Ward) -> None:
    asked = await ward.request(URGENT)
    photos = [await ward.practice.blobs.put(ward.practice.ids.new(), "patient", ward.county.old_man, b"\xff\xd8 page %d" % page) for page in (1, 2)]
    same = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", ward.county.old_man, b"\xff\xd8 page 2")
    for photo in (*photos, photos[1], same):
        await ward.practice.execute(ward.county.village_doctor, AttachConsent(
            consultation_id=asked.consultation_id, blob_id=photo.id, media_type="image/jpeg", size=photo.size, sha256=photo.sha256
        ))

    assert {row.id for row in await Blob.all()} == {photo.id for photo in photos}
    assert (await Consent.get(patient_id=ward.county.old_man)).evidence_blob_id == photos[0].id
    assert (await Consultation.get(id=asked.consultation_id)).consent_blob_id == photos[0].id
    assert [kind for kind in await ward.timeline(asked.consultation_id) if kind.startswith("consent.")] == ["consent.attached", "consent.added"]


async def test_consent_is_a_picture(ward: Ward) -> None:
    asked = await ward.request(URGENT)
    with pytest.raises(ConsentNotAPicture):
        await ward.practice.execute(ward.county.village_doctor, AttachConsent(
            consultation_id=asked.consultation_id, blob_id=ward.practice.ids.new(), media_type="text/html", size=1, sha256="0" * 64
        ))
    assert (await Consultation.get(id=asked.consultation_id)).consented_at is None


async def test_a_patient_who_consents_in_his_own_app_is_noticed(ward: Ward) -> None:
    asked = await ward.request(URGENT, number=5)
    assert "consent" in asked.missing

    await ward.practice.execute(
        ward.county.woman_account, GiveConsent(patient_id=ward.county.woman, purpose="consultation", text_version=CURRENT["consultation"])
    )
    worker = OutboxWorker(ward.practice, "send", "test")
    ward.clock.advance(seconds=1)
    while await worker.work_once():
        pass

    assert (await Consultation.get(id=asked.consultation_id)).consented_at is not None
    assert "consent.on_record" in await ward.timeline(asked.consultation_id)


async def test_words_of_the_patient_lie_sealed(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    row = await Consultation.get(id=asked.consultation_id)
    entry = await TimelineEntry.get(consultation_id=row.id, kind="requested")

    for sealed in (row.complaint, row.picture, entry.words):
        assert sealed is not None
        assert "胸痛".encode() not in bytes(sealed)
    assert entry.ids == {"urgency": "critical", "department": "03.04"}


async def test_nothing_is_added_to_a_closed_consultation(ward: Ward) -> None:
    asked = await ward.request(URGENT)
    doctor = ward.county.village_doctor
    await ward.practice.execute(doctor, CancelConsultation(consultation_id=asked.consultation_id, reason="不用了"))

    with pytest.raises(ConsultationClosed) as refused:
        await ward.practice.execute(doctor, ConfirmPatient(consultation_id=asked.consultation_id))

    assert asked.code in refused.value.message
    assert "已取消" in refused.value.message


async def test_only_the_doctor_who_asked_adds_to_it(ward: Ward) -> None:
    asked = await ward.request(URGENT)
    for actor in (ward.hearts[0], ward.county.scheduler, ward.county.woman_account):
        with pytest.raises(NotAllowed):
            await ward.practice.execute(actor, ConfirmPatient(consultation_id=asked.consultation_id))
        with pytest.raises(NotAllowed):
            await ward.practice.ask(actor, UploadTarget(consultation_id=asked.consultation_id))
    target = await ward.practice.ask(ward.county.village_doctor, UploadTarget(consultation_id=asked.consultation_id))
    assert target.patient_id == ward.county.old_man


async def test_the_system_reads_a_status_for_each_reader(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    views = {
        reader: await ward.practice.ask(SYSTEM, Status(consultation_id=asked.consultation_id, reader=reader))
        for reader in ("village_doctor", "patient", "expert", "desk", "group")
    }

    assert "罗大山" in (views["village_doctor"].patient or "")
    assert views["group"].patient is None
    assert views["group"].number == 3
    assert views["desk"].patient is None
    assert len(asked.code) == 6
    assert asked.code.startswith("C-")
