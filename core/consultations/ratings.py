"""How the two who were helped found it."""

from __future__ import annotations

from core.consultations.commands import RateConsultation
from core.consultations.errors import AlreadyRated, NotCompleted
from core.consultations.models import Rating
from core.consultations.timeline import hold, note
from core.consultations.workflow import State
from core.foundation.actor import Role
from core.foundation.orders import Done, handles
from core.foundation.work import Work


@handles(RateConsultation)
async def rate(work: Work, order: RateConsultation) -> Done:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) is not State.COMPLETED:
        raise NotCompleted(code=row.code)
    rated_as = "village_doctor" if work.role is Role.VILLAGE_DOCTOR else "patient"
    if await Rating.filter(consultation_id=row.id, rated_as=rated_as).exists():
        raise AlreadyRated
    rating_id = work.new_id()
    sealed = None
    if order.words:
        sealed = (await work.sealer("patient", row.patient_id)).seal("rating", "words", rating_id, order.words)
    await Rating.create(
        id=rating_id, consultation_id=row.id, rated_as=rated_as, account_id=work.actor.account_id, stars=order.stars, words=sealed,
        rated_at=work.now,
    )
    await note(work, row.id, "rated", ids={"rated_as": rated_as})
    return Done()
