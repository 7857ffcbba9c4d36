"""Who moderates and who may do what: the pure table, walked over every room that can be."""

from __future__ import annotations

import itertools

import pytest

from core.calls.errors import ListensOnly, NobodyThere, NotModerator, NotThatSeat
from core.calls.moderation import _MODERATES, _OF_HIMSELF, MODERATORS, acts_of, check_act, door, moderator_of
from core.calls.rules import ENTRY_LABELS, GUEST_SEATS, SEATS, TROUBLES, not_held
from core.foundation.errors import DomainError

ALL = (*SEATS, *GUEST_SEATS)
ROOMS = [frozenset(some) for length in range(len(ALL) + 1) for some in itertools.combinations(ALL, length)]


def allowed(act: str, **given: object) -> bool:
    try:
        check_act(act, **given)  # type: ignore[arg-type]
    except DomainError:
        return False
    return True


def test_one_moderates_whoever_is_there_and_whatever_was_handed_over() -> None:
    for there, handed in itertools.product(ROOMS, ("", *ALL)):
        moderator = moderator_of(there, handed)
        assert moderator is None or moderator in there
        assert (moderator is None) == there.isdisjoint(MODERATORS)
        if handed in MODERATORS and handed in there:
            assert moderator == handed
        elif "expert" in there:
            assert moderator == "expert"


def test_nobody_but_the_moderator_does_what_is_his() -> None:
    for there, handed, act in itertools.product(ROOMS, ("", *MODERATORS), _MODERATES):
        for seat, target in itertools.product(there, (None, *ALL)):
            if allowed(act, seat=seat, there=there, handed_to=handed, target=target):
                assert seat == moderator_of(there, handed)
                assert act in acts_of(seat, seat)
    with pytest.raises(NotModerator):
        check_act("lock", seat="patient", there=("patient", "expert"), handed_to="")


def test_neither_doctor_puts_the_other_out_and_nobody_himself() -> None:
    for there, handed in itertools.product(ROOMS, ("", *MODERATORS)):
        for seat in there:
            for target in ("village_doctor", "expert"):
                assert not allowed("remove", seat=seat, there=there, handed_to=handed, target=target)
            for act in ("mute", "remove", "hand_over"):
                assert not allowed(act, seat=seat, there=there, handed_to=handed, target=seat)
    with pytest.raises(NotThatSeat):
        check_act("hand_over", seat="expert", there=("patient", "expert"), handed_to="", target="patient")
    with pytest.raises(NobodyThere):
        check_act("mute", seat="expert", there=("expert",), handed_to="", target="patient")


def test_who_only_listens_raises_his_hand_and_nothing_more() -> None:
    assert acts_of("student", "expert") == ("hand",)
    with pytest.raises(ListensOnly):
        check_act("say", seat="student", there=("student",), handed_to="")
    for act in _OF_HIMSELF:
        assert (act in acts_of("patient", "expert")) == allowed(act, seat="patient", there=("patient",), handed_to="")


def test_doors() -> None:
    for locked, moderated in itertools.product((True, False), repeat=2):
        for seat in ALL:
            assert door(seat=seat, state="in", locked=locked, moderated=moderated) == "open"
            assert door(seat=seat, state="removed", locked=locked, moderated=moderated) == "wait"
        for seat in GUEST_SEATS:
            assert door(seat=seat, state=None, locked=locked, moderated=moderated) == "wait"
            assert door(seat=seat, state="refused", locked=locked, moderated=moderated) == "closed"
        for seat in SEATS:
            assert door(seat=seat, state=None, locked=locked, moderated=moderated) == ("wait" if locked and moderated else "open")
            # Whom nobody can let in any more comes in by himself.
            assert door(seat=seat, state="waiting", locked=locked, moderated=False) == "open"


def test_why_there_was_no_call_is_said_for_the_side_that_is_missing() -> None:
    assert not_held(()) == "call.not_held.nobody"
    assert not_held(("patient", "village_doctor"), {"patient": "no_network"}) == "call.not_held.expert"
    assert not_held(("patient", "village_doctor"), {"expert": "no_network"}) == "call.not_held.expert.no_network"
    assert not_held(("expert",), {"village_doctor": "declined"}) == "call.not_held.inviting.declined"
    assert not_held(("expert", "student"), {"student": "refused_camera"}) == "call.not_held.inviting"
    assert not_held(("expert", "patient"), {"village_doctor": "no_network"}) is None
    for side, cause in itertools.product(("nobody", "expert", "inviting"), (*TROUBLES, "declined", "not_admitted")):
        assert ENTRY_LABELS[f"call.not_held.{side}.{cause}"]
    assert max(map(len, ENTRY_LABELS)) <= 60, "longer than the column"
