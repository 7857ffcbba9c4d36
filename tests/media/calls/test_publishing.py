"""What a publisher sends reaches everybody in their own numbers: whole pictures first, nothing lost by padding, wraps, repeats or a new SSRC; layers
are switched at whole pictures alone; sound and picture stay together. Packets made by hand."""

from __future__ import annotations

import itertools
import random

import pytest

from media.calls import rtp
from media.calls.engine import Limits
from media.calls.measured import Picture, Shown
from media.calls.pictures import h264_begins, read_descriptor, vp8_begins
from tests.media.calls.hand_made import OPUS, SEND_TIME, VP8, Publisher, packet, vp8

SOUND = b"sound"


def numbers(packets: list[rtp.Packet]) -> list[int]:
    return [one.sequence for one in packets]


def pictures(packets: list[rtp.Packet]) -> list[tuple[int, int]]:
    """Picture id and TL0PICIDX of each packet."""
    found = []
    for one in packets:
        descriptor = read_descriptor(one.payload)
        assert descriptor is not None
        assert descriptor.picture is not None
        assert descriptor.base is not None
        found.append((descriptor.picture, descriptor.base))
    return found


def test_a_picture_begins_whole_and_sound_at_once():
    call = Publisher(2)
    call.send(10, 0, SOUND, kind="audio")
    call.send(50, 0, vp8(1))
    call.send(51, 3000, vp8(2))
    call.send(52, 6000, vp8(3, key=True))
    call.send(53, 6000, vp8(3, begins=False), marker=True)
    for receiver in call.receivers:
        assert [one.payload for one in receiver.sent.of("audio")] == [SOUND]
        assert numbers(receiver.sent.of("video")) == [52, 53]
        assert [one.marker for one in receiver.sent.of("video")] == [False, True]
        assert {one.payload_type for one in receiver.sent.packets} == {60, 61}


def test_sequences_wrap_and_late_packets_find_their_place():
    call = Publisher()
    call.send(65533, 0, vp8(1, key=True))
    for sequence in (65534, 0, 65535, 1, 2):
        call.send(sequence, 3000, vp8(2))
    sent = numbers(call.receivers[0].sent.of("video"))
    start = 65533 & 0x7FFF
    assert sent == [start, start + 1, start + 3, start + 2, start + 4, start + 5]
    stream = call.leg._streams[700]
    assert (stream.received, stream.lost) == (6, 0)


def test_what_is_late_from_before_the_slot_was_taken_is_not_sent():
    call = Publisher()
    call.send(100, 0, vp8(1))
    call.send(102, 3000, vp8(2, key=True))
    call.send(101, 0, vp8(1))
    assert numbers(call.receivers[0].sent.of("video")) == [102]


def test_padding_makes_no_gap():
    call = Publisher()
    call.send(1, 0, vp8(1, key=True))
    padded = bytearray(packet(VP8, 2, 0, 700, bytes(9) + b"\x0a", 5, "", 6, False))
    padded[0] |= 0x20
    call.rtp(bytes(padded))
    call.send(3, 3000, vp8(2))
    sent = call.receivers[0].sent.of("video")
    assert numbers(sent) == [1, 2, 3]
    assert sent[1].payload == b""


def test_a_gap_is_asked_for_at_once_and_a_repeated_packet_passed_on_once():
    call = Publisher(2)
    call.send(1, 0, vp8(1, key=True))
    call.send(4, 9000, vp8(4), after=0.03)
    assert [one.sequences for one in call.told(rtp.Lost)] == [(2, 3)]
    call.now += 0.05
    call.again(2, 3000, vp8(2))
    call.again(2, 3000, vp8(2))
    call.again(3, 6000, vp8(3))
    for receiver in call.receivers:
        assert numbers(receiver.sent.of("video")) == [1, 4, 2, 3]
    stream = call.leg._streams[700]
    assert stream.lost == 0
    assert stream.repair_s == pytest.approx(0.05 / 4 + 0.05 * 3 / 16)
    call.leg.beat(call.now + 1)
    assert len(call.told(rtp.Lost)) == 1


def test_each_request_is_made_twice_because_requests_get_lost():
    call = Publisher()
    call.send(1, 0, vp8(1, key=True))
    call.send(3, 9000, vp8(3), after=0.03)
    for step in range(1, 6):
        call.leg.beat(call.now + step / 100)
    assert [one.sequences for one in call.told(rtp.Lost)] == [(2,), (2,)]
    call.now += 0.055
    call.again(2, 3000, vp8(2))
    assert call.leg._streams[700].repair_s == pytest.approx(0.055 / 4), "since it was asked for first"


def test_sound_is_never_asked_for_again():
    call = Publisher()
    for sequence in (1, 2, 9):
        call.send(sequence, sequence * 960, SOUND, kind="audio")
    call.leg.beat(call.now + 0.2)
    assert call.told(rtp.Lost) == []


def test_a_new_ssrc_goes_on_in_the_same_numbers():
    call = Publisher()
    for sequence in range(3):
        call.send(sequence, 3000 * sequence, vp8(sequence, key=not sequence), after=1 / 30)
    call.send(40000, 77, vp8(9), ssrc=900, after=1 / 30)
    call.send(40001, 77 + 3000, vp8(10, key=True), ssrc=900, after=1 / 30)
    sent = call.receivers[0].sent.of("video")
    assert numbers(sent) == [0, 1, 2, 3]
    assert sent[3].timestamp - sent[2].timestamp == pytest.approx(6000, abs=2)
    call.send(3, 9000, vp8(3), after=0.01)  # a straggler of the one before takes its place back as a new stream: nothing breaks
    call.send(41000, 99999, vp8(11, key=True), ssrc=901, after=0.01)
    assert numbers(call.receivers[0].sent.of("video"))[-1] == 4


def test_numbers_that_begin_anew_are_no_gap():
    call = Publisher()
    for count, sequence in enumerate((10, 11, 12, 45_000, 45_001, 2, 3)):
        call.send(sequence, 3000 * count, vp8(count, key=not count), after=1 / 30)
    sent = call.receivers[0].sent.of("video")
    assert numbers(sent) == [10, 11, 12, 13, 14, 15, 16]
    assert all(2990 <= later.timestamp - earlier.timestamp <= 3010 for earlier, later in itertools.pairwise(sent))
    call.again(30_000, 0, vp8(9))  # what nobody asked for is not taken for a new beginning
    call.send(4, 21_000, vp8(9), after=1 / 30)
    assert numbers(call.receivers[0].sent.of("video"))[7:] == [17]


def test_goodbye_keeps_the_place():
    call = Publisher()
    call.send(5, 0, vp8(1, key=True))
    call.rtcp(b"\x81\xcb\x00\x01" + (700).to_bytes(4, "big"))
    call.send(900, 0, vp8(1, key=True), ssrc=777, after=0.5)
    assert numbers(call.receivers[0].sent.of("video")) == [5, 6]


def test_sound_and_picture_are_told_by_one_clock():
    call = Publisher()
    ntp = 5_000_000 << 32
    call.send(1, 90_000, vp8(1, key=True))
    call.send(1, 48_000, SOUND, kind="audio")
    # Somebody new takes the slot: its timestamps are shifted, and the reports with them.
    call.send(700, 1_000_000, vp8(1, key=True), ssrc=900, after=0.5)
    call.send(70, 2_000_000, SOUND, kind="audio", ssrc=901)
    for ssrc, timestamp in ((900, 1_000_000 + 9000), (901, 2_000_000 + 4800)):
        call.rtcp(rtp.sender_report(ssrc, ntp, timestamp, 1, 1, "x"))
    receiver = call.receivers[0]
    reports = {one.ssrc: one for data in receiver.reports for one in rtp.read_rtcp(data) if isinstance(one, rtp.SenderReport)}
    assert set(reports) == {1, 2}
    assert {one.ntp for one in reports.values()} == {ntp}
    # Both were taken 100 ms before the moment that the reports name, and both say so in the numbers that were sent.
    for kind, ssrc, rate in (("audio", 1, 48000), ("video", 2, 90000)):
        behind = (reports[ssrc].timestamp - receiver.sent.of(kind)[-1].timestamp) / rate
        assert behind == pytest.approx(0.1)


def test_loss_and_the_way_there_and_back_are_read_from_the_receivers_reports():
    call = Publisher()
    call.send(1, 0, vp8(1, key=True))
    call.rtcp(rtp.sender_report(700, 0x1234_5678_9ABC_DEF0, 0, 1, 1, "x"))
    slot = call.receivers[0].video
    slot.heard(rtp.ReportBlock(2, 64, 3, 100, 5, 0x5678_9ABC, 65536 // 2), call.now + 0.58)
    assert slot.rtt_s == pytest.approx(0.08)
    assert slot.fraction_lost == 64
    slot.heard(rtp.ReportBlock(2, 12, 3, 100, 5, 0x1111, 0), call.now + 9)
    assert slot.rtt_s == pytest.approx(0.08)


def test_arrivals_are_told_of_a_stream_that_is_really_sent():
    call = Publisher()
    for sequence in range(6):
        call.send(sequence, 960 * sequence, SOUND, kind="audio", after=0.01)
    call.numbers += 1  # one is lost
    call.send(0, 0, vp8(1, key=True))
    call.leg.beat(call.now)
    told = call.feedback()[0]
    assert told.media == 700
    assert told.base == 0
    assert [one is not None for one in told.arrivals] == [True] * 6 + [False, True]
    assert [later - earlier for earlier, later in zip(told.arrivals[:5], told.arrivals[1:6], strict=True) if earlier and later] == [40] * 5
    for sequence, held in ((1, True), (2, False)):
        call.leg.hold_requests(held)
        call.numbers += 1
        call.send(sequence, 3000 * sequence, vp8(sequence + 1), after=0.2)
        call.leg.beat(call.now)
        assert (None in call.feedback()[-1].arrivals) is not held, "what will not be asked for may as well have come"


def test_the_transport_number_is_found_wherever_it_stands():
    call = Publisher(rids=("q", "h"))
    call.send(1, 0, vp8(1, key=True), rid="q")
    for number, elements in enumerate((b"\x60q\x51\x00\x07\x00\x00\x00", b"\x00\x00\x60q\x51\x00\x08\x00"), 2):
        call.rtp(b"\x90\x60" + number.to_bytes(2, "big") + bytes(4) + (700).to_bytes(4, "big") + b"\xbe\xde\x00\x02" + elements + vp8(2))
    call.leg.beat(call.now)
    told = call.feedback()[0]
    assert [told.base + place for place, one in enumerate(told.arrivals) if one is not None] == [0, 7, 8]


def test_whoever_is_muted_or_not_wanted_is_not_sent_and_comes_back_without_a_gap():
    call = Publisher(2)
    call.send(1, 0, SOUND, kind="audio")
    call.receivers[0].unwanted = {"audio"}
    call.leg.rewire()
    call.send(2, 960, SOUND, kind="audio")
    call.leg.limits = Limits(muted=frozenset({"audio"}))
    call.leg.rewire()
    call.send(3, 1920, SOUND, kind="audio")
    call.leg.limits, call.receivers[0].unwanted = Limits(), set()
    call.leg.rewire()
    call.send(4, 2880, SOUND, kind="audio")
    assert [numbers(one.sent.packets) for one in call.receivers] == [[1, 2], [1, 2, 3]]


# Layers


def layered(receivers: int = 1) -> Publisher:
    """Three layers, each with numbers of its own, a whole picture each."""
    call = Publisher(receivers, ("q", "h", "f"))
    for place, rid in enumerate("qhf"):
        call.send(1000 * place, 50_000 * place, vp8(100 * place, 10 * place, key=True), ssrc=710 + place, rid=rid)
    return call


def step(call: Publisher, count: int, *, key: str = "") -> None:
    """The next picture of every layer; whole for the layers in `key`."""
    call.now += 1 / 30
    for place, rid in enumerate("qhf"):
        call.send(1000 * place + count, 50_000 * place + 3000 * count, vp8(100 * place + count, 10 * place + count, key=rid in key), ssrc=710 + place)


def test_the_largest_layer_is_sent_and_switched_at_whole_pictures_alone():
    call = layered()
    receiver = call.receivers[0]
    video = receiver.video
    step(call, 1, key="f")
    assert video.source is call.leg._streams[712]
    step(call, 2)
    receiver.show(Shown(layer=0))
    call.leg.rewire()
    call.leg.beat(call.now)
    assert 710 in [one.ssrc for one in call.told(rtp.PictureLost)]
    step(call, 3)
    assert video.source is call.leg._streams[712]  # goes on until the small one begins anew
    step(call, 4, key="q")
    step(call, 5)
    assert video.source is call.leg._streams[710]
    sent = receiver.sent.of("video")
    assert numbers(sent) == list(range(sent[0].sequence, sent[0].sequence + len(sent)))
    ids = pictures(sent)
    assert [later[0] - earlier[0] for earlier, later in itertools.pairwise(ids)] == [1] * (len(ids) - 1)
    assert [(later[1] - earlier[1]) % 256 for earlier, later in itertools.pairwise(ids)] == [1] * (len(ids) - 1)
    gaps = [later.timestamp - earlier.timestamp for earlier, later in itertools.pairwise(sent)]
    assert gaps[-1] == 3000
    assert all(0 < one < 9000 for one in gaps)


def test_what_was_lost_before_a_switch_is_repeated_as_it_was():
    call = layered()
    receiver = call.receivers[0]
    step(call, 1, key="f")
    step(call, 2)
    receiver.show(Shown(layer=0))
    call.leg.rewire()
    step(call, 3, key="q")
    step(call, 4)
    sent = receiver.sent.of("video")
    for one in sent[-4:]:
        assert receiver.video.repeat(one.sequence, call.now + 1)
        again = rtp.unwrap_retransmission(receiver.sent.packets[-1], 61, 2)
        assert again == one


def test_two_receivers_have_two_layers():
    call = layered(2)
    call.receivers[0].show(Shown(layer=1))
    call.leg.rewire()
    step(call, 1, key="qhf")
    assert call.receivers[0].video.source is call.leg._streams[711]
    assert call.receivers[1].video.source is call.leg._streams[712]


def test_a_layer_that_is_no_longer_sent_is_replaced_by_the_next_smaller_one():
    call = layered()
    step(call, 1, key="f")
    for count in range(2, 50):
        call.now += 1 / 30
        call.send(count, 3000 * count, vp8(count, count, key=count == 45), ssrc=710)
        call.leg.beat(call.now)
    assert call.receivers[0].video.source is call.leg._streams[710]


def test_repeated_packets_find_their_layer_by_name_and_then_by_ssrc():
    call = layered()
    step(call, 1, key="f")
    call.send(2003, 100_009, vp8(203, 23), ssrc=712)
    call.again(2002, 100_006, vp8(202, 22), ssrc=990, rid="f")
    call.send(2005, 100_015, vp8(205, 25), ssrc=712)
    call.again(2004, 100_012, vp8(204, 24), ssrc=990)
    assert call.leg._streams[712].lost == 0
    sent = call.receivers[0].sent.of("video")
    assert [one.sequence - sent[-5].sequence for one in sent[-5:]] == [0, 2, 1, 4, 3]


def test_a_layer_nobody_agreed_on_is_not_taken():
    call = Publisher(rids=("q", "h"))
    call.send(1, 0, vp8(1, key=True), ssrc=5, rid="x")
    call.send(1, 0, vp8(1, key=True), ssrc=6)
    assert call.leg._streams == {}


def test_stills_are_whole_pictures_now_and_then_without_a_gap():
    call = Publisher()
    receiver = call.receivers[0]
    receiver.show(Shown(Picture.STILLS, still_every_s=1.9))
    for count in range(150):
        call.send(2 * count, 3000 * count, vp8(count, key=count % 15 == 0), after=1 / 30)
        call.send(2 * count + 1, 3000 * count, vp8(count, key=False, begins=False), marker=True)
    sent = receiver.sent.of("video")
    assert numbers(sent) == list(range(len(sent)))
    assert len({one.timestamp for one in sent}) == 3
    assert all(vp8_begins(one.payload) for one in sent[::2])
    call.leg.beat(call.now + 2)
    assert call.told(rtp.PictureLost)


def test_no_picture_at_all_and_back():
    call = Publisher()
    call.send(1, 0, vp8(1, key=True))
    call.receivers[0].show(Shown(Picture.NONE))
    call.leg.rewire()
    call.send(2, 3000, vp8(2, key=True))
    call.receivers[0].show(Shown())
    call.leg.rewire()
    call.send(3, 6000, vp8(3))
    call.send(4, 9000, vp8(4, key=True))
    assert numbers(call.receivers[0].sent.of("video")) == [1, 2]


def test_pictures_are_asked_for_twice_a_second_at_most():
    call = Publisher()
    call.send(1, 0, vp8(1, key=True))
    for count in range(60):
        call.leg.picture_wanted()
        call.leg.beat(call.now + count / 20)
    assert len(call.told(rtp.PictureLost)) == 6


def test_of_a_flooded_link_nothing_is_asked_for_until_it_flows_again():
    call = Publisher()
    call.send(1, 0, vp8(1, key=True))
    call.leg.hold_requests(True)
    call.send(8, 9000, vp8(8), after=0.03)
    call.leg.picture_wanted()
    call.leg.beat(call.now + 0.1)
    assert not call.told(rtp.Lost)
    assert not call.told(rtp.PictureLost), "a whole picture would be lost as well"
    call.leg.hold_requests(True)
    call.leg.hold_requests(False)
    call.leg.beat(call.now + 0.2)
    assert len(call.told(rtp.PictureLost)) == 1, "it stands for all that was lost"
    call.send(10, 12000, vp8(10), after=0.6)
    assert [one.sequences for one in call.told(rtp.Lost)] == [(9,)]


def test_what_is_lost_while_packets_come_late_is_asked_for_a_moment_later():
    """By the device's own time of sending; a way that is longer for good holds nothing up for long."""
    call = Publisher(stamps=True)
    begun = call.now
    for sequence in range(1, 40):
        call.now = begun + sequence * 0.02 + (0.2 if sequence > 20 else 0.0)
        if sequence not in (10, 25):
            call.send(sequence, sequence * 1800, vp8(sequence, key=sequence == 1), left=begun + sequence * 0.02)
        if sequence == 11:
            assert [one.sequences for one in call.told(rtp.Lost)] == [(10,)], "at once"
            call.again(10, 18000, vp8(10))
    assert len(call.told(rtp.Lost)) == 1
    call.leg.beat(call.now + 0.2)
    assert [one.sequences for one in call.told(rtp.Lost)] == [(10,), (25,)]


def test_what_may_be_sent_is_told_at_once_when_it_changes():
    call = Publisher()
    call.send(1, 0, vp8(1, key=True))
    call.leg.tell_bits(300_000)
    call.leg.tell_bits(300_000)
    assert [round(one.bits, -3) for one in call.told(rtp.Most)] == [300_000]
    call.leg.limits = Limits(send_bits=100_000)
    assert call.leg.most_bits == 100_000


def test_what_an_uplink_measures():
    call = Publisher()
    for sequence in range(101):
        if sequence % 10:
            call.send(sequence, 3000 * sequence, vp8(sequence, key=sequence == 1), after=1 / 30)
        else:
            call.now += 1 / 30
    call.leg.measured(call.now - 1)
    for sequence in range(101, 201):
        call.now += 1 / 30
        if sequence % 10:
            call.send(sequence, 3000 * sequence, vp8(sequence) + bytes(1000))
    found = call.leg.measured(call.now)
    assert found.received == 90
    assert found.lost_fraction == pytest.approx(0.1, abs=0.02)
    assert found.bits == pytest.approx(90 * 1033 * 8 / (1 + 100 / 30), rel=0.05)
    assert found.queues[-1][1] == pytest.approx(0, abs=0.001)
    for sequence in range(201, 231):  # each comes 10 ms later than the one before
        call.send(sequence, 3000 * sequence, vp8(sequence), after=1 / 30 + 0.01)
    assert call.leg.measured(call.now).queues == ((call.now, pytest.approx(0.3, abs=0.02)),)


def test_a_device_that_loses_samples_is_no_queue_where_it_says_when_it_sent():
    """Its sound is 40 ms later for good by its timestamps; what waits on the way is later by the time of sending, too (which wraps after 64 s)."""
    call = Publisher(stamps=True)
    begun = call.now
    for sequence in range(4000):
        lost = 0.04 if sequence > 500 else 0.0
        queue = 0.2 if sequence > 3900 else 0.0
        call.now = begun + sequence * 0.02 + queue + 0.03
        call.send(sequence, int(48000 * (sequence * 0.02 - lost)), b"sound", kind="audio", left=begun + sequence * 0.02)
        if sequence % 5 == 0:
            measured = call.leg.measured(call.now)
            assert measured.queues[-1] == (call.now, pytest.approx(queue, abs=0.0001))
            assert len(measured.queues) == (5 if sequence else 1), "one for each, for they were sent 20 ms apart"
    call.leg.beat(call.now)
    assert sum(one is not None for told in call.feedback() for one in told.arrivals) == 4000


def test_times_of_sending_are_read_wherever_they_stand():
    call = Publisher(stamps=True)
    call.send(1, 0, b"sound", kind="audio", left=call.now)
    data = packet(OPUS, 2, 960, 800, b"sound", 1, "", 0, False)
    stamped = bytes([SEND_TIME << 4 | 2]) + int((call.now + 0.02) * (1 << 18) % (1 << 24)).to_bytes(3, "big") + bytes([0])
    assert data[12:16] == b"\xbe\xde\0\1"
    call.now += 0.1
    call.rtp(data[:14] + b"\0\2" + data[16:19] + stamped + data[20:])
    assert [queue for _, queue in call.leg.measured(call.now).queues] == [0, pytest.approx(0.08, abs=0.001)]
    call.leg.beat(call.now)
    assert [one is not None for told in call.feedback() for one in told.arrivals] == [True, True]
    for cut in (b"\0\0", b"\0\1", b"\0\3"):
        call.rtp(data[:14] + cut + data[16:])


@pytest.mark.parametrize(
    ("payload", "begins"),
    [(b"\x67\x42", True), (b"\x65\x88", True), (b"\x41\x9a", False), (b"\x78\x00\x02\x67\x42", True), (b"\x78\x00\x02\x41\x42", False),
     (b"\x7c\x85\x00", True), (b"\x7c\x05\x00", False), (b"\x7c\x41", False), (b"", False)],
)  # fmt: skip
def test_where_an_h264_picture_begins_whole(payload: bytes, begins: bool):
    assert h264_begins(payload) is begins


def test_picture_numbers_wrap():
    call = layered()
    video = call.receivers[0].video
    step(call, 1, key="f")
    for count in range(2, 300):
        step(call, count)
    sent = pictures(call.receivers[0].sent.of("video"))
    assert video.source is call.leg._streams[712]
    assert {base for _, base in sent} == set(range(256))


def test_random_layers_losses_and_switches_never_make_a_gap():
    rng = random.Random(20261122)
    call = layered(2)
    for count in range(1, 400):
        if rng.random() < 0.1:
            rng.choice(call.receivers).show(Shown(layer=rng.choice((0, 1, 2, None))))
            call.leg.rewire()
        step(call, count, key="".join(rid for rid in "qhf" if rng.random() < 0.1))
        call.leg.beat(call.now)
    for receiver in call.receivers:
        sent = receiver.sent.of("video")
        assert numbers(sent) == list(range(sent[0].sequence, sent[0].sequence + len(sent)))
        ids = pictures(sent)
        assert {(later[0] - earlier[0]) % 32768 for earlier, later in itertools.pairwise(ids)} == {1}
        assert all(0 < (later.timestamp - earlier.timestamp) % (1 << 32) < 90000 for earlier, later in itertools.pairwise(sent))


def test_the_payload_type_of_sound_is_not_taken_for_a_picture():
    call = Publisher()
    call.rtp(packet(OPUS, 1, 0, 700, SOUND, 0, "", 6, False))
    call.rtp(packet(VP8, 1, 0, 700, vp8(1, key=True), 1, "", 6, False))
    assert [one.payload_type for one in call.receivers[0].sent.packets] == [60, 61]
