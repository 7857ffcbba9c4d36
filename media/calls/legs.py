"""The two connections of a member: what he sends (publish) and what he gets (subscribe). Here packets turn from one into the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpTransceiver

from media.calls import hooks, rtp
from media.calls.engine import Limits, Recorder, StreamStats
from media.calls.outgoing import Outgoing
from media.calls.reception import PictureRequests, Reception

REPORT_S = 1.0
CEILING = 1_200_000
"""Bits a second that a publisher may send at most: 640x480 at 25 pictures with some to spare."""
OWN_SSRC = 0x48_5A_00_01
"""Who speaks in the engine's receiver reports (RFC 3550: any value that no sender of the connection has)."""


@dataclass(slots=True)
class Incoming:
    """One kind of media that a member sends; a new SSRC of the same kind is a new stream."""

    codec: hooks.Codec
    reception: Reception | None = None
    forwarded: int = 0


class PublishLeg:
    """What `member` on `seat` sends; `receivers` gives the connections that it goes to, and `recorder` who records, as they are now."""

    def __init__(
        self,
        seat: str,
        member: str,
        connection: RTCPeerConnection,
        receivers: Callable[[], list[SubscribeLeg]],
        recorder: Callable[[], Recorder | None],
        clock: Callable[[], float],
    ) -> None:
        self.seat, self.member, self.connection = seat, member, connection
        self.limits = Limits()
        self._receivers, self._recorder, self._clock = receivers, recorder, clock
        self._incoming: dict[str, Incoming] = {}
        self._by_payload: dict[int, tuple[str, bool]] = {}
        self._pictures = PictureRequests()
        self._transport: Any = None
        self._reported_at = clock()

    def agree(self, kind: str, codec: hooks.Codec) -> None:
        self._incoming[kind] = Incoming(codec)
        self._by_payload[codec.payload_type] = (kind, False)
        if codec.again_payload_type is not None:
            self._by_payload[codec.again_payload_type] = (kind, True)

    def take(self) -> None:
        self._transport = hooks.take_media(self.connection, self._packet, self._feedback)

    def picture_wanted(self) -> None:
        if "video" in self._incoming:
            self._pictures.wanted()

    async def _packet(self, data: bytes) -> None:
        packet = rtp.read_packet(data)
        kind, again = ("", False) if packet is None else self._by_payload.get(packet.payload_type, ("", False))
        if packet is None or not kind:
            return
        incoming, now = self._incoming[kind], self._clock()
        reception = incoming.reception
        if again:
            original = None if reception is None else rtp.unwrap_retransmission(packet, incoming.codec.payload_type, reception.ssrc)
            if original is None:
                return
            packet = original
            data = rtp.write_packet(packet.payload_type, packet.marker, packet.sequence, packet.timestamp, packet.ssrc, packet.payload)
        if reception is None or reception.ssrc != packet.ssrc:
            reception = incoming.reception = Reception(packet.ssrc, incoming.codec.clock_rate, repairs=kind == "video")
        extended = reception.arrived(packet.sequence, packet.timestamp, len(packet.payload), now, again=again)
        if kind in self.limits.muted:
            for leg in self._receivers():
                leg.pause(self.seat, kind)
            return
        if not packet.payload:
            return
        recorder = self._recorder()
        if recorder is not None:
            recorder.packet(self.seat, self.member, kind, incoming.codec.name, now, data)
        for leg in self._receivers():
            if await leg.pass_on(self.seat, kind, reception, packet, extended, now):
                incoming.forwarded += 1

    async def _feedback(self, data: bytes) -> None:
        now = self._clock()
        for report in rtp.read_rtcp(data):
            if isinstance(report, rtp.SenderReport):
                for kind, incoming in self._incoming.items():
                    if incoming.reception is not None and incoming.reception.ssrc == report.ssrc:
                        incoming.reception.reported(report.ntp, now)
                        recorder = self._recorder()
                        if recorder is not None and kind not in self.limits.muted:
                            recorder.report(self.seat, self.member, kind, incoming.codec.name, now, report.ssrc, report.ntp, report.timestamp)
                        for leg in self._receivers():
                            await leg.pass_report(self.seat, kind, incoming.reception, report)

    async def beat(self) -> None:
        """Ask for what is missing, for a picture if somebody needs one, and report; every few hundredths of a second."""
        if self._transport is None or self.connection.connectionState != "connected":
            return
        now = self._clock()
        video = self._incoming.get("video")
        if video is not None and video.reception is not None:
            missing, hopeless = video.reception.to_ask_for(now)
            if missing:
                await hooks.send(self._transport, rtp.nack(OWN_SSRC, video.reception.ssrc, missing))
            if hopeless:
                self._pictures.wanted()
            if self._pictures.to_send(now):
                await hooks.send(self._transport, rtp.picture_loss(OWN_SSRC, video.reception.ssrc))
        if now - self._reported_at >= REPORT_S:
            self._reported_at = now
            await self._report(now)

    async def _report(self, now: float) -> None:
        received = [one.reception for one in self._incoming.values() if one.reception is not None]
        if not received:
            return
        data = rtp.receiver_report(OWN_SSRC, [one.block(now) for one in received])
        video = self._incoming.get("video")
        if video is not None and video.reception is not None:
            data += rtp.most_bits(OWN_SSRC, self.limits.send_bits or CEILING, [video.reception.ssrc])
        await hooks.send(self._transport, data)

    def stats(self) -> tuple[StreamStats, ...]:
        again = {kind: sum(leg.retransmitted(self.seat, kind) for leg in self._receivers()) for kind in self._incoming}
        return tuple(
            StreamStats(
                kind,
                0 if one.reception is None else one.reception.received,
                0 if one.reception is None else one.reception.octets,
                0 if one.reception is None else one.reception.lost,
                one.forwarded,
                again[kind],
                self._pictures.count if kind == "video" else 0,
            )
            for kind, one in self._incoming.items()
        )

    async def close(self) -> None:
        await self.connection.close()


@dataclass(slots=True)
class _SlotTrack:
    seat: str
    kind: str
    transceiver: RTCRtpTransceiver
    outgoing: Outgoing | None = None


class SubscribeLeg:
    """What a member gets: a slot for each other seat, each with sound and picture. `picture_wanted` is called with the seat whose picture is
    needed whole."""

    def __init__(self, connection: RTCPeerConnection, clock: Callable[[], float], picture_wanted: Callable[[str], None]) -> None:
        self.connection = connection
        self.limits = Limits()
        self._clock, self._picture_wanted = clock, picture_wanted
        self.slots: dict[tuple[str, str], _SlotTrack] = {}
        self._by_ssrc: dict[int, _SlotTrack] = {}
        self._transport: Any = None

    @staticmethod
    def stream_of(seat: str) -> str:
        return f"seat-{seat}"

    def add(self, seat: str, kind: str, transceiver: RTCRtpTransceiver) -> None:
        hooks.name_stream(transceiver.sender, self.stream_of(seat))
        self.slots[seat, kind] = _SlotTrack(seat, kind, transceiver)

    def take(self) -> None:
        self._transport = hooks.take_media(self.connection, _nothing, self._feedback)

    def settle(self) -> None:
        """After the answer: what was agreed on, each slot by itself."""
        for slot in self.slots.values():
            codec = hooks.codec_of(slot.transceiver, "opus" if slot.kind == "audio" else "VP8")
            if codec is None or slot.transceiver.currentDirection != "sendonly":
                continue
            ssrc, again = hooks.ssrcs_of(slot.transceiver.sender)
            slot.outgoing = Outgoing(ssrc, codec.payload_type, codec.clock_rate, again, codec.again_payload_type, self.stream_of(slot.seat))
            self._by_ssrc[ssrc] = slot

    async def pass_on(self, seat: str, kind: str, reception: Reception, packet: rtp.Packet, extended: int, now: float) -> bool:
        slot = self.slots.get((seat, kind))
        if slot is None or slot.outgoing is None or self.connection.connectionState != "connected":
            return False
        if kind in self.limits.unwanted:
            slot.outgoing.pause()
            return False
        data = slot.outgoing.rewrite(reception, packet, extended, now)
        return data is not None and await hooks.send(self._transport, data)

    def pause(self, seat: str, kind: str) -> None:
        slot = self.slots.get((seat, kind))
        if slot is not None and slot.outgoing is not None:
            slot.outgoing.pause()

    async def pass_report(self, seat: str, kind: str, reception: Reception, report: rtp.SenderReport) -> None:
        slot = self.slots.get((seat, kind))
        data = None if slot is None or slot.outgoing is None else slot.outgoing.report(reception, report)
        if data is not None:
            await hooks.send(self._transport, data)

    def retransmitted(self, seat: str, kind: str) -> int:
        slot = self.slots.get((seat, kind))
        return 0 if slot is None or slot.outgoing is None else slot.outgoing.retransmitted

    async def _feedback(self, data: bytes) -> None:
        for report in rtp.read_rtcp(data):
            if isinstance(report, rtp.Lost) and (slot := self._by_ssrc.get(report.ssrc)) is not None and slot.outgoing is not None:
                for sequence in report.sequences:
                    again = slot.outgoing.repeat(sequence)
                    if again is not None:
                        await hooks.send(self._transport, again)
            elif isinstance(report, rtp.PictureLost) and (slot := self._by_ssrc.get(report.ssrc)) is not None:
                self._picture_wanted(slot.seat)

    async def close(self) -> None:
        await self.connection.close()


async def _nothing(data: bytes) -> None:
    """A member who sends media on the connection that he receives on is not heard."""
