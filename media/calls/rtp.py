"""RTP and RTCP as bytes (RFC 3550, 4585, 4588; REMB as in draft-alvestrand-rmcat-remb): read, rewritten and built without objects. Pure.

What comes in is whatever a stranger sent after decryption: everything that cannot be read is None or an empty list, never an exception.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from media.calls import transport_feedback
from media.calls.transport_feedback import Feedback

SEQUENCES = 1 << 16
TIMESTAMPS = 1 << 32
_HEADER = struct.Struct("!BBHII")
SENDER_REPORT, RECEIVER_REPORT, GOODBYE, TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 200, 201, 203, 205, 206
NACK, PICTURE_LOSS, FULL_INTRA, APPLICATION, ARRIVALS = 1, 1, 4, 15, 15
ONE_BYTE_FORM = 0xBEDE
_LARGEST_RTCP_COUNT = 31


@dataclass(frozen=True, slots=True)
class Packet:
    """An RTP packet without its header extensions and padding: both belong to one leg only."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def read_packet(data: bytes) -> Packet | None:
    """The packet, or None for what is no RTP."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if first & 0x20:
        end -= data[-1]
    if start > end:
        return None
    return Packet(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[start:end])


def read_extensions(data: bytes) -> dict[int, bytes]:
    """Header extension elements by number (RFC 8285, both forms); what is cut short is left out."""
    start = 12 + 4 * (data[0] & 0x0F) if data else 0
    if len(data) < start + 4 or not data[0] & 0x10:
        return {}
    profile, words = struct.unpack_from("!HH", data, start)
    at, end = start + 4, min(len(data), start + 4 + 4 * words)
    found: dict[int, bytes] = {}
    short = profile == ONE_BYTE_FORM
    if not short and profile >> 4 != 0x100:
        return {}
    while at + (0 if short else 1) < end:
        if data[at] == 0:
            at += 1
            continue
        number, size = (data[at] >> 4, (data[at] & 0x0F) + 1) if short else (data[at], data[at + 1])
        at += 1 if short else 2
        if (short and number == 15) or at + size > end:
            break
        found[number] = data[at : at + size]
        at += size
    return found


def write_packet(payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes) -> bytes:
    return _HEADER.pack(0x80, (0x80 if marker else 0) | payload_type, sequence, timestamp, ssrc) + payload


def unwrap_retransmission(packet: Packet, payload_type: int, ssrc: int) -> Packet | None:
    """The packet that a retransmission (RFC 4588) carries; None when it carries none (padding that probes the bandwidth)."""
    if len(packet.payload) < 2:
        return None
    original = int.from_bytes(packet.payload[:2], "big")
    return Packet(payload_type, packet.marker, original, packet.timestamp, ssrc, packet.payload[2:])


def wrap_retransmission(sent: bytes, payload_type: int, sequence: int, ssrc: int) -> bytes:
    """`sent`, as `write_packet` made it, in a retransmission of its own stream."""
    return _HEADER.pack(0x80, (sent[1] & 0x80) | payload_type, sequence, int.from_bytes(sent[4:8], "big"), ssrc) + sent[2:4] + sent[12:]


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int
    """NTP time, 64 bits."""
    timestamp: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Somebody asks for packets of `ssrc` again (generic NACK)."""

    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureLost:
    """Somebody needs a whole picture of `ssrc` (PLI or FIR)."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """Loss, jitter and delay of one received stream (RFC 3550, 6.4.1); `fraction_lost` in 1/256, `delay` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class Most:
    """The other side says what it can receive (REMB), in bits a second."""

    bits: int


@dataclass(frozen=True, slots=True)
class Goodbye:
    """These streams end (RFC 3550, 6.6)."""

    ssrcs: tuple[int, ...]


Told = SenderReport | ReportBlock | Lost | PictureLost | Most | Goodbye | Feedback


def read_rtcp(data: bytes) -> list[Told]:
    """What a compound packet says that matters here; reading stops at the first part that is broken."""
    found: list[Told] = []
    at = 0
    while at + 8 <= len(data):
        first, kind = data[at], data[at + 1]
        size = 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        if first >> 6 != 2 or at + size > len(data):
            break
        reader = _READERS.get(kind)
        if reader is not None:
            found += reader(first & 0x1F, data[at : at + size])
        at += size
    return found


def _read_sender_report(count: int, part: bytes) -> list[Told]:
    if len(part) < 28:
        return []
    ssrc, ntp, timestamp = struct.unpack_from("!IQI", part, 4)
    return [SenderReport(ssrc, ntp, timestamp), *_read_blocks(count, part, 28)]


def _read_receiver_report(count: int, part: bytes) -> list[Told]:
    return _read_blocks(count, part, 8)


def _read_blocks(count: int, part: bytes, start: int) -> list[Told]:
    blocks: list[Told] = []
    for at in range(start, min(start + 24 * count, len(part) - 23), 24):
        ssrc, both, highest, jitter, last_report, delay = struct.unpack_from("!IIIIII", part, at)
        lost = both & 0xFFFFFF
        blocks.append(ReportBlock(ssrc, both >> 24, lost - (lost >> 23 << 24), highest, jitter, last_report, delay))
    return blocks


def _read_goodbye(count: int, part: bytes) -> list[Told]:
    whole = min(count, (len(part) - 4) // 4)
    return [Goodbye(struct.unpack_from(f"!{whole}I", part, 4))] if whole else []


def _read_transport_feedback(form: int, part: bytes) -> list[Told]:
    if form == NACK and len(part) >= 16:
        return [Lost(int.from_bytes(part[8:12], "big"), _asked_for(part[12:]))]
    if form == ARRIVALS:
        feedback = transport_feedback.parse(part)
        return [] if feedback is None else [feedback]
    return []


def _read_payload_feedback(form: int, part: bytes) -> list[Told]:
    if form == PICTURE_LOSS and len(part) >= 12:
        return [PictureLost(int.from_bytes(part[8:12], "big"))]
    if form == FULL_INTRA and len(part) >= 20:
        return [PictureLost(int.from_bytes(part[12:16], "big"))]
    if form == APPLICATION and len(part) >= 20 and part[12:16] == b"REMB":
        return [Most((int.from_bytes(part[17:20], "big") & 0x3FFFF) << (part[17] >> 2))]
    return []


_READERS = {
    SENDER_REPORT: _read_sender_report,
    RECEIVER_REPORT: _read_receiver_report,
    GOODBYE: _read_goodbye,
    TRANSPORT_FEEDBACK: _read_transport_feedback,
    PAYLOAD_FEEDBACK: _read_payload_feedback,
}


def _asked_for(feedback: bytes) -> tuple[int, ...]:
    """At most 272 sequence numbers: nobody makes us send the whole cache again by one packet."""
    sequences = []
    for at in range(0, min(len(feedback) - 3, 16 * 4), 4):
        first, mask = struct.unpack_from("!HH", feedback, at)
        sequences.append(first)
        sequences.extend((first + bit + 1) % SEQUENCES for bit in range(16) if mask >> bit & 1)
    return tuple(sequences)


def _rtcp(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def sender_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int, cname: str) -> bytes:
    """A sender report with the source description that every compound packet carries."""
    report = _rtcp(SENDER_REPORT, 0, struct.pack("!IQIII", ssrc, ntp, timestamp, packets % TIMESTAMPS, octets % TIMESTAMPS))
    name = cname.encode()[:255]
    item = struct.pack("!IBB", ssrc, 1, len(name)) + name + b"\0"
    return report + _rtcp(202, 1, item + b"\0" * (-len(item) % 4))


def receiver_report(ssrc: int, blocks: list[ReportBlock]) -> bytes:
    body = struct.pack("!I", ssrc)
    for one in blocks[:_LARGEST_RTCP_COUNT]:
        lost = max(-0x800000, min(0x7FFFFF, one.lost)) & 0xFFFFFF
        body += struct.pack("!IIIIII", one.ssrc, one.fraction_lost << 24 | lost, one.highest, one.jitter, one.last_report, one.delay)
    return _rtcp(RECEIVER_REPORT, min(len(blocks), _LARGEST_RTCP_COUNT), body)


def nack(ssrc: int, media_ssrc: int, sequences: list[int]) -> bytes:
    """Ask for `sequences` (ascending, modulo 65536) again."""
    body = struct.pack("!II", ssrc, media_ssrc)
    left = list(sequences)
    while left:
        first, mask = left[0], 0
        rest = []
        for one in left[1:]:
            distance = (one - first) % SEQUENCES
            if 1 <= distance <= 16:
                mask |= 1 << (distance - 1)
            else:
                rest.append(one)
        body += struct.pack("!HH", first, mask)
        left = rest
    return _rtcp(TRANSPORT_FEEDBACK, NACK, body)


def picture_loss(ssrc: int, media_ssrc: int) -> bytes:
    return _rtcp(PAYLOAD_FEEDBACK, PICTURE_LOSS, struct.pack("!II", ssrc, media_ssrc))


def most_bits(ssrc: int, bits_per_second: int, media_ssrcs: list[int]) -> bytes:
    """REMB: what the publisher may send at most, over the streams named."""
    exponent = max(0, bits_per_second.bit_length() - 18)
    mantissa = bits_per_second >> exponent
    body = struct.pack("!II4sBBH", ssrc, 0, b"REMB", len(media_ssrcs), exponent << 2 | mantissa >> 16, mantissa & 0xFFFF)
    return _rtcp(PAYLOAD_FEEDBACK, 15, body + b"".join(struct.pack("!I", one) for one in media_ssrcs))
