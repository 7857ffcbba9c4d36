"""What can be asked of the rating 评价: how one's own side rated, and rating once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result

Stars = Annotated[int, Field(strict=True, ge=1, le=5)]


class RatingView(Result):
    """``may_rate``: it is completed and this side has not rated yet. ``stars`` is None before that."""

    may_rate: bool
    stars: int | None
    words: str
    rated_at: datetime | None


class ReadRating(Query):
    """How the actor's own side rated it; the other side's rating is not told."""

    name = "consultations.rating"
    title = "我的评价"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.VISITOR, "own_patient_consultation"))
    gives = RatingView
    audited = True
    consultation_id: Id


class RateConsultation(Command):
    """One to five stars from the patient's side and from the village doctor, once each, after completion."""

    name = "consultations.rate"
    title = "评价"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.VISITOR, "own_patient_consultation"))
    consultation_id: Id
    stars: Stars
    words: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
