"""How much one direction of one link bears now: fast down at the first growth of a queue, careful up. Pure; time in seconds is passed in, rates are
bits a second with IP and UDP headers.

Followed: draft-ietf-rmcat-gcc-02, 5.5 (fall to 0.85 of what arrives while the queue grows; hold while it empties; rise slowly near the rate at which
it last grew and fast away from it; never far above what is really sent) and 6 (loss). Changed, with the reason:

- While a queue is there the target lies below 0.85, by as much as the queue is long: speech waits in that queue.
- Loss without a queue does not lower the rate unless it is new or more than a quarter. A radio link loses one packet in twenty all day, and the
  draft's rule (no rise above 2 %, a fall above 10 %) would keep a village at its lowest rate although its link carries more.
- Rising takes 50 % a second away from the last limit (the draft: 8 %): the queue is watched twenty times a second, so an overshoot costs a queue of
  some hundredths of a second.
- No feedback at all halves the target again and again: what is sent into an outage is a queue when it ends. When it ends, most of what the link
  bore before is tried at once: an outage says nothing of the rate, and should it be less now, the first growth of a queue tells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from media.calls.pacing import LARGEST_PACKET
from media.calls.queue_watch import FLOOR_S, RESTLESS, QueueWatch
from media.calls.transport_feedback import Result

BURST_S = 0.005
"""Packets sent within 5 ms count as one (draft, 5.2)."""
HEADERS = 28
"""Bytes of IPv4 and UDP with every packet."""
FALL_TO = 0.85
"""Draft, 5.5: beta."""
LEAST_FALL_TO = 0.4
FALL_BY_QUEUE = 1.5
"""So much of the limit less for each second that the queue is long."""
AFTER_DRAIN = 0.9
DRAINED_S = 0.025
LONG_QUEUE_S = 0.06
LONGEST_DRAIN_S = 3.0
STANDING_S = 0.4
STOOD_STILL = 1.6
SUDDEN_S = 0.4
"""Less is sent at once; what people see of it changes when it has lasted so long."""
AGAIN_S = 0.15
"""After a fall the sender needs a round trip and this long before it can be judged."""
HOLD_S, LONGEST_HOLD_S = 1.0, 2.5
"""Between the emptied queue and the next rise; doubled when the last rise soon ended in a queue."""
SOON_S = 6.0
NEAR = (0.8, 1.1)
"""Of the last limit: in between it is approached slowly, above it is forgotten."""
RISE, RISE_NEAR, RISE_FROM_LOW, RISE_UNPROVEN = 1.5, 1.15, 2.0, 1.2
"""Factors a second; from below half the last limit twofold."""
ROOM = 1.25
LEAST_ROOM, PADDED_ROOM = 70_000, 25_000
"""The target stays below so much of what arrives, or so much above it (draft, 5.5: below 1.5 times it): what nobody sends proves nothing. From
any rung of the ladder the next one is within reach; where padding can prove it, it has to."""
NEW_LOSS, GREAT_LOSS = 0.05, 0.25
SILENT_S, FIRST_SILENT_S, REPORTS_SILENT_S = 0.6, 1.0, 4.0
"""Without a word for so long nothing arrives: of a link that spoke, at the beginning, and of one that only sends reports."""
AFTER_SILENCE = 0.7
HARDLY_ANYTHING = 5_000
WINDOW_S, BUSY_WINDOW_S = 0.5, 0.2
"""What arrives is counted over so long; while a queue grows over the shorter time, because the longer one still knows other times."""


@dataclass(slots=True)
class LinkEstimate:
    """`floor` is never gone below, `ceiling` never above."""

    target: float
    floor: float
    ceiling: float
    watch: QueueWatch = field(default_factory=QueueWatch)
    arriving: float = 0.0
    """Bits a second that arrive now."""
    lost: float = 0.0
    """Share of packets lost, over about a second."""
    rtt_s: float = 0.1
    limit: float | None = None
    """The rate at which the link was full, when it last was."""
    draining: bool = False
    falls: int = 0
    padded: bool = False
    """Its sender sends padding where he wants to know more."""
    trusts: bool = False
    """Who sends may try more than has been proved: a still picture needs few bits, and says nothing of what a larger one would find."""
    came_back: bool = False
    """In the last step: it had been silent and is heard again."""
    heard: bool = False
    """Its other end tells packet by packet what arrives."""
    _usual_loss: float = 0.0
    _lossy_until: float = float("-inf")
    _may_fall_at: float = float("-inf")
    fell_at: float = float("-inf")
    _began_to_fall: float = float("-inf")
    _peak: float = 0.0
    """The most that arrived while the queue emptied."""
    _rose_at: float = float("-inf")
    _drain_until: float = 0.0
    _hold_s: float = HOLD_S
    _hold_until: float = float("-inf")
    _heard_at: float | None = None
    _patience_s: float = FIRST_SILENT_S
    _halved_at: float = float("-inf")
    _before_silence: float | None = None
    """What the link bore when it fell silent."""
    _stepped_at: float | None = None
    _standing_since: float | None = None
    _received_at: float | None = None
    _arrived: deque[tuple[float, int]] = field(default_factory=deque)
    _within: int = 0
    _remb: float | None = None

    def sending(self, bits: float, now: float) -> None:
        """So much is sent on this link now. Who sends next to nothing hears nothing, and need not wonder."""
        if self._heard_at is None or bits < HARDLY_ANYTHING:
            self._heard_at, self._patience_s = now, FIRST_SILENT_S

    def feedback(self, results: Sequence[Result], now: float) -> None:
        """What became of packets sent on this link."""
        lost, sent_at, last, delay, octets = 0, float("-inf"), None, 0.0, 0
        for one in results:
            arrived = one.arrived_at
            if arrived is None:
                lost += 1
                continue
            if one.sent_at - sent_at > BURST_S:
                if last is not None:
                    self._burst(last, delay, octets)
                sent_at, octets = one.sent_at, 0
            last, delay = arrived, arrived - one.sent_at
            octets += one.size + HEADERS
        if results:
            self._note_loss(lost / len(results), len(results))
        if last is not None:
            self._heard_at, self._patience_s, self.heard = now, SILENT_S, True
            self._burst(last, delay, octets)
            self._count_arriving(last)

    def _burst(self, at: float, delay_s: float, octets: int) -> None:
        self.watch.add(at, delay_s)
        self._arrived.append((at, octets))
        self._within += octets

    def received(self, bits: float, packets: int, queue_s: float, lost: float, now: float) -> None:
        """What was received on this link since the last time: `bits` a second without IP and UDP headers, the queue as the receiver sees it."""
        passed = 0.1 if self._received_at is None else now - self._received_at
        self._received_at = now
        if packets:
            self._heard_at, self._patience_s, self.heard = now, SILENT_S, True
            self._burst(now, queue_s, int(bits * passed / 8) + HEADERS * packets)
            self._note_loss(lost, packets)
        self._count_arriving(now)

    def _count_arriving(self, last: float) -> None:
        """What came in the time before `last`."""
        arrived = self._arrived
        while arrived and arrived[0][0] <= last - WINDOW_S + 0.001:
            self._within -= arrived.popleft()[1]
        if self.watch.rising:
            self.arriving = sum(octets for at, octets in arrived if at > last - BUSY_WINDOW_S + 0.001) * 8 / BUSY_WINDOW_S
        else:
            self.arriving = self._within * 8 / WINDOW_S
        # One large packet in front of a small one is no queue.
        self.watch.floor_s = min(LONG_QUEUE_S, max(FLOOR_S, LARGEST_PACKET * 8 / max(self.arriving, 1.0)))

    def reported(self, lost: float, bits: float, now: float) -> None:
        """A receiver report of somebody who sends no transport-wide feedback: all there is to know of his link. `bits`: what he is sent."""
        self._heard_at, self._patience_s = now, REPORTS_SILENT_S
        self._note_loss(lost, 30)
        self.arriving = bits * (1 - lost)
        self.watch.add(now, self.rtt_s)

    def round_trip(self, rtt_s: float | None) -> None:
        """From reports; nonsense is ignored."""
        if rtt_s is not None and 0 < rtt_s < 10:
            self.rtt_s = rtt_s

    def remb(self, bits: int | None) -> None:
        """What the receiver says that he can take; never obeyed below the floor."""
        self._remb = None if bits is None else float(bits)

    def step(self, now: float) -> float:
        """The target from now on; to be called some ten times a second."""
        passed = 0.0 if self._stepped_at is None else min(1.0, max(0.0, now - self._stepped_at))
        self._stepped_at = now
        self.came_back = self._before_silence is not None and not self._silent(now)
        if self._silent(now):
            if self._before_silence is None:
                self._before_silence = self.bears
            if now - self._halved_at >= SILENT_S:
                self._halved_at = now
                self.limit = self.limit or self.target
                self._set(self.target / 2)
        elif self.came_back:
            before, self._before_silence = self._before_silence or 0.0, None
            self._set(max(self.target, AFTER_SILENCE * before))
            self.limit, self.draining, self._standing_since = before, False, None
        elif self.watch.rising and (now >= self._may_fall_at or self._worse_than_thought()):
            self._fall(now)
        elif self.draining:
            self._drain(now)
        elif self._stands(now):
            self._fall(now)
        elif self._too_lossy(now):
            self._set(self.target * (1 - 0.5 * self.lost))
            self._hold_until = now + HOLD_S
        elif now >= self._hold_until and self.watch.queue_s < max(DRAINED_S, 2 * self.watch.jitter_s):
            self._rise(now, passed)
        if self._remb is not None and self.target > self._remb:
            self._set(self._remb)
        return self.target

    @property
    def bears(self) -> float:
        """What the link bears when its queue is empty again: the target, unless that lies low for a moment to empty it."""
        return max(self.target, self.limit * AFTER_DRAIN) if self.draining and self.limit is not None else self.target

    @property
    def rising(self) -> bool:
        """More may be tried now: no queue, no fall a moment ago."""
        return not self.draining and self._stepped_at is not None and self._stepped_at >= self._hold_until and not self.watch.rising

    @property
    def most_in_sight(self) -> float:
        """Above this the target does not rise while no more is sent than now."""
        room = PADDED_ROOM if self.padded and self.heard else LEAST_ROOM
        return max(ROOM * self.arriving, self.arriving + room)

    def late(self, now: float) -> None:
        """We ourselves were late, and what seems to have come late did not: no queue is concluded from it, and no silence."""
        if self._heard_at is not None:
            self._heard_at = now
        self.watch.rising = False

    def sudden(self, now: float) -> bool:
        """It fell so short a time ago that it may only have stood still for a moment."""
        return self.draining and now - self._began_to_fall < SUDDEN_S

    def _silent(self, now: float) -> bool:
        return self._heard_at is not None and now - self._heard_at > max(self._patience_s, 3 * self.rtt_s)

    def _fall(self, now: float) -> None:
        if not self.draining:
            soon = now - self._rose_at < 1.0 and now - self.fell_at < SOON_S + self._hold_s
            self._hold_s = min(LONGEST_HOLD_S, self._hold_s * 2) if soon else HOLD_S
            self.falls += 1
        queue = self.watch.queue_s
        # While a queue stands, what arrives is what the link bears; a short one may be the link's own wave, while little happens to be sent.
        limit = self.arriving if queue >= LONG_QUEUE_S else max(min(self.arriving, self.target), self.target * 0.8)
        self.limit = max(limit, self.floor)
        share = max(LEAST_FALL_TO, FALL_TO - FALL_BY_QUEUE * max(0.0, queue - 0.05))
        self._set(min(self.target, limit * share))
        if not self.draining:
            self._peak, self._began_to_fall = 0.0, now
        self.draining, self.fell_at, self._standing_since = True, now, None
        self._drain_until = now + LONGEST_DRAIN_S
        self._may_fall_at = now + self.rtt_s + AGAIN_S

    def _stands(self, now: float) -> bool:
        """A queue that neither grows nor empties."""
        if self.watch.queue_s < max(LONG_QUEUE_S, RESTLESS * self.watch.jitter_s):
            self._standing_since = None
        elif self._standing_since is None:
            self._standing_since = now
        return self._standing_since is not None and now - self._standing_since > STANDING_S

    def _worse_than_thought(self) -> bool:
        """The first measure after a cliff still holds some of the better times before it."""
        return self.draining and self.limit is not None and self.watch.queue_s >= LONG_QUEUE_S and self.arriving < 0.7 * self.limit

    def _drain(self, now: float) -> None:
        self._peak = max(self._peak, self.arriving)
        empty = self.watch.queue_s < max(DRAINED_S, 2 * self.watch.jitter_s)
        if (not empty and now < self._drain_until) or now < self._may_fall_at:
            return
        self.draining = False
        self._hold_until = now + self._hold_s
        if empty and self.limit is not None:
            # A link that only stood still for a moment empties its queue much faster than it seemed to be able to.
            self.limit = self._peak * FALL_TO if self._peak > STOOD_STILL * self.limit else self.limit
            self._set(max(self.target, self.limit * AFTER_DRAIN))

    def _rise(self, now: float, passed: float) -> None:
        unproven = self.target >= self.most_in_sight
        if unproven and not self.trusts:
            return
        factor = RISE
        if self.limit is not None:
            if self.target > NEAR[1] * self.limit:
                self.limit = None
            elif self.target >= NEAR[0] * self.limit:
                factor = RISE_NEAR
            elif self.target < self.limit / 2:
                factor = RISE_FROM_LOW
        self._rose_at = now
        if unproven:
            self._set(self.target * min(factor, RISE_UNPROVEN) ** passed)
        else:
            self._set(min(self.target * factor**passed, self.most_in_sight))

    def _note_loss(self, lost: float, packets: int) -> None:
        weight = min(1.0, packets / 60)
        self.lost += (lost - self.lost) * weight
        self._usual_loss += (self.lost - self._usual_loss) * weight / 8

    def _too_lossy(self, now: float) -> bool:
        unusual = self.lost > GREAT_LOSS or (self.lost > 0.1 and self.lost - self._usual_loss > NEW_LOSS)
        if not unusual or now < self._lossy_until:
            return False
        self._lossy_until = now + 1.0
        return True

    def _set(self, bits: float) -> None:
        self.target = min(self.ceiling, max(self.floor, bits))
