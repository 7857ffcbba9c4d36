"""A consultation goes on from what the patient said himself: the more severe level counts, and the two are linked."""

from __future__ import annotations

from typing import Any

import pytest

from core.consultations.models import Consultation
from core.foundation.practice import Practice
from core.intake.commands import CloseIntake, IntakeView, Say
from tests.core.dispatch.line_engine import LineEngine
from tests.core.dispatch.ward import CRITICAL, ROUTINE, Ward
from tests.core.intake.small_engine import SmallEngine
from tests.support.county import NUMBER_WITH_WECHAT

pytestmark = pytest.mark.storage


async def says_danger(ward: Ward) -> IntakeView:
    """The woman of number 5 tells of a stroke in her own chat."""
    ward.practice.engines.clinical = SmallEngine()
    view: IntakeView = await ward.practice.execute(ward.county.woman_account, Say(text="我半拉身子不听使唤"))
    ward.practice.engines.clinical = LineEngine()
    assert view.patient_id == ward.county.woman
    return view


async def asked(ward: Ward, text: str) -> tuple[Any, Consultation]:
    answer = await ward.request(text, number=NUMBER_WITH_WECHAT)
    return answer, await ward.row(answer.consultation_id)


async def test_what_the_patient_said_himself_raises_the_level(ward: Ward) -> None:
    intake = await says_danger(ward)
    ward.clock.advance(hours=23)
    answer, row = await asked(ward, ROUTINE)
    assert (answer.urgency, row.urgency, row.urgency_computed, row.intake_id) == ("critical", "critical", "routine", intake.intake_id)
    assert answer.reasons == ("患者自己的预问诊(11月20日 周五 上午10:00)是「危急」", "没有危险的表现")
    assert answer.do_now[0] == "先打 120 并准备转运"
    assert answer.asked == 3
    assert (await ward.timeline(row.id))[:2] == ["requested", "urgency.from_intake"]


async def test_a_line_that_is_as_severe_needs_no_other_reason(ward: Ward) -> None:
    intake = await says_danger(ward)
    answer, row = await asked(ward, CRITICAL)
    assert row.intake_id == intake.intake_id
    assert answer.reasons == ("胸痛加出冷汗",)
    assert "urgency.from_intake" not in await ward.timeline(row.id)


@pytest.mark.parametrize("over", ["old", "closed", "another"])
async def test_what_is_over_or_about_somebody_else_does_not_count(ward: Ward, practice: Practice, over: str) -> None:
    intake = await says_danger(ward)
    if over == "old":
        ward.clock.advance(hours=24)
    if over == "closed":
        await practice.execute(ward.county.woman_account, CloseIntake(intake_id=intake.intake_id, reason="finished"))
    answer = await ward.request(ROUTINE, **({} if over == "another" else {"number": NUMBER_WITH_WECHAT}))
    row = await ward.row(answer.consultation_id)
    assert (row.urgency, row.intake_id) == ("routine", None)
