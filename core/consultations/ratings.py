"""How the two who were helped found it."""

from __future__ import annotations

from core.consultations.commands_ratings import RateConsultation, RatingView, ReadRating
from core.consultations.errors import AlreadyRated, NotCompleted
from core.consultations.models import Rating
from core.consultations.timeline import consultation_of, hold, note
from core.consultations.workflow import State
from core.foundation.actor import Role
from core.foundation.orders import Done, answers, handles
from core.foundation.work import Work


@handles(RateConsultation)
async def rate(work: Work, order: RateConsultation) -> Done:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) is not State.COMPLETED:
        raise NotCompleted(code=row.code)
    rated_as = _side(work)
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


def _side(work: Work) -> str:
    return "village_doctor" if work.role is Role.VILLAGE_DOCTOR else "patient"


@answers(ReadRating)
async def read_rating(work: Work, order: ReadRating) -> RatingView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    rating = await Rating.get_or_none(consultation_id=row.id, rated_as=_side(work))
    if rating is None:
        return RatingView(may_rate=State(row.state) is State.COMPLETED, stars=None, words="", rated_at=None)
    words = ""
    if rating.words is not None:
        words = (await work.sealer("patient", row.patient_id)).open("rating", "words", rating.id, bytes(rating.words))
    return RatingView(may_rate=False, stars=rating.stars, words=words, rated_at=rating.rated_at)
