"""What can be asked of matching: record who must not be asked about whom."""

from __future__ import annotations

from typing import Literal

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant


class RecordConflict(Command):
    """``practitioner_id`` is never asked about ``patient_id`` again. Recording it twice changes nothing."""

    name = "matching.record_conflict"
    title = "登记回避"
    access = (Grant(Role.SYSTEM), Grant(Role.SCHEDULER, "same_county"))
    practitioner_id: Id
    patient_id: Id
    reason: Literal["knows_patient", "relative", "other"] = "knows_patient"
