"""The workflow table, walked: every event in every state, every role."""

from __future__ import annotations

import pytest

from core.consultations.rules import Reader, Standing, missing_of, next_sentence
from core.consultations.workflow import EVENT_LABELS, STATE_LABELS, TRANSITIONS, Event, IllegalStep, NotYourStep, State, step_of
from core.foundation.actor import Role

PAIRS = [(event, state) for event in Event for state in State]


@pytest.mark.parametrize(("event", "state"), PAIRS, ids=lambda value: value.value)
def test_every_event_in_every_state_is_either_listed_or_refused_naming_both(event: Event, state: State) -> None:
    step = TRANSITIONS.get((event, state))
    for role in Role:
        if step is None:
            with pytest.raises(IllegalStep) as refused:
                step_of(event, state, role)
            assert refused.value.fields["state"] == state.value
            assert refused.value.fields["event"] == event.value
            assert STATE_LABELS[state] in refused.value.message
            assert EVENT_LABELS[event] in refused.value.message
        elif role in step.who:
            assert step_of(event, state, role) is step
        else:
            with pytest.raises(NotYourStep):
                step_of(event, state, role)


def test_the_labels_are_those_of_the_article() -> None:
    assert [STATE_LABELS[state] for state in State] == ["草稿", "待分配", "已分配专家", "进行中", "已完成", "已取消"]


def test_a_closed_consultation_is_left_by_nothing() -> None:
    assert not [pair for pair in TRANSITIONS if pair[1] in (State.COMPLETED, State.CANCELLED)]


def test_every_state_but_the_draft_can_be_reached() -> None:
    assert {step.to for step in TRANSITIONS.values()} == set(State) - {State.DRAFT}


def test_only_an_expert_accepts_and_only_the_inviting_side_completes() -> None:
    assert TRANSITIONS[(Event.ACCEPT, State.PENDING)].who == {Role.EXPERT}
    assert TRANSITIONS[(Event.COMPLETE, State.IN_PROGRESS)].who == {Role.VILLAGE_DOCTOR}


@pytest.mark.parametrize("patient_confirmed", [True, False])
@pytest.mark.parametrize("consented", [True, False])
@pytest.mark.parametrize("material", [True, False])
def test_what_is_missing_is_named_in_the_order_it_is_asked_for(patient_confirmed: bool, consented: bool, material: bool) -> None:
    missing = missing_of(patient_confirmed=patient_confirmed, consented=consented, material=material)
    expected = [name for name, there in (("patient", patient_confirmed), ("consent", consented), ("material", material)) if not there]
    assert list(missing) == expected


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("alarmed", [True, False])
def test_everybody_always_hears_what_comes_next(state: State, reader: Reader, alarmed: bool) -> None:
    sentence = next_sentence(Standing(state, ("consent",), 3, alarmed, "王主任", 15), reader)
    assert sentence.endswith("。")
    assert len(sentence) < 60
    if reader is Reader.PATIENT:
        assert "知情同意" not in sentence
