"""What a patient measured at home, for the case on one screen: the newest of each kind, oldest first."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.consultations.models import Consultation
from core.consultations.service import CaseFacts, tells_of_case
from core.followups.commands import Measured
from core.followups.models import Reading
from core.followups.readings import FASTING_GLUCOSE, opened
from core.foundation.work import Work

BACK = timedelta(days=90)
SHOWN = 20


@tells_of_case
async def readings_of_case(work: Work, row: Consultation) -> CaseFacts:
    """Those of the last three months before it was asked for, named as its vitals are."""
    taken = Reading.filter(patient_id=row.patient_id, taken_at__gte=row.created_at - BACK, taken_at__lte=row.created_at)
    rows = await taken.order_by("-taken_at", "-id").limit(SHOWN)
    return CaseFacts(measured=tuple([_line(one, await opened(work, one)) for one in reversed(rows)]))


def _line(row: Reading, value: Measured) -> tuple[datetime, str, str]:
    numbers = [f"{one.value.normalize():f}" for one in value.components]
    return (row.taken_at, "空腹血糖", f"{numbers[0]} mmol/L") if row.code == FASTING_GLUCOSE else (row.taken_at, "血压", "/".join(numbers))
