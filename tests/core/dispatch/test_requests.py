"""会诊 3号 …: what a village doctor's line sets going."""

from __future__ import annotations

from typing import Any

import pytest

from core.consultations.commands import AttachConsent, ConfirmPatient, WaiveMaterial
from core.dispatch.commands import Offer, RequestConsultation
from core.foundation.errors import NotAllowed
from core.foundation.practice import EngineAway
from core.intake.errors import RulesUnsigned
from core.notifications.models import Notification
from core.people.errors import PatientNotListed
from tests.core.dispatch.ward import CRITICAL, EMERGENT, ROUTINE, URGENT, Ward


async def test_a_critical_line_calls_three_experts_and_the_desk_in_the_same_breath(ward: Ward) -> None:
    answer = await ward.request(CRITICAL)

    assert answer.do_now[0] == "先打 120 并准备转运"
    assert answer.do_now[1:3] == ("血压低,平卧", "马上做心电图")
    assert "平卧,不要走动" in answer.do_now
    assert (answer.urgency_label, answer.asked, answer.offer_s, answer.desk_called) == ("危急", 3, 60, True)
    assert answer.department == "心血管内科"
    assert answer.missing == ("patient", "consent", "material")
    assert not answer.rules_signed
    row = await ward.row(answer.consultation_id)
    assert (row.state, row.experts_asked) == ("PENDING", 3)
    assert await ward.timeline(row.id) == ["requested", "dispatch.emergency", "wave.asked", "desk.called"]
    assert await ward.told(ward.county.scheduler) == ["desk.called"]
    assert await ward.told(ward.county.village_doctor) == ["consultation.todo"]
    for offer in await ward.offers(row.id):
        assert await ward.told(ward.who(offer)) == ["offer.card"]


async def test_what_was_typed_and_what_was_computed_combine_by_the_more_severe(ward: Ward) -> None:
    assert (await ward.request("胸痛2小时 出冷汗 不急")).urgency == "critical"
    assert (await ward.request(EMERGENT)).urgency == "emergent"
    assert (await ward.request("看不懂的一句话")).urgency == "routine"


async def test_an_emergent_line_calls_two_for_two_minutes(ward: Ward) -> None:
    answer = await ward.request(EMERGENT)

    assert (answer.asked, answer.offer_s, answer.desk_called) == (2, 120, False)
    assert "120" in answer.do_now[0]


async def test_lower_levels_wait_for_patient_consent_and_material(ward: Ward) -> None:
    answer = await ward.request(URGENT)
    assert (answer.asked, answer.do_now) == (0, ())
    doctor, row = ward.county.village_doctor, await ward.row(answer.consultation_id)
    assert row.state == "DRAFT"

    status = await ward.practice.execute(doctor, ConfirmPatient(consultation_id=row.id))
    assert status.missing == ("consent", "material")
    assert "知情同意" in status.next
    blob = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", row.patient_id, b"\xff\xd8 paper")
    await ward.practice.execute(
        doctor, AttachConsent(consultation_id=row.id, blob_id=blob.id, media_type="image/jpeg", size=blob.size, sha256=blob.sha256)
    )
    assert (await ward.row(row.id)).state == "DRAFT"

    status = await ward.practice.execute(doctor, WaiveMaterial(consultation_id=row.id))

    assert (status.state, status.missing, status.experts_asked) == ("PENDING", (), 1)
    assert len(await ward.offers(row.id)) == 1
    assert (await ward.timeline(row.id))[-3:] == ["requirements.complete", "dispatch", "wave.asked"]


async def test_what_comes_in_an_emergency_is_entered_and_the_search_goes_on_undisturbed(ward: Ward) -> None:
    answer = await ward.request(CRITICAL)
    doctor = ward.county.village_doctor

    first = await ward.practice.execute(doctor, ConfirmPatient(consultation_id=answer.consultation_id))
    again = await ward.practice.execute(doctor, ConfirmPatient(consultation_id=answer.consultation_id))

    assert first.missing == again.missing == ("consent", "material")
    assert (await ward.timeline(answer.consultation_id)).count("patient.confirmed") == 1
    assert len(await ward.offers(answer.consultation_id)) == 3


async def test_nobody_on_the_list_by_that_number(ward: Ward) -> None:
    with pytest.raises(PatientNotListed) as refused:
        await ward.request(CRITICAL, number=99)
    assert "99号" in refused.value.message


async def test_only_a_village_doctor_asks(ward: Ward) -> None:
    for actor in (ward.hearts[0], ward.county.woman_account, ward.county.scheduler):
        with pytest.raises(NotAllowed):
            await ward.practice.execute(actor, RequestConsultation(number=3, text=CRITICAL))


async def test_without_an_engine_the_line_is_refused_with_try_again(ward: Ward) -> None:
    ward.practice.engines.clinical = None
    with pytest.raises(EngineAway):
        await ward.request(CRITICAL)


async def test_unsigned_rules_run_in_the_demonstration_only(ward: Ward) -> None:
    ward.practice.demo = False
    with pytest.raises(RulesUnsigned):
        await ward.request(CRITICAL)


async def test_the_card_says_why_him_and_names_nobody(ward: Ward) -> None:
    answer = await ward.request(CRITICAL)
    offer = (await ward.offers(answer.consultation_id))[0]

    card = await ward.practice.ask(ward.who(offer), Offer(offer_id=offer.id))

    assert card.headline == "胸痛 2 小时、出冷汗"
    assert (card.patient, card.place, card.vitals) == ("58 岁 男", "平塘县 · 村医 吴医生", "血压 90/60")
    assert card.why_you.startswith("I20–I25 专长")
    assert "罗大山" not in card.model_dump_json()
    with pytest.raises(NotAllowed):
        await ward.practice.ask(ward.county.experts[3], Offer(offer_id=offer.id))


async def test_a_routine_line_at_night_asks_in_the_morning(ward: Ward) -> None:
    doctor = ward.county.village_doctor
    ward.clock.advance(hours=10)
    answer = await ward.request(ROUTINE)
    row = await ward.row(answer.consultation_id)
    blob = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", row.patient_id, b"\xff\xd8 paper")
    await ward.practice.execute(doctor, ConfirmPatient(consultation_id=row.id))
    await ward.practice.execute(
        doctor, AttachConsent(consultation_id=row.id, blob_id=blob.id, media_type="image/png", size=blob.size, sha256=blob.sha256)
    )
    status = await ward.practice.execute(doctor, WaiveMaterial(consultation_id=row.id))
    assert "工作时间" in status.next
    assert await ward.offers(row.id) == []

    await ward.pass_time(hours=11, minutes=59)
    assert await ward.offers(row.id) == []
    await ward.pass_time(minutes=2)

    assert len(await ward.offers(row.id)) == 1


async def test_the_patient_with_wechat_and_the_group_hear_of_it_without_a_name(ward: Ward) -> None:
    conversation, message = ward.practice.ids.new(), ward.practice.ids.new()
    answer = await ward.request(CRITICAL, number=5, conversation_id=conversation, message_id=message)
    assert await ward.told(ward.county.woman_account) == ["consultation.progress_patient/asked"]

    await ward.accept((await ward.offers(answer.consultation_id))[0])

    assert await ward.told(ward.county.woman_account) == ["consultation.progress_patient/asked", "consultation.progress_patient/accepted"]
    group = await Notification.filter(conversation_id=conversation)
    assert [(one.kind, one.ids["step"], one.ids["message_id"]) for one in group] == [("consultation.group", "accepted", message)]


async def test_the_line_of_the_story_as_the_real_engine_reads_it(ward: Ward, clinical: Any) -> None:
    ward.practice.engines.clinical = clinical

    answer = await ward.request("胸痛2小时 出冷汗 血压90/60 紧急")

    assert answer.urgency == "critical"
    assert answer.do_now[0] == "先打 120 并准备转运"
    assert answer.do_now[1:3] == ("血压低,平卧", "马上做心电图")
    assert not [line for line in answer.do_now if "坐" in line]
    assert sum("身边" in line for line in answer.do_now) == 1, "not to leave him is said once"
    assert answer.department == "心血管内科"
    assert (answer.asked, answer.desk_called) == (3, True)
    offer = (await ward.offers(answer.consultation_id))[0]
    card = await ward.practice.ask(ward.who(offer), Offer(offer_id=offer.id))
    assert "胸痛" in card.headline
    assert "2 小时" in card.headline
    assert card.vitals.startswith("血压 90/60")
