"""What a member sends: his packets are counted, kept for a moment, and given to everybody who gets them. The busiest code of the house: per packet no
object is made that is not kept, and nothing is awaited.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from aiortc import RTCPeerConnection

from media.calls import hooks, rtp
from media.calls.engine import Limits, Recorder, StreamStats
from media.calls.feedback_digest import UNEASY_S
from media.calls.measured import LayerMeasured, Picture, Uplink
from media.calls.outgoing import Outgoing
from media.calls.pictures import BEGINS
from media.calls.receiving import SubscribeLeg
from media.calls.reception import LARGEST_STEP
from media.calls.send_clock import SendClock
from media.calls.stream import KEPT, Stream
from media.calls.transport_feedback import Arrivals
from media.calls.wire import MOST_SOURCES, Wire

REPORT_S = 1.0
INSISTS_S = 1.0
TELL_S = 0.09
"""Between two messages of transport-wide feedback: every second beat, a tenth of a second, as libwebrtc does by default."""
CEILING = 1_200_000
"""Bits a second that a publisher may send at most: 640x480 at 25 pictures with some to spare."""
OWN_SSRC = 0x48_5A_00_01
"""Who speaks in the engine's receiver reports (RFC 3550: any value that no sender of the connection has)."""
ALIVE_S = 0.7
"""A simulcast layer of which nothing came for so long is not sent now."""
_USUAL = struct.Struct("!BBHIIIBH")
"""Header, extension's profile and size, its first element."""
_USUAL_SIZE = _USUAL.size + 1
_VERSION, _WITH_EXTENSION, _ONE_BYTE = 0x80, 0x90, rtp.ONE_BYTE_FORM


class PublishLeg:
    """What `member` on `seat` sends; `receivers` gives the connections that it goes to, as they are now; `recorder` records, if anybody does."""

    def __init__(
        self,
        seat: str,
        member: str,
        connection: RTCPeerConnection,
        receivers: Callable[[], list[SubscribeLeg]],
        clock: Callable[[], float],
    ) -> None:
        self.seat, self.member, self.connection = seat, member, connection
        self.limits = Limits()
        self.told_bits: int | None = None
        """What steering tells him to send at most."""
        self._insists_until = 0.0
        self.recorder: Recorder | None = None
        self._receivers, self._clock = receivers, clock
        self.wire = self._make_wire(clock)
        self._codecs: dict[str, hooks.Codec] = {}
        self._by_payload: dict[int, tuple[str, bool]] = {}
        self._streams: dict[int, Stream] = {}
        self._layers: dict[tuple[str, str], Stream] = {}
        """The streams of now, by kind and name of the layer."""
        self._again: dict[int, Stream] = {}
        self._rids: tuple[str, ...] = ()
        self._sent_layers: set[int] = set()
        self._seen: set[bytes] = set()
        self._names: dict[str, int] = {}
        self._tag, self._stamp_tag = 0, -1
        self._arrived: dict[int, float] = {}
        self._arrivals = Arrivals(OWN_SSRC)
        self._reported_at = clock()
        self._measured_at = clock()
        self._counted: dict[int, tuple[int, int, int]] = {}
        self._send_clock = self._make_send_clock()
        self._stamps = self._send_clock.packets
        self._told_at = float("-inf")
        self._held = False

    def _make_wire(self, clock: Callable[[], float]) -> Wire:
        return Wire(clock, self._packet, self._feedback)

    def _make_send_clock(self) -> SendClock:
        return SendClock()

    def agree(self, kind: str, codec: hooks.Codec, extensions: dict[str, int], rids: tuple[str, ...] = ()) -> None:
        """What was negotiated for one kind; `rids`: the simulcast layers, the smallest first."""
        self._codecs[kind] = codec
        self._by_payload[codec.payload_type] = (kind, False)
        if codec.again_payload_type is not None:
            self._by_payload[codec.again_payload_type] = (kind, True)
        self._names |= extensions
        number = extensions.get(hooks.TRANSPORT_NUMBER, 0)
        self._tag = number << 4 | 1 if number else self._tag
        stamp = extensions.get(hooks.SEND_TIME, 0)
        self._stamp_tag = stamp << 4 | 2 if stamp else self._stamp_tag
        self._rids = rids if kind == "video" else self._rids

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the simulcast layers that were agreed on, the smallest first; empty without simulcast."""
        return self._rids

    @property
    def picture_codec(self) -> str | None:
        """What his picture is sent as; None when he sends none."""
        return self._codecs["video"].name if "video" in self._codecs else None

    def take(self) -> None:
        self.wire.take(self.connection)

    # Packets

    def _packet(self, at: Any, view: memoryview, size: int, now: float) -> None:
        if size < _USUAL_SIZE:
            self._unusual(bytes(view[:size]), now)
            return
        first, second, sequence, timestamp, ssrc, extension, tag, number = _USUAL.unpack_from(view)
        stream = self._streams.get(ssrc)
        if stream is None or second & 0x7F != stream.payload_type:
            self._unusual(bytes(view[:size]), now)
            return
        if first == _WITH_EXTENSION and extension >> 16 == _ONE_BYTE:
            offset = 16 + ((extension & 0xFFFF) << 2)
            if offset > size:
                return
            if tag == self._stamp_tag and offset > 23 and view[20] == self._tag:
                self._stamps.append((number << 8 | view[19], now))
                self._arrived[view[21] << 8 | view[22]] = now
            elif tag == self._tag and offset == 20:  # nothing else has room in it
                self._arrived[number] = now
            else:
                self._note_extensions(bytes(view[:offset]), now)
        elif first == _VERSION:
            offset = 12
        else:
            self._unusual(bytes(view[:size]), now)
            return
        length = size - offset
        if sequence == (stream.highest + 1) & 0xFFFF:
            extended = stream.highest = stream.highest + 1
            stream.received += 1
            stream.octets += length
            if timestamp != stream.timestamp:
                stream.timed(timestamp, now)
        else:
            extended = self._out_of_order(stream, sequence, timestamp, length, now)
        if stream.repairs:
            stream.keep(sequence, bytes(view[:size]), offset)
        if self.recorder is not None:
            self._record(stream, bytes(view[:size]), length, now)
        if stream.waiting:
            self._consider(stream, bytes(view[offset:size]), extended, timestamp, now)
        marker, payload = second & 0x80, at + offset
        for lane in stream.lanes:
            if lane.pictures is None and extended >= lane.first:
                lane.packets += 1
                lane.octets += length
                lane.send(
                    marker | lane.payload_type, (extended + lane.shift) & 0xFFFF, (timestamp + lane.timestamp_shift) & 0xFFFFFFFF, lane.ssrc,
                    payload, length, now,
                )  # fmt: skip
            else:
                lane.forward(extended, marker, timestamp, bytes(view[offset:size]), now)
        stream.forwarded += len(stream.lanes)

    def _out_of_order(self, stream: Stream, sequence: int, timestamp: int, length: int, now: float) -> int:
        """A packet that is not the next one: late, or after a gap, which is asked for at once, or the first of numbers that begin anew: those are
        not passed on as a gap (a receiver's cipher would lose its place)."""
        highest, before, at = stream.highest, stream.timestamp, stream.at
        extended = stream.arrived(sequence, timestamp, length, now)
        if highest >= 0 and extended - highest > LARGEST_STEP:
            for lane in stream.lanes:
                lane.stop(highest, before, at)
                lane.begin(stream, extended, timestamp, now)
        if stream.gaps:
            self._ask(stream, now)
        return extended

    def _unusual(self, data: bytes, now: float) -> None:
        """A stream's first packet, a retransmission, padding, contributing sources: read with care, then passed on like any other."""
        packet = rtp.read_packet(data)
        if packet is None:
            return
        self._seen.add(data[8:12])
        if len(self._seen) >= MOST_SOURCES and self.wire.only is None:
            self.wire.only = frozenset(self._seen)
        self._note_extensions(data, now)
        kind, again = self._by_payload.get(packet.payload_type, ("", False))
        if not kind:
            return
        if again:
            self._retransmitted(packet, data, now)
            return
        stream = self._streams.get(packet.ssrc)
        if stream is None or stream.kind != kind:
            stream = self._begin(kind, packet, data, now)
            if stream is None:
                return
        extended = self._out_of_order(stream, packet.sequence, packet.timestamp, len(packet.payload), now)
        self._pass_on(stream, packet, extended, now)

    def _retransmitted(self, packet: rtp.Packet, data: bytes, now: float) -> None:
        stream = self._again_of(packet, data)
        original = None if stream is None else rtp.unwrap_retransmission(packet, stream.payload_type, stream.ssrc)
        if stream is None or original is None or stream.kept(original.sequence) is not None:
            return
        if (stream.highest - original.sequence) % rtp.SEQUENCES >= KEPT:
            return  # nobody asked for that
        extended = stream.arrived(original.sequence, original.timestamp, len(original.payload), now, again=True)
        self._pass_on(stream, original, extended, now)

    def _again_of(self, packet: rtp.Packet, data: bytes) -> Stream | None:
        """The stream that a retransmission repeats: by the layer's name it carries at first, later by its SSRC; without simulcast there is one."""
        stream = self._again.get(packet.ssrc)
        if stream is not None and self._streams.get(stream.ssrc) is stream:
            return stream
        name = rtp.read_extensions(data).get(self._names.get(hooks.REPAIRED_NAME, 0), b"").decode("ascii", "replace") if self._rids else ""
        stream = self._layers.get(("video", name))
        if stream is not None and len(self._again) <= len(self._rids):
            self._again[packet.ssrc] = stream
        return stream

    def _begin(self, kind: str, packet: rtp.Packet, data: bytes, now: float) -> Stream | None:
        """A new SSRC: a new stream in the place of the one of its kind (and layer); None for a layer that was not agreed on."""
        rid = ""
        if kind == "video" and self._rids:
            rid = rtp.read_extensions(data).get(self._names.get(hooks.STREAM_NAME, 0), b"").decode("ascii", "replace")
            if rid not in self._rids:
                return None
        codec = self._codecs[kind]
        stream = self._make_stream(packet.ssrc, kind, codec, rid, now)
        before = self._layers.get((kind, rid))
        if before is not None:
            self._streams.pop(before.ssrc, None)
            before.lanes, before.waiting = [], []
            stream.forwarded = before.forwarded
        self._layers[kind, rid] = self._streams[packet.ssrc] = stream
        self.rewire()
        return stream

    def _make_stream(self, ssrc: int, kind: str, codec: hooks.Codec, rid: str, now: float) -> Stream:
        return Stream(
            ssrc, codec.clock_rate, kind == "video", kind=kind, codec=codec.name, payload_type=codec.payload_type,
            again_payload_type=codec.again_payload_type, rid=rid, layer=self._rids.index(rid) if rid else 0, begins=BEGINS.get(codec.name), at=now,
        )  # fmt: skip

    def _pass_on(self, stream: Stream, packet: rtp.Packet, extended: int, now: float) -> None:
        """The slow way of a packet; padding alone goes on as an empty packet, for a gap would be asked for."""
        data = rtp.write_packet(packet.payload_type, packet.marker, packet.sequence, packet.timestamp, packet.ssrc, packet.payload)
        if stream.repairs:
            stream.keep(packet.sequence, data, 12)
        self._record(stream, data, len(packet.payload), now)
        if stream.waiting:
            self._consider(stream, packet.payload, extended, packet.timestamp, now)
        for lane in stream.lanes:
            lane.forward(extended, 0x80 if packet.marker else 0, packet.timestamp, packet.payload, now)
        stream.forwarded += len(stream.lanes)

    def _record(self, stream: Stream, data: bytes, length: int, now: float) -> None:
        """Of a picture's layers the largest that is sent."""
        if self.recorder is None or not length or stream.kind in self.limits.muted:
            return
        if not stream.rid or stream is max(filter(self._alive, self._pictures()), key=_layer_of, default=stream):
            self.recorder.packet(self.seat, self.member, stream.kind, stream.codec, now, data)

    def _note_extensions(self, data: bytes, now: float) -> None:
        """In whatever order a device writes them."""
        found = rtp.read_extensions(data)
        number, stamp = found.get(self._tag >> 4, b""), found.get(self._stamp_tag >> 4, b"")
        if self._tag and len(number) == 2:
            self._arrived[int.from_bytes(number, "big")] = now
        if len(stamp) == 3:
            self._stamps.append((int.from_bytes(stamp, "big"), now))

    def _consider(self, stream: Stream, payload: bytes, extended: int, timestamp: int, now: float) -> None:
        """Slots that wait: for a whole picture to begin with, or for the next still; sound begins at once."""
        begins = stream.begins is None or stream.begins(payload)
        for lane in list(stream.waiting):
            if lane.source is stream and lane.only is not None:
                if lane.only != timestamp:
                    lane.stop(extended - 1)
                    stream.lanes.remove(lane)
            elif begins and now >= lane.due_at:
                if lane.source is not None and lane in lane.source.lanes:
                    lane.source.lanes.remove(lane)
                lane.begin(stream, extended, timestamp, now)
                stream.lanes.append(lane)
                if lane.shown.picture is Picture.STILLS:
                    lane.only, lane.due_at = timestamp, now + lane.shown.still_every_s
                else:
                    stream.waiting.remove(lane)

    # Who gets what

    def rewire(self) -> None:
        """Somebody came, went, was limited, or is shown something else: who gets which stream from now on."""
        wanted = self._wanted()
        for (kind, _), stream in self._layers.items():
            stream.waiting.clear()
            for lane in stream.lanes:
                if lane not in wanted[kind] or lane.shown.picture is not Picture.MOVING:
                    lane.stop()
                    lane.forget()
            stream.lanes = [one for one in stream.lanes if one.source is stream]
        for kind, lanes in wanted.items():
            for lane in lanes:
                target = self._shown_to(lane, kind)
                if target is None or (lane.source is target and lane in target.lanes) or not lane.carries(target):
                    continue
                target.waiting.append(lane)
                if lane.shown.picture is Picture.MOVING:
                    lane.due_at = 0.0
                    target.pictures.wanted()

    def _wanted(self) -> dict[str, list[Outgoing]]:
        """The slots that are for him, by kind."""
        return {
            kind: [one for leg in self._receivers() if (one := leg.slot_for(self.seat, kind)) is not None]
            if kind in self._codecs and kind not in self.limits.muted else []
            for kind in ("audio", "video")
        }  # fmt: skip

    def _shown_to(self, lane: Outgoing, kind: str) -> Stream | None:
        """The stream that a slot should get: sound whole, of the picture the largest layer that is sent and may be shown."""
        if kind == "audio":
            return self._layers.get((kind, ""))
        if lane.shown.picture is Picture.NONE:
            return None
        most = len(self._rids) if lane.shown.layer is None else lane.shown.layer
        alive = [one for one in self._pictures() if self._alive(one)] or self._pictures()
        small = [one for one in alive if one.layer <= most]
        return max(small, key=_layer_of) if small else min(alive, key=_layer_of, default=None)

    def _pictures(self) -> list[Stream]:
        return [one for (kind, _), one in self._layers.items() if kind == "video"]

    def _alive(self, stream: Stream) -> bool:
        return self._clock() - stream.at < ALIVE_S

    def picture_wanted(self, stream: Stream | None = None) -> None:
        """Somebody needs a whole picture: of this stream, or of all that are shown."""
        for one in self._pictures():
            if stream is None or one is stream:
                one.pictures.wanted()

    # Reports

    def _feedback(self, data: bytes, now: float) -> None:
        for told in rtp.read_rtcp(data):
            if isinstance(told, rtp.SenderReport) and (stream := self._streams.get(told.ssrc)) is not None:
                stream.reported(told.ntp, now)
                stream.report = told
                if self.recorder is not None and stream.kind not in self.limits.muted:
                    self.recorder.report(self.seat, self.member, stream.kind, stream.codec, now, told.ssrc, told.ntp, told.timestamp)
                for lane in stream.lanes:
                    report = lane.report(stream, told, now)
                    if report is not None:
                        lane.tell(report)
            elif isinstance(told, rtp.Goodbye):
                for ssrc in told.ssrcs:
                    self._end(ssrc)

    def _end(self, ssrc: int) -> None:
        """The stream said goodbye: whoever got it keeps his place for what comes in its stead."""
        stream = self._streams.pop(ssrc, None)
        if stream is not None:
            for lane in stream.lanes:
                lane.stop()
            stream.lanes, stream.waiting = [], []
            self._layers.pop((stream.kind, stream.rid), None)
            self.rewire()

    def hold_requests(self, held: bool) -> None:
        """While his link is full and loses, nothing is asked for: repeats and whole pictures would keep it full for seconds. Afterwards one whole
        picture stands for all that was lost."""
        if self._held and not held:
            for stream in self._pictures():
                if stream.gaps:
                    stream.forget_missing()
                    stream.pictures.wanted()
        self._held = held

    def _ask(self, stream: Stream, now: float) -> None:
        if self._held or self._send_clock.is_full(now):
            return  # at once it would make the queue longer
        missing, hopeless = stream.to_ask_for(now)
        if missing:
            self.wire.report(rtp.nack(OWN_SSRC, stream.ssrc, missing))
        if hopeless:
            stream.pictures.wanted()

    def beat(self, now: float) -> None:
        """Every few hundredths of a second: ask for what is missing, for a picture if somebody needs one, and report."""
        wire = self.wire
        wire.follow()
        if not wire.open:
            return
        for stream in self._streams.values():
            if stream.repairs:
                if stream.gaps:
                    self._ask(stream, now)
                self._still_wanted(stream, now)
                if not self._held and stream.pictures.to_send(now):
                    wire.report(rtp.picture_loss(OWN_SSRC, stream.ssrc))
        if self._rids and (sent := {one.layer for one in self._pictures() if self._alive(one)}) != self._sent_layers:
            self._sent_layers = sent
            self.rewire()
        if now - self._told_at >= TELL_S and self._tell_arrivals(now):
            self._told_at = now
        if now - self._reported_at >= REPORT_S:
            self._reported_at = now
            self._report(now)

    def _still_wanted(self, stream: Stream, now: float) -> None:
        for lane in stream.waiting:
            if lane.only is None and now >= lane.due_at:
                stream.pictures.wanted()

    def _tell_arrivals(self, now: float) -> bool:
        """Whether anything had arrived since the last time."""
        if not self._arrived:
            return False
        named = self._named
        self._arrivals.tells_losses = not self._held  # what is lost while it is held is never asked for
        message = self._arrivals.in_order(self._arrived, named, now) if named else None
        if message is not None:
            self.wire.report(message)
        else:
            for number, at in self._arrived.items():
                self._arrivals.arrived(number, at)
            for message in self._arrivals.messages(named, now) if named else ():
                self.wire.report(message)
        self._arrived.clear()
        return True

    @property
    def _named(self) -> int:
        """The stream that feedback names: one that he really sends (libwebrtc ignores feedback about any other); 0 before there is one."""
        video = self._layers.get(("video", self._rids[0] if self._rids else ""))
        return video.ssrc if video is not None else next(iter(self._streams), 0)

    def _report(self, now: float) -> None:
        streams = list(self._streams.values())
        if streams:
            data = rtp.receiver_report(OWN_SSRC, [one.block(now) for one in streams])
            self.wire.report(data + rtp.most_bits(OWN_SSRC, self.most_bits, [one.ssrc for one in self._pictures() or streams]))

    @property
    def most_bits(self) -> int:
        """What he may send at most: the smallest of what was said for him, by steering, and our own ceiling."""
        told = CEILING if self.told_bits is None else self.told_bits
        return told if self.limits.send_bits is None else min(told, self.limits.send_bits)

    def tell_bits(self, bits: int) -> None:
        """Steering's word on what he may send. Less is told at once and again and again for a second: it is told over a link that is full. A
        little more can wait."""
        now, before = self._clock(), self.told_bits
        if before is not None and bits < before:
            self._insists_until = now + INSISTS_S
        if before is None or bits < before or bits > before * 1.03 or now < self._insists_until:
            self.told_bits = bits
            self._report(now)

    # What is known

    @property
    def uneasy(self) -> bool:
        """What came since this was measured last should not wait: something is missing, or comes late."""
        if self._send_clock.uneasy:
            return True
        sounds = not self._send_clock.begun  # what there is to go by where nobody says when he sends
        return any(one.gaps or (sounds and not one.repairs and one.later > UNEASY_S) for one in self._streams.values())

    def measured(self, now: float) -> Uplink:
        """What came since this was asked last."""
        passed = max(0.001, now - self._measured_at)
        self._measured_at = now
        octets, expected, received, bits = 0, 0, 0, {}
        counted, spoke = {}, False
        for ssrc, stream in self._streams.items():
            octets_before, expected_before, received_before = self._counted.get(ssrc, (0, 0, 0))
            in_all, expected_in_all, received_in_all = stream.octets, stream.highest - stream.base + 1, stream.received - stream.repeated
            counted[ssrc] = (in_all, expected_in_all, received_in_all)
            received_now = received_in_all - received_before
            octets_now = in_all - octets_before + _USUAL_SIZE * received_now
            octets, expected, received = octets + octets_now, expected + max(0, expected_in_all - expected_before), received + received_now
            if stream.kind == "video":
                bits[stream.rid] = octets_now * 8 / passed
            elif received_now > 0:
                spoke = True
        self._counted = counted
        main = self._pictures()[:1] or list(self._streams.values())[:1]
        return Uplink(
            self.seat, self.member, self.wire.open, octets * 8 / passed, received,
            min(1.0, max(0.0, 1 - received / expected)) if expected else 0.0,
            main[0].jitter / main[0].clock_rate if main else 0.0,
            self._queues(now),
            tuple(LayerMeasured(rid, bits.get(rid, 0.0)) for rid in self._rids or ("",)),
            "video" in self._codecs and "video" not in self.limits.muted,
            "audio" in self._codecs and "audio" not in self.limits.muted,
            spoke,
        )  # fmt: skip

    def _queues(self, now: float) -> tuple[tuple[float, float], ...]:
        """By the times of sending, if they are told; otherwise by the sound: of a large picture the last packets wait for the first ones."""
        bursts = self._send_clock.take_bursts()
        for one in self._streams.values():
            one.late_then = one.late
        if self._send_clock.begun:
            return bursts
        queues = {one.kind: one.queue_s(now) for one in self._streams.values() if now - one.at < ALIVE_S}
        return ((now, queues.get("audio", max(queues.values(), default=0.0))),)

    def stats(self) -> tuple[StreamStats, ...]:
        receivers = self._receivers()
        found = []
        for kind in self._codecs:
            streams = [one for (of, _), one in self._layers.items() if of == kind]
            found.append(
                StreamStats(
                    kind,
                    sum(one.received for one in streams),
                    sum(one.octets for one in streams),
                    sum(one.lost for one in streams),
                    sum(one.forwarded for one in streams),
                    sum(leg.retransmitted(self.seat, kind) for leg in receivers),
                    sum(one.pictures.count for one in streams),
                )
            )
        return tuple(found)

    async def close(self) -> None:
        for stream in self._streams.values():
            stream.lanes, stream.waiting = [], []
        self._streams.clear()
        self._layers.clear()
        self.wire.close()
        await hooks.close(self.connection)


def _layer_of(stream: Stream) -> int:
    return stream.layer
