"""The pre-consultation of a patient that runs at the moment: what is asked for him now belongs to the same trouble."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.intake.models import Intake
from core.intake.urgency import urgency

RUNS_FOR = timedelta(hours=24)
"""Domain time since its last word."""


async def running_intake(patient_id: str, now: datetime) -> Intake | None:
    """The patient's pre-consultation of the last 24 hours that is not put away; of several the most severe, then the latest."""
    rows = await Intake.filter(patient_id=patient_id, updated_at__gt=now - RUNS_FOR).exclude(state="closed").order_by("id")
    return max(rows, key=lambda row: (0 if row.level is None else urgency(row.level).code.severity, row.id), default=None)
