"""改时间, 要资料 and a reason in the expert's own words: who may, what both sides are told, what the reminders do then."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.consultations.commands import BeginConsultation, Progress, ReturnConsultation
from core.consultations.commands_arranging import (
    AgreeTime,
    AnswerNoMaterial,
    MaterialRequests,
    ProposeTime,
    ReadMaterialRequest,
    RequestMaterial,
)
from core.consultations.errors import MaterialNotToBeAsked, ProposalOver, RequestOver, TimeNotToBeMoved, TimeOutOfRange, TooManyRequests
from core.consultations.models import Consultation, MaterialRequest, TimelineEntry, TimeProposal
from core.consultations.service import material_arrived
from core.dispatch.commands import DeclineOffer
from core.dispatch.models import ExpertOffer
from core.foundation.actor import Actor
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.models import DueWork
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.matching.models import Conflict
from core.notifications.models import Notification
from tests.core.dispatch.ward import CRITICAL, EMERGENT, URGENT, Ward
from tests.support.consulting import ready
from tests.support.county import NUMBER_WITH_WECHAT, SYSTEM

pytestmark = pytest.mark.storage


async def taken(ward: Ward, text: str = URGENT, number: int = 3) -> tuple[str, Actor]:
    """A consultation that an expert took and that has not begun."""
    asked = await ward.request(text, number=number)
    await ready(ward, asked.consultation_id)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    return asked.consultation_id, ward.who(offer)


async def beginning(consultation_id: str) -> list[tuple[str, Any]]:
    rows = await DueWork.filter(kind="consultations.beginning", ref=consultation_id, state="pending").order_by("due_at")
    return [(row.step, row.due_at) for row in rows]


async def test_an_agreed_time_moves_the_reminders(ward: Ward) -> None:
    consultation_id, expert = await taken(ward, number=NUMBER_WITH_WECHAT)
    doctor, at = ward.county.village_doctor, ward.clock.now() + timedelta(hours=5)

    proposed = await ward.practice.execute(expert, ProposeTime(consultation_id=consultation_id, at=at))
    assert (proposed.state, proposed.by) == ("open", "expert")
    assert (await ward.told(doctor))[-1] == "time.proposed"
    assert (await ward.told(ward.county.woman_account))[-1] == "consultation.progress_patient/time_proposed"
    with pytest.raises(ProposalOver):
        await ward.practice.execute(expert, AgreeTime(consultation_id=consultation_id, proposal_id=proposed.proposal_id))
    agree = AgreeTime(consultation_id=consultation_id, proposal_id=proposed.proposal_id)
    with pytest.raises(NotAllowed):
        await ward.practice.execute(ward.county.scheduler, agree)
    assert (await ward.practice.execute(doctor, agree)).state == "agreed"
    assert (await ward.practice.execute(doctor, agree)).state == "agreed"

    assert (await ward.row(consultation_id)).meets_at == at
    assert await beginning(consultation_id) == [("0", at - timedelta(minutes=15)), ("1", at + timedelta(minutes=10))]
    assert (await ward.told(expert))[-1] == "consultation.progress/time_agreed"
    status = (await ward.practice.ask(doctor, Progress())).consultations[0]
    assert "约好" in status.next
    await ward.pass_time(hours=4, minutes=30)
    assert "consultation.progress/not_begun" not in await ward.told(doctor)
    await ward.pass_time(minutes=20)
    assert (await ward.told(doctor))[-1] == "consultation.progress/meets_soon"
    assert (await ward.told(expert))[-1] == "consultation.progress/meets_soon"
    await ward.pass_time(minutes=21)
    assert (await ward.told(doctor))[-1] == "consultation.progress/not_begun"


async def test_the_other_side_may_want_another_time(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    doctor, now = ward.county.village_doctor, ward.clock.now()
    first = await ward.practice.execute(expert, ProposeTime(consultation_id=consultation_id, at=now + timedelta(hours=2)))
    wish = now + timedelta(hours=3)
    second = await ward.practice.execute(doctor, ProposeTime(consultation_id=consultation_id, at=wish))
    assert second.by == "village_doctor"
    assert (await ward.told(expert))[-1] == "time.proposed"
    with pytest.raises(ProposalOver):
        await ward.practice.execute(doctor, AgreeTime(consultation_id=consultation_id, proposal_id=first.proposal_id))
    said_the_same = await ward.practice.execute(expert, ProposeTime(consultation_id=consultation_id, at=wish))
    assert (said_the_same.proposal_id, said_the_same.state) == (second.proposal_id, "agreed")
    assert sorted(await TimeProposal.all().values_list("state", flat=True)) == ["agreed", "over"]


async def test_two_who_agree_and_propose_at_once_leave_one_time(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    doctor, now = ward.county.village_doctor, ward.clock.now()
    first = await ward.practice.execute(expert, ProposeTime(consultation_id=consultation_id, at=now + timedelta(hours=2)))
    orders = [
        (doctor, AgreeTime(consultation_id=consultation_id, proposal_id=first.proposal_id)),
        (expert, ProposeTime(consultation_id=consultation_id, at=now + timedelta(hours=4))),
        (doctor, ProposeTime(consultation_id=consultation_id, at=now + timedelta(hours=3))),
    ]
    await asyncio.gather(*(given(ward.practice, actor, order) for actor, order in orders))
    assert await TimeProposal.filter(state="open").count() <= 1
    assert len([step for step, _ in await beginning(consultation_id) if step == "1"]) == 1


async def given(practice: Practice, actor: Actor, order: Any) -> str:
    try:
        await practice.execute(actor, order)
    except DomainError as refusal:
        return refusal.code
    return "done"


@pytest.mark.parametrize("line", [CRITICAL, EMERGENT])
async def test_an_emergency_is_not_put_off(ward: Ward, line: str) -> None:
    asked = await ward.request(line)
    offer = (await ward.offers(asked.consultation_id))[0]
    order = ProposeTime(consultation_id=asked.consultation_id, at=ward.clock.now() + timedelta(hours=1))
    with pytest.raises(TimeNotToBeMoved):
        await ward.practice.execute(ward.county.village_doctor, order)
    await ward.accept(offer)
    with pytest.raises(TimeNotToBeMoved) as refused:
        await ward.practice.execute(ward.who(offer), order)
    assert "现在就联系" in refused.value.message
    assert await TimeProposal.all().count() == 0


async def test_a_time_that_is_over_or_far_away_is_refused_and_what_is_given_back_has_none(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    now = ward.clock.now()
    for at in (now, now - timedelta(hours=1), now + timedelta(days=15)):
        with pytest.raises(TimeOutOfRange):
            await ward.practice.execute(expert, ProposeTime(consultation_id=consultation_id, at=at))
    made = await ward.practice.execute(expert, ProposeTime(consultation_id=consultation_id, at=now + timedelta(hours=2)))
    await ward.practice.execute(ward.county.village_doctor, AgreeTime(consultation_id=consultation_id, proposal_id=made.proposal_id))
    await ward.practice.execute(expert, ProposeTime(consultation_id=consultation_id, at=now + timedelta(hours=3)))
    await ward.practice.execute(expert, ReturnConsultation(consultation_id=consultation_id, reason="突发手术"))
    assert (await ward.row(consultation_id)).meets_at is None
    assert await TimeProposal.filter(state="open").count() == 0
    assert await beginning(consultation_id) == []


async def test_what_the_expert_wants_is_open_until_material_comes(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    doctor = ward.county.village_doctor
    with pytest.raises(NotAllowed):
        await ward.practice.execute(doctor, RequestMaterial(consultation_id=consultation_id, wanted="心电图"))
    made = await ward.practice.execute(expert, RequestMaterial(consultation_id=consultation_id, wanted="心电图、血糖"))
    assert (await ward.told(doctor))[-1] == "material.requested"
    for who in (doctor, expert):
        assert [one.wanted for one in (await ward.practice.ask(who, MaterialRequests())).requests] == ["心电图、血糖"]
    assert (await ward.practice.ask(SYSTEM, ReadMaterialRequest(request_id=made.request_id))).code == made.code
    stored = await MaterialRequest.get(id=made.request_id)
    assert "心电图".encode() not in bytes(stored.wanted)
    for number in range(4):
        await ward.practice.execute(expert, RequestMaterial(consultation_id=consultation_id, wanted=f"第{number}项"))
    with pytest.raises(TooManyRequests):
        await ward.practice.execute(expert, RequestMaterial(consultation_id=consultation_id, wanted="再要一项"))

    work = Work(ward.practice, SYSTEM, RequestMaterial(consultation_id=consultation_id, wanted="心电图"))
    await material_arrived(work, consultation_id, ward.practice.ids.new())

    assert set(await MaterialRequest.all().values_list("state", flat=True)) == {"arrived"}
    with pytest.raises(RequestOver):
        await ward.practice.execute(doctor, AnswerNoMaterial(consultation_id=consultation_id, request_id=made.request_id, reason="没有设备"))


async def test_there_is_none_with_the_reason_once(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    doctor = ward.county.village_doctor
    made = await ward.practice.execute(expert, RequestMaterial(consultation_id=consultation_id, wanted="肌钙蛋白"))
    order = AnswerNoMaterial(consultation_id=consultation_id, request_id=made.request_id, reason="卫生室做不了")
    with pytest.raises(NotAllowed):
        await ward.practice.execute(expert, order)
    outcomes = await asyncio.gather(*(given(ward.practice, doctor, order) for _ in range(3)))
    assert sorted(outcomes) == ["consultation.request_over"] * 2 + ["done"]
    assert (await ward.told(expert))[-1] == "material.not_there"
    assert (await ward.practice.ask(doctor, MaterialRequests())).requests == ()
    entry = await TimelineEntry.get(kind="material.not_there")
    assert "做不了".encode() not in bytes(entry.words or b"")
    said = await ward.practice.ask(SYSTEM, ReadMaterialRequest(request_id=made.request_id))
    assert (said.state, said.answer) == ("none", "卫生室做不了")


async def test_nothing_is_asked_for_before_it_is_taken_or_of_what_is_somebody_elses(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    order = RequestMaterial(consultation_id=asked.consultation_id, wanted="心电图")
    with pytest.raises(NotAllowed):
        await ward.practice.execute(ward.who(offer), order)
    await ward.accept(offer)
    await ward.practice.execute(ward.who(offer), order)
    await ward.practice.execute(ward.who(offer), BeginConsultation(consultation_id=asked.consultation_id, manner="phone"))
    await ward.practice.execute(ward.who(offer), order)
    await Consultation.filter(id=asked.consultation_id).update(state="COMPLETED")
    with pytest.raises(MaterialNotToBeAsked):
        await ward.practice.execute(ward.who(offer), order)


async def test_a_reason_in_words_is_kept_sealed_and_is_no_conflict(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    order = DeclineOffer(offer_id=offer.id, reason="other", words="孩子发烧要去医院")
    await ward.practice.execute(ward.who(offer), order)
    kept = await ExpertOffer.get(id=offer.id)
    assert (kept.state, kept.decline_reason) == ("declined", "other")
    entry = await TimelineEntry.get(kind="offer.declined_why")
    sealer = await ward.practice.keys.sealer("patient", ward.county.old_man)
    assert sealer.open("timeline_entry", "words", entry.id, bytes(entry.words or b"")) == "孩子发烧要去医院"
    assert await Conflict.all().count() == 0
    assert "孩子" not in str(await Notification.all().values())
