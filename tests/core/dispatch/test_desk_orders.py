"""The duty desk's orders: who waits and who could be asked, 指派, 改派 (only one may), 催办 (not more than once in two minutes)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.consultations.commands import BeginConsultation, CancelConsultation
from core.dispatch.commands import AskExpert, DeclineOffer
from core.dispatch.commands_desk import ExpertsNow, NudgeConsultation, ReassignConsultation, WaitingCases
from core.dispatch.errors import ExpertExcluded, NobodyToNudge, NothingToReassign, NudgedJustNow, SameExpert
from core.dispatch.models import ExpertOffer
from core.foundation.actor import Actor
from core.foundation.errors import DomainError, NotAllowed
from core.matching.commands import RecordConflict
from tests.core.dispatch.ward import CRITICAL, EMERGENT, URGENT, Ward
from tests.support.county import NUMBER_WITH_WECHAT, SYSTEM

pytestmark = pytest.mark.storage
WHY = "突发手术"


async def taken(ward: Ward) -> tuple[str, ExpertOffer]:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    return asked.consultation_id, offer


def others(ward: Ward, offer: ExpertOffer) -> list[Actor]:
    return [one for one in ward.hearts if one.practitioner_id != offer.practitioner_id]


async def test_the_desk_sees_who_waits_most_dangerous_and_oldest_first(ward: Ward) -> None:
    routine = await ward.request(URGENT, number=NUMBER_WITH_WECHAT)
    await ward.pass_time(seconds=10)
    older = await ward.request(EMERGENT)
    await ward.pass_time(seconds=10)
    critical = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    newer = await ward.request(EMERGENT)
    offer = (await ward.offers(older.consultation_id))[0]
    await ward.practice.execute(ward.who(offer), DeclineOffer(offer_id=offer.id, reason="no_time"))

    seen = await ward.practice.ask(ward.county.scheduler, WaitingCases())

    assert [one.code for one in seen.cases] == [critical.code, older.code, newer.code, routine.code]
    assert [one.state for one in seen.cases] == ["PENDING", "PENDING", "PENDING", "DRAFT"]
    assert seen.cases[1].waited_s == 20 - 10
    assert [one.outcome for one in seen.cases[1].asked].count("婉拒(没空)") == 1
    assert "罗大山" not in seen.model_dump_json()
    assert "李秀英" not in seen.model_dump_json()
    with pytest.raises(NotAllowed):
        await ward.practice.ask(ward.county.village_doctor, WaitingCases())


async def test_the_desk_weighs_everybody_at_this_moment(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    knows = ward.hearts[-1]
    await ward.practice.execute(
        SYSTEM, RecordConflict(practitioner_id=knows.practitioner_id or "", patient_id=ward.county.old_man, reason="relative")
    )
    seen = await ward.practice.ask(ward.county.scheduler, ExpertsNow(consultation_id=asked.consultation_id))
    by_id = {one.practitioner_id: one for one in seen.experts}
    assert by_id[knows.practitioner_id or ""].excluded is not None
    offered = (await ward.offers(asked.consultation_id))[0]
    assert by_id[offered.practitioner_id].cautions == ("这次问过:等答复",)
    assert by_id[offered.practitioner_id].excluded is None
    with pytest.raises(NotAllowed):
        await ward.practice.ask(ward.county.village_doctor, ExpertsNow(consultation_id=asked.consultation_id))


async def test_an_expert_asked_twice_at_once_is_asked_once(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    before = set(await ExpertOffer.filter(consultation_id=asked.consultation_id).values_list("practitioner_id", flat=True))
    free = next(one for one in ward.hearts if one.practitioner_id not in before)
    order = AskExpert(consultation_id=asked.consultation_id, practitioner_id=free.practitioner_id or "")
    done = await asyncio.gather(*(ward.practice.execute(ward.county.scheduler, order) for _ in range(4)))
    assert sorted(one.done for one in done) == [False, False, False, True]
    assert await ExpertOffer.filter(consultation_id=asked.consultation_id, practitioner_id=free.practitioner_id).count() == 1


async def test_it_is_taken_from_one_and_another_is_asked_and_all_are_told(ward: Ward) -> None:
    consultation_id, offer = await taken(ward)
    present, wanted = ward.who(offer), others(ward, offer)[-1]
    order = ReassignConsultation(consultation_id=consultation_id, practitioner_id=wanted.practitioner_id or "", reason=WHY)

    for nobody in (ward.county.village_doctor, present, ward.county.administrator):
        with pytest.raises(NotAllowed):
            await ward.practice.execute(nobody, order)
    same = ReassignConsultation(consultation_id=consultation_id, practitioner_id=offer.practitioner_id, reason=WHY)
    with pytest.raises(SameExpert):
        await ward.practice.execute(ward.county.scheduler, same)
    done = await ward.practice.execute(ward.county.scheduler, order)

    assert done.asked != done.taken_from
    row = await ward.row(consultation_id)
    assert (row.state, row.expert_id, row.busy_expert_id) == ("PENDING", None, None)
    assert [one.practitioner_id for one in await ward.offers(consultation_id)] == [wanted.practitioner_id]
    assert (await ward.told(present))[-1] == "consultation.taken_back"
    assert (await ward.told(wanted))[-1] == "offer.card"
    assert (await ward.told(ward.county.village_doctor))[-1] == "consultation.progress/reassigned"
    assert "reassigned" in await ward.timeline(consultation_id)
    await ward.accept((await ward.offers(consultation_id))[0])
    assert (await ward.row(consultation_id)).expert_id == wanted.practitioner_id


async def test_when_the_named_one_does_not_answer_the_search_goes_on(ward: Ward) -> None:
    consultation_id, offer = await taken(ward)
    wanted = others(ward, offer)[-1]
    order = ReassignConsultation(consultation_id=consultation_id, practitioner_id=wanted.practitioner_id or "", reason=WHY)
    await ward.practice.execute(ward.county.scheduler, order)
    await ward.pass_time(minutes=3)
    assert wanted.practitioner_id not in {one.practitioner_id for one in await ward.offers(consultation_id)}
    row = await ward.row(consultation_id)
    assert await ward.offers(consultation_id) or row.alarmed_at is not None


async def test_only_one_of_many_reassigns(ward: Ward) -> None:
    consultation_id, offer = await taken(ward)
    wanted = others(ward, offer)[:4]
    orders = [ReassignConsultation(consultation_id=consultation_id, practitioner_id=one.practitioner_id or "", reason=WHY) for one in wanted]
    outcomes = await asyncio.gather(*(outcome(ward, ward.county.scheduler, order) for order in orders))
    assert sorted(outcomes) == ["dispatch.nothing_to_reassign"] * 3 + ["done"]
    assert len(await ward.offers(consultation_id)) == 1
    assert (await ward.timeline(consultation_id)).count("reassigned") == 1
    with pytest.raises(NothingToReassign) as refused:
        await ward.practice.execute(ward.county.scheduler, orders[0])
    assert "正在请" in refused.value.message


async def outcome(ward: Ward, actor: Actor, order: Any) -> str:
    try:
        await ward.practice.execute(actor, order)
    except DomainError as refusal:
        return refusal.code
    return "done"


async def test_what_has_begun_is_not_taken_away_and_who_is_excluded_is_not_asked(ward: Ward) -> None:
    consultation_id, offer = await taken(ward)
    wanted = others(ward, offer)[0]
    await ward.practice.execute(
        SYSTEM, RecordConflict(practitioner_id=wanted.practitioner_id or "", patient_id=ward.county.old_man, reason="relative")
    )
    order = ReassignConsultation(consultation_id=consultation_id, practitioner_id=wanted.practitioner_id or "", reason=WHY)
    with pytest.raises(ExpertExcluded):
        await ward.practice.execute(ward.county.scheduler, order)
    assert (await ward.row(consultation_id)).expert_id == offer.practitioner_id
    await ward.practice.execute(ward.who(offer), BeginConsultation(consultation_id=consultation_id, manner="phone"))
    with pytest.raises(NothingToReassign):
        await ward.practice.execute(ward.county.scheduler, order)


async def test_who_is_to_act_next_is_nudged_once_in_two_minutes(ward: Ward) -> None:
    draft = await ward.request(URGENT)
    order = NudgeConsultation(consultation_id=draft.consultation_id)
    before = len(await ward.told(ward.county.village_doctor))
    nudged = await ward.practice.execute(ward.county.scheduler, order)
    assert nudged.about == "补资料"
    assert (await ward.told(ward.county.village_doctor))[before:] == ["consultation.todo"]
    await ward.pass_time(seconds=119)
    with pytest.raises(NudgedJustNow) as refused:
        await ward.practice.execute(ward.county.scheduler, order)
    assert refused.value.fields["seconds"] == "1"
    await ward.pass_time(seconds=1)
    await ward.practice.execute(ward.county.scheduler, order)
    assert (await ward.timeline(draft.consultation_id)).count("nudged") == 2


async def test_the_nudge_follows_the_case(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    order = NudgeConsultation(consultation_id=asked.consultation_id)
    offer = (await ward.offers(asked.consultation_id))[0]
    nudged = await ward.practice.execute(ward.county.scheduler, order)
    assert "接诊" in nudged.about
    assert (await ward.told(ward.who(offer))) == ["offer.card", "offer.card"]
    await ward.accept(offer)
    ward.clock.advance(minutes=2)
    assert (await ward.practice.execute(ward.county.scheduler, order)).about == "开始会诊"
    await ward.practice.execute(ward.who(offer), BeginConsultation(consultation_id=asked.consultation_id, manner="phone"))
    ward.clock.advance(minutes=2)
    assert (await ward.practice.execute(ward.county.scheduler, order)).about == "写意见"
    assert (await ward.told(ward.who(offer)))[-1] == "consultation.progress/opinion_wanted"


async def test_two_nudges_at_once_are_one_and_nobody_is_nudged_about_what_is_over(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    order = NudgeConsultation(consultation_id=asked.consultation_id)
    outcomes = await asyncio.gather(*(outcome(ward, ward.county.scheduler, order) for _ in range(4)))
    assert sorted(outcomes) == ["dispatch.nudged_just_now"] * 3 + ["done"]
    await ward.practice.execute(ward.county.village_doctor, CancelConsultation(consultation_id=asked.consultation_id, reason="已送走"))
    ward.clock.advance(minutes=3)
    with pytest.raises(NobodyToNudge):
        await ward.practice.execute(ward.county.scheduler, order)
    with pytest.raises(NotAllowed):
        await ward.practice.execute(ward.county.experts[0], order)


async def test_the_village_doctor_presses_on(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    desk = len(await ward.told(ward.county.scheduler))
    nudged = await ward.practice.execute(ward.county.village_doctor, NudgeConsultation(consultation_id=asked.consultation_id))
    assert nudged.told
    assert (await ward.told(ward.who(offer)))[-1] == "offer.card"
    assert (await ward.told(ward.county.scheduler))[desk:] == ["desk.called"]
    draft = await ward.request(URGENT, number=NUMBER_WITH_WECHAT)
    with pytest.raises(NobodyToNudge) as refused:
        await ward.practice.execute(ward.county.village_doctor, NudgeConsultation(consultation_id=draft.consultation_id))
    assert "补资料" in refused.value.message
