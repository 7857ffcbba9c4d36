"""Packets as bytes: what is written can be read, what aiortc reads is the same, what is lost is asked for, numbers go on without a gap; and
nothing that a stranger sends raises anything."""

from __future__ import annotations

import random

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSdesPacket, RtcpSrPacket, RtpPacket, unpack_remb_fci

from media.calls import hooks, rtp
from media.calls.outgoing import Outgoing
from media.calls.reception import PictureRequests, Reception


def packet(sequence: int, timestamp: int = 0, payload: bytes = b"x") -> rtp.Packet:
    return rtp.Packet(96, False, sequence % rtp.SEQUENCES, timestamp, 7, payload)


def test_the_libraries_are_those_the_hooks_were_written_for():
    hooks.self_check()


def test_a_changed_hook_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hooks.RTCDtlsTransport, "_send_rtp", lambda self, data, more: None)
    monkeypatch.setitem(hooks.VERSIONS, "aioice", "0.12.0")
    with pytest.raises(hooks.HooksBroken) as broken:
        hooks.self_check()
    assert broken.value.problems == ["aioice is 0.13.0, not 0.12.0", "RTCDtlsTransport._send_rtp changed"]


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
    assert ours == [rtp.Lost(9, (65530, 65535, 3, 40)), rtp.PictureLost(9)]
    sender, words = RtcpPacket.parse(rtp.sender_report(4, 5 << 32, 6, 7, 8, "seat-expert"))
    assert isinstance(sender, RtcpSrPacket)
    assert (sender.ssrc, sender.sender_info.rtp_timestamp) == (4, 6)
    assert isinstance(words, RtcpSdesPacket)
    assert words.chunks[0].items == [(1, b"seat-expert")]
    assert rtp.read_rtcp(rtp.sender_report(4, 5 << 32, 6, 7, 8, "a")) == [rtp.SenderReport(4, 5 << 32, 6)]


def test_a_gap_is_asked_for_until_it_is_filled_or_hopeless():
    stream = Reception(7, 90000, repairs=True)
    for sequence in (65534, 65535, 2):
        stream.arrived(sequence, 0, 1, 0.0)
    assert stream.to_ask_for(0.0) == ([0, 1], False)
    assert stream.to_ask_for(0.01) == ([], False)
    assert stream.to_ask_for(0.07) == ([0, 1], False)
    stream.arrived(0, 0, 1, 0.08, again=True)
    assert stream.to_ask_for(0.2) == ([1], False)
    for step in range(3):
        assert stream.to_ask_for(0.3 + step / 10) == ([1], False)
    assert stream.to_ask_for(0.9) == ([], True)
    assert stream.to_ask_for(1.0) == ([], False)
    assert stream.lost == 1
    assert stream.block(1.0).fraction_lost == 51
    assert stream.block(2.0).fraction_lost == 0


def test_a_long_gap_asks_for_a_whole_picture_and_a_new_start_for_nothing():
    stream = Reception(7, 90000, repairs=True)
    stream.arrived(0, 0, 1, 0.0)
    stream.arrived(500, 0, 1, 0.0)
    assert stream.to_ask_for(0.0) == ([], True)
    stream.arrived(40000, 0, 1, 0.0)
    assert stream.to_ask_for(0.0) == ([], False)
    assert stream.lost == 499


def test_whole_pictures_are_asked_for_twice_a_second_at_most_and_no_wish_is_lost():
    pictures = PictureRequests()
    asked = 0
    for step in range(40):
        pictures.wanted()
        asked += pictures.to_send(step / 10)
    assert asked == 8
    assert pictures.to_send(4.5)
    assert not pictures.to_send(9)


def test_numbers_go_on_when_somebody_else_takes_the_slot():
    slot = Outgoing(1, 100, 90000, 2, 101, "seat")
    first, second = object(), object()
    sent = [slot.rewrite(first, packet(60000 + step, 3000 * step), 60000 + step, step / 30) for step in range(3)]
    sent += [slot.rewrite(second, packet(10 + step, 777 + 3000 * step), 10 + step, 10 + step / 30) for step in range(2)]
    read = [rtp.read_packet(one) for one in sent if one is not None]
    assert [one.sequence for one in read if one is not None] == [(60000 & 0x7FFF) + step for step in range(5)]
    assert [one.timestamp for one in read if one is not None][3] == 6000 + int((10 - 2 / 30) * 90000)
    assert {one.ssrc for one in read if one is not None} == {1}
    assert slot.rewrite(second, packet(9), 9, 11.0) is None
    again = slot.repeat((60000 & 0x7FFF) + 3)
    assert again is not None
    read_again = rtp.read_packet(again)
    assert read_again is not None
    assert rtp.unwrap_retransmission(read_again, 100, 1) == read[3]
    assert slot.repeat(5) is None
    assert slot.report(first, rtp.SenderReport(7, 1, 2)) is None
    assert slot.report(second, rtp.SenderReport(7, 1, 777)) is not None


def test_nothing_that_arrives_raises_anything():
    rng = random.Random(20261120)
    whole = rtp.receiver_report(1, [rtp.ReportBlock(9, 1, 1, 1, 1, 1, 1)]) + rtp.nack(1, 9, list(range(30))) + rtp.picture_loss(1, 9)
    stream, slot = Reception(7, 90000, repairs=True), Outgoing(1, 100, 90000, 2, 101, "seat")
    for case in range(2000):
        data = bytearray(rng.choice((whole, rtp.write_packet(96, True, case, case, 7, b"picture"), rng.randbytes(60))))
        for _ in range(rng.randrange(6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        data = data[: rng.randrange(len(data) + 1)]
        rtp.read_rtcp(bytes(data))
        read = rtp.read_packet(bytes(data))
        if read is not None:
            extended = stream.arrived(read.sequence, read.timestamp, len(read.payload), case / 100)
            slot.rewrite(stream, read, extended, case / 100)
            rtp.unwrap_retransmission(read, 96, 7)
            stream.to_ask_for(case / 100)
            stream.block(case / 100)
