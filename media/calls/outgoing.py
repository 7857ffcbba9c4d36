"""One kind of media in one slot of one receiver: another's packets under our own numbers, with a cache for what gets lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from media.calls import rtp

CACHED = 512


@dataclass(slots=True)
class Outgoing:
    """`ssrc`, `payload_type` and their retransmission twins are those the engine offered. The numbers go on without a gap when somebody else, or
    the same person with a new connection, takes the slot. Time in seconds is passed in."""

    ssrc: int
    payload_type: int
    clock_rate: int
    again_ssrc: int
    again_payload_type: int | None
    cname: str
    packets: int = 0
    octets: int = 0
    retransmitted: int = 0
    _source: object = None
    _first: int = 0
    _sequence_shift: int = 0
    _timestamp_shift: int = 0
    _last_sequence: int = -1
    _last_timestamp: int = 0
    _last_at: float = 0.0
    _again_sequence: int = 0
    _cache: dict[int, bytes] = field(default_factory=dict)

    def rewrite(self, source: object, packet: rtp.Packet, extended: int, now: float) -> bytes | None:
        """The packet as this receiver gets it; None for one from before the source took the slot."""
        if source is not self._source:
            self._begin(source, packet, extended, now)
        if extended < self._first:
            return None
        sequence = (packet.sequence + self._sequence_shift) % rtp.SEQUENCES
        timestamp = (packet.timestamp + self._timestamp_shift) % rtp.TIMESTAMPS
        sent = rtp.write_packet(self.payload_type, packet.marker, sequence, timestamp, self.ssrc, packet.payload)
        if (sequence - self._last_sequence) % rtp.SEQUENCES < rtp.SEQUENCES // 2:
            self._last_sequence, self._last_timestamp, self._last_at = sequence, timestamp, now
        if self.again_payload_type is not None:
            self._cache[sequence] = sent
            self._cache.pop((sequence - CACHED) % rtp.SEQUENCES, None)
        self.packets += 1
        self.octets += len(packet.payload)
        return sent

    def _begin(self, source: object, packet: rtp.Packet, extended: int, now: float) -> None:
        self._source, self._first = source, extended
        if self._last_sequence < 0:
            # The lower half, so that the sequence does not wrap before the first packets have set the receiver's roll-over counter.
            self._sequence_shift = (packet.sequence & 0x7FFF) - packet.sequence
            self._last_sequence = (packet.sequence & 0x7FFF) - 1
            return
        self._cache.clear()
        self._sequence_shift = self._last_sequence + 1 - packet.sequence
        passed = max(1, int((now - self._last_at) * self.clock_rate))
        self._timestamp_shift = self._last_timestamp + passed - packet.timestamp

    def pause(self) -> None:
        """What comes now is not sent: the numbers go on without a gap with whatever is sent next."""
        self._source = None

    def repeat(self, sequence: int) -> bytes | None:
        """The packet `sequence` again, on the retransmission stream; None when it is no longer kept."""
        sent = self._cache.get(sequence)
        if sent is None or self.again_payload_type is None:
            return None
        self._again_sequence = (self._again_sequence + 1) % rtp.SEQUENCES
        self.retransmitted += 1
        return rtp.wrap_retransmission(sent, self.again_payload_type, self._again_sequence, self.again_ssrc)

    def report(self, source: object, report: rtp.SenderReport) -> bytes | None:
        """The source's report in this slot's numbers: receivers play sound and picture together by it."""
        if source is not self._source:
            return None
        timestamp = (report.timestamp + self._timestamp_shift) % rtp.TIMESTAMPS
        return rtp.sender_report(self.ssrc, report.ntp, timestamp, self.packets, self.octets, self.cname)
