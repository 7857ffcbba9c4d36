"""Whether a queue grows on a link, from how late packets come: the delay-based half of Google Congestion Control, made to speak at the first growth.
Pure; times in seconds.

Followed: draft-ietf-rmcat-gcc-02, 5.4 (over-use is a trend above a threshold that adapts to how restless
the link is, so that a link with waves of its own is not taken for a full one). In place of the draft's Kalman filter (5.3) a line is fitted to the
delay of the last bursts, as libwebrtc has done since 2016 (Carlucci et al., "Congestion Control for Web Real-Time Communication", IEEE/ACM
Transactions on Networking 25(5), 2017, describe the detector). Added: the height of the queue above the least delay of the last half minute.
A trend needs many bursts, and on a link with fifteen packets a second the queue is long before the trend is sure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW = 20
"""Bursts that the line is fitted to."""
GAIN = 4.0
MOST_COUNTED = 60
"""The trend is the line's slope times the bursts seen (at most this many) times `GAIN`, in milliseconds; both as in libwebrtc."""
FIRST_THRESHOLD_MS, LEAST_THRESHOLD_MS, MOST_THRESHOLD_MS = 12.5, 6.0, 600.0
"""Draft, 5.6: del_var_th(0) = 12.5 ms, kept between 6 and 600 ms."""
UP_GAIN, DOWN_GAIN = 0.0087, 0.039
"""How fast the threshold follows, by the millisecond (libwebrtc's values; the draft's K_u = 0.01 and K_d = 0.00018 are for its Kalman estimate)."""
OUTLIER_MS = 15.0
"""A trend this far above the threshold does not move it (draft, 5.4)."""
OVERUSE_S = 0.010
"""How long a trend must last (draft, 5.6: overuse_time_th)."""
FLOOR_S = 0.008
"""Below this height nothing is computed: a queue of a few packets is how links work. A slow link has a higher one."""
HIGH_S = 0.06
"""A queue of this height that is still rising is one, whatever the trend says …"""
RESTLESS = 3.0
"""… unless the link is always as restless: `HIGH_S` or so many times its jitter, whichever is more."""
BASE_S = 15.0
"""The least delay is that of one or two periods of this length: clocks drift, and routes change."""


@dataclass(slots=True)
class QueueWatch:
    """One direction of one link. `at` is the receiver's clock; delays are arrival minus sending, of clocks that need not agree."""

    queue_s: float = 0.0
    """How much later than the least the last bursts came."""
    threshold_ms: float = FIRST_THRESHOLD_MS
    trend_ms: float = 0.0
    rising: bool = False
    jitter_s: float = 0.002
    """How much the delay differs from one burst to the next: a queue makes no difference to it, a restless link does."""
    floor_s: float = FLOOR_S
    _points: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _counted: int = 0
    _least: float = 0.0
    _least_now: float = 0.0
    _period_at: float | None = None
    _at: float = float("-inf")
    _before: float = float("inf")
    _before_that: float = float("inf")
    _over_since: float | None = None
    _moved_at: float | None = None

    def add(self, at: float, delay_s: float) -> None:
        """The delay of a burst that came at `at`."""
        if self._period_at is None or at - self._period_at > BASE_S:
            self._least = self._least_now if self._period_at is not None else delay_s
            self._least_now, self._period_at = delay_s, at
        if delay_s < self._least_now:
            self._least_now = delay_s
        if delay_s < self._least:
            self._least = delay_s
        if at < self._at:
            return
        self._at = at
        self._points.append((at, delay_s))
        self._counted += 1
        before, last, height = self.queue_s, self._before, delay_s - self._least
        lowest = min(delay_s, last, self._before_that) - self._least
        self.queue_s = lowest if lowest > 0 else 0.0
        if self._counted > 1:
            self.jitter_s += (abs(delay_s - last) - self.jitter_s) / 16
        self._before, self._before_that = delay_s, last
        if height >= self.floor_s:
            self._detect(at, height, self.queue_s > before)
        elif self._over_since is not None or self.trend_ms:
            self.trend_ms, self.rising, self._over_since = 0.0, False, None
        else:
            self.rising = False

    def _detect(self, at: float, height: float, higher: bool) -> None:
        before = self.trend_ms
        self.trend_ms = self._slope() * min(self._counted, MOST_COUNTED) * GAIN
        over = self.trend_ms > self.threshold_ms and self._counted >= 5
        self._adapt(at)
        if over:
            if self._over_since is None:
                self._over_since = at
            lasting = at - self._over_since >= OVERUSE_S and self.trend_ms >= before
        else:
            self._over_since, lasting = None, False
        high = higher and self._slope(6) > 0 and self.queue_s > max(HIGH_S, RESTLESS * self.jitter_s)
        self.rising = (lasting and self.queue_s > max(self.floor_s, 2 * self.jitter_s)) or high

    def _slope(self, last: int = WINDOW) -> float:
        """Least squares over the last points: seconds of delay a second."""
        points = list(self._points)[-last:]
        count = len(points)
        if count < 3:
            return 0.0
        first = points[0][0]
        mean_x = sum(x for x, _ in points) / count - first
        mean_y = sum(y for _, y in points) / count
        above = below = 0.0
        for x, y in points:
            difference = x - first - mean_x
            above += difference * (y - mean_y)
            below += difference * difference
        return above / below if below > 0 else 0.0

    def _adapt(self, at: float) -> None:
        """Draft, 5.4: the threshold follows the trend, slowly."""
        size = abs(self.trend_ms)
        passed = 0.0 if self._moved_at is None else min(0.1, at - self._moved_at) * 1000
        self._moved_at = at
        if size > self.threshold_ms + OUTLIER_MS:
            return
        gain = DOWN_GAIN if size < self.threshold_ms else UP_GAIN
        moved = self.threshold_ms + gain * (size - self.threshold_ms) * passed
        self.threshold_ms = min(MOST_THRESHOLD_MS, max(LEAST_THRESHOLD_MS, moved))
