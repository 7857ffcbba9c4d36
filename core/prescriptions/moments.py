"""When a prescription came to where it stands, and until when it is good. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.consultations.models import Consultation
from core.consultations.workflow import State as ConsultationState
from core.prescriptions.models import Prescription
from core.prescriptions.workflow import State

VALID_FOR = timedelta(days=3)
"""处方管理办法 article 18: the day itself, at most three days where the doctor says so; here he always does."""

PRESCRIBING_FOR = timedelta(days=14)
"""So long after a consultation was completed may be prescribed from it: until the two weeks' control; then the patient is presented again."""


def may_be_prescribed_from(row: Consultation, now: datetime) -> bool:
    """The consultation runs, or has not been over for too long."""
    if ConsultationState(row.state) is ConsultationState.IN_PROGRESS:
        return True
    return ConsultationState(row.state) is ConsultationState.COMPLETED and row.closed_at is not None and now < row.closed_at + PRESCRIBING_FOR


def good_until(row: Prescription) -> datetime | None:
    """From this moment on it is worth nothing, whether or not the ticker has been by; None before the signature."""
    return None if row.signed_at is None else row.signed_at + VALID_FOR


def since(row: Prescription) -> datetime:
    """When it came to its state, as far as the row knows."""
    came = {
        State.SIGNED: row.signed_at, State.RETURNED: row.reviewed_at, State.RELEASED: row.reviewed_at, State.DISPENSED: row.dispensed_at,
        State.EXPIRED: good_until(row),
    }
    return came.get(State(row.state)) or row.proposed_at
