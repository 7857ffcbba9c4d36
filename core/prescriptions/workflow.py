"""The workflow of a prescription as a table: (event, state) → the next state, who may make the step, what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.foundation import workflow
from core.foundation.actor import Role


class State(StrEnum):
    PROPOSED = "PROPOSED"
    REFERRED = "REFERRED"
    SIGNED = "SIGNED"
    RETURNED = "RETURNED"
    RELEASED = "RELEASED"
    DISPENSED = "DISPENSED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


STATE_LABELS: dict[State, str] = {
    State.PROPOSED: "待村医签名",
    State.REFERRED: "待上级医生签名",
    State.SIGNED: "待药师审方",
    State.RETURNED: "药师已退回",
    State.RELEASED: "审方通过,待发药",
    State.DISPENSED: "已发药",
    State.WITHDRAWN: "已撤回",
    State.EXPIRED: "已过期",
}
OPEN_STATES = frozenset({State.PROPOSED, State.REFERRED, State.SIGNED, State.RETURNED, State.RELEASED})


class Event(StrEnum):
    REFER = "refer"
    REVISE = "revise"
    SIGN = "sign"
    RELEASE = "release"
    RETURN = "return"
    DISPENSE = "dispense"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


EVENT_LABELS: dict[Event, str] = {
    Event.REFER: "转上级医生签名",
    Event.REVISE: "修改",
    Event.SIGN: "签名",
    Event.RELEASE: "审方放行",
    Event.RETURN: "退回",
    Event.DISPENSE: "发药",
    Event.WITHDRAW: "撤回",
    Event.EXPIRE: "过期",
}


@dataclass(frozen=True, slots=True)
class Step:
    """``emits``: the outbox topic told after the commit, with ``prescription_id`` and ``consultation_id``."""

    to: State
    who: frozenset[Role]
    emits: str


_EXPERT = frozenset({Role.EXPERT})
_VILLAGE = frozenset({Role.VILLAGE_DOCTOR})
_DUTY = frozenset({Role.DUTY_DOCTOR})
_PHARMACIST = frozenset({Role.PHARMACIST})
_SYSTEM = frozenset({Role.SYSTEM})

TRANSITIONS: dict[tuple[Event, State], Step] = {
    (Event.REFER, State.PROPOSED): Step(State.REFERRED, _VILLAGE | _EXPERT, "prescription.referred"),
    (Event.SIGN, State.PROPOSED): Step(State.SIGNED, _VILLAGE, "prescription.signed"),
    (Event.SIGN, State.REFERRED): Step(State.SIGNED, _DUTY, "prescription.signed"),
    (Event.REVISE, State.PROPOSED): Step(State.PROPOSED, _EXPERT, "prescription.proposed"),
    (Event.REVISE, State.REFERRED): Step(State.PROPOSED, _EXPERT, "prescription.proposed"),
    (Event.REVISE, State.RETURNED): Step(State.PROPOSED, _EXPERT, "prescription.proposed"),
    (Event.RELEASE, State.SIGNED): Step(State.RELEASED, _PHARMACIST, "prescription.released"),
    (Event.RETURN, State.SIGNED): Step(State.RETURNED, _PHARMACIST, "prescription.returned"),
    (Event.RETURN, State.RELEASED): Step(State.RETURNED, _PHARMACIST, "prescription.returned"),
    (Event.DISPENSE, State.RELEASED): Step(State.DISPENSED, _PHARMACIST, "prescription.dispensed"),
    (Event.WITHDRAW, State.PROPOSED): Step(State.WITHDRAWN, _EXPERT | _VILLAGE, "prescription.withdrawn"),
    (Event.WITHDRAW, State.REFERRED): Step(State.WITHDRAWN, _EXPERT | _VILLAGE | _DUTY, "prescription.withdrawn"),
    (Event.WITHDRAW, State.RETURNED): Step(State.WITHDRAWN, _EXPERT | _VILLAGE | _DUTY, "prescription.withdrawn"),
    (Event.WITHDRAW, State.SIGNED): Step(State.WITHDRAWN, _EXPERT | _VILLAGE | _DUTY, "prescription.withdrawn"),
    (Event.WITHDRAW, State.RELEASED): Step(State.WITHDRAWN, _EXPERT | _VILLAGE | _DUTY, "prescription.withdrawn"),
    (Event.EXPIRE, State.SIGNED): Step(State.EXPIRED, _SYSTEM, "prescription.expired"),
    (Event.EXPIRE, State.RELEASED): Step(State.EXPIRED, _SYSTEM, "prescription.expired"),
}
"""处方管理办法: signed by a doctor within his right to prescribe, effective after the pharmacist's review, valid at most three days.

Until the drugs are handed out it can be stopped: taken back by the pharmacist, withdrawn by who prescribed or signed it. From 已发药 no step
leads away, so that what was claimed for it stands.
"""


class IllegalStep(workflow.IllegalStep):
    """The step is not possible in this state; both are named."""

    code = "prescription.illegal_step"
    sentence = "处方现在是“{state_label}”,不能{event_label}。"
    state_labels = STATE_LABELS
    event_labels = EVENT_LABELS


class NotYourStep(workflow.NotYourStep):
    """The step is possible, but not for this role."""

    code = "prescription.not_your_step"
    event_labels = EVENT_LABELS


def step_of(event: Event, state: State, role: Role) -> Step:
    """The listed step; :class:`IllegalStep` for an unlisted pair, :class:`NotYourStep` for another role."""
    return workflow.listed_step(TRANSITIONS, event, state, role, illegal=IllegalStep, not_yours=NotYourStep)
