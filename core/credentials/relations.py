"""Who may hold a patient's credentials: he himself, and the guardian of a minor. Nobody who speaks for him in other things."""

from __future__ import annotations

from core.foundation.orders import Order, relation
from core.foundation.work import Work
from core.people.relations import birth_dates, live_relations
from core.people.standing import is_guardian


@relation("own_or_ward")
async def own_or_ward(work: Work, order: Order) -> bool:
    """``order.patient_id`` is the actor himself, or a minor whose guardian he is."""
    patient_id = getattr(order, "patient_id", None)
    if patient_id is None:
        return False
    rows = await live_relations(work, account_id=work.actor.account_id, patient_id=patient_id)
    if any(row.relation == "self" for row in rows):
        return True
    birth = (await birth_dates(work, {patient_id})).get(patient_id) if rows else None
    return birth is not None and any(is_guardian(row, birth) for row in rows)
