"""Transport-wide feedback: the draft's examples by hand, what is built is read again, gaps and wraps, and nothing that a stranger sends raises."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.calls import rtp
from media.calls.transport_feedback import (
    MOST_STATUSES,
    SEQUENCES,
    Arrivals,
    Feedback,
    SentPackets,
    build,
    parse,
    read,
)

FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
CASES = 20_000 if FULL else 2_000


def message(chunks: str, deltas: str, *, base: str = "0005", statuses: str, reference: str = "000001", count: str = "07") -> bytes:
    """A message by hand, from hexadecimal parts, padded without the padding bit as some senders do."""
    body = bytes.fromhex("00000001" "00000002" + base + statuses + reference + count + chunks + deltas)
    body += bytes(-len(body) % 4)
    return bytes.fromhex("8fcd") + (len(body) // 4).to_bytes(2, "big") + body


def test_the_drafts_example_of_a_run_of_221_missing_packets():
    # 3.1.3: 0|00|0000011011101 is 221 packets not received; then one that came 1 ms after the reference time of 64 ms (one run, one delta).
    read_back = parse(message("00dd" "2001", "04", statuses="00de"))
    assert read_back == Feedback(1, 2, 5, 7, (None,) * 221 + (260,))


def test_the_drafts_first_vector_of_one_bit_symbols():
    # 3.1.4: 1|0|01111100011100 — 1 missing, 5 received, 3 missing, 3 received, 2 missing.
    read_back = parse(message("9f1c", "0102030405060708", statuses="000e"))
    assert read_back is not None
    assert read_back.arrivals == (None, 257, 259, 262, 266, 271, None, None, None, 277, 284, 292, None, None)


def test_two_bit_symbols_with_a_large_and_a_negative_delta():
    # 1|1|00 10 01 10 00 00 00: missing, large (+300 ticks), small (+2), large (-8 ticks), 3 missing.
    read_back = parse(message("c980", "012c" "02" "fff8", statuses="0007"))
    assert read_back is not None
    assert read_back.arrivals == (None, 556, 558, 550, None, None, None)


def test_the_reserved_symbol_is_refused_and_a_message_cut_short_too():
    # 3.1.4's second example has the symbol 11, which 3.1.1 reserves.
    assert parse(message("cd50", "01020304", statuses="0007")) is None
    whole = message("9f1c", "0102030405060708", statuses="000e")
    assert all(parse(whole[:cut]) is None for cut in range(len(whole) - 1))


def test_what_is_built_is_what_the_draft_says():
    # Reference time 4 (256 ms); +0, missing, +1 tick, +256 ticks (large): one vector of two-bit symbols, four bytes of deltas, no padding but 2.
    data = build(Feedback(1, 2, 65535, 9, (1024, None, 1025, 1281)))
    assert data.hex() == "afcd0006" "00000001" "00000002" "ffff0004" "00000409" "d180" "00" "01" "0100" "0002"


@st.composite
def feedbacks(draw: st.DrawFn) -> Feedback:
    time, arrivals = draw(st.integers(0, (1 << 32) - 1)), []
    steps = st.one_of(st.none(), st.none(), st.integers(0, 255), st.integers(0, 12), st.integers(-0x7000, 0x7000))
    for step in draw(st.lists(steps, max_size=300)):
        time = time if step is None else max(0, time + step)
        arrivals += [None if step is None else time] * draw(st.sampled_from((1, 1, 1, 2, 20)))
    arrivals.append(time)
    return Feedback(1, 2, draw(st.integers(0, SEQUENCES - 1)), draw(st.integers(0, 255)), tuple(arrivals[-MOST_STATUSES:]))


@settings(max_examples=300 if FULL else 60, deadline=None)
@given(feedbacks())
def test_what_is_built_is_read_again(feedback: Feedback):
    data = build(feedback)
    assert len(data) % 4 == 0
    found = parse(data)
    assert found is not None
    # The reference time has 24 bits: what wraps differs by 2**32 ticks as a whole.
    first, back = (next(one for one in each.arrivals if one is not None) for each in (feedback, found))
    shift = first - back
    assert shift % (1 << 32) == 0
    assert tuple(None if one is None else one + shift for one in found.arrivals) == feedback.arrivals
    assert (found.sender, found.media, found.base, found.count) == (1, 2, feedback.base, feedback.count)
    assert read(rtp.picture_loss(1, 2) + data) == [found]


def test_what_cannot_be_said_is_refused():
    for arrivals in ((), (None,), (0, 40_000), (5,) * (MOST_STATUSES + 1)):
        with pytest.raises(ValueError, match="arriv"):
            build(Feedback(1, 2, 0, 0, arrivals))


def test_nothing_that_a_stranger_sends_raises_or_takes_long():
    randomly = random.Random(20)
    good = build(Feedback(1, 2, 3, 4, (1024, None, 1025, 1281, None, 1300)))
    history = SentPackets()
    for _ in range(500):
        history.sent(1200, 1.0)
    for case in range(CASES):
        data = bytearray(good)
        if case % 2:
            data[2:] = (randomly.randrange(3, 40)).to_bytes(2, "big") + randomly.randbytes(160)
        for _ in range(randomly.randrange(4)):
            data[randomly.randrange(len(data))] = randomly.randrange(256)
        found = read(bytes(data[: randomly.randrange(len(data) + 1)] if case % 3 else data))
        for one in found:
            assert len(one.arrivals) <= MOST_STATUSES
            assert len(history.results(one)) <= 500


def test_arrivals_are_told_every_interval_with_what_is_missing():
    arrivals = Arrivals(sender=1)
    assert arrivals.messages(2, 0.0) == []
    for sequence, at in ((65534, 10.000), (65535, 10.010), (1, 10.020), (1, 10.040)):
        arrivals.arrived(sequence, at)
    assert [parse(one) for one in arrivals.messages(2, 10.05)] == [Feedback(1, 2, 65534, 0, (40000, 40040, None, 40080))]
    arrivals.arrived(2, 10.06)
    assert arrivals.messages(2, 10.08) == []
    assert [parse(one) for one in arrivals.messages(2, 10.10)] == [Feedback(1, 2, 2, 1, (40240,))]
    assert arrivals.messages(2, 10.20) == []


def test_what_nobody_will_ask_for_counts_as_having_come_with_the_next():
    arrivals = Arrivals(sender=1, tells_losses=False)
    for sequence, at in ((65534, 10.000), (65535, 10.010), (2, 10.020), (3, 10.030)):
        arrivals.arrived(sequence, at)
    (told,) = (parse(one) for one in arrivals.messages(2, 10.05))
    assert told == Feedback(1, 2, 65534, 0, (40000, 40040, 40080, 40080, 40080, 40120))
    arrivals.arrived(0, 10.060)
    (again,) = (parse(one) for one in arrivals.messages(2, 10.10))
    assert (again.base, again.arrivals[0], again.arrivals[3]) == (0, 40240, 40120), "it came after all"


def test_a_packet_called_missing_that_comes_after_all_is_told_of_again():
    arrivals, history = Arrivals(sender=1), SentPackets()
    for _ in range(5):
        history.sent(100, 9.9)
    for sequence in (0, 1, 3):
        arrivals.arrived(sequence, 10.0)
    first = [one for data in arrivals.messages(2, 10.05) for one in history.results(parse(data))]
    assert [(one.sequence, one.arrived_at) for one in first] == [(0, 10.0), (1, 10.0), (2, None), (3, 10.0)]
    arrivals.arrived(2, 10.07)
    arrivals.arrived(4, 10.08)
    second = [one for data in arrivals.messages(2, 10.1) for one in history.results(parse(data))]
    assert [(one.sequence, one.arrived_at) for one in second] == [(2, 10.07), (4, 10.08)]


def test_a_long_silence_and_a_long_run_need_more_than_one_message():
    arrivals = Arrivals(sender=1)
    arrivals.arrived(0, 10.0)
    arrivals.arrived(1, 20.0)
    assert len([parse(one) for one in arrivals.messages(2, 20.0)]) == 2
    for sequence in range(2, 1502):
        arrivals.arrived(sequence, 20.0 + sequence / 1000)
    told = [parse(one) for one in arrivals.messages(2, 22.0)]
    assert [one.base for one in told if one is not None] == [2, 402, 802, 1202]
    assert sum(len(one.arrivals) for one in told if one is not None) == 1500
    assert all(len(build(one)) <= 1200 for one in told if one is not None)


def test_a_new_start_of_the_numbers_is_no_loss():
    arrivals = Arrivals(sender=1)
    arrivals.arrived(7, 1.0)
    arrivals.messages(2, 1.0)
    arrivals.arrived(20_000, 1.1)
    assert [one and one.arrivals for one in map(parse, arrivals.messages(2, 1.2))] == [(4400,)]


def test_what_was_sent_is_found_again_across_the_wrap():
    history, arrivals, told = SentPackets(next=SEQUENCES - 150), Arrivals(sender=1), []
    for index in range(400):
        now = 100 + index * 0.02
        sequence = history.sent(1000 + index, now)
        if index % 10 != 7:
            arrivals.arrived(sequence, now + 5000)
        for data in arrivals.messages(2, now + 5000):
            feedback = parse(data)
            assert feedback is not None
            told += history.results(feedback)
    assert [one.sequence for one in told] == list(range(SEQUENCES - 150, SEQUENCES - 150 + len(told)))
    assert all((one.arrived_at is None) == (one.size % 10 == 7) for one in told)
    assert all(abs(one.arrived_at - one.sent_at - 5000) < 0.001 for one in told if one.arrived_at is not None)
    assert history.messages_lost == 0


def test_the_receivers_clock_goes_on_when_its_reference_time_wraps():
    history = SentPackets()
    for _ in range(2):
        history.sent(100, 1.0)
    whole = 1 << 32
    before = history.results(Feedback(1, 2, 0, 254, (whole - 100,)))[0].arrived_at
    after = history.results(Feedback(1, 2, 1, 1, (300,)))[0].arrived_at
    assert before is not None
    assert after is not None
    assert abs(after - before - 0.1) < 1e-6
    assert history.messages_lost == 2


def test_bytes_that_nothing_is_known_of():
    history = SentPackets()
    for at in (1.0, 2.0, 2.1):
        history.sent(100, at)
    history.results(Feedback(1, 2, 1, 0, (4000,)))
    assert history.waiting(2.2, 0.5) == 100
    assert history.waiting(2.2, 5.0) == 200


def test_the_quick_way_says_what_the_long_way_says():
    rng = random.Random(20261122)
    quick, slow = Arrivals(3), Arrivals(3)
    number, now, taken = 65_000, 1000.0, 0
    for beat in range(2000):
        came: dict[int, float] = {}
        for _ in range(rng.randrange(1, 20)):
            now += rng.choice((0.0, 0.001, 0.004, 0.02, 0.1 if rng.random() < 0.05 else 0.002))
            number += 2 if rng.random() < 0.02 else 1
            came[number & 0xFFFF] = now
        late = (number - rng.randrange(2, 40)) & 0xFFFF
        if rng.random() < 0.05:
            came[late] = now
        message = quick.in_order(came, 9, now)
        if message is None:
            for one, at in came.items():
                quick.arrived(one, at)
        for one, at in came.items():
            slow.arrived(one, at)
        said = [message] if message is not None else quick.messages(9, now + 1 + beat)
        taken += message is not None
        assert read(b"".join(said)) == read(b"".join(slow.messages(9, now + 1 + beat)))
    assert 500 < taken < 2000
