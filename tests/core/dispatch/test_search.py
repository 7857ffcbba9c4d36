"""Time passes and nobody answers: the next wave, then the desk, and nothing is ever forgotten."""

from __future__ import annotations

import pytest

from core.dispatch.commands import AcceptOffer, AcknowledgeAlert, Alert, AskExpert, DeclineOffer, DeferOffer, ExpireWave, MyOffers, Offer
from core.dispatch.errors import ExpertExcluded, OfferReplaced
from core.dispatch.models import DangerAlert, ExpertOffer, Search
from core.foundation.models import DueWork
from core.people.models import Practitioner
from tests.core.dispatch.ward import CRITICAL, EMERGENT, Ward
from tests.support.county import SYSTEM


async def test_the_first_wave_expires_and_the_next_goes_out(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    first = await ward.offers(asked.consultation_id)

    await ward.pass_time(seconds=59)
    assert [one.id for one in await ward.offers(asked.consultation_id)] == [one.id for one in first]
    await ward.pass_time(seconds=2)

    second = await ward.offers(asked.consultation_id)
    assert len(second) == 3
    assert not {one.practitioner_id for one in first} & {one.practitioner_id for one in second}
    assert len(await ward.offers(asked.consultation_id, "expired")) == 3
    for one in first:
        assert await ward.told(ward.who(one)) == ["offer.card", "offer.closed"]
    assert (await ward.told(ward.county.village_doctor))[-1] == "consultation.progress/next_wave"
    await ward.accept(second[0])
    assert (await ward.row(asked.consultation_id)).state == "ASSIGNED"


async def test_three_waves_in_vain_alarm_the_desk_until_somebody_acknowledges(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    for _ in range(3):
        await ward.pass_time(seconds=61)

    row = await ward.row(asked.consultation_id)
    assert row.state == "PENDING"
    assert row.alarmed_at is not None
    assert row.experts_asked == 9
    assert (await Search.get(consultation_id=row.id)).state == "alarmed"
    assert (await ward.told(ward.county.village_doctor))[-1] == "consultation.progress/alarmed"
    assert await ward.told(ward.county.scheduler) == ["desk.called", "desk.alarm"]
    assert await ward.told(ward.county.administrator) == []

    await ward.pass_time(seconds=61)
    assert await ward.told(ward.county.administrator) == ["desk.alarm"]
    await ward.pass_time(seconds=61)
    await ward.pass_time(minutes=5, seconds=1)
    assert (await ward.told(ward.county.scheduler)).count("desk.alarm") >= 2

    alert = await DangerAlert.get(source_id=row.id)
    seen = await ward.practice.execute(ward.county.scheduler, AcknowledgeAlert(alert_id=alert.id))
    assert seen.consultation_id == row.id
    assert row.code in seen.said
    assert seen.suspected == "心肌梗死"
    count = len(await ward.told(ward.county.scheduler))
    await ward.pass_time(hours=1)
    assert len(await ward.told(ward.county.scheduler)) == count
    assert (await ward.told(ward.county.administrator))[-1] == "alert.closed"
    assert "desk.acknowledged" in await ward.timeline(row.id)


async def test_nobody_to_ask_at_all_alarms_the_desk_at_once(ward: Ward) -> None:
    everybody = (*ward.hearts, *ward.county.experts)
    await Practitioner.filter(id__in=[one.practitioner_id for one in everybody]).update(active=False)

    asked = await ward.request(CRITICAL)

    assert (asked.asked, asked.desk_called) == (0, True)
    assert "desk.alarm" in await ward.told(ward.county.scheduler)
    assert (await ward.told(ward.county.village_doctor)) == ["consultation.progress/alarmed", "consultation.todo"]


async def test_everybody_declines_and_the_desk_is_called(ward: Ward) -> None:
    asked = await ward.request(EMERGENT)
    for _ in range(20):
        offers = await ward.offers(asked.consultation_id)
        if not offers:
            break
        await ward.practice.execute(ward.who(offers[0]), DeclineOffer(offer_id=offers[0].id, reason="no_time"))

    assert (await Search.get(consultation_id=asked.consultation_id)).state == "alarmed"
    assert await ExpertOffer.filter(consultation_id=asked.consultation_id, state="declined").count() == 10


async def test_only_the_current_step_may_act(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    step = (await Search.get(consultation_id=asked.consultation_id)).step
    await ward.pass_time(seconds=61)
    before = await ward.timeline(asked.consultation_id)

    late = await ward.practice.execute(SYSTEM, ExpireWave(consultation_id=asked.consultation_id, step=step))

    assert not late.done
    assert await ward.timeline(asked.consultation_id) == before


async def test_a_replacement_gets_its_whole_time_even_when_the_wave_runs_out(ward: Ward) -> None:
    asked = await ward.request(EMERGENT)
    first, second = await ward.offers(asked.consultation_id)
    await ward.pass_time(seconds=100)
    await ward.practice.execute(ward.who(first), DeclineOffer(offer_id=first.id))

    await ward.pass_time(seconds=21)

    running = await ward.offers(asked.consultation_id)
    assert (await ExpertOffer.get(id=second.id)).state == "expired"
    assert len(running) == 2
    assert min(one.expires_at for one in running) > ward.clock.now()


async def test_the_auditor_finds_a_forgotten_step_and_puts_it_right(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    await DueWork.filter(kind="dispatch.wave", ref=asked.consultation_id).delete()

    await ward.pass_time(seconds=61)

    assert "search.repaired" in await ward.timeline(asked.consultation_id)
    assert (await ward.timeline(asked.consultation_id))[-2:] != ["requested", "dispatch.emergency"]
    assert len(await ward.offers(asked.consultation_id)) == 3
    assert len(await ward.offers(asked.consultation_id, "expired")) == 3


async def test_the_chain_is_the_one_of_the_start(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    search = await Search.get(consultation_id=asked.consultation_id)

    assert search.chain == {"wave_size": 3, "offer_s": 60, "waves": 3, "desk_at_once": True, "working_hours_only": False}
    assert search.reason == "emergency"


async def test_an_alert_view_of_the_desk_names_no_patient(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    for _ in range(3):
        await ward.pass_time(seconds=61)
    alert = await DangerAlert.get(source_id=asked.consultation_id)

    view = await ward.practice.ask(ward.county.scheduler, Alert(alert_id=alert.id))

    assert "罗大山" not in view.model_dump_json()
    assert "吴医生" in view.where


async def alarmed(ward: Ward) -> str:
    """A consultation for which everybody was asked in vain."""
    asked = await ward.request(CRITICAL)
    for _ in range(3):
        await ward.pass_time(seconds=61)
    return asked.consultation_id


async def test_the_desk_asks_somebody_by_name_and_he_takes_it(ward: Ward) -> None:
    consultation_id = await alarmed(ward)
    late = (await ward.offers(consultation_id, "expired"))[0]
    expert = ward.who(late)

    done = await ward.practice.execute(
        ward.county.scheduler, AskExpert(consultation_id=consultation_id, practitioner_id=expert.practitioner_id)
    )

    assert done.done
    offer = (await ward.offers(consultation_id))[0]
    assert offer.practitioner_id == expert.practitioner_id
    await ward.accept(offer)
    assert (await ward.row(consultation_id)).state == "ASSIGNED"
    assert (await ward.told(ward.county.scheduler))[-1] == "alert.closed"


async def test_a_press_on_the_old_card_is_told_of_the_new_one(ward: Ward) -> None:
    consultation_id = await alarmed(ward)
    old = (await ward.offers(consultation_id, "expired"))[0]
    expert = ward.who(old)
    ask = AskExpert(consultation_id=consultation_id, practitioner_id=expert.practitioner_id)
    assert (await ward.practice.execute(ward.county.scheduler, ask)).done
    assert not (await ward.practice.execute(ward.county.scheduler, ask)).done

    for order in (AcceptOffer(offer_id=old.id), DeclineOffer(offer_id=old.id), DeferOffer(offer_id=old.id)):
        with pytest.raises(OfferReplaced):
            await ward.practice.execute(expert, order)
    card = await ward.practice.ask(expert, Offer(offer_id=old.id))
    assert (card.state, card.headline, card.vitals) == ("expired", "", "")

    (new,) = await ward.offers(consultation_id)
    assert [one.offer_id for one in (await ward.practice.ask(expert, MyOffers())).offers] == [new.id]
    await ward.accept(new)
    assert (await ward.row(consultation_id)).expert_id == expert.practitioner_id


async def test_who_declined_and_is_asked_again_may_still_say_why_he_declined(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    old = (await ward.offers(asked.consultation_id))[0]
    expert = ward.who(old)
    await ward.practice.execute(expert, DeclineOffer(offer_id=old.id))
    for _ in range(2):
        ask = AskExpert(consultation_id=asked.consultation_id, practitioner_id=expert.practitioner_id)
        assert (await ward.practice.execute(ward.county.scheduler, ask)).done
        await ward.pass_time(seconds=61)

    await ward.practice.execute(expert, DeclineOffer(offer_id=old.id, reason="no_time"))

    rows = await ExpertOffer.filter(consultation_id=asked.consultation_id, practitioner_id=expert.practitioner_id).order_by("times")
    assert [(one.times, one.state, one.decline_reason) for one in rows] == [(1, "declined", "no_time"), (2, "expired", ""), (3, "expired", "")]
    assert [one.replaced_by_id for one in rows] == [rows[1].id, rows[2].id, None]


async def test_if_he_does_not_answer_either_the_alarm_begins_anew(ward: Ward) -> None:
    consultation_id = await alarmed(ward)
    alert = await DangerAlert.get(source_id=consultation_id)
    await ward.practice.execute(ward.county.scheduler, AcknowledgeAlert(alert_id=alert.id))
    expert = ward.who((await ward.offers(consultation_id, "expired"))[0])
    await ward.practice.execute(ward.county.scheduler, AskExpert(consultation_id=consultation_id, practitioner_id=expert.practitioner_id))
    before = (await ward.told(ward.county.scheduler)).count("desk.alarm")

    await ward.pass_time(seconds=61)

    assert (await DangerAlert.get(id=alert.id)).state == "raised"
    assert (await ward.told(ward.county.scheduler)).count("desk.alarm") == before + 1


async def test_the_desk_cannot_ask_whom_the_rules_exclude_for_good(ward: Ward) -> None:
    consultation_id = await alarmed(ward)
    neurologist = ward.county.experts[3]

    with pytest.raises(ExpertExcluded) as refused:
        await ward.practice.execute(
            ward.county.scheduler, AskExpert(consultation_id=consultation_id, practitioner_id=neurologist.practitioner_id)
        )

    assert "专业不符" in refused.value.message


async def test_who_comes_late_while_the_desk_is_searching_is_welcome(ward: Ward) -> None:
    consultation_id = await alarmed(ward)

    answer = await ward.accept((await ward.offers(consultation_id, "expired"))[0])

    assert answer.state == "accepted"


async def test_the_auditor_also_watches_the_alarm(ward: Ward) -> None:
    consultation_id = await alarmed(ward)
    alert = await DangerAlert.get(source_id=consultation_id)
    await DueWork.filter(kind="dispatch.alert", ref=alert.id).delete()

    await ward.pass_time(seconds=61)

    assert "search.repaired" in await ward.timeline(consultation_id)
    assert await ward.told(ward.county.administrator) == ["desk.alarm"]
