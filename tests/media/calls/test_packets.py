"""Packets as bytes: what is written can be read, what aiortc reads is the same, what is lost is asked for, numbers go on without a gap; and
nothing that a stranger sends raises anything."""

from __future__ import annotations

import random
from typing import Any

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSdesPacket, RtcpSrPacket, RtpPacket, unpack_remb_fci

from media.calls import hooks, pictures, rtp
from media.calls.outgoing import Outgoing
from media.calls.reception import PictureRequests, Reception
from media.calls.stream import KEPT, Stream


class _Without:
    """A library that lost one of its functions."""

    def __init__(self, library: Any, name: str) -> None:
        for kept in ("srtp_protect", "srtp_protect_rtcp", "srtp_unprotect", "srtp_unprotect_rtcp"):
            if kept != name:
                setattr(self, kept, getattr(library, kept))


def packet(sequence: int, timestamp: int = 0, payload: bytes = b"x") -> rtp.Packet:
    return rtp.Packet(96, False, sequence % rtp.SEQUENCES, timestamp, 7, payload)


def test_the_libraries_are_those_the_hooks_were_written_for():
    hooks.self_check()


CHANGES: dict[str, tuple[Any, str, Any]] = {
    "aioice is 0.13.0, not 0.12.0": (hooks.VERSIONS, "aioice", "0.12.0"),
    "StunProtocol.datagram_received changed": (hooks.ice.StunProtocol, "datagram_received", lambda self, data: None),
    "StunProtocol.connection_lost changed": (hooks.ice.StunProtocol, "connection_lost", None),
    "RTCRtpReceiver.receive changed": (hooks.RTCRtpReceiver, "receive", lambda self: None),
    "RTCRtpReceiver._handle_disconnect changed": (hooks.RTCRtpReceiver, "_handle_disconnect", None),
    "RTCRtpReceiver.stop changed": (hooks.RTCRtpReceiver, "stop", lambda self, now: None),
    "RTCRtpSender.send changed": (hooks.RTCRtpSender, "send", None),
    "RTCRtpSender.stop changed": (hooks.RTCRtpSender, "stop", None),
    "aiortc.rtcrtpreceiver.get_decoder changed": (hooks.rtcrtpreceiver, "get_decoder", None),
    "aiortc.rtcrtpsender.get_encoder changed": (hooks.rtcrtpsender, "get_encoder", lambda: None),
    "pylibsrtp no longer carries srtp_protect": (hooks, "cipher", _Without(hooks.cipher, "srtp_protect")),
    "pylibsrtp no longer carries srtp_unprotect_rtcp": (hooks, "cipher", _Without(hooks.cipher, "srtp_unprotect_rtcp")),
    "aiortc.codecs lists media kinds otherwise": (hooks.codecs, "HEADER_EXTENSIONS", {}),
}


@pytest.mark.parametrize("problem", sorted(CHANGES))
def test_a_changed_hook_is_named(problem: str, monkeypatch: pytest.MonkeyPatch):
    owner, name, new = CHANGES[problem]
    if isinstance(owner, dict):
        monkeypatch.setitem(owner, name, new)
    else:
        monkeypatch.setattr(owner, name, new)
    with pytest.raises(hooks.HooksBroken) as broken:
        hooks.self_check()
    assert broken.value.problems == [problem]


@pytest.mark.parametrize("place", range(len(hooks.USED)))
def test_a_renamed_private_name_is_named(place: int, monkeypatch: pytest.MonkeyPatch):
    function, names = hooks.USED[place]
    monkeypatch.setattr(hooks, "USED", ((function, (*names, "_renamed")),))
    with pytest.raises(hooks.HooksBroken) as broken:
        hooks.self_check()
    assert broken.value.problems == [f"{function.__qualname__} no longer uses _renamed"]


def test_written_packets_are_read_alike_here_and_by_aiortc():
    data = rtp.write_packet(111, True, 65535, 4294967295, 3, b"payload")
    assert rtp.read_packet(data) == rtp.Packet(111, True, 65535, 4294967295, 3, b"payload")
    theirs = RtpPacket.parse(data)
    assert (theirs.payload_type, theirs.marker, theirs.sequence_number, theirs.ssrc, theirs.payload) == (111, 1, 65535, 3, b"payload")


def test_extensions_padding_and_sources_are_left_behind():
    plain = rtp.write_packet(96, False, 5, 6, 7, b"")[12:]
    header = bytes([0x80 | 0x20 | 0x10 | 1]) + rtp.write_packet(96, False, 5, 6, 7, b"")[1:]
    data = header + b"CSRC" + b"\xbe\xde\x00\x01\x10abc" + b"picture" + b"\0\0\3" + plain
    read = rtp.read_packet(data)
    assert read is not None
    assert read.payload == b"picture"


def test_a_retransmission_goes_there_and_back():
    sent = rtp.write_packet(96, True, 1234, 99, 7, b"picture")
    again = rtp.read_packet(rtp.wrap_retransmission(sent, 97, 1, 8))
    assert again is not None
    assert rtp.unwrap_retransmission(again, 96, 7) == rtp.read_packet(sent)


def test_our_reports_are_what_aiortc_reads():
    block = rtp.ReportBlock(9, 12, -3, 70000, 5, 6, 7)
    data = rtp.receiver_report(1, [block]) + rtp.nack(1, 9, [65530, 65535, 3, 40]) + rtp.picture_loss(1, 9) + rtp.most_bits(1, 1_200_000, [9])
    report, lost, picture, most = RtcpPacket.parse(data)
    assert isinstance(report, RtcpRrPacket)
    assert (report.reports[0].ssrc, report.reports[0].fraction_lost, report.reports[0].packets_lost) == (9, 12, -3)
    assert isinstance(lost, RtcpRtpfbPacket)
    assert [one % 65536 for one in lost.lost] == [65530, 65535, 3, 40]  # aiortc does not wrap them
    assert isinstance(picture, RtcpPsfbPacket)
    assert picture.fmt == 1
    assert isinstance(most, RtcpPsfbPacket)
    bits, streams = unpack_remb_fci(most.fci)
    assert streams == [9]
    assert abs(bits - 1_200_000) < 100
    ours = rtp.read_rtcp(data)
    assert ours[:-1] == [block, rtp.Lost(9, (65530, 65535, 3, 40)), rtp.PictureLost(9)]
    assert isinstance(ours[-1], rtp.Most)
    assert abs(ours[-1].bits - 1_200_000) < 100
    sender, words = RtcpPacket.parse(rtp.sender_report(4, 5 << 32, 6, 7, 8, "seat-expert"))
    assert isinstance(sender, RtcpSrPacket)
    assert (sender.ssrc, sender.sender_info.rtp_timestamp) == (4, 6)
    assert isinstance(words, RtcpSdesPacket)
    assert words.chunks[0].items == [(1, b"seat-expert")]
    assert rtp.read_rtcp(rtp.sender_report(4, 5 << 32, 6, 7, 8, "a")) == [rtp.SenderReport(4, 5 << 32, 6)]


def test_a_gap_is_asked_for_until_it_is_filled_or_hopeless():
    source = Reception(7, 90000, repairs=True)
    for sequence in (65534, 65535, 2):
        source.arrived(sequence, 0, 1, 0.0)
    assert source.to_ask_for(0.0) == ([0, 1], False)
    assert source.to_ask_for(0.01) == ([], False)
    assert source.to_ask_for(0.07) == ([0, 1], False)
    source.arrived(0, 0, 1, 0.08, again=True)
    assert source.to_ask_for(0.2) == ([1], False)
    for step in range(3):
        assert source.to_ask_for(0.3 + step / 10) == ([1], False)
    assert source.to_ask_for(0.9) == ([], True)
    assert source.to_ask_for(1.0) == ([], False)
    assert source.lost == 1
    assert source.block(1.0).fraction_lost == 51
    assert source.block(2.0).fraction_lost == 0


def test_a_long_gap_asks_for_a_whole_picture_and_a_new_start_for_nothing():
    source = Reception(7, 90000, repairs=True)
    source.arrived(0, 0, 1, 0.0)
    source.arrived(500, 0, 1, 0.0)
    assert source.to_ask_for(0.0) == ([], True)
    source.arrived(40000, 0, 1, 0.0)
    assert source.to_ask_for(0.0) == ([], False)
    assert source.lost == 499


def test_whole_pictures_are_asked_for_twice_a_second_at_most_and_no_wish_is_lost():
    requests = PictureRequests()
    asked = 0
    for step in range(40):
        requests.wanted()
        asked += requests.to_send(step / 10)
    assert asked == 8
    assert requests.to_send(4.5)
    assert not requests.to_send(9)


class Sent:
    """Takes what a slot sends, as it would be read on the other side."""

    def __init__(self) -> None:
        self.packets: list[rtp.Packet] = []

    def __call__(self, second: int, sequence: int, timestamp: int, ssrc: int, payload: Any, size: int, now: float) -> None:
        self.packets.append(rtp.Packet(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, bytes(payload[:size])))


def slot_and_sent(again: int | None = 101) -> tuple[Outgoing, Sent]:
    sent = Sent()
    return Outgoing("expert", "video", 1, 90000, 2, {"VP8": (100, again)}, "seat", sent, lambda data: True), sent


def stream(ssrc: int = 7) -> Stream:
    return Stream(ssrc, 90000, repairs=True, kind="video", codec="VP8", payload_type=96)


def arrive(slot: Outgoing, source: Stream, one: rtp.Packet, now: float) -> None:
    """As the publishing leg does it: counted, kept, begun with, passed on."""
    extended = source.arrived(one.sequence, one.timestamp, len(one.payload), now)
    source.keep(one.sequence, rtp.write_packet(96, one.marker, one.sequence, one.timestamp, source.ssrc, one.payload), 12)
    if slot.source is not source:
        slot.begin(source, extended, one.timestamp, now)
    slot.forward(extended, 0, one.timestamp, one.payload, now)


def test_numbers_go_on_when_somebody_else_takes_the_slot():
    slot, sent = slot_and_sent()
    first, second = stream(), stream(8)
    for step in range(3):
        arrive(slot, first, packet(60000 + step, 3000 * step), step / 30)
    for step in range(2):
        arrive(slot, second, packet(10 + step, 777 + 3000 * step), 10 + step / 30)
    read = list(sent.packets)
    assert [one.sequence for one in read] == [(60000 & 0x7FFF) + step for step in range(5)]
    assert [one.timestamp for one in read][3] == 6000 + int((10 - 2 / 30) * 90000)
    assert {(one.ssrc, one.payload_type) for one in read} == {(1, 100)}
    arrive(slot, second, packet(9), 11.0)
    assert sent.packets == read  # from before it took the slot
    for place in (1, 3):
        assert slot.repeat((60000 & 0x7FFF) + place, 11.0 + place)
        again = sent.packets[-1]
        assert (again.ssrc, again.payload_type) == (2, 101)
        assert rtp.unwrap_retransmission(again, 100, 1) == read[place]
    before = len(sent.packets)
    assert slot.repeat((60000 & 0x7FFF) + 3, 14.01)
    assert len(sent.packets) == before, "on its way already"
    assert slot.repeat((60000 & 0x7FFF) + 3, 14.1)
    before = len(sent.packets)
    assert slot.repeat(5, 15.0)
    assert len(sent.packets) == before, "from before all that he was sent"
    assert slot.report(first, rtp.SenderReport(7, 1, 2), 15.0) is None
    assert slot.report(second, rtp.SenderReport(7, 1, 777), 15.0) is not None


def test_what_never_came_is_awaited_until_it_is_too_old():
    """A receiver lacks it because we do: it comes, or a whole picture in its place, without his asking for one."""
    slot, sent = slot_and_sent()
    source = stream()
    for number in (10, 11, 13):
        arrive(slot, source, packet(number), 0.0)
    assert slot.repeat(12, 1.0)
    assert len(sent.packets) == 3
    assert slot.repeat(9, 1.0), "from before the whole picture that he was sent"
    arrive(slot, source, packet(13 + KEPT - 2), 2.0)
    assert slot.repeat(12, 3.0)
    arrive(slot, source, packet(13 + KEPT - 1), 3.0)
    assert not slot.repeat(12, 4.0)
    source.repairs = False
    assert not slot.repeat(13 + KEPT - 3, 4.0), "nobody asks for it"
    slot.forget()
    assert slot.repeat(13 + KEPT - 2, 4.0)
    assert len(sent.packets) == 5, "not needed any more"


def test_who_agreed_on_no_retransmissions_gets_the_packet_itself_again():
    slot, sent = slot_and_sent(None)
    source = stream()
    arrive(slot, source, packet(4, 90, b"picture"), 0.0)
    assert slot.repeat(4, 1.0)
    assert sent.packets[0] == sent.packets[1]


def test_nothing_that_arrives_raises_anything():
    rng = random.Random(20261120)
    numbers = pictures.PictureNumbers()
    whole = rtp.receiver_report(1, [rtp.ReportBlock(9, 1, 1, 1, 1, 1, 1)]) + rtp.nack(1, 9, list(range(30))) + rtp.picture_loss(1, 9)
    source, (slot, _) = stream(), slot_and_sent()
    for case in range(2000):
        data = bytearray(rng.choice((whole, rtp.write_packet(96, True, case, case, 7, b"picture"), rng.randbytes(60))))
        for _ in range(rng.randrange(6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        data = data[: rng.randrange(len(data) + 1)]
        rtp.read_rtcp(bytes(data))
        read = rtp.read_packet(bytes(data))
        if read is not None:
            arrive(slot, source, read, case / 100)
            slot.repeat(read.sequence, case / 100)
            rtp.unwrap_retransmission(read, 96, 7)
            source.to_ask_for(case / 100)
            source.block(case / 100)
        rtp.read_extensions(bytes(data))
        pictures.vp8_begins(bytes(data))
        pictures.h264_begins(bytes(data))
        numbers.rewrite(bytes(data))
