"""加重: what a followed patient reports goes straight into the pre-consultation, with triage and alarm, and the village doctor is told."""

from __future__ import annotations

from core.followups.commands import ReportWorse
from core.followups.models import FollowupPlan, WorseReport
from core.followups.reminders import tell_doctor
from core.followups.templates import TEMPLATES
from core.foundation.actor import Actor
from core.foundation.orders import handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake.commands import IntakeView, Say
from core.intake.service import Heard, hear


async def _running(patient_id: str) -> FollowupPlan | None:
    return await FollowupPlan.filter(patient_id=patient_id, ended_at__isnull=True).order_by("id").first()


async def _sentence(order: ReportWorse) -> Say:
    """What is said to the pre-consultation: the words, with the illness that is followed."""
    plan = await _running(order.patient_id)
    known = "" if plan is None else f"有{TEMPLATES[plan.template].condition},"
    return Say(text=f"{known}{order.text}")


@prepares(ReportWorse)
async def read_it(practice: Practice, actor: Actor, order: ReportWorse) -> Heard:
    """Read the words where the engine lives, outside the transaction."""
    return await hear(practice, actor, await _sentence(order))


@handles(ReportWorse)
async def report_worse(work: Work, order: ReportWorse, heard: Heard) -> IntakeView:
    plan = await _running(order.patient_id)
    view: IntakeView = await work.execute(await _sentence(order), prepared=heard)
    work.concerns("patient", order.patient_id, intake=view.intake_id)
    await WorseReport.create(
        id=work.new_id(), patient_id=order.patient_id, plan_id=None if plan is None else plan.id, intake_id=view.intake_id, at=work.now
    )
    if plan is not None:
        await tell_doctor(work, plan, "followup.worse", urgent=True, intake_id=view.intake_id)
    return view
