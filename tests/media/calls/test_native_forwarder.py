"""The thread of C by itself: packets encrypted by libsrtp go in at one socket and come out, renumbered, at another."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import select
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pylibsrtp import Error, Policy, Session

from media.calls import rtp
from media.calls.feedback_digest import NOTHING, Digest
from media.calls.native import library
from media.calls.native.build import build
from media.calls.send_clock import SendClock
from media.calls.transport_feedback import Arrivals, SentPackets, parse
from tests.support.peers import need

PROFILE = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
SEQUENCE_ID = 3
STAMP_ID = 4
CASES = 20_000 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 2_000


def session(key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=PROFILE)
    policy.window_size = 1024
    policy.allow_repeat_tx = True
    return Session(policy)


class Ends:
    """One connection between the forwarder and somebody: his socket and his two sessions."""

    def __init__(
        self, forwarder: library.Forwarder, rng: random.Random, sequence_out_id: int = 0, sequence_in_id: int = 0, stamp_in_id: int = 0
    ) -> None:
        up, down = rng.randbytes(28), rng.randbytes(28)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ours.bind(("127.0.0.1", 0))
        ours.connect(self.socket.getsockname())
        self.socket.connect(ours.getsockname())
        ours.setblocking(False)
        self.socket.setblocking(False)
        self.tx, self.rx = session(up, Policy.SSRC_ANY_OUTBOUND), session(down, Policy.SSRC_ANY_INBOUND)
        self.conn = forwarder.connect(
            ours.detach(), session(down, Policy.SSRC_ANY_OUTBOUND), session(up, Policy.SSRC_ANY_INBOUND),
            sequence_out_id, sequence_in_id, stamp_in_id,
        )  # fmt: skip

    def send(self, packet: bytes) -> None:
        self.socket.send(self.tx.protect(packet))

    def receive(self, count: int, seconds: float = 5) -> list[bytes]:
        """The next `count` packets, decrypted; fewer when they do not come."""
        found: list[bytes] = []
        until = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < until:
            if select.select([self.socket], [], [], 0.2)[0]:
                found.append(self.rx.unprotect(self.socket.recv(2048)))
        return found

    def drain(self) -> None:
        """Take what has come: a receiver counts the roll-overs of every stream by it."""
        while select.select([self.socket], [], [], 0)[0]:
            with contextlib.suppress(Error):  # the same packet twice
                self.rx.unprotect(self.socket.recv(2048))

    def quiet(self) -> bool:
        return not select.select([self.socket], [], [], 0.2)[0]


@pytest.fixture
def forwarder() -> Iterator[library.Forwarder]:
    path = build()
    need(path is not None, "C compiler")
    assert path is not None
    made = library.Forwarder(path)
    yield made
    made.close()


def key_frame(picture: int, *, key: bool = True, body: bytes = b"picture") -> bytes:
    """A VP8 packet that begins a picture, with a picture id of 15 bits (RFC 7741, 4.2)."""
    return bytes([0x90, 0x80]) + (0x8000 | picture & 0x7FFF).to_bytes(2, "big") + bytes([0x10 if key else 0x11]) + body


def video(sequence: int, timestamp: int, payload: bytes, ssrc: int = 7, marker: bool = True) -> bytes:
    return rtp.write_packet(96, marker, sequence, timestamp, ssrc, payload)


def read(data: bytes) -> rtp.Packet:
    packet = rtp.read_packet(data)
    assert packet is not None
    return packet


def wait_for(forwarder: library.Forwarder, count: int) -> list[library.Up]:
    found: list[library.Up] = []
    until = time.monotonic() + 5
    while len(found) < count and time.monotonic() < until:
        if select.select([forwarder.wake_fd], [], [], 0.2)[0]:
            found += forwarder.told()
    return found


@pytest.fixture
def room(forwarder: library.Forwarder) -> tuple[Ends, Ends, int, int]:
    """A publisher and a receiver; the publisher's picture and the receiver's stream of it."""
    rng = random.Random(3)
    publisher, receiver = Ends(forwarder, rng, sequence_in_id=SEQUENCE_ID, stamp_in_id=STAMP_ID), Ends(forwarder, rng, sequence_out_id=SEQUENCE_ID)
    source = forwarder.source(publisher.conn, 7, 96, 90000, "VP8", repairs=True, again_ssrc=8, again_payload_type=97)
    out = forwarder.out(receiver.conn, 1007, 100, 90000, 1008, 101)
    return publisher, receiver, source, out


def test_packets_come_out_under_the_receivers_numbers(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    for number in range(20):
        publisher.send(video(60000 + number, 3000 * number, key_frame(100 + number, key=number == 0), marker=number % 2 == 1))
    found = [read(one) for one in receiver.receive(20)]
    assert [one.sequence for one in found] == [60000 % 0x8000 + number for number in range(20)]
    assert [one.timestamp for one in found] == [3000 * number for number in range(20)]
    assert {(one.ssrc, one.payload_type) for one in found} == {(1007, 100)}
    assert [one.marker for one in found] == [number % 2 == 1 for number in range(20)]
    assert found[5].payload == key_frame(105, key=False)
    state = forwarder.read_source(source)
    assert (state.received, state.forwarded, state.highest - state.base) == (20, 20, 19)
    assert forwarder.read_out(out).packets == 20


def test_packets_of_one_size_in_a_row_come_out_one_by_one(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    """However the system is given them: rows longer than it takes at once, a shorter last one, others in between."""
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    rng, sizes = random.Random(5), [900] * 40 + [300, 900, 900, 900, 901, 901, 5, 5, 5]
    payloads = [key_frame(number, key=number == 0, body=rng.randbytes(size)) for number, size in enumerate(sizes)]
    for number, payload in enumerate(payloads):
        publisher.send(video(number, 3000 * number, payload))
    assert [read(one).payload for one in receiver.receive(len(sizes))] == payloads
    assert forwarder.counts().unsent == 0
    assert receiver.quiet()


class Part(ctypes.Structure):
    _fields_ = (("at", ctypes.c_char_p), ("size", ctypes.c_size_t))


@pytest.mark.parametrize("cut", [True, False])
def test_where_datagrams_cannot_be_cut_they_go_one_by_one(cut: bool):
    """A socket that sends no checksums (SO_NO_CHECK) takes none that are to be cut."""
    path = build()
    need(path is not None, "C compiler")
    library_of_c, rng = ctypes.CDLL(str(path)), random.Random(6)
    rows = [[rng.randbytes(size)] * count for size, count in ((1200, 20), (700, 1), (1000, 3), (20, 1), (40, 1), (300, 17))]
    sent = [data for row in rows for data in row]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        second.bind(("127.0.0.1", 0))
        second.settimeout(5)
        first.connect(second.getsockname())
        if not cut:
            first.setsockopt(socket.SOL_SOCKET, 11, 1)
        parts, segmenting = (Part * len(sent))(*((data, len(data)) for data in sent)), ctypes.c_int(1)
        assert library_of_c.send_datagrams(first.fileno(), parts, len(sent), ctypes.byref(segmenting)) == 0
        assert [second.recv(2048) for _ in sent] == sent
        assert segmenting.value == cut


def test_a_picture_begins_where_it_can_be_understood(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    publisher.send(video(1, 0, key_frame(1, key=False)))
    publisher.send(video(2, 3000, key_frame(2)))
    assert [read(one).payload for one in receiver.receive(1)] == [key_frame(2)]
    assert receiver.quiet()


def test_who_takes_over_goes_on_in_numbers_and_picture_ids(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    other = forwarder.source(publisher.conn, 9, 96, 90000, "VP8", repairs=True)
    forwarder.feed(out, source)
    publisher.send(video(10, 0, key_frame(500)))
    first = read(receiver.receive(1)[0])
    forwarder.feed(out, other, library.SMOOTH)
    publisher.send(video(4000, 77, key_frame(9, key=False), ssrc=9))
    publisher.send(video(11, 3000, key_frame(501, key=False)))
    second = read(receiver.receive(1)[0])
    assert second.payload == key_frame(501, key=False)
    publisher.send(video(4001, 3077, key_frame(10), ssrc=9))
    publisher.send(video(12, 6000, key_frame(502, key=False)))
    publisher.send(video(4002, 6077, key_frame(11, key=False), ssrc=9))
    third, fourth = (read(one) for one in receiver.receive(2))
    assert [one.sequence - first.sequence for one in (second, third, fourth)] == [1, 2, 3]
    assert [third.payload, fourth.payload] == [key_frame(502), key_frame(503, key=False)]
    assert fourth.timestamp - third.timestamp == 3000
    assert third.timestamp > second.timestamp
    assert receiver.quiet()


def test_what_is_paused_goes_on_without_a_gap(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    publisher.send(video(1, 0, key_frame(1)))
    first = read(receiver.receive(1)[0])
    forwarder.feed(out, None)
    publisher.send(video(2, 3000, key_frame(2)))
    assert receiver.quiet()
    forwarder.feed(out, source)
    publisher.send(video(3, 6000, key_frame(3)))
    assert read(receiver.receive(1)[0]).sequence == first.sequence + 1


def test_a_still_is_one_whole_picture(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source, library.STILL)
    publisher.send(video(1, 0, key_frame(1, key=False)))
    publisher.send(video(2, 3000, key_frame(2), marker=False))
    publisher.send(video(3, 3000, bytes([0x80, 0x80, 0x80, 2]) + b"rest"))
    publisher.send(video(4, 6000, key_frame(3)))
    first = [read(one) for one in receiver.receive(2)]
    assert [one.timestamp for one in first] == [3000, 3000]
    assert receiver.quiet()
    forwarder.feed(out, source, library.STILL)
    publisher.send(video(5, 9000, key_frame(4)))
    (second,) = (read(one) for one in receiver.receive(1))
    assert second.sequence == first[1].sequence + 1
    forwarder.feed(out, source)
    publisher.send(video(6, 12000, key_frame(5)))
    publisher.send(video(7, 15000, key_frame(6, key=False)))
    assert [read(one).sequence for one in receiver.receive(2)] == [second.sequence + 1, second.sequence + 2]


def test_what_is_lost_is_asked_for_and_repeated(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    for number in (65533, 65534, 1, 2):
        publisher.send(video(number, number, key_frame(number, key=number == 65533)))
    got = [read(one).sequence for one in receiver.receive(4)]
    assert got == [0x7FFD, 0x7FFE, 0x8001, 0x8002]
    assert [(one.kind, one.ssrc) for one in wait_for(forwarder, 1)] == [(library.GAP, 7)]
    now = time.monotonic()
    assert forwarder.missing(source, now) == ([65535, 0], False)
    assert forwarder.missing(source, now + 0.01) == ([], False)
    assert forwarder.missing(source, now + 0.03) == ([65535, 0], False), "requests get lost, too"
    assert forwarder.missing(source, now + 0.055) == ([], False)
    lost = video(65535, 9, key_frame(9, key=False))
    publisher.send(rtp.wrap_retransmission(lost, 97, 1, 8))
    again = read(receiver.receive(1)[0])
    assert (again.sequence, again.ssrc, again.payload) == (0x7FFF, 1007, key_frame(9, key=False))
    assert forwarder.missing(source, now + 1) == ([0], False)
    assert forwarder.repeat(out, 0x8000, time.monotonic()) == library.AWAITED
    assert receiver.quiet()
    assert forwarder.repeat(out, 0x7FFE, time.monotonic()) == library.REPEATED
    repeated = read(receiver.receive(1)[0])
    assert (repeated.ssrc, repeated.payload_type, repeated.payload[:2]) == (1008, 101, (0x7FFE).to_bytes(2, "big"))
    assert repeated.payload[2:] == key_frame(65534, key=False)
    assert forwarder.repeat(out, 0x7FFC, time.monotonic()) == library.AWAITED, "from before the whole picture that he was sent"
    assert forwarder.repeat(out, 0x7000, time.monotonic()) == library.GONE
    assert forwarder.read_out(out).repeated == 1
    publisher.send(rtp.wrap_retransmission(lost, 97, 2, 8))
    assert receiver.quiet(), "it had come already"
    assert [forwarder.missing(source, now + step)[1] for step in range(2, 9)] == [False] * 4 + [True] + [False] * 2
    publisher.send(video(9, 9, key_frame(9, key=False)))
    wait_for(forwarder, 1)
    assert forwarder.read_source(source).gaps
    forwarder.forget_missing(source)
    assert not forwarder.read_source(source).gaps
    assert forwarder.missing(source, now + 20) == ([], False)


def test_a_jump_of_the_sequence_is_none_for_the_receiver(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    for number, sequence in enumerate((100, 101, 20000, 20001, 50000)):
        publisher.send(video(sequence, 3000 * number, key_frame(number, key=not number)))
    assert [read(one).sequence for one in receiver.receive(5)] == [100, 101, 102, 103, 104]


def test_padding_goes_where_nobody_misses_it(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    _, receiver, _, out = room
    assert forwarder.pad(out, 9000, time.monotonic())
    packet = read(receiver.receive(1)[0])
    assert (packet.ssrc, packet.payload_type, packet.timestamp, packet.payload) == (1008, 101, 9000, b"")
    assert forwarder.left(receiver.conn)[1] > 224


def test_packets_without_payload_leave_no_gap(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    publisher.send(video(1, 0, key_frame(1)))
    publisher.send(video(2, 0, b""))
    publisher.send(video(4, 3000, key_frame(3, key=False)))
    publisher.send(video(3, 3000, key_frame(2, key=False)))
    found = [read(one) for one in receiver.receive(3)]
    assert [one.sequence for one in found] == [1, 3, 2]
    assert forwarder.repeat(out, 2, time.monotonic()) == library.REPEATED
    assert read(receiver.receive(1)[0]).payload[2:] == key_frame(2, key=False)


def numbered(packet: bytes, number: int, stamp: int | None = None) -> bytes:
    """The packet with its transport-wide sequence number, and when it was sent."""
    elements = b"" if stamp is None else bytes([STAMP_ID << 4 | 2]) + stamp.to_bytes(3, "big")
    elements += bytes([SEQUENCE_ID << 4 | 1]) + number.to_bytes(2, "big")
    elements += bytes(-len(elements) % 4)
    return bytes([packet[0] | 0x10]) + packet[1:12] + b"\xbe\xde" + (len(elements) // 4).to_bytes(2, "big") + elements + packet[12:]


@pytest.mark.parametrize("seed", range(20 if CASES > 2_000 else 4))
def test_arrivals_are_told_as_the_python_engine_tells_them(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int], seed: int):
    publisher, rng, model, now, number, sequence = room[0], random.Random(seed), Arrivals(1), 1000.0, 65_000, 0
    for _ in range(60):
        for _ in range(rng.choice((0, 1, 3, 30, 200))):
            now += rng.choice((0.0, 0.001, 0.02, 0.1, 0.4 if rng.random() < 0.05 else 0.0, 9.0 if rng.random() < 0.01 else 0.0))
            number += rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 9, 700 if rng.random() < 0.1 else 1, 5000 if rng.random() < 0.02 else 1))
            sequence += 1
            told = (number - rng.choice((0, 0, 0, 0, 0, 0, 3, 20, 300))) % 65536
            forwarder.inject(publisher.conn, publisher.tx.protect(numbered(video(sequence % 65536, 0, b"x"), told)), now)
            model.arrived(told, now)
        losses = rng.random() < 0.7
        model.tells_losses = losses
        now += 0.1
        expected = model.messages(7, now)
        assert forwarder.tell_arrivals(publisher.conn, 1, 7, tells_losses=losses) is bool(expected)
        assert [publisher.rx.unprotect_rtcp(publisher.socket.recv(2048)) for _ in expected] == expected
        assert not select.select([publisher.socket], [], [], 0)[0]


@pytest.mark.parametrize("seed", range(20 if CASES > 2_000 else 4))
def test_feedback_is_read_as_the_python_engine_reads_it(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int], seed: int):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    rng, history, arrivals, digest, now, uneasy = random.Random(seed), SentPackets(), Arrivals(9), Digest(), 50.0, False
    for number in range(3000):
        now += rng.choice((0.0, 0.0, 0.002, 0.01, 0.03))
        packet = video(number, 3000 * number, key_frame(number, body=rng.randbytes(rng.randrange(1000))))
        forwarder.inject(publisher.conn, publisher.tx.protect(packet), now)
        (sent,) = receiver.receive(1)
        assert history.sent(len(sent), now) == int.from_bytes(sent[17:19], "big")
        if rng.random() > 0.1:
            arrivals.arrived(number % 65536, now + 7.7 + 0.03 * rng.random())
        if number % 20 == 19:
            for data in arrivals.messages(7, now):
                if rng.random() > 0.1:
                    feedback = parse(data)
                    assert feedback is not None
                    digest.add(history.results(feedback))
                    report = rtp.picture_loss(9, 1007)
                    receiver.socket.send(receiver.tx.protect_rtcp(rng.choice((data, report + data, data + report))))
                    uneasy |= digest.uneasy
        if number % 40 == 0:
            took(forwarder, receiver, digest, uneasy=uneasy)
            uneasy = False
    took(forwarder, receiver, digest, uneasy=uneasy)


def took(forwarder: library.Forwarder, receiver: Ends, digest: Digest, *, uneasy: bool) -> None:
    """What the forwarder has been told is what the digest holds, once the last datagram has come through; and it said once if it should be looked
    at."""
    receiver.socket.send(receiver.tx.protect_rtcp(rtp.picture_loss(9, 4711)))
    came: list[library.Up] = []
    while not came or came[-1].data != rtp.picture_loss(9, 4711):
        came += wait_for(forwarder, 1)
    reports = {told.data for told in came if told.kind == library.RTCP}
    assert reports <= {rtp.picture_loss(9, 1007), rtp.picture_loss(9, 4711)}, "the rest of a message comes up, the feedback in it does not"
    assert [told.kind for told in came if told.kind != library.RTCP] == [library.UNEASY] * uneasy
    assert forwarder.left(receiver.conn)[0] == digest.take()


@pytest.mark.parametrize("seed", range(4))
def test_lateness_is_reckoned_as_the_python_engine_reckons_it(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int], seed: int):
    publisher, rng, model, now, uneasy = room[0], random.Random(seed), SendClock(), 20.0, False
    for sequence in range(2000):
        now += rng.choice((0.0, 0.001, 0.02, 0.1))
        stamp = int((now - 0.05 * rng.random()) * (1 << 18)) % (1 << 24)
        forwarder.inject(publisher.conn, publisher.tx.protect(numbered(video(sequence, 0, b"x"), sequence, stamp)), now)
        model.packets.append((stamp, now))
        uneasy = uneasy or model.uneasy
        if rng.random() < 0.05:
            assert {told.kind for told in forwarder.told()} == ({library.UNEASY} if uneasy else set())
            uneasy, bursts = False, model.take_bursts()
            found = forwarder.lateness(publisher.conn)
            assert found.bursts == list(bursts)
            assert found.begun == model.begun
            assert found.late_s - min(found.least, found.least_before) == model.queue_s


@given(st.binary(max_size=120), st.binary(min_size=20, max_size=60))
@settings(max_examples=CASES // 10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_broken_feedback_is_what_the_python_engine_takes_it_for(
    forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int], body: bytes, tail: bytes
):
    receiver = room[1]
    size = 20 + len(body) + (-len(body) % 4)
    data = bytes([0x8F, 205]) + (size // 4 - 1).to_bytes(2, "big") + tail[:8] + b"\0\0" + tail[8:10] + tail[10:14] + body + bytes(-len(body) % 4)
    receiver.socket.send(receiver.tx.protect_rtcp(data))
    receiver.socket.send(receiver.tx.protect_rtcp(rtp.picture_loss(9, 1007)))
    assert wait_for(forwarder, 1)[-1].data == rtp.picture_loss(9, 1007)
    assert forwarder.left(receiver.conn)[0] == NOTHING, "nothing was sent yet"


def test_everything_else_comes_up(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    publisher.socket.send(b"\0\1stun")
    publisher.socket.send(publisher.tx.protect_rtcp(rtp.picture_loss(5, 6)))
    unknown = publisher.tx.protect(video(1, 0, b"x", ssrc=555))
    publisher.socket.send(unknown)
    stun, feedback, stranger = wait_for(forwarder, 3)
    assert (stun.kind, stun.data, stun.conn) == (library.DATAGRAM, b"\0\1stun", publisher.conn.id)
    assert (feedback.kind, feedback.data) == (library.RTCP, rtp.picture_loss(5, 6))
    assert (stranger.kind, stranger.data, stranger.ssrc) == (library.DATAGRAM, unknown, 555)
    late = forwarder.source(publisher.conn, 555, 96, 90000, "opus", repairs=False)
    other = forwarder.out(receiver.conn, 2000, 111, 48000, 0, None)
    forwarder.feed(other, late)
    forwarder.inject(publisher.conn, unknown, time.monotonic())
    assert read(receiver.receive(1)[0]).payload == b"x"
    assert forwarder.send_rtcp(publisher.conn, rtp.picture_loss(1, 7))
    assert select.select([publisher.socket], [], [], 5)[0]
    assert publisher.rx.unprotect_rtcp(publisher.socket.recv(2048)) == rtp.picture_loss(1, 7)
    forwarder.copy(source, True)
    publisher.send(video(5, 9, key_frame(1)))
    (copied,) = wait_for(forwarder, 1)
    assert (copied.kind, copied.data) == (library.COPY, video(5, 9, key_frame(1)))


def test_a_connection_goes_on_over_another_socket(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    publisher.send(video(1, 0, key_frame(1)))
    assert read(receiver.receive(1)[0]).sequence == 1
    moved = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    moved.bind(("127.0.0.1", 0))
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ours.bind(("127.0.0.1", 0))
    ours.connect(moved.getsockname())
    forwarder.move(receiver.conn, ours.detach())
    receiver.socket.close()
    receiver.socket = moved
    publisher.send(video(2, 3000, key_frame(2, key=False)))
    assert read(receiver.receive(1)[0]).sequence == 2
    assert forwarder.left(receiver.conn)[1] > 40


def test_whoever_goes_takes_nothing_with_him(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    publisher.send(video(1, 0, key_frame(1)))
    assert receiver.receive(1)
    forwarder.disconnect(publisher.conn)
    rng = random.Random(4)
    again = Ends(forwarder, rng)
    replaced = forwarder.source(again.conn, 7, 96, 90000, "VP8", repairs=True)
    forwarder.feed(out, replaced)
    again.send(video(900, 0, key_frame(50)))
    assert read(receiver.receive(1)[0]).sequence == 2
    forwarder.disconnect(receiver.conn)
    again.send(video(901, 0, key_frame(51)))
    forwarder.disconnect(again.conn)


def test_nonsense_is_survived(forwarder: library.Forwarder, room: tuple[Ends, Ends, int, int]):
    """Packets that decrypt to anything, and datagrams that do not decrypt."""
    publisher, receiver, source, out = room
    forwarder.feed(out, source)
    rng = random.Random(11)
    good = video(1, 0, key_frame(1))
    for _ in range(CASES):
        data = bytearray(good + rng.randbytes(rng.randrange(40)))
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        choice = rng.randrange(4)
        if choice:
            data[8:12] = (7 if choice == 1 else 8).to_bytes(4, "big")
            data[0] = 0x80 | rng.choice((0, 0x10, 0x20, 0x30, 3))
            data[1] = rng.choice((0x80, 0)) | (96 if choice == 1 else 97)
            try:
                datagram = publisher.tx.protect(bytes(data))
            except Error:
                datagram = bytes(data)
        else:
            datagram = bytes(data[: rng.randrange(len(data) + 1)])
        forwarder.inject(publisher.conn, datagram, time.monotonic())
        receiver.drain()
        if rng.random() < 0.05:
            forwarder.repeat(out, rng.randrange(65536), time.monotonic())
            forwarder.missing(source, time.monotonic())
            forwarder.tell_arrivals(publisher.conn, 1, 7, tells_losses=rng.random() < 0.5)
            forwarder.lateness(publisher.conn)
    assert receiver.quiet()
    forwarder.told()
    fresh = forwarder.source(publisher.conn, 4242, 96, 90000, "VP8", repairs=True)
    forwarder.feed(out, fresh)
    publisher.send(video(1, 0, key_frame(1), ssrc=4242))
    assert receiver.receive(1)


def test_the_library_is_absent_without_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setenv("CC", "no-such-compiler")
    assert build() is None
