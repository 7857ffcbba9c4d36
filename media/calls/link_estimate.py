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

from media.calls.feedback_digest import HEADERS, UNEASY_S, Told
from media.calls.pacing import LARGEST_PACKET
from media.calls.queue_watch import FLOOR_S, RESTLESS, QueueWatch

FALL_TO = 0.85
"""Draft, 5.5: beta."""
LEAST_FALL_TO = 0.4
FALL_BY_QUEUE = 1.5
"""So much of the limit less for each second that the queue is long. Not much below half: a picture that starves stands as still as one that waits."""
AFTER_DRAIN = 0.9
DRAINED_S = 0.025
SURELY = 0.8
"""Of the limit: what a queue empties at least with while it cannot be seen."""
LONG_QUEUE_S = 0.06
LONGEST_DRAIN_S = 3.0
STANDING_S = 0.4
STOOD_STILL, MOST_ABOVE = 1.6, 2.0
"""An emptied queue was so much faster than thought: the link had stood still. And after a long queue it is not believed to bear more than so much
of what comes through now."""
LEAST_AFTER_FLOOD = 150_000
SUDDEN_S = 0.4
"""Less is sent at once; what people see of it changes when it has lasted so long."""
FLOOD_S, FLOWS, FLOOD_LOSS = 0.15, 0.5, 0.1
"""A flood: a queue of this length, and at least this share of the limit arrives. One that overflows loses so much more than usual."""
BEGINS_S = 0.08
"""A picture that stopped begins again on a queue of no more than this; until it comes, it has emptied."""
UNSEEN_S = 0.35
"""A queue that cannot be seen is taken for emptied after this: those of radio links and routers hold a third of a second or more."""
EPISODE_S = 2.0
"""For a way down that cannot be seen is feared once, until it could be for so long."""
AGAIN_S = 0.15
"""After a fall the sender needs a round trip and this long before it can be judged."""
HOLD_S, LONGEST_HOLD_S = 1.0, 2.5
"""Between the emptied queue and the next rise; doubled when the last rise soon ended in a queue."""
SOON_S = 6.0
CALM_AFTER_S = 5.0
"""Who was full so short a time ago may soon be again."""
NEAR = (0.8, 1.1)
"""Of the last limit: in between it is approached slowly, above it is forgotten."""
RISE, RISE_NEAR, RISE_FROM_LOW, RISE_UNPROVEN = 1.5, 1.15, 2.0, 1.2
"""Factors a second; from below half the last limit twofold."""
ROOM = 1.25
LEAST_ROOM, PADDED_ROOM = 70_000, 35_000
"""The target stays below so much of what arrives, or so much above it (draft, 5.5: below 1.5 times it): what nobody sends proves nothing. From
any rung of the ladder the next one is within reach; where padding can prove it, it has to."""
NEW_LOSS, GREAT_LOSS = 0.05, 0.25
SILENT_S, FIRST_SILENT_S, REPORTS_SILENT_S = 0.6, 1.0, 4.0
"""Without a word for so long nothing arrives: of a link that spoke, at the beginning, and of one that only sends reports."""
AFTER_SILENCE = 0.7
HARDLY_ANYTHING = 5_000
COUNTED_S = 0.1
"""What was counted over a longer time is taken to have come evenly."""
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
    lost_now: float = 0.0
    """And of those that were told of last."""
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
    seen_again: bool = False
    """In the last step: what was feared of it turned out to be of the other way alone."""
    heard: bool = False
    """Its other end tells packet by packet what arrives."""
    _usual_loss: float = 0.0
    _lossy_until: float = float("-inf")
    _may_fall_at: float = float("-inf")
    fell_at: float = float("-inf")
    _began_to_fall: float = float("-inf")
    _fell_from: float = 0.0
    """What arrived before it fell."""
    _before_unseen: float | None = None
    """The target before it was limited because nothing is known of the link; when it was, when it last had to be, and when that began."""
    _unseen_at: float = 0.0
    _lost_unseen: float = 0.0
    """The most that was lost at once meanwhile, beyond what is usual."""
    _unseen_until: float = float("-inf")
    _feared_at: float = float("-inf")
    _sent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=20))
    """Bits a second that were sent up to a time, after the one before."""
    _sent_told: float = float("-inf")
    """When the last packet left that feedback has told of."""
    _lost_sent: float = float("-inf")
    """When the last packet left that was lost."""
    _flowed: float = 0.0
    """What arrived when no queue grew."""
    _peak: float = 0.0
    """The most that arrived while the queue emptied."""
    _longest_queue: float = 0.0
    """While it emptied."""
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
    _arrived: deque[tuple[float, int, float]] = field(default_factory=deque)
    """When a burst came, its octets, and how long before it nothing is known."""
    _within: int = 0
    _unknown_s: float = 0.0
    _remb: float | None = None

    def sending(self, bits: float, now: float) -> None:
        """So much has been sent on this link since the last time. Who sends next to nothing hears nothing, and need not wonder."""
        self._sent.append((now, bits))
        if self._heard_at is None or bits < HARDLY_ANYTHING:
            self._heard_at, self._patience_s = now, FIRST_SILENT_S

    def feedback(self, told: Told, now: float) -> None:
        """What became of packets sent on this link."""
        self._sent_told, self._lost_sent = max(self._sent_told, told.sent_at), max(self._lost_sent, told.lost_sent)
        if told.packets:
            self._note_loss(told.lost / told.packets, told.packets)
        if told.bursts:
            self._heard_at, self._patience_s, self.heard = now, SILENT_S, True
            add, came = self.watch.add, self._arrived.append
            for at, late_s, unknown_s, octets in told.bursts:
                add(at, late_s)
                came((at, octets, unknown_s))
                self._within += octets
                self._unknown_s += unknown_s
            self._count_arriving(told.bursts[-1][0])

    def _arriving_now(self, last: float) -> float:
        """Over the last 0.2 s of which something is known; over what there is when most of the feedback was lost."""
        octets, unknown = 0, 0.0
        for at, size, untold in reversed(self._arrived):
            if last - at - unknown > BUSY_WINDOW_S - 0.001:
                return octets * 8 / BUSY_WINDOW_S
            octets, unknown = octets + size, unknown + untold
        known = WINDOW_S - unknown
        return octets * 8 / min(BUSY_WINDOW_S, max(known, BUSY_WINDOW_S / 2))

    def received(self, bits: float, packets: int, queues: Sequence[tuple[float, float]], lost: float, now: float) -> None:
        """What was received on this link since the last time: `bits` a second without IP and UDP headers; `queues`: the queue as the receiver sees
        it, and before it when."""
        passed = 0.1 if self._received_at is None else now - self._received_at
        self._received_at = now
        if packets:
            self._heard_at, self._patience_s, self.heard = now, SILENT_S, True
            for at, queue_s in queues:
                self.watch.add(at, queue_s)
            parts = max(1, round(passed / COUNTED_S))
            octets = (int(bits * passed / 8) + HEADERS * packets) // parts
            for later in range(parts - 1, -1, -1):
                self._arrived.append((now - passed * later / parts, octets, 0.0))
                self._within += octets
            self._note_loss(lost, packets)
        self._count_arriving(now)

    def _count_arriving(self, last: float) -> None:
        """What came in the time before `last`."""
        arrived = self._arrived
        while arrived and arrived[0][0] <= last - WINDOW_S + 0.001:
            _, octets, unknown = arrived.popleft()
            self._within, self._unknown_s = self._within - octets, self._unknown_s - unknown
        if self.watch.rising:
            self.arriving = self._arriving_now(last)
        else:
            oldest, _, before_window = arrived[0] if arrived else (last, 0, 0.0)
            unknown = self._unknown_s - max(0.0, before_window - (oldest - last + WINDOW_S))
            self.arriving = self._within * 8 / max(WINDOW_S - unknown, BUSY_WINDOW_S)
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
        self._flowed = self._flowed if self.watch.rising else self.arriving
        passed = 0.0 if self._stepped_at is None else min(1.0, max(0.0, now - self._stepped_at))
        self._stepped_at = now
        self._seen_again()
        self.came_back = self._before_silence is not None and not self._silent(now)
        if self._silent(now):
            if self._before_silence is None:
                self._before_silence = self.bears if self.heard else 0.0
            if now - self._halved_at >= SILENT_S:
                self._halved_at = now
                self.limit = self.limit or self.target
                self._set(self.target / 2)
        elif self.came_back:
            before, self._before_silence = self._before_silence or self.target, None
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

    def calm(self, now: float) -> bool:
        """Nothing is going on that has to be followed closely: it has not been full for a while, bears what is sent, and loses no more than a link
        does."""
        watch = self.watch
        empty = not self.draining and not watch.rising and watch.queue_s < DRAINED_S and now - self.fell_at > CALM_AFTER_S
        steady = RESTLESS * watch.jitter_s < UNEASY_S  # a restless link is uneasy all the time
        known = self.heard and self._before_silence is None and self._before_unseen is None and not self.came_back
        return empty and steady and known and self.lost < NEW_LOSS and self.target >= min(self.arriving, self.ceiling)

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

    @property
    def flooded(self) -> bool:
        """A long queue, although packets keep coming (a link that stands still lets none through): it bears less than half of what it did, or loses
        what does not fit into the queue."""
        if not self.draining or self.limit is None or self.watch.queue_s < FLOOD_S or self.arriving <= FLOWS * self.limit:
            return False
        return self.arriving < self._fell_from / 2 or self.lost - self._usual_loss > FLOOD_LOSS

    @property
    def overflows(self) -> bool:
        """Flooded, and still losing what does not fit: more than a radio link loses by itself all day."""
        return self.flooded and self.lost_now - self._usual_loss > FLOOD_LOSS

    def breaks(self, since: float) -> bool:
        """Whatever of a picture was sent since then, or will be now, is lost in part: the link is known to overflow, or must be feared to."""
        return (self.overflows and self._lost_sent > since) or (self._before_unseen is not None and self._feared_at > since)

    def backed_up(self, now: float) -> bool:
        """A queue that has not yet emptied, as far as can be reckoned, to what a picture may begin on."""
        if self._before_unseen is not None:
            return now - self._unseen_at < UNSEEN_S
        return self.draining and self._queue_by_now(now) > BEGINS_S

    def sudden(self, now: float) -> bool:
        """It fell so short a time ago that it may only have stood still for a moment."""
        return self.draining and now - self._began_to_fall < SUDDEN_S and not self.flooded

    def unseen(self, bits: float, now: float) -> None:
        """What its receiver tells waits behind a queue on the other way, which bears `bits`: no more than that is sent until he has told of it."""
        if now - self._unseen_until > EPISODE_S:
            self._feared_at = now
        self._unseen_until = now
        if self._before_unseen is None and self.target > bits and not self.draining:
            self._before_unseen, self._unseen_at, self._lost_unseen = self.target if self.heard else bits, now, 0.0
            self._set(bits)

    def _seen_again(self) -> None:
        """He has told of packets that left since then: if they met no queue, it was the other way alone."""
        self.seen_again = False
        if self.draining or self.watch.rising:
            self._before_unseen = None
        elif self._before_unseen is not None and self._sent_told > self._unseen_at and self.watch.queue_s < LONG_QUEUE_S:
            before, self._before_unseen, self.seen_again = self._before_unseen, None, True
            # One that lost much meanwhile had a queue of its own, although nobody was left to tell of it.
            self._set(before if self._lost_unseen < FLOOD_LOSS else min(before, self._after_flood))

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
        self._make_way(limit)
        if not self.draining:
            self._peak = self._longest_queue = 0.0
            self._began_to_fall, self._fell_from = now, self._flowed
        self.draining, self.fell_at, self._standing_since = True, now, None
        self._drain_until = now + LONGEST_DRAIN_S
        self._may_fall_at = now + self.rtt_s + AGAIN_S

    def _make_way(self, limit: float) -> None:
        """Below what the link bears, by as much as the queue is long."""
        share = max(LEAST_FALL_TO, FALL_TO - FALL_BY_QUEUE * max(0.0, self.watch.queue_s - 0.05))
        self._set(min(self.target, limit * share))

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
        self._longest_queue = max(self._longest_queue, self.watch.queue_s)
        empty = self._queue_by_now(now) < max(DRAINED_S, 2 * self.watch.jitter_s)
        if (not empty and now < self._drain_until) or now < self._may_fall_at:
            if self.limit is not None:
                self._make_way(self.limit)
            return
        self.draining = False
        self._hold_until = now + self._hold_s
        if empty and self.limit is not None:
            # A link that only stood still for a moment empties its queue much faster than it seemed to be able to.
            if self._peak > STOOD_STILL * self.limit:
                self.limit = self._peak * FALL_TO
            elif self._longest_queue > FLOOD_S:
                # Where a link falls far, what was measured in the first moments was mostly of better times.
                self.limit = min(self.limit, self._after_flood)
            self._set(max(self.target, self.limit * AFTER_DRAIN))

    @property
    def _after_flood(self) -> float:
        return max(LEAST_AFTER_FLOOD, MOST_ABOVE * self.arriving)

    def _queue_by_now(self, now: float) -> float:
        """How long the queue is that feedback told of, a round trip ago: shorter since, by what the link bears, and longer by what was sent. Where
        nothing is known of what was sent, as long as it was."""
        queue, at = self.watch.queue_s, self._sent_told
        if self.limit is None:
            return queue
        # One that overflows is as long as it can be: what was lost does not wait.
        longest = max(queue, LONG_QUEUE_S) if self.overflows else float("inf")
        for until, bits in self._sent:
            if until > at > float("-inf"):
                queue = min(longest, max(0.0, queue + (until - at) * (bits / (SURELY * self.limit) - 1)))
                at = until
        return queue

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
        self.lost_now = lost
        self._lost_unseen = max(self._lost_unseen, lost - self._usual_loss)
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
