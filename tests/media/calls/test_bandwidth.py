"""The rules by which pictures and voices share the links of a room: sound first, what matters first, nobody drags everybody down."""

from __future__ import annotations

import itertools
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.calls.bandwidth import Bandwidth, RoomBandwidth
from media.calls.climbing import Climb, Proof
from media.calls.feedback_digest import NOTHING, Digest
from media.calls.ladder import FULL_SOUND, SAVING_SOUND, STEPS, Rung, rung_for, sound_for
from media.calls.link_state import DONE, colour, done_for
from media.calls.measured import Decisions, Downlink, LayerMeasured, Picture, Uplink
from media.calls.sharing import Wanted, share_out
from media.calls.transport_feedback import Result
from tests.support.links import OPEN, Link, Phases
from tests.support.simulated_call import SimulatedCall

FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"


def test_the_ladder_goes_down_step_by_step():
    steps = [STEPS[rung] for rung in Rung]
    assert all(low.least < high.least and low.most <= high.most and low.height <= high.height for low, high in itertools.pairwise(steps))
    assert all(high.least <= low.most for low, high in itertools.pairwise(steps[2:])), "no gap between two rungs"
    assert [rung_for(bits) for bits in (0, 25_000, 60_000, 200_000, 500_000, 1_500_000, 9_000_000)] == list(Rung)
    assert sound_for(119_999, 2) == SAVING_SOUND
    assert sound_for(120_000, 2) == FULL_SOUND


@given(
    st.integers(0, 5_000_000), st.integers(0, 7),
    st.lists(st.tuples(st.integers(0, 3), st.integers(20_000, 2_500_000)), max_size=7),
)  # fmt: skip
@settings(max_examples=2000 if FULL else 200, deadline=None)
def test_sound_never_pays_for_pictures(bits: int, voices: int, wanted: list[tuple[int, int]]):
    share = share_out(bits, voices, [Wanted(str(place), priority, most) for place, (priority, most) in enumerate(wanted)])
    given_away = sum(share.pictures.values())
    assert share.reserved == voices * share.sound.bits
    assert given_away == 0 or given_away + voices * FULL_SOUND.bits <= bits
    assert share.sound == FULL_SOUND or given_away == 0
    for place, (priority, most) in enumerate(wanted):
        assert 0 <= share.pictures[str(place)] <= most
        for other, (less, _) in enumerate(wanted):
            if less < priority and share.pictures[str(other)] >= STEPS[Rung.P180].least:
                least = STEPS[Rung.P180].least if most >= STEPS[Rung.P180].least else min(most, STEPS[Rung.STILLS].most)
                assert share.pictures[str(place)] >= least, "who matters less does not move while the other stands"


def test_what_matters_more_comes_first_and_equals_share_equally():
    wanted = [Wanted("patient", 0, 1_000_000), Wanted("image", 1, 900_000), Wanted("doctor", 0, 300_000)]
    assert share_out(180_000 + 1_500_000, 3, wanted).pictures == {"patient": 300_000, "image": 900_000, "doctor": 300_000}
    assert share_out(180_000 + 930_000, 3, wanted).pictures == {"patient": 30_000, "image": 900_000, "doctor": 0}
    equals = [Wanted("patient"), Wanted("doctor")]
    assert share_out(120_000 + 100_000, 2, equals).pictures == {"patient": 100_000, "doctor": 0}
    assert share_out(120_000 + 200_000, 2, equals).pictures == {"patient": 100_000, "doctor": 100_000}


def test_up_slowly_down_at_once_and_slower_after_a_failure():
    climb, at = Climb(Rung.P180), 0.0
    assert climb.to(Rung.P480, 0.0) == Rung.P180
    assert climb.to(Rung.P480, 1.0) == Rung.P360
    assert climb.to(Rung.P480, 1.5) == Rung.P360
    assert climb.to(Rung.STILLS, 1.6) == Rung.STILLS
    waits = []
    for _ in range(6):
        began = at = at + 2
        while climb.to(Rung.P180, at) == Rung.STILLS:
            at += 0.1
        waits.append(round(at - began))
        climb.to(Rung.STILLS, at + 0.1)
    assert waits == [2, 4, 8, 16, 16, 16]
    climb.to(Rung.STILLS, at + 100)
    began = at = at + 101
    while climb.to(Rung.P180, at) == Rung.STILLS:
        at += 0.1
    assert round(at - began) == 1, "all is forgiven"


def test_padding_waits_longer_each_time_that_it_filled_the_link():
    proof, now, waits = Proof(), 0.0, []
    assert proof.may(0, now)
    for falls in range(1, 8):
        proof.padding = True
        began = now = now + 1
        while not proof.may(falls, now):
            now += 0.1
        waits.append(round(now - began))
    assert waits == [2, 4, 5, 5, 5, 5, 5]
    proof.padding = False
    assert not proof.may(8, now)
    assert proof.wait_s == 5, "a fall without padding makes it no longer"
    assert proof.may(8, now + 40)
    assert proof.wait_s == 1


def down(bits: float) -> dict[str, Phases]:
    """Only c has a weak link, towards him."""
    return {"c": [(0.0, Link(bits, 0.04))]}


def steady(call: SimulatedCall, seconds: float = 8) -> list[Decisions]:
    """What is decided while it goes on for so long."""
    return [call.run(0.5).decisions for _ in range(int(seconds * 2))]


def test_on_good_links_everybody_sees_everybody_well():
    decided = SimulatedCall("abc", camera_bits=1_000_000).run(9).decisions
    assert {shown.picture for shown in decided.shown.values()} == {Picture.MOVING}
    assert len(decided.shown) == 6
    assert all(state.done == "" and state.up == state.down == "green" for state in decided.links.values())
    assert all(state.height >= 480 and state.send_bits >= 1_000_000 and state.sound_bits == 32_000 for state in decided.links.values())
    assert all(decided.send_bits[seat] == state.send_bits + FULL_SOUND.bits for seat, state in decided.links.items())


def test_a_calm_room_is_looked_at_less_often_until_something_happens():
    call = SimulatedCall("abc", up={"a": [(0.0, OPEN), (30.0, Link(150_000, 0.02))]}).run(20)
    before = call.looks
    call.run(8)
    assert 8 * 3 <= call.looks - before <= 8 * 5, "instead of ten times a second"
    fell = call.people["a"].rows
    call.run(3)
    assert min(row.told for row in fell if 30.0 < row.at < 30.6) < 150_000, "and yet a cliff is noticed as quickly"
    before = call.looks
    call.run(2)
    assert call.looks - before > 15


def test_a_middling_link_makes_the_pictures_that_go_over_it_smaller():
    for decided in steady(SimulatedCall("abc", down=down(1_000_000)).run(10)):
        # c sees a and b, each in about half of what two voices leave of a million; nobody but c sees c small.
        assert all(60_000 <= decided.links[seat].send_bits <= 540_000 for seat in "ab")
        assert decided.links["c"].send_bits > 700_000


def test_who_cannot_get_a_moving_picture_drags_nobody_down():
    call = SimulatedCall("abc", down=down(160_000)).run(10)
    decisions = steady(call)
    assert sum(decided.links["a"].send_bits > 700_000 for decided in decisions) >= 0.75 * len(decisions), "but for a trial now and then"
    for decided in decisions:
        assert decided.shown["b", "a"].picture == Picture.MOVING
        assert decided.links["a"].send_bits >= 60_000
        assert Picture.MOVING not in (decided.shown["c", "a"].picture, decided.shown["c", "b"].picture) or decided.links["a"].send_bits < 200_000
        assert decided.links["c"].done != ""
    still = [shown for decided in steady(call, 20) for shown in decided.shown.values() if shown.picture == Picture.STILLS]
    assert all(shown.still_bits == STEPS[Rung.STILLS].most for shown in still)


def test_layers_are_chosen_for_each_receiver():
    call = SimulatedCall("abc", down=down(900_000), layers=(0.1, 0.25, 0.65)).run(12)
    seen = [decided.shown["c", "a"].layer for decided in steady(call)]
    assert call.decisions.links["a"].send_bits > 700_000, "the layers are there for b, who can take the largest"
    assert call.decisions.shown["b", "a"].layer == 2
    assert set(seen) <= {0, 1}
    assert 1 in seen


def test_the_picture_that_somebody_has_made_large_comes_first():
    call = SimulatedCall("abc", down=down(500_000), layers=(0.1, 0.25, 0.65))
    call.people["c"].prefers = "a"
    call.run(12)
    decided = steady(call)
    assert all(one.shown["c", "a"].picture == Picture.MOVING for one in decided)
    assert {one.shown["c", "b"].picture for one in decided} <= {Picture.STILLS, Picture.NONE}


def test_the_image_under_discussion_outranks_faces():
    call = SimulatedCall("abc", down=down(900_000)).run(14)
    before = call.people["c"].rows[-1].down_got
    call.people["c"].reads_image = True
    call.run(8)
    beside = call.people["c"].rows[-1].down_got
    assert beside < 0.65 * before, "half of what the voices leave is the image's"
    assert {call.decisions.shown["c", seat].picture for seat in "ab"} == {Picture.MOVING}
    assert call.decisions.links["c"].sound_bits == 32_000
    call.people["c"].reads_image = False
    call.run(5)
    assert call.people["c"].rows[-1].down_got > 0.8 * before, "and afterwards they have it again, without climbing step by step"


def test_a_link_that_hardly_is_one_carries_sound_that_is_saved_on_both_sides():
    weak = [(0.0, Link(48_000, 0.04))]
    decided = SimulatedCall("ab", up={"b": weak}, down={"b": weak}).run(8).decisions
    assert decided.shown["b", "a"].picture == Picture.NONE
    assert (decided.links["b"].send_bits, decided.links["b"].height) == (0, 0)
    assert [decided.links[seat].sound_bits for seat in "ab"] == [12_000, 12_000]
    assert decided.links["b"].done == "sound_saving"
    assert decided.links["b"].down == "red"
    assert decided.links["a"].done == "", "a's own link is well"
    assert decided.send_bits["b"] == SAVING_SOUND.bits


def only_listening(seat: str, call: SimulatedCall, *, microphone: bool) -> SimulatedCall:
    """`seat` may not be heard, whatever he sends; or he may, and his microphone is off."""
    call.people[seat].may_speak = microphone
    call.people[seat].microphone = not microphone
    return call


@pytest.mark.parametrize("microphone", [False, True])
def test_who_is_not_heard_takes_nothing_off_a_link(microphone: bool):
    """Two speak to c, the student d listens: what is left of 230 kbit/s is enough for a picture that moves, and would not be for three voices."""
    call = only_listening("d", SimulatedCall("abcd", down=down(230_000), pictures="a"), microphone=microphone).run(20)
    decided = steady(call)
    assert sum(one.shown["c", "a"].picture == Picture.MOVING for one in decided) >= 0.75 * len(decided)
    assert {one.links["c"].sound_bits for one in decided} == {32_000}


def test_who_turns_his_microphone_on_is_heard_at_once_and_one_who_turns_it_off_and_on_changes_nothing():
    call = only_listening("d", SimulatedCall("abcd", down=down(230_000), pictures="a"), microphone=True).run(20)
    one, c = call.people["d"], call.people["c"]
    one.microphone = True
    sent = c.sound_sent_s
    call.run(0.5)
    assert call.decisions.shown["c", "a"].picture != Picture.MOVING, "his voice comes before the picture"
    call.run(2.5)
    assert c.sound_sent_s - sent > 3 * 2.9
    heard = [delay for at, delay in c.sound_delays if at > call.now - 3]
    assert sorted(heard)[len(heard) * 95 // 100] < 0.4, "nobody's speech waits for long behind the picture of before"
    told = set()
    for _ in range(10):  # shorter than it takes to believe that he is silent
        one.microphone = not one.microphone
        call.run(2)
        told.add((call.decisions.links["c"].sound_bits, call.decisions.shown["c", "a"].picture))
    assert len({picture for _, picture in told}) <= 2
    assert Picture.MOVING not in {picture for _, picture in told}
    assert len({bits for bits, _ in told}) == 1, "sound is not saved and spent by turns"


def test_the_bad_link_up_of_who_only_listens_lowers_nobodys_voice():
    weak = [(0.0, Link(45_000, 0.04))]
    call = only_listening("d", SimulatedCall("abd", up={"d": weak}, pictures=""), microphone=False)
    call.people["d"].microphone = False
    assert {state.sound_bits for decided in steady(call.run(8)) for state in decided.links.values()} == {32_000}
    hears = only_listening("d", SimulatedCall("abd", down={"d": weak}, pictures=""), microphone=False).run(10)
    assert [hears.decisions.links[seat].sound_bits for seat in "ab"] == [12_000, 12_000], "but whoever listens must hear"


def test_a_camera_that_is_off_takes_no_share():
    call = SimulatedCall("abc", down=down(500_000), pictures="a").run(12)
    assert ("c", "b") not in call.decisions.shown
    assert max(decided.links["a"].send_bits for decided in steady(call)) > 220_000
    call.people["b"].picture = True
    call.camera_on("b")
    assert ("c", "b") in call.run(2).decisions.shown


def test_a_new_connection_of_a_seat_starts_anew_and_a_room_is_forgotten():
    every = Bandwidth()
    up = Uplink("a", "first", True, 300_000, 50, 0.0, 0.0, ((10.0, 0.0),), (LayerMeasured("", 200_000),))
    down = Downlink("a", "first", True, NOTHING, 0, None, None, None)
    for at in range(30):
        every.beat("room", [up], [down], at / 10)
    room = every._rooms["room"]
    before = room.members["a"]
    again = Uplink("a", "second", True, 300_000, 50, 0.0, 0.0, ((10.0, 0.0),), (LayerMeasured("", 200_000),))
    every.beat("room", [again], [], 3.1)
    assert room.members["a"] is not before
    every.beat("room", [], [], 3.2)
    assert room.members == {}
    every.forget("room")
    every.forget("room")
    assert every._rooms == {}


@pytest.mark.parametrize("seed", range(20 if FULL else 3))
def test_whatever_is_measured_the_decisions_hold_together(seed: int):
    chance, controller, now, number = random.Random(seed), RoomBandwidth(), 0.0, 0
    wild = (0.0, 1e-9, 0.01, 0.3, 1.0, 5.0, 1e9, -1.0)
    for _ in range(300):
        now += chance.choice((0.0, 0.1, 0.1, 0.1, 2.0, 30.0))
        ups, downs = [], []
        for seat in chance.sample("abcdefgh", chance.randrange(9)):
            layers = tuple(LayerMeasured("", chance.choice((0.0, 1e5, 1e6, 1e9))) for _ in range(chance.choice((0, 1, 1, 3))))
            member = f"{seat}{chance.randrange(30) // 29}"
            ups.append(
                Uplink(seat, member, chance.random() < 0.9, chance.choice((0.0, 1e4, 1e5, 1e6, 1e9)), chance.randrange(200), chance.random(),
                       0.0, tuple((now + chance.choice(wild), chance.choice(wild)) for _ in range(chance.randrange(5))), layers)
            )  # fmt: skip
            digest = Digest()
            for _ in range(chance.randrange(30)):
                number += 1
                arrived = None if chance.random() < 0.2 else now + chance.choice(wild)
                digest.add([Result(number, now - chance.random(), chance.randrange(1, 1500), arrived)])
            downs.append(
                Downlink(seat, member, chance.random() < 0.9, digest.take(), chance.choice((0.0, 1e5, 1e7)), chance.choice((None, *wild)),
                         chance.choice((None, 0.0, 0.5, 1.0)), chance.choice((None, 0, 50_000, 10**9)))
            )  # fmt: skip
        decided = controller.beat(ups, downs, now)
        there = {one.seat for one in ups if one.connected}
        assert decided.send_bits.keys() == there
        for seat, bits in decided.send_bits.items():
            state = decided.links[seat]
            assert state.sound_bits in (12_000, 32_000)
            assert SAVING_SOUND.bits <= bits <= controller.ceiling + FULL_SOUND.bits
            assert 0 <= state.send_bits <= controller.ceiling
            assert (state.height == 0) == (state.rate == 0)
        for (seat, other), shown in decided.shown.items():
            assert other in there
            assert seat != other
            assert shown.layer is None or 0 <= shown.layer < 3


def test_colours_and_words():
    assert [colour(lost, 0.1, 0.0, "") for lost in (0.0, 0.029, 0.03, 0.1)] == ["green", "green", "yellow", "red"]
    assert [colour(0.0, rtt, 0.2, "") for rtt in (0.1, 0.35, 0.9)] == ["green", "yellow", "red"]
    assert [colour(0.0, 0.1, 0.0, done) for done in DONE] == ["green", "yellow", "yellow", "yellow", "red", "red"]
    words = {
        "": [Rung.P480, Rung.P360], "smaller_picture": [Rung.P480, Rung.P180], "fewer_pictures": [Rung.P480, Rung.STILLS],
        "stills": [Rung.STILLS, Rung.NONE], "sound_only": [Rung.NONE, Rung.NONE],
    }  # fmt: skip
    assert {done: done_for(rungs, FULL_SOUND, limited=True) for done, rungs in words.items()} == {done: done for done in words}
    assert done_for([Rung.P480], SAVING_SOUND, limited=True) == "sound_saving"
    assert done_for([Rung.NONE], SAVING_SOUND, limited=False) == "", "a call that begins small is not in trouble"
