"""What a member sends and gets, as the python engine knows it, with the packets in the forwarder: here is decided, there is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection

from media.calls import hooks, rtp
from media.calls.engine import Recorder, StreamStats
from media.calls.feedback_digest import NOTHING, Told
from media.calls.legs import OWN_SSRC, PublishLeg
from media.calls.measured import Downlink, Picture, Uplink
from media.calls.native import library
from media.calls.native.wire import NativeWire
from media.calls.outgoing import AGAIN_S, MOST_REPEATED, Outgoing
from media.calls.pictures import BEGINS
from media.calls.receiving import SubscribeLeg, nothing
from media.calls.send_clock import MOST_PACKETS, SendClock
from media.calls.stream import Stream
from media.calls.wire import MOST_SOURCES


@dataclass(slots=True)
class NativeStream(Stream):
    """Counted by the forwarder; `read` brings the counts here."""

    forwarder: Any = None
    source: int = 0
    copied: bool = False
    _gaps: bool = False

    def read(self) -> None:
        state = self.forwarder.read_source(self.source)
        if state.highest < 0:
            return
        self.base, self.highest, self.received, self.octets = state.base, state.highest, state.received, state.octets
        self.forwarded, self.repeated, self.jitter, self.late = state.forwarded, state.repeated, state.jitter, state.late
        self._least_late = min(self._least_late, state.least_late)
        self.at, self.timestamp, self._gaps = state.at, state.timestamp, bool(state.gaps)

    def to_ask_for(self, now: float) -> tuple[list[int], bool]:
        asked: tuple[list[int], bool] = self.forwarder.missing(self.source, now)
        return asked

    def found_gap(self) -> None:
        """The forwarder says that something is missing."""
        self._gaps = True

    def forget_missing(self) -> None:
        self.forwarder.forget_missing(self.source)
        self._gaps = False

    @property
    def gaps(self) -> bool:
        return self._gaps


@dataclass(slots=True)
class NativeSendClock(SendClock):
    """Kept by the forwarder; what it found is brought here."""

    forwarder: Any = None
    wire: Any = None

    def _look(self) -> None:
        if self.wire.conn is not None:
            self.late_s, self._least, self._least_before, begun, bursts = self.forwarder.lateness(self.wire.conn)
            self._transit = 0.0 if begun else None
            self._bursts += bursts
            del self._bursts[:-MOST_PACKETS]


@dataclass(slots=True)
class NativeOutgoing(Outgoing):
    """One of the forwarder's outs, made when the connection is there."""

    forwarder: Any = None
    wire: Any = None
    out: int = 0
    codec: str = ""

    def feed(self, stream: NativeStream | None, how: int = library.AT_ONCE) -> None:
        """From now on this stream is heard or seen here."""
        if self.wire.conn is None:
            return
        if stream is not None:
            types = self.payload_types[stream.codec]
            if not self.out:
                self.out = self.forwarder.out(self.wire.conn, self.ssrc, types[0], self.clock_rate, self.again_ssrc, types[1])
            elif self.codec != stream.codec:
                self.forwarder.retype(self.out, *types)
            self.codec = stream.codec
        if self.out:
            self.forwarder.feed(self.out, None if stream is None else stream.source, how)
        self.source = stream

    def repeat(self, sequence: int, now: float) -> bool:
        if not self.out or self.wire.conn is None:
            return False
        if now - self._repeated_at.get(sequence, float("-inf")) < AGAIN_S:
            return True
        if len(self._repeated_at) > MOST_REPEATED:
            self._repeated_at.clear()
        self._repeated_at[sequence] = now
        done: int = self.forwarder.repeat(self.out, sequence, now)
        self.retransmitted += done == library.REPEATED
        return done != library.GONE

    def pad(self, send: object, now: float) -> None:
        if self.out and self.wire.conn is not None:
            self.forwarder.pad(self.out, self._last_timestamp, now)

    def report(self, stream: Stream, report: rtp.SenderReport, now: float) -> bytes | None:
        if not self.out or self.wire.conn is None:
            return None
        state = self.forwarder.read_out(self.out)
        if not state.fed:
            return None
        self.packets, self.octets, self.timestamp_shift = state.packets, state.octets, state.shift_time
        return Outgoing.report(self, stream, report, now)


class NativePublishLeg(PublishLeg):
    def __init__(
        self,
        forwarder: library.Forwarder,
        known: dict[int, NativeWire],
        seat: str,
        member: str,
        connection: RTCPeerConnection,
        receivers: Callable[[], list[SubscribeLeg]],
        clock: Callable[[], float],
    ) -> None:
        self._forwarder, self._known = forwarder, known
        self._fed: dict[int, NativeOutgoing] = {}
        self._copies = False
        super().__init__(seat, member, connection, receivers, clock)

    def _make_wire(self, clock: Callable[[], float]) -> NativeWire:
        wire = NativeWire(self._forwarder, self._known, clock, nothing, self._feedback)
        wire.on_stranger, wire.on_copy, wire.on_gap = self._stranger, self._copied, self._gap
        return wire

    def _make_send_clock(self) -> SendClock:
        return NativeSendClock(forwarder=self._forwarder, wire=self.wire)

    @property
    def _conn(self) -> library.Conn | None:
        return self.wire.conn if isinstance(self.wire, NativeWire) else None

    def take(self) -> None:
        if isinstance(self.wire, NativeWire):
            self.wire.number_in, self.wire.stamp_in = self._tag >> 4, max(0, self._stamp_tag >> 4)
        super().take()

    # Streams

    def _stranger(self, data: bytes, now: float) -> None:
        """The first packet of a stream, still encrypted: its header says what it is. Then the forwarder has it."""
        conn, packet = self._conn, rtp.read_packet(bytes([data[0] & ~0x20]) + data[1:])  # how much padding there is cannot be read yet
        if conn is None or packet is None:
            return
        kind, again = self._by_payload.get(packet.payload_type, ("", False))
        if data[8:12] not in self._seen and len(self._seen) >= MOST_SOURCES:
            return  # the cipher keeps something of each, for good
        if kind:
            self._seen.add(data[8:12])
        if again:
            stream = self._again_of(packet, data)
            if not isinstance(stream, NativeStream) or stream.again_payload_type is None:
                return
            self._forwarder.source_again(stream.source, packet.ssrc, stream.again_payload_type)
        elif kind:
            stream = self._streams.get(packet.ssrc)
            if (stream is None or stream.kind != kind) and self._begin(kind, packet, data, now) is None:
                return
        else:
            return
        self._forwarder.inject(conn, data, now)

    def _make_stream(self, ssrc: int, kind: str, codec: hooks.Codec, rid: str, now: float) -> NativeStream:
        conn = self._conn
        assert conn is not None  # noqa: S101 - packets come up from a connection that is there
        before = self._layers.get((kind, rid))
        if isinstance(before, NativeStream):
            self._forwarder.drop_source(before.source)
        source = self._forwarder.source(conn, ssrc, codec.payload_type, codec.clock_rate, codec.name, repairs=kind == "video")
        return NativeStream(
            ssrc, codec.clock_rate, kind == "video", kind=kind, codec=codec.name, payload_type=codec.payload_type,
            again_payload_type=codec.again_payload_type, rid=rid, layer=self._rids.index(rid) if rid else 0, begins=BEGINS.get(codec.name), at=now,
            forwarder=self._forwarder, source=source,
        )  # fmt: skip

    def _end(self, ssrc: int) -> None:
        stream = self._streams.pop(ssrc, None)
        if isinstance(stream, NativeStream) and self._conn is not None:
            self._layers.pop((stream.kind, stream.rid), None)
            self._forwarder.drop_source(stream.source)
            self._again = {ssrc: one for ssrc, one in self._again.items() if one is not stream}
            for lane in stream.lanes:
                lane.source = None
            self.rewire()

    def _gap(self, ssrc: int, now: float) -> None:
        stream = self._streams.get(ssrc)
        if isinstance(stream, NativeStream):
            stream.found_gap()
            self._ask(stream, now)

    # Who gets what

    def rewire(self) -> None:
        if self._conn is None:
            return
        fed: dict[int, NativeOutgoing] = {}
        lanes_of: dict[int, list[Outgoing]] = {ssrc: [] for ssrc in self._streams}
        for kind, lanes in self._wanted().items():
            for lane in lanes:
                stream = self._shown_to(lane, kind)
                if isinstance(lane, NativeOutgoing) and isinstance(stream, NativeStream) and lane.carries(stream):
                    fed[id(lane)] = lane
                    lanes_of[stream.ssrc].append(lane)
                    self._show(lane, stream)
        for key, lane in self._fed.items():
            if key not in fed and lane.source is not None and self._streams.get(lane.source.ssrc) is lane.source:
                lane.feed(None)
        self._fed = fed
        for ssrc, stream in self._streams.items():
            stream.lanes = lanes_of[ssrc]

    def _show(self, lane: NativeOutgoing, stream: NativeStream) -> None:
        still = lane.shown.picture is Picture.STILLS
        if lane.only is not None and not still:
            lane.only = None
            lane.feed(None)
        if still:
            if lane.only is None or lane.source is not stream:
                # The first still comes with the next beat; what moves stops now.
                lane.feed(None)
                lane.source, lane.only, lane.due_at = stream, 0, 0.0
        elif lane.source is not stream:
            same = lane.source is not None and self._streams.get(lane.source.ssrc) is lane.source
            lane.feed(stream, library.SMOOTH if same else library.AT_ONCE)
            if stream.repairs:
                stream.pictures.wanted()

    def _stills(self, now: float) -> None:
        for lane in self._fed.values():
            if lane.only is not None and isinstance(lane.source, NativeStream) and now >= lane.due_at:
                lane.feed(lane.source, library.STILL)
                lane.due_at = now + lane.shown.still_every_s
                lane.source.pictures.wanted()

    # The beat

    def beat(self, now: float) -> None:
        if self._conn is not None:
            for stream in self._streams.values():
                # What is missing comes up by itself (`_gap`); counts are read when somebody wants them.
                if isinstance(stream, NativeStream) and (self._rids or stream.gaps):
                    stream.read()
            self._stills(now)
            if self.recorder is not None or self._copies:
                self._choose_copies()
        super().beat(now)

    def _tell_arrivals(self, now: float) -> bool:
        conn, named = self._conn, self._named
        return bool(named) and conn is not None and self._forwarder.tell_arrivals(conn, OWN_SSRC, named, tells_losses=not self._held)

    def _read(self) -> None:
        if self._conn is not None:
            for stream in self._streams.values():
                if isinstance(stream, NativeStream):
                    stream.read()

    @property
    def uneasy(self) -> bool:
        return self.wire.uneasy if isinstance(self.wire, NativeWire) else False

    def measured(self, now: float) -> Uplink:
        self._read()
        if isinstance(self.wire, NativeWire):
            self.wire.uneasy = False
        return super().measured(now)

    def stats(self) -> tuple[StreamStats, ...]:
        self._read()
        return super().stats()

    def _report(self, now: float) -> None:
        self._read()
        super()._report(now)

    def _choose_copies(self) -> None:
        """A recorder gets the sound and, of a picture's layers, the largest that is sent."""
        alive = [one for one in self._pictures() if self._alive(one)]
        largest = max(alive, key=lambda one: one.layer, default=None)
        for stream in self._streams.values():
            if isinstance(stream, NativeStream):
                recorder: Recorder | None = self.recorder
                wanted = recorder is not None and stream.kind not in self.limits.muted and (not stream.rid or stream is largest)
                if wanted is not stream.copied:
                    stream.copied = wanted
                    self._forwarder.copy(stream.source, wanted)
        self._copies = any(isinstance(one, NativeStream) and one.copied for one in self._streams.values())

    def _copied(self, ssrc: int, data: bytes, now: float) -> None:
        stream = self._streams.get(ssrc)
        if stream is not None and self.recorder is not None and stream.kind not in self.limits.muted:
            self.recorder.packet(self.seat, self.member, stream.kind, stream.codec, now, data)


class NativeSubscribeLeg(SubscribeLeg):
    def __init__(
        self,
        forwarder: library.Forwarder,
        known: dict[int, NativeWire],
        connection: RTCPeerConnection,
        clock: Callable[[], float],
        picture_wanted: Callable[[str, Stream | None], None],
        *,
        steered: bool,
    ) -> None:
        self._forwarder, self._known = forwarder, known
        self._left = NOTHING
        super().__init__(connection, clock, picture_wanted, steered=steered)

    def _make_wire(self, clock: Callable[[], float]) -> NativeWire:
        return NativeWire(self._forwarder, self._known, clock, nothing, self._feedback)

    def _make_outgoing(self, seat: str, kind: str, ssrc: int, again_ssrc: int, codecs: list[hooks.Codec]) -> NativeOutgoing:
        plain = super()._make_outgoing(seat, kind, ssrc, again_ssrc, codecs)
        return NativeOutgoing(
            seat, kind, ssrc, plain.clock_rate, again_ssrc, plain.payload_types, plain.cname, plain.send, plain.tell, plain.shown,
            forwarder=self._forwarder, wire=self.wire,
        )  # fmt: skip

    @property
    def uneasy(self) -> bool:
        return self.wire.uneasy if isinstance(self.wire, NativeWire) else False

    def measured(self, seat: str, member: str, now: float) -> Downlink:
        wire = self.wire
        if isinstance(wire, NativeWire) and wire.conn is not None:
            self._left, wire.sent_octets = self._forwarder.left(wire.conn)
            wire.uneasy = False
        return super().measured(seat, member, now)

    def _told(self) -> Told:
        told, self._left = self._left, NOTHING
        return told
