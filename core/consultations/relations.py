"""What the relations of this room mean: whose consultation it is, who was assigned to it, whose patient it concerns, which county."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.foundation.orders import Order, relation
from core.foundation.work import Work
from core.people.access import acts_in_county
from core.people.models import CareRelation


async def _consultation(order: Order) -> Consultation | None:
    consultation_id = getattr(order, "consultation_id", None)
    return None if consultation_id is None else await Consultation.get_or_none(id=consultation_id)


@relation("own_consultation")
async def own_consultation(work: Work, order: Order) -> bool:
    """The actor is the village doctor who asked for it."""
    row = await _consultation(order)
    return row is not None and row.village_doctor_id == work.actor.practitioner_id


@relation("assigned_consultation")
async def assigned_consultation(work: Work, order: Order) -> bool:
    """The actor is the expert who took it."""
    row = await _consultation(order)
    return row is not None and row.expert_id is not None and row.expert_id == work.actor.practitioner_id


@relation("own_patient_consultation")
async def own_patient_consultation(work: Work, order: Order) -> bool:
    """It concerns the actor himself or somebody for whom he speaks."""
    row = await _consultation(order)
    return row is not None and await CareRelation.filter(account_id=work.actor.account_id, patient_id=row.patient_id).exists()


@relation("same_county")
async def consultation_of_county(work: Work, order: Order) -> bool:
    """It was asked for in a county where the actor holds a granted role."""
    row = await _consultation(order)
    return row is not None and await acts_in_county(work, order, row.region_code)


@relation("assigned_intake")
async def assigned_intake(work: Work, order: Order) -> bool:
    """The pre-consultation belongs to a consultation that the actor took."""
    intake_id, practitioner_id = getattr(order, "intake_id", None), work.actor.practitioner_id
    if intake_id is None or practitioner_id is None:
        return False
    return await Consultation.filter(intake_id=intake_id, expert_id=practitioner_id).exists()
