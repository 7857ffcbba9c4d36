"""What is known of one received stream: its true sequence, loss, jitter, what is missing, when a whole picture may be asked for. Pure; time in
seconds is passed in."""

from __future__ import annotations

from dataclasses import dataclass, field

from media.calls.rtp import SEQUENCES, TIMESTAMPS, ReportBlock

RETRY_S = 0.06
ONCE_MORE_S = 0.025
"""Requests get lost, too, and cost next to nothing: each is made twice. A sender that has answered the first leaves the second alone for a round
trip (libwebrtc, `RtpPacketHistory`)."""
TRIES = 6
MOST_MISSING = 200
"""A longer gap is not repaired packet by packet: a whole picture is cheaper."""
LARGEST_STEP = 3000
"""A jump beyond this is a new start of the sequence, not loss (RFC 3550, appendix A.1)."""
PICTURE_PAUSE_S = 0.5
QUEUE_MEMORY_S = 8.0


@dataclass(slots=True)
class _Missing:
    asked_at: float
    tries: int
    once_more: bool = False


@dataclass(slots=True)
class Reception:
    """One stream of `ssrc` at `clock_rate` ticks a second."""

    ssrc: int
    clock_rate: int
    repairs: bool
    base: int = -1
    highest: int = -1
    """Extended sequence number: it does not wrap."""
    received: int = 0
    octets: int = 0
    jitter: float = 0.0
    timestamp: int = 0
    """Of the packet that came last, not counting repeated ones; `at` is when that was."""
    at: float = 0.0
    repeated: int = 0
    repair_s: float = 0.0
    """How long it takes until a packet that was asked for comes: the way there and back."""
    late: float = 0.0
    """How much later than the first packet the last one came, by its own timestamp: in ticks, may be negative."""
    late_then: float = 0.0
    """`late` when its link was measured last."""
    _transit: float | None = None
    _least_late: float = 0.0
    _least_before: float = 0.0
    _least_since: float = 0.0
    _expected_before: int = 0
    _received_before: int = 0
    _missing: dict[int, _Missing] = field(default_factory=dict)
    _report_ntp: int = 0
    _report_at: float = 0.0

    def arrived(self, sequence: int, timestamp: int, size: int, now: float, *, again: bool = False) -> int:
        """Count a packet (`again`: a retransmission); its extended sequence number."""
        if self.highest < 0:
            self.base = self.highest = sequence + SEQUENCES
            extended = self.highest
        else:
            extended = self._extend(sequence)
            if extended > self.highest:
                self._note_missing(extended)
                self.highest = extended
        missing = self._missing.pop(extended, None)
        if again and missing is not None and missing.tries == 1:
            self.repair_s += (now - missing.asked_at - self.repair_s) / 4
        self.received += 1
        self.octets += size
        if again:
            self.repeated += 1
        else:
            self.timed(timestamp, now)
        return extended

    def _extend(self, sequence: int) -> int:
        step = (sequence - self.highest) % SEQUENCES
        if step >= SEQUENCES // 2:
            step -= SEQUENCES
        if abs(step) > LARGEST_STEP:
            # A new start: what lies between was never sent.
            self._missing.clear()
            step %= SEQUENCES
            self.base += step - 1
            self.highest += step - 1
            return self.highest + 1
        return self.highest + step

    def _note_missing(self, extended: int) -> None:
        if self.repairs:
            for lost in range(self.highest + 1, extended):
                self._missing[lost] = _Missing(float("-inf"), 0)

    def timed(self, timestamp: int, now: float) -> None:
        """A packet with this timestamp came now: jitter (RFC 3550, 6.4.1) and how late it is."""
        transit = now * self.clock_rate - timestamp
        if self._transit is not None:
            difference = (transit - self._transit + TIMESTAMPS / 2) % TIMESTAMPS - TIMESTAMPS / 2
            self.jitter += (abs(difference) - self.jitter) / 16
            self.late += difference
            if self.late < self._least_late:
                self._least_late = self.late
        self._transit, self.timestamp, self.at = transit, timestamp, now

    def queue_s(self, now: float) -> float:
        """How much later than the fastest packet of the last ten seconds or so the last one came."""
        if now - self._least_since > QUEUE_MEMORY_S:
            self._least_before, self._least_late, self._least_since = self._least_late, self.late, now
        return (self.late - min(self._least_late, self._least_before)) / self.clock_rate

    def to_ask_for(self, now: float) -> tuple[list[int], bool]:
        """Sequence numbers to ask for now, ascending; and whether so much is missing for good that a whole picture is needed."""
        hopeless = len(self._missing) > MOST_MISSING
        if hopeless:
            self._missing.clear()
        asked, retry = [], max(RETRY_S, 1.3 * self.repair_s)
        for extended, missing in sorted(self._missing.items()):
            since = now - missing.asked_at
            if missing.once_more and ONCE_MORE_S <= since < retry:
                missing.once_more = False
            elif since < retry:
                continue
            elif missing.tries >= TRIES:
                del self._missing[extended]
                hopeless = True
                continue
            else:
                missing.asked_at, missing.tries, missing.once_more = now, missing.tries + 1, True
            asked.append(extended % SEQUENCES)
        return asked, hopeless

    def forget_missing(self) -> None:
        """What is missing now is not asked for any more."""
        self._missing.clear()

    def reported(self, ntp: int, now: float) -> None:
        """The sender's report came."""
        self._report_ntp, self._report_at = ntp, now

    @property
    def later(self) -> float:
        """How much later the last packet came than those before its link was measured last, in seconds."""
        return (self.late - self.late_then) / self.clock_rate

    @property
    def gaps(self) -> bool:
        """Whether anything is missing that may still come."""
        return bool(self._missing)

    @property
    def lost(self) -> int:
        return 0 if self.highest < 0 else self.highest - self.base + 1 - self.received

    def block(self, now: float) -> ReportBlock:
        """The report block since the last one (RFC 3550, appendix A.3)."""
        expected = 0 if self.highest < 0 else self.highest - self.base + 1
        expected_now, received_now = expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = expected, self.received
        lost_now = expected_now - received_now
        fraction = 0 if expected_now <= 0 or lost_now <= 0 else min(255, (lost_now << 8) // expected_now)
        delay = min(TIMESTAMPS - 1, int((now - self._report_at) * 65536)) if self._report_ntp else 0
        return ReportBlock(
            self.ssrc, fraction, self.lost, self.highest % TIMESTAMPS, int(self.jitter) % TIMESTAMPS, self._report_ntp >> 16 & 0xFFFFFFFF, delay
        )


@dataclass(slots=True)
class PictureRequests:
    """Lets one request for a whole picture through every half second, and keeps the last one for later: no request is lost."""

    asked_at: float = float("-inf")
    waiting: bool = False
    count: int = 0

    def wanted(self) -> None:
        self.waiting = True

    def to_send(self, now: float) -> bool:
        if not self.waiting or now - self.asked_at < PICTURE_PAUSE_S:
            return False
        self.asked_at, self.waiting, self.count = now, False, self.count + 1
        return True
