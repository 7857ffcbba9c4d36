"""What can be asked about the queues 待审方、待发药、等您签名 of a pharmacist and a duty doctor."""

from __future__ import annotations

from datetime import datetime

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Grant, Query, Result
from core.foundation.withheld import WithWithheld
from core.prescriptions.commands import State
from core.prescriptions.commands_doses import DoseView


class WaitingPrescription(Result):
    """One line of a queue. ``waiting_since``: when it came to the state in which it is; ``overrides``: how many warnings were signed over."""

    prescription_id: Id
    code: str
    consultation_id: Id
    revision: int
    state: State
    state_label: str
    urgency: str
    urgency_label: str
    patient: str
    sex: str
    age: str
    drugs: tuple[str, ...]
    waiting_since: datetime
    overrides: int
    expert: str
    signer: str | None
    pharmacist: str | None


class WaitingDose(Result):
    dose: DoseView
    patient: str
    sex: str
    age: str


class WaitingView(WithWithheld):
    """The most urgent first, then who has waited longest. ``now`` is the practice's time; ``done_today`` counts from midnight in China."""

    now: datetime
    doses: tuple[WaitingDose, ...] = ()
    to_sign: tuple[WaitingPrescription, ...] = ()
    to_review: tuple[WaitingPrescription, ...] = ()
    to_dispense: tuple[WaitingPrescription, ...] = ()
    done_today: tuple[WaitingPrescription, ...] = ()


class Waiting(Query):
    """For a pharmacist: emergency doses to look at, what to review and to dispense, what his county's pharmacists did today; for a duty doctor:
    what was referred to his house, what he signed today."""

    name = "prescriptions.waiting"
    title = "待办处方"
    access = (Grant(Role.PHARMACIST), Grant(Role.DUTY_DOCTOR))
    no_relation = "只列他所在县或机构等他办的"
    gives = WaitingView
    audited = True
