"""Whether somebody still speaks for a patient: pure decisions about terms, endings and birthdays.

A guardian acts for who is under 18 (民法典 articles 17, 27 and 34); under 14 his consent alone counts (个人信息保护法 article 31).
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from core.people.models import CareRelation
from core.people.rules import ADULT_YEARS, age_years, local_date


class Standing(StrEnum):
    LIVE = "live"
    TERM_OVER = "term_over"
    """The term that the patient set has passed."""
    OF_AGE = "of_age"
    """A guardian's: the child is 18 now and has not said that it shall go on."""
    ENDED = "ended"


STANDING_LABELS = {
    Standing.LIVE: "现在可以",
    Standing.TERM_OVER: "到期了",
    Standing.OF_AGE: "满 18 岁,等本人确认",
    Standing.ENDED: "已经结束",
}


def is_minor(birth: date, moment: datetime) -> bool:
    return age_years(birth, local_date(moment)) < ADULT_YEARS


def is_guardian(row: CareRelation, birth: date) -> bool:
    """That he was taken in as a guardian; a row from before this was kept is one's if it is a parent's of who was a minor then."""
    if row.guardian is not None:
        return row.guardian
    return row.relation == "child" and is_minor(birth, row.created_at)


def may_be_guardian(row: CareRelation) -> bool:
    """False when the birth date need not be looked at."""
    return bool(row.guardian) or (row.guardian is None and row.relation == "child")


def standing_of(row: CareRelation, birth: date | None, now: datetime) -> Standing:
    """``birth`` may be None where :func:`may_be_guardian` is False."""
    if row.ended_at is not None:
        return Standing.ENDED
    if row.until is not None and row.until <= now:
        return Standing.TERM_OVER
    if birth is not None and is_guardian(row, birth) and not is_minor(birth, now):
        return Standing.OF_AGE
    return Standing.LIVE
