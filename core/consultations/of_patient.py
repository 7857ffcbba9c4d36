"""What was asked about one patient before: for the village doctor on whose list he stands."""

from __future__ import annotations

from core.consultations.commands_case import PatientConsultation, PatientConsultations, PatientConsultationsView
from core.consultations.models import Consultation
from core.consultations.views import picture_opened
from core.consultations.workflow import STATE_LABELS, State
from core.foundation.orders import answers
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.people.cards import practitioner_cards

SHOWN = 50


@answers(PatientConsultations)
async def patient_consultations(work: Work, order: PatientConsultations) -> PatientConsultationsView:
    work.concerns("patient", order.patient_id)
    rows = await Consultation.filter(patient_id=order.patient_id).order_by("-id").limit(SHOWN)
    experts = await practitioner_cards(work, {row.expert_id for row in rows if row.expert_id is not None})

    async def lines(some: list[Consultation]) -> list[PatientConsultation]:
        return [
            PatientConsultation(
                consultation_id=row.id, code=row.code, state=State(row.state).value, state_label=STATE_LABELS[State(row.state)],
                urgency=row.urgency, urgency_label=urgency(row.urgency).label, headline=(await picture_opened(work, row)).headline,
                asked_at=row.created_at, expert=None if row.expert_id is None else experts[row.expert_id].introduced,
                own=row.village_doctor_id == work.actor.practitioner_id,
            )
            for row in some
        ]

    found, withheld = await shown(work, rows, lines)
    return PatientConsultationsView(consultations=found, withheld=withheld)
