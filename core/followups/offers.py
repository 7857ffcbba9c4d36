"""A consultation is completed: its village doctor is offered the plans that fit what was found, unless they run already."""

from __future__ import annotations

from core.consultations.hooks import told_of_case
from core.consultations.models import Consultation
from core.consultations.opinions import opinion_view
from core.consultations.service import complaint_opened, consultation_of, latest_opinion, picture_opened, when_closed
from core.consultations.workflow import State
from core.followups.commands import OfferedPlan, PlanOffer, PlanOfferView
from core.followups.models import FollowupPlan
from core.followups.templates import TEMPLATES
from core.foundation.orders import answers
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.service import number_on_list

HIGH_SYSTOLIC = 140
SAID_AS: dict[str, tuple[str, ...]] = {"hypertension": ("高血压", "降压", "血压高", "血压偏高"), "diabetes": ("糖尿病", "降糖", "血糖高", "血糖偏高")}


def fitting(said: str, systolic: int | None) -> tuple[str, ...]:
    """The templates whose illness is named in what was said, or whose measure was high when the consultation was asked for."""
    return tuple(
        key for key in TEMPLATES
        if any(word in said for word in SAID_AS[key]) or (key == "hypertension" and systolic is not None and systolic >= HIGH_SYSTOLIC)
    )


@when_closed
async def offer_plans(work: Work, row: Consultation) -> None:
    if State(row.state) is State.COMPLETED and await _templates(work, row):
        await tell(work, row.requester_account_id, "followup.offer", consultation_id=row.id)


@answers(PlanOffer)
async def plan_offer(work: Work, order: PlanOffer) -> PlanOfferView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    return PlanOfferView(
        consultation_id=row.id, code=row.code, patient_id=row.patient_id, number=await number_on_list(row.village_doctor_id, row.patient_id),
        plans=tuple(OfferedPlan.model_validate({"template": key, "title": TEMPLATES[key].title}) for key in await _templates(work, row)),
    )


async def _templates(work: Work, row: Consultation) -> tuple[str, ...]:
    running = {plan.template for plan in await FollowupPlan.filter(patient_id=row.patient_id, ended_at__isnull=True)}
    said = [await complaint_opened(work, row), *(value for _, value in (await told_of_case(work, row)).safety)]
    if (opinion := await latest_opinion(row.id)) is not None:
        view = await opinion_view(work, row, opinion)
        said += [*(one.name for one in view.diagnoses), view.assessment, view.advice, view.watch_for]
    pressure = dict((await picture_opened(work, row)).vitals).get("血压", "").split("/")[0]
    return tuple(key for key in fitting("\n".join(said), int(pressure) if pressure.isdecimal() else None) if key not in running)
