"""The prescription's workflow table, walked: every event in every state, every role."""

from __future__ import annotations

import pytest

from core.foundation.actor import Role
from core.prescriptions.workflow import EVENT_LABELS, STATE_LABELS, TRANSITIONS, Event, IllegalStep, NotYourStep, State, step_of

PAIRS = [(event, state) for event in Event for state in State]


@pytest.mark.parametrize(("event", "state"), PAIRS, ids=lambda value: value.value)
def test_every_event_in_every_state_is_either_listed_or_refused_naming_both(event: Event, state: State) -> None:
    step = TRANSITIONS.get((event, state))
    for role in Role:
        if step is None:
            with pytest.raises(IllegalStep) as refused:
                step_of(event, state, role)
            assert STATE_LABELS[state] in refused.value.message
            assert EVENT_LABELS[event] in refused.value.message
        elif role in step.who:
            assert step_of(event, state, role) is step
        else:
            with pytest.raises(NotYourStep):
                step_of(event, state, role)


def test_nothing_is_dispensed_that_no_doctor_signed_and_no_pharmacist_released() -> None:
    before = {event_to.to: [] for event_to in TRANSITIONS.values()}
    for (event, state), step in TRANSITIONS.items():
        before[step.to].append((event, state))
    assert before[State.DISPENSED] == [(Event.DISPENSE, State.RELEASED)]
    assert before[State.RELEASED] == [(Event.RELEASE, State.SIGNED)]
    assert {event for event, _ in before[State.SIGNED]} == {Event.SIGN}
    assert not [event for event, state in TRANSITIONS if state is State.DISPENSED], "what was claimed for what was handed out stands"
    assert all(step.who <= {Role.PHARMACIST} for (event, _), step in TRANSITIONS.items() if event in (Event.RELEASE, Event.RETURN, Event.DISPENSE))
