"""The expert's desk in one reading."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.consultations.commands import CompleteConsultation
from core.consultations.commands_opinions import Decide, GiveOpinion
from core.dispatch.commands import ExpertDesk, ExpertDeskView
from core.dispatch.expert_desk import month_start
from core.foundation.actor import Actor
from core.foundation.errors import NotAllowed
from tests.core.dispatch.ward import CRITICAL, EMERGENT, Ward

pytestmark = pytest.mark.storage


async def desk(ward: Ward, actor: Actor) -> ExpertDeskView:
    view: ExpertDeskView = await ward.practice.ask(actor, ExpertDesk())
    return view


async def test_from_the_invitation_to_what_is_finished(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=5)
    offer = (await ward.offers(asked.consultation_id))[0]
    expert, doctor = ward.who(offer), ward.county.village_doctor
    seen = await desk(ward, expert)
    assert [one.offer_id for one in seen.offers] == [offer.id]
    assert (seen.cases, seen.finished, seen.figures.cases, seen.figures.median_answer_s) == ((), (), 0, None)
    assert (seen.offers[0].expires_at - seen.now).total_seconds() == 60

    ward.clock.advance(seconds=20)
    await ward.accept(offer)
    seen = await desk(ward, expert)
    assert seen.offers == ()
    (case,) = seen.cases
    assert (case.code, case.state, case.headline, case.patient) == (asked.code, "ASSIGNED", "胸痛 2 小时、出冷汗", "李秀英(演示) 女 51 岁")
    assert (case.opinion_revision, case.decision) == (0, None)
    assert (seen.figures.cases, seen.figures.answered, seen.figures.median_answer_s) == (1, 1, 20)

    opinion = await ward.practice.execute(expert, GiveOpinion(consultation_id=asked.consultation_id, advice="马上转县医院", confirm=True))
    await ward.practice.execute(
        doctor, Decide(consultation_id=asked.consultation_id, opinion_id=opinion.opinion_id, choice="agree", confirm=True)
    )
    await ward.practice.execute(doctor, CompleteConsultation(consultation_id=asked.consultation_id, without="急救在先"))
    seen = await desk(ward, expert)
    assert seen.cases == ()
    assert [(one.code, one.opinion_revision, one.decision) for one in seen.finished] == [(asked.code, 1, "同意")]
    ward.clock.advance(days=40)
    seen = await desk(ward, expert)
    assert (seen.finished, seen.figures.cases, seen.figures.answered) == ((), 0, 0)


async def test_the_most_urgent_comes_first_and_nobody_elses(ward: Ward) -> None:
    first = await ward.request(EMERGENT, number=5)
    second = await ward.request(CRITICAL, number=3)
    codes = {first.code: "emergent", second.code: "critical"}
    for actor in (*ward.hearts, *ward.county.experts):
        seen = await desk(ward, actor)
        assert [one.urgency for one in seen.offers] == sorted(codes[one.code] for one in seen.offers)
        assert seen.cases == ()
    with pytest.raises(NotAllowed):
        await desk(ward, ward.county.village_doctor)


def test_a_month_begins_at_midnight_in_china() -> None:
    assert month_start(datetime(2026, 10, 31, 17, tzinfo=UTC)) == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert month_start(datetime(2026, 10, 31, 15, tzinfo=UTC)) == datetime(2026, 9, 30, 16, tzinfo=UTC)
