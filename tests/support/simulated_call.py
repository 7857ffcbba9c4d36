"""A call without sockets and clocks: people who send as they are told, a forwarder that does what the controller decides, links that lose and delay.

Discrete events on virtual time; the same seed gives the same call. Feedback is real: numbers, messages and results are those of
`media.calls.transport_feedback`, and travel over the same bad links. People obey what they are told (REMB) a tenth of a second after it reaches
them and know nothing of congestion by themselves: what holds here holds because of the controller.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from media.calls.bandwidth import RoomBandwidth
from media.calls.feedback_digest import UNEASY_S, Digest
from media.calls.ladder import FULL_SOUND, SAVING_SOUND
from media.calls.link_state import LinkState
from media.calls.measured import Decisions, Downlink, LayerMeasured, Picture, Shown, Uplink
from media.calls.transport_feedback import Arrivals, SentPackets, parse
from tests.support.links import HEADERS, OPEN, Phases, Pipe

BEAT_S = 0.1
OBEYS_S = 0.1
PACKET = 1100
STILL, STILL_EVERY_S = 6000, 4.0
LEAST_PICTURE = 400
"""Octets of a small picture that hardly differs from the one before."""
PADDING = 244
SOUND_EXTRA = 34
"""RTP header, extensions and SRTP tag."""


@dataclass(slots=True)
class Row:
    """How things stand at `at`; bits a second over the last half second."""

    at: float
    up_target: float
    down_target: float
    up_sent: float
    down_offered: float
    down_got: float
    queue_up: float
    queue_down: float
    told: int
    rungs: dict[str, int]
    shown: dict[str, Picture]
    done: str
    up_sent_now: float
    """Over the last beat alone, as `down_offered_now`."""
    down_offered_now: float
    rungs_up: int
    down_dead: bool
    """Nothing passes down at all."""


@dataclass(slots=True)
class Rate:
    window_s: float = 0.5
    kept: list[tuple[float, int]] = field(default_factory=list)

    def add(self, at: float, size: int) -> None:
        self.kept.append((at, size + HEADERS))

    def bits(self, now: float) -> float:
        self.kept = [one for one in self.kept if one[0] > now - self.window_s]
        return sum(size for _, size in self.kept) * 8 / self.window_s


class Person:
    """Sends one picture, or `layers` of it, each with a share of what he may send; hears everybody else."""

    def __init__(self, seat: str, up: Phases, down: Phases, layers: Sequence[float], picture: bool, camera_bits: int, seed: int) -> None:
        self.seat, self.layers, self.picture, self.camera_bits = seat, tuple(layers), picture, camera_bits
        self.up, self.down = Pipe(seed, up), Pipe(seed + 100, down)
        self.may_send, self.sound_bits, self.height, self.rate = 300_000, 32_000, 480, 25.0
        self.budget = self.next_still_at = 0.0
        self.key_wanted = True
        self.insist_until = 0.0
        self.history, self.arrivals = SentPackets(), Arrivals(1)
        self.digest = Digest()
        self.sent_up, self.offered, self.got = Rate(), Rate(), Rate()
        self.layer_octets = [0 for _ in (layers or (1.0,))]
        self.least_delay: float | None = None
        self.queues: list[tuple[float, float]] = []
        self.beat_octets = self.down_octets = self.up_octets = self.down_now = 0
        self.padded = 0.0
        self.up_received = self.up_lost = 0
        self.queue_then = 0.0
        self.prefers, self.reads_image = "", False
        self.sound_delays: list[tuple[float, float]] = []
        self.sound_sent_s = self.sound_lost_s = 0.0
        self.microphone = self.may_speak = True
        self.spoke = False
        self.packet_s = 0.02
        self.last_still: dict[str, float] = {}
        self.rows: list[Row] = []


class SimulatedCall:
    """Everybody's links are `OPEN` unless named in `up` or `down`. `camera_bits`: what an encoder makes at most."""

    def __init__(
        self,
        seats: Sequence[str],
        *,
        up: dict[str, Phases] | None = None,
        down: dict[str, Phases] | None = None,
        layers: Sequence[float] = (),
        pictures: Sequence[str] | None = None,
        camera_bits: int = 1_200_000,
        seed: int = 1,
        fills: bool = True,
    ) -> None:
        self.controller = RoomBandwidth()
        self.now = 0.0
        self.fills = fills
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._chance = random.Random(seed)
        open_link = ((0.0, OPEN),)
        self.people = {
            seat: Person(
                seat, (up or {}).get(seat, open_link), (down or {}).get(seat, open_link), layers,
                pictures is None or seat in pictures, camera_bits, seed * 1000 + place,
            )
            for place, seat in enumerate(seats)
        }
        self.decisions = Decisions({}, {})
        self.looked_at = 0.0
        self.looks = 0
        for place, one in enumerate(self.people.values()):
            self._at(0.003 * place, lambda one=one: self._sound(one))  # type: ignore[misc]
            if one.picture:
                self.camera_on(one.seat)
            self._at(0.05, lambda one=one: self._feedback(one))  # type: ignore[misc]
        self._at(BEAT_S, self._beat)

    def camera_on(self, seat: str) -> None:
        self._at(self.now + 0.01 * len(seat), lambda: self._frame(self.people[seat]))

    def run(self, seconds: float) -> SimulatedCall:
        until = self.now + seconds
        while self._events and self._events[0][0] <= until:
            self.now, _, work = heapq.heappop(self._events)
            work()
        self.now = until
        return self

    def _at(self, at: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at, next(self._order), work))

    def _sound(self, one: Person) -> None:
        one.packet_s = 0.06 if one.sound_bits == SAVING_SOUND.codec_bits else 0.02
        size = int(one.sound_bits * one.packet_s / 8) + SOUND_EXTRA
        if one.microphone:
            self._send_up(one, size, -1, self.now)
        self._at(self.now + one.packet_s, lambda: self._sound(one))

    def _frame(self, one: Person) -> None:
        """An encoder with few bits leaves pictures out. Between stills a camera waits, and begins to move at once when it is told to."""
        rate = 25.0 if one.height >= 360 else 15.0
        stills = one.rate < 1
        bits = min(one.may_send - int(one.sound_bits + 25_000), one.camera_bits)
        one.budget = min(one.budget + max(0, bits) / 8 / rate, max(LEAST_PICTURE, bits / 8 / rate))
        due = self.now >= one.next_still_at if stills else one.budget >= LEAST_PICTURE or one.key_wanted
        if bits >= 20_000 and one.height and due:
            one.next_still_at = self.now + STILL_EVERY_S
            budget, one.budget = one.budget, 0.0
            for layer, share in enumerate(one.layers or (1.0,)):
                size = STILL if stills else int(budget * share * self._chance.uniform(0.7, 1.3) * (3 if one.key_wanted else 1))
                pieces = [PACKET] * (size // PACKET) + [size % PACKET + 1]
                for place, piece in enumerate(pieces):
                    at = self.now + (2.0 if stills else 0.5 / rate) / len(pieces) * place
                    self._at(at, lambda layer=layer, piece=piece: self._send_up(one, piece, layer, self.now))  # type: ignore[misc]
            one.key_wanted = False
        self._at(self.now + 1 / rate, lambda: self._frame(one))

    def _send_up(self, one: Person, size: int, layer: int, sent_at: float) -> None:
        one.sent_up.add(self.now, size)
        one.up_octets += size + HEADERS
        out = one.up.offer(self.now, size)
        if out is None:
            one.up_lost += 1
            return
        self._at(out, lambda: self._arrived_up(one, size, layer, sent_at))

    def _arrived_up(self, one: Person, size: int, layer: int, sent_at: float) -> None:
        one.up_received += 1
        delay = self.now - sent_at
        one.least_delay = delay if one.least_delay is None else min(delay, one.least_delay)
        one.queues.append((self.now, delay - one.least_delay))
        one.beat_octets += size
        if layer >= 0:
            one.layer_octets[layer] += size
        else:
            one.spoke = True
        for other in self.people.values():
            if other is not one and self._wanted(one, other, layer):
                self._send_down(other, size, sent_at if layer < 0 else None, one.packet_s)

    def _wanted(self, one: Person, other: Person, layer: int) -> bool:
        shown = self.decisions.shown.get((other.seat, one.seat), Shown())
        if layer < 0:
            return one.may_speak
        if shown.picture == Picture.STILLS:
            if self.now - other.last_still.get(one.seat, -9.0) >= shown.still_every_s:
                other.last_still[one.seat] = self.now
                pace = STILL * 8 / (shown.still_bits or 1e9) / (STILL // PACKET)
                for place in range(STILL // PACKET):
                    self._at(self.now + place * pace, lambda: self._send_down(other, PACKET, None))
            return False
        return shown.picture == Picture.MOVING and (not one.layers or layer == (len(one.layers) - 1 if shown.layer is None else shown.layer))

    def _send_down(self, other: Person, size: int, sound_sent_at: float | None, sound_s: float = 0.0) -> None:
        number = other.history.sent(size, self.now)
        other.offered.add(self.now, size)
        other.down_octets += size + HEADERS
        other.down_now += size + HEADERS
        if sound_sent_at is not None:
            other.sound_sent_s += sound_s
        out = other.down.offer(self.now, size)
        if out is None:
            other.sound_lost_s += sound_s if sound_sent_at is not None else 0.0
            return
        self._at(out, lambda: self._arrived_down(other, number, size, sound_sent_at))

    def _arrived_down(self, other: Person, number: int, size: int, sound_sent_at: float | None) -> None:
        other.arrivals.arrived(number, self.now + 777.0)
        other.got.add(self.now, size)
        if sound_sent_at is not None:
            other.sound_delays.append((self.now, self.now - sound_sent_at))

    def _feedback(self, one: Person) -> None:
        for data in one.arrivals.messages(9, self.now):
            out = one.up.offer(self.now, len(data) + 14)
            if out is not None:
                feedback = parse(data)
                assert feedback is not None
                self._at(out, lambda feedback=feedback: one.digest.add(one.history.results(feedback)))  # type: ignore[misc]
        self._at(self.now + 0.05, lambda: self._feedback(one))

    def _beat(self) -> None:
        before = self.decisions
        if self.now - self.looked_at > self.controller.pause_s - BEAT_S / 4 or any(map(self._uneasy, self.people.values())):
            self._look(self.now - self.looked_at)
        for one in self.people.values():
            self._tell(one, before)
            fill = self.decisions.fill_bits.get(one.seat, 0) if self.fills else 0
            padding = int(fill * BEAT_S / 8 / (PADDING + HEADERS) + self._chance.random())
            one.padded = padding * (PADDING + HEADERS) * 8 / BEAT_S
            for place in range(padding):
                self._at(self.now + BEAT_S * place / padding, lambda one=one: self._send_down(one, PADDING, None))  # type: ignore[misc]
            self._note(one)
        for one in self.people.values():
            one.up_octets = one.down_now = 0
        self._at(self.now + BEAT_S, self._beat)

    @staticmethod
    def _uneasy(one: Person) -> bool:
        return one.digest.uneasy or one.up_lost > 0 or (bool(one.queues) and one.queues[-1][1] - one.queue_then > UNEASY_S)

    def _look(self, passed: float) -> None:
        ups, downs = [], []
        self.looked_at, self.looks = self.now, self.looks + 1
        for one in self.people.values():
            expected = one.up_received + one.up_lost
            layers = tuple(LayerMeasured(str(place), octets * 8 / passed) for place, octets in enumerate(one.layer_octets))
            lost = one.up_lost / expected if expected else 0.0
            bits, queues = one.beat_octets * 8 / passed, tuple(one.queues)
            ups.append(Uplink(one.seat, one.seat, True, bits, one.up_received, lost, 0.0, queues, layers, True, one.may_speak, one.spoke))
            one.queue_then = one.queues[-1][1] if one.queues else one.queue_then
            rtt = self._rtt(one)
            told, rate = one.digest.take(), self._sent_rate(one, passed)
            downs.append(Downlink(one.seat, one.seat, True, told, rate, rtt, None, None, True, one.padded, one.prefers, one.reads_image))
            one.queues, one.up_received, one.up_lost, one.beat_octets, one.spoke = [], 0, 0, 0, False
            one.layer_octets = [0] * len(one.layer_octets)
        self.decisions = self.controller.beat(ups, downs, self.now)

    def _sent_rate(self, one: Person, passed: float) -> float:
        rate, one.down_octets = one.down_octets * 8 / passed, 0
        return rate

    def _rtt(self, one: Person) -> float:
        return 2 * max(0.01, one.down.link(self.now).delay_s) + self.controller_queue(one)

    def controller_queue(self, one: Person) -> float:
        member = self.controller.members.get(one.seat)
        return 0.0 if member is None else max(0.0, member.down.watch.queue_s)

    def _tell(self, one: Person, before: Decisions) -> None:
        state, bits = self.decisions.links[one.seat], self.decisions.send_bits.get(one.seat, FULL_SOUND.bits)
        if bits < before.send_bits.get(one.seat, bits):
            one.insist_until = self.now + 1.0
        again = self.now < one.insist_until or bits != before.send_bits.get(one.seat) or self._chance.random() < BEAT_S
        out = one.down.offer(self.now, 40) if again else None
        if out is not None:
            self._at(out + OBEYS_S, lambda: self._obey(one, bits, state))
        for (seat, other), shown in self.decisions.shown.items():
            if seat == one.seat and shown.picture == Picture.MOVING and before.shown.get((seat, other), shown) != shown:
                self.people[other].key_wanted = True

    @staticmethod
    def _obey(one: Person, bits: int, state: LinkState) -> None:
        one.may_send, one.sound_bits, one.height, one.rate = bits, state.sound_bits, state.height, state.rate

    def _note(self, one: Person) -> None:
        member = self.controller.members[one.seat]
        one.rows.append(
            Row(
                self.now, member.up.target, member.down.target, one.sent_up.bits(self.now), one.offered.bits(self.now), one.got.bits(self.now),
                max(0.0, one.up._busy_until - self.now), max(0.0, one.down._busy_until - self.now), member.told or 0,
                {seat: climb.at for seat, climb in member.shown.items()},
                {other: shown.picture for (seat, other), shown in self.decisions.shown.items() if seat == one.seat},
                self.decisions.links[one.seat].done, one.up_octets * 8 / BEAT_S, one.down_now * 8 / BEAT_S, member.up_rung.at,
                one.down.link(self.now).rate_bps == 0,
            )
        )
