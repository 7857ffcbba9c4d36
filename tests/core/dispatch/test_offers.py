"""An expert answers: exactly one takes it, everybody else gets the domain's answer."""

from __future__ import annotations

import pytest

from core.consultations.commands import CancelConsultation, Progress
from core.consultations.commands_case import Timeline
from core.consultations.errors import ConsultationUnknown
from core.consultations.workflow import IllegalStep
from core.dispatch.commands import AcceptOffer, DeclineOffer, DeferOffer, MyOffers, Ranking
from core.dispatch.errors import ExpertBusy, OfferClosed, OfferExpired, OfferTaken
from core.dispatch.models import ExpertOffer, Search
from core.foundation.errors import NotAllowed
from core.foundation.models import DueWork
from core.matching.models import Conflict
from tests.core.dispatch.ward import CRITICAL, EMERGENT, Ward


async def test_the_first_press_takes_it_and_later_ones_are_told_who_has_it(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    first, second, third = await ward.offers(asked.consultation_id)

    answer = await ward.accept(first)

    assert (answer.state, answer.code) == ("accepted", asked.code)
    row = await ward.row(asked.consultation_id)
    assert (row.state, row.expert_id, row.busy_expert_id) == ("ASSIGNED", first.practitioner_id, first.practitioner_id)
    for late in (second, third):
        with pytest.raises(OfferTaken) as refused:
            await ward.accept(late)
        assert refused.value.message.endswith("已接诊,谢谢您。")
        assert (await ward.told(ward.who(late)))[-1] == "offer.closed"
    assert {one.state for one in await ExpertOffer.filter(id__in=[second.id, third.id])} == {"withdrawn"}
    assert (await ward.told(ward.county.village_doctor))[-1] == "consultation.progress/accepted"
    assert (await ward.timeline(row.id))[-1] == "accept"


async def test_pressing_twice_is_answered_twice_and_happens_once(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]

    assert await ward.accept(offer) == await ward.accept(offer)
    assert (await ward.timeline(asked.consultation_id)).count("accept") == 1


async def test_nothing_is_planned_any_more_once_somebody_has_it(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    await ward.accept((await ward.offers(asked.consultation_id))[0])

    assert (await Search.get(consultation_id=asked.consultation_id)).state == "ended"
    # Of dispatch nothing; what waits is the reminder to begin.
    assert await DueWork.filter(ref=asked.consultation_id, state="pending").values_list("kind", flat=True) == ["consultations.beginning"]
    before = await ward.timeline(asked.consultation_id)
    await ward.pass_time(hours=1)
    assert await ward.timeline(asked.consultation_id) == [*before, "begin.reminded"]


async def test_an_offer_is_for_the_expert_it_was_made_to(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    first, second, _ = await ward.offers(asked.consultation_id)

    for order in (AcceptOffer(offer_id=first.id), DeclineOffer(offer_id=first.id), DeferOffer(offer_id=first.id)):
        with pytest.raises(NotAllowed):
            await ward.practice.execute(ward.who(second), order)


async def test_one_open_consultation_an_expert(ward: Ward) -> None:
    one = await ward.request(EMERGENT)
    other = await ward.request(EMERGENT)
    both = {offer.practitioner_id for offer in await ward.offers(one.consultation_id)} & {
        offer.practitioner_id for offer in await ward.offers(other.consultation_id)
    }
    if not both:
        expert = (await ward.offers(one.consultation_id))[0]
        await ward.accept(expert)
        third = await ward.request(EMERGENT)
        assert expert.practitioner_id not in {offer.practitioner_id for offer in await ward.offers(third.consultation_id)}
        return
    mine = [await ExpertOffer.get(consultation_id=asked.consultation_id, practitioner_id=min(both)) for asked in (one, other)]
    await ward.accept(mine[0])

    with pytest.raises(ExpertBusy) as refused:
        await ward.accept(mine[1])

    assert one.code in refused.value.message


async def test_who_has_a_consultation_is_not_asked_for_another(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    taken = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(taken)

    again = await ward.request(CRITICAL)

    view = await ward.practice.ask(ward.county.scheduler, Ranking(consultation_id=again.consultation_id))
    him = next(one for one in view.experts if one.practitioner_id == taken.practitioner_id)
    assert him.excluded == "正在另一个会诊中"
    assert view.experts[0].excluded is None
    assert any("I20–I25 专长" in reason for reason in view.experts[0].reasons)
    assert [one for one in view.experts if one.excluded == "专业不符(执业范围外)"]


async def test_declining_gives_it_on_at_once_and_the_reason_is_asked_after(ward: Ward) -> None:
    asked = await ward.request(EMERGENT)
    offer, _ = await ward.offers(asked.consultation_id)
    expert = ward.who(offer)

    first = await ward.practice.execute(expert, DeclineOffer(offer_id=offer.id))
    assert first.next.endswith("原因吗?")
    assert len(await ward.offers(asked.consultation_id)) == 2
    assert await ward.timeline(asked.consultation_id) == ["requested", "dispatch.emergency", "wave.asked", "offer.declined", "offer.replaced"]

    second = await ward.practice.execute(expert, DeclineOffer(offer_id=offer.id, reason="knows_patient"))

    assert "认识患者" in second.next
    assert len(await ward.offers(asked.consultation_id)) == 2
    assert await Conflict.filter(practitioner_id=expert.practitioner_id, patient_id=ward.county.old_man).exists()
    with pytest.raises(OfferClosed):
        await ward.accept(offer)


async def test_who_knows_the_patient_is_never_asked_about_him_again(ward: Ward) -> None:
    asked = await ward.request(EMERGENT)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.practice.execute(ward.who(offer), DeclineOffer(offer_id=offer.id, reason="knows_patient"))

    later = await ward.request(CRITICAL)

    view = await ward.practice.ask(ward.county.scheduler, Ranking(consultation_id=later.consultation_id))
    assert next(one for one in view.experts if one.practitioner_id == offer.practitioner_id).excluded == "认识患者,回避"


async def test_five_minutes_keeps_the_offer_and_asks_the_next_meanwhile(ward: Ward) -> None:
    asked = await ward.request(EMERGENT)
    offer, _ = await ward.offers(asked.consultation_id)

    answer = await ward.practice.execute(ward.who(offer), DeferOffer(offer_id=offer.id))
    assert answer.state == "deferred"
    assert len(await ward.offers(asked.consultation_id)) == 2
    await ward.pass_time(minutes=5, seconds=1)
    assert (await ward.told(ward.who(offer))).count("offer.card") == 2

    assert (await ward.accept(offer)).state == "accepted"


async def test_a_press_after_the_time_is_told_so(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.pass_time(seconds=61)

    with pytest.raises(OfferExpired):
        await ward.accept(offer)


async def test_calling_it_off_withdraws_the_cards_and_tells_who_waits(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=5)
    offers = await ward.offers(asked.consultation_id)

    status = await ward.practice.execute(
        ward.county.village_doctor, CancelConsultation(consultation_id=asked.consultation_id, reason="已由 120 转走")
    )

    assert (status.state, status.state_label) == ("CANCELLED", "已取消")
    for offer in offers:
        assert (await ward.told(ward.who(offer)))[-1] == "offer.closed"
        with pytest.raises(OfferClosed) as refused:
            await ward.accept(offer)
        assert "取消" in refused.value.message
    assert (await ward.told(ward.county.woman_account))[-1] == "consultation.progress_patient/cancelled"
    with pytest.raises(IllegalStep):
        await ward.practice.execute(ward.county.village_doctor, CancelConsultation(consultation_id=asked.consultation_id, reason="再取消"))


async def test_my_offers_are_the_open_ones_most_urgent_first(ward: Ward) -> None:
    emergent = await ward.request(EMERGENT)
    critical = await ward.request(CRITICAL)
    seen = [await ward.practice.ask(expert, MyOffers()) for expert in (*ward.hearts, *ward.county.experts)]

    assert sum(len(one.offers) for one in seen) == 5
    for one in seen:
        assert [view.urgency for view in one.offers] == sorted((view.urgency for view in one.offers), key=["critical", "emergent"].index)
    await ward.accept((await ward.offers(critical.consultation_id))[0])
    seen = [await ward.practice.ask(expert, MyOffers()) for expert in (*ward.hearts, *ward.county.experts)]
    assert {view.consultation_id for one in seen for view in one.offers} == {emergent.consultation_id}


async def test_progress_is_seen_as_the_role_allows(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=5)
    first, second, _ = await ward.offers(asked.consultation_id)
    await ward.accept(first)
    seen = {
        name: (await ward.practice.ask(actor, Progress())).consultations
        for name, actor in {
            "doctor": ward.county.village_doctor, "expert": ward.who(first), "other": ward.who(second), "patient": ward.county.woman_account,
            "desk": ward.county.scheduler, "stranger": ward.county.stranger, "pharmacist": ward.county.pharmacist,
        }.items()
    }

    assert [len(seen[name]) for name in ("doctor", "expert", "other", "patient", "desk", "stranger", "pharmacist")] == [1, 1, 0, 1, 1, 0, 0]
    assert "李秀英" in seen["doctor"][0].patient
    assert seen["doctor"][0].number == 5
    assert "李秀英" in seen["expert"][0].patient
    assert seen["expert"][0].number is None
    assert seen["desk"][0].patient is None
    assert seen["patient"][0].next.endswith("村医会带您一起会诊。")
    group = await ward.practice.ask(ward.county.village_doctor, Progress(in_group=True))
    assert group.consultations[0].patient is None
    assert group.consultations[0].number == 5
    with pytest.raises(ConsultationUnknown):
        await ward.practice.ask(ward.county.stranger, Progress(code=asked.code))


async def test_the_timeline_tells_each_reader_his_part(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=5)
    first, second, _ = await ward.offers(asked.consultation_id)
    await ward.practice.execute(ward.who(first), DeclineOffer(offer_id=first.id))
    await ward.accept(second)

    mine = await ward.practice.ask(ward.county.village_doctor, Timeline(consultation_id=asked.consultation_id))
    patients = await ward.practice.ask(ward.county.woman_account, Timeline(consultation_id=asked.consultation_id))

    assert mine.complaint == CRITICAL
    assert mine.vitals == (("血压", "90/60"),)
    assert "一位专家请转别人" in [one.label for one in mine.entries]
    assert "一位专家请转别人" not in [one.label for one in patients.entries]
    accepted = next(one for one in mine.entries if one.kind == "accept")
    assert accepted.who is not None
    assert next(one for one in mine.entries if one.kind == "offer.declined").who is None
    with pytest.raises(NotAllowed):
        await ward.practice.ask(ward.county.stranger, Timeline(consultation_id=asked.consultation_id))
    with pytest.raises(NotAllowed):
        await ward.practice.ask(ward.who(first), Timeline(consultation_id=asked.consultation_id))
