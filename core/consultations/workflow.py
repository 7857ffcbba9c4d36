"""The workflow of a consultation as a table: (event, state) → the next state, who may make the step, what must hold, what it tells.

States and labels are those of the article this system follows. A pair that is not listed raises :class:`IllegalStep` naming both.
Offers, declines, pre-review and escalation are events on the timeline; only what changes the state stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.foundation import workflow
from core.foundation.actor import Role


class State(StrEnum):
    DRAFT = "DRAFT"
    PENDING = "PENDING"
    ASSIGNED = "ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


STATE_LABELS: dict[State, str] = {
    State.DRAFT: "草稿",
    State.PENDING: "待分配",
    State.ASSIGNED: "已分配专家",
    State.IN_PROGRESS: "进行中",
    State.COMPLETED: "已完成",
    State.CANCELLED: "已取消",
}
OPEN_STATES = frozenset({State.DRAFT, State.PENDING, State.ASSIGNED, State.IN_PROGRESS})
CLOSED_STATES = frozenset({State.COMPLETED, State.CANCELLED})


class Event(StrEnum):
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    RETURN = "return"
    BEGIN = "begin"
    COMPLETE = "complete"
    CANCEL = "cancel"


EVENT_LABELS: dict[Event, str] = {
    Event.DISPATCH: "开始找专家",
    Event.ACCEPT: "接诊",
    Event.RETURN: "退回重新分配",
    Event.BEGIN: "开始会诊",
    Event.COMPLETE: "完成",
    Event.CANCEL: "取消",
}


class Holds(StrEnum):
    """What must hold, checked by whoever makes the step before he makes it."""

    READY_OR_EMERGENCY = "patient, consent and material are there, or the emergency is the recorded reason"
    OFFER_OPEN = "the expert's offer is open and he has no other open consultation"
    EXPERT_GONE = "the expert gave the consultation back or did not appear"
    BOTH_SIDES_PRESENT = "the inviting side and the expert are in one room, or the expert works in writing"
    DECIDED = "the opinion is given and the inviting side has decided"
    REASON_GIVEN = "a reason is given"


@dataclass(frozen=True, slots=True)
class Step:
    """``emits``: the outbox topic told after the commit, with ``consultation_id``."""

    to: State
    who: frozenset[Role]
    holds: Holds
    emits: str


_INVITING = frozenset({Role.VILLAGE_DOCTOR})
_SYSTEM = frozenset({Role.SYSTEM})
_DESK = frozenset({Role.SCHEDULER})
_EXPERT = frozenset({Role.EXPERT})

TRANSITIONS: dict[tuple[Event, State], Step] = {
    (Event.DISPATCH, State.DRAFT): Step(State.PENDING, _INVITING | _SYSTEM, Holds.READY_OR_EMERGENCY, "consultation.dispatched"),
    (Event.ACCEPT, State.PENDING): Step(State.ASSIGNED, _EXPERT, Holds.OFFER_OPEN, "consultation.assigned"),
    (Event.RETURN, State.ASSIGNED): Step(State.PENDING, _EXPERT | _DESK | _SYSTEM, Holds.EXPERT_GONE, "consultation.returned"),
    (Event.BEGIN, State.ASSIGNED): Step(State.IN_PROGRESS, _EXPERT | _INVITING, Holds.BOTH_SIDES_PRESENT, "consultation.begun"),
    (Event.COMPLETE, State.IN_PROGRESS): Step(State.COMPLETED, _INVITING, Holds.DECIDED, "consultation.completed"),
    (Event.CANCEL, State.DRAFT): Step(State.CANCELLED, _INVITING | _DESK, Holds.REASON_GIVEN, "consultation.cancelled"),
    (Event.CANCEL, State.PENDING): Step(State.CANCELLED, _INVITING | _DESK, Holds.REASON_GIVEN, "consultation.cancelled"),
    (Event.CANCEL, State.ASSIGNED): Step(State.CANCELLED, _INVITING | _DESK, Holds.REASON_GIVEN, "consultation.cancelled"),
}
"""Architecture, "Words with one meaning": a transition names who may make it, what must hold, what it emits."""


class IllegalStep(workflow.IllegalStep):
    """The step is not possible in this state; both are named."""

    code = "consultation.illegal_step"
    sentence = "会诊现在是“{state_label}”,不能{event_label}。发「进度」看看下一步。"
    state_labels = STATE_LABELS
    event_labels = EVENT_LABELS


class NotYourStep(workflow.NotYourStep):
    """The step is possible, but not for this role."""

    code = "consultation.not_your_step"
    event_labels = EVENT_LABELS


def step_of(event: Event, state: State, role: Role) -> Step:
    """The listed step; :class:`IllegalStep` for an unlisted pair, :class:`NotYourStep` for another role."""
    return workflow.listed_step(TRANSITIONS, event, state, role, illegal=IllegalStep, not_yours=NotYourStep)
