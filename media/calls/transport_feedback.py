"""Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): which packets of a connection arrived, and when, told many times a
second. Pure; time in seconds is passed in.

A packet carries a transport-wide sequence number in a header extension, one series for all streams of the connection. The receiver's message says of
each number whether it came, and in steps of 250 µs when. Whoever receives media collects `Arrivals` and sends what they give; whoever sends keeps
`SentPackets` and turns each message into results.

Everything that comes from outside is read without an exception; what is no such message is None.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

SEQUENCES = 1 << 16
TICKS_A_SECOND = 4000
"""A tick is 250 µs (draft, 3.1.5)."""
TICKS_A_REFERENCE = 256
"""The reference time counts 64 ms (draft, 3.1)."""
REFERENCES = 1 << 24
MOST_STATUSES = 4096
"""Packets that one message may tell of. At 50 ms a message this is 80,000 packets a second; a message of eight chunks could otherwise name 65,535."""
INTERVAL_S = 0.05
_EARLY_S = 0.002
"""A beat that comes this much early is not left out."""
_RTPFB, _FORMAT = 205, 15
_HEADER = struct.Struct("!BBHIIHHI")
_MISSING, _SMALL, _LARGE, _RESERVED = range(4)
_RUN_LIMIT = (1 << 13) - 1
_MOST_IN_ONE = 400
"""Statuses in a message that is built: at two bytes and a share of a chunk each it stays below 1,200 bytes."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One message. `arrivals[i]` is when packet `base + i` came, in ticks of the receiver's clock, or None; that clock starts anew every 2³² ticks
    (12 days). `count` numbers the messages, modulo 256."""

    sender: int
    media: int
    base: int
    count: int
    arrivals: tuple[int | None, ...]


def build(feedback: Feedback) -> bytes:
    """The message as RTCP. ValueError when it tells of nothing that arrived, of too many, or of arrivals more than 8.1 s apart (those need
    two messages)."""
    received = [one for one in feedback.arrivals if one is not None]
    if not received or len(feedback.arrivals) > MOST_STATUSES:
        raise ValueError("a message tells of 1 to 4096 packets, one of which arrived")
    reference = received[0] // TICKS_A_REFERENCE
    symbols, deltas = _symbols_and_deltas(feedback.arrivals, reference * TICKS_A_REFERENCE)
    body = _chunks(symbols) + deltas
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes([padding])
    words = (_HEADER.size + len(body)) // 4 - 1
    first = 0x80 | (0x20 if padding else 0) | _FORMAT
    last = (reference % REFERENCES) << 8 | feedback.count & 0xFF
    return _HEADER.pack(first, _RTPFB, words, feedback.sender, feedback.media, feedback.base % SEQUENCES, len(symbols), last) + body


def _symbols_and_deltas(arrivals: tuple[int | None, ...], start: int) -> tuple[list[int], bytes]:
    symbols, deltas, before = [], bytearray(), start
    for one in arrivals:
        if one is None:
            symbols.append(_MISSING)
            continue
        delta, before = one - before, one
        if 0 <= delta <= 0xFF:
            symbols.append(_SMALL)
            deltas.append(delta)
        elif -0x8000 <= delta <= 0x7FFF:
            symbols.append(_LARGE)
            deltas += struct.pack("!h", delta)
        else:
            raise ValueError("arrivals too far apart for one message")
    return symbols, bytes(deltas)


def _chunks(symbols: list[int]) -> bytes:
    """Run length (draft, 3.1.3) where that covers more than a status vector (3.1.4) would."""
    chunks, at = bytearray(), 0
    while at < len(symbols):
        first, run = symbols[at], 1
        while at + run < len(symbols) and symbols[at + run] == first and run < _RUN_LIMIT:
            run += 1
        if run >= 14 or at + run == len(symbols) or (first == _LARGE and run >= 7):
            chunks += struct.pack("!H", first << 13 | run)
            at += run
            continue
        fourteen = symbols[at : at + 14]
        if _LARGE not in fourteen:
            chunks += struct.pack("!H", 0x8000 | sum(one << 13 - place for place, one in enumerate(fourteen)))
            at += len(fourteen)
        else:
            seven = symbols[at : at + 7]
            chunks += struct.pack("!H", 0xC000 | sum(one << 2 * (6 - place) for place, one in enumerate(seven)))
            at += len(seven)
    return bytes(chunks)


def parse(data: bytes) -> Feedback | None:
    """The message in one RTCP packet; None for anything else, for a message cut short, and for one with the reserved symbol."""
    if len(data) < _HEADER.size + 2:
        return None
    first, kind, words, sender, media, base, statuses, last = _HEADER.unpack_from(data)
    end = 4 * words + 4
    if first & 0xDF != 0x80 | _FORMAT or kind != _RTPFB or end > len(data) or not 0 < statuses <= MOST_STATUSES:
        return None
    if first & 0x20:
        end -= data[end - 1]
    symbols, at = _read_chunks(data, _HEADER.size, end, statuses)
    if len(symbols) < statuses:
        return None
    arrivals: list[int | None] = []
    time = (last >> 8) * TICKS_A_REFERENCE
    for symbol in symbols:
        if symbol == _MISSING:
            arrivals.append(None)
            continue
        size = symbol
        if symbol == _RESERVED or at + size > end:
            return None
        time += int.from_bytes(data[at : at + size], "big", signed=symbol == _LARGE)
        arrivals.append(time)
        at += size
    return Feedback(sender, media, base, last & 0xFF, tuple(arrivals))


def _read_chunks(data: bytes, at: int, end: int, statuses: int) -> tuple[list[int], int]:
    """The symbols, as many as the chunks before `end` give and at most `statuses`; and where the deltas begin."""
    symbols: list[int] = []
    while len(symbols) < statuses and at + 2 <= end:
        chunk = data[at] << 8 | data[at + 1]
        at += 2
        if chunk < 0x8000:
            symbols += [chunk >> 13] * min(chunk & _RUN_LIMIT, statuses - len(symbols))
        elif chunk < 0xC000:
            symbols += [chunk >> place & 1 for place in range(13, -1, -1)]
        else:
            symbols += [chunk >> place & 3 for place in range(12, -1, -2)]
    del symbols[statuses:]
    return symbols, at


def read(compound: bytes) -> list[Feedback]:
    """Every such message in a compound RTCP packet; reading stops at the first part that is broken."""
    found, at = [], 0
    while at + 8 <= len(compound):
        size = 4 + 4 * int.from_bytes(compound[at + 2 : at + 4], "big")
        if compound[at] >> 6 != 2 or at + size > len(compound):
            break
        if compound[at + 1] == _RTPFB and compound[at] & 0x1F == _FORMAT:
            one = parse(compound[at : at + size])
            if one is not None:
                found.append(one)
        at += size
    return found


@dataclass(slots=True)
class Arrivals:
    """What one connection received, by transport-wide sequence number. `sender` is who speaks in the messages.

    Without `tells_losses` a packet that is lost counts as having come with the one after it. When a queue overflows libwebrtc gives up most of its
    rate for seconds (its loss-based control) and fills the rest with repeats of old packets, although what it may send is told it otherwise (REMB).
    What it takes for arrived it cannot send again any more: only for packets that nobody will ask for."""

    sender: int
    interval_s: float = INTERVAL_S
    tells_losses: bool = True
    _highest: int = -1
    _next: int = -1
    """The first number that no message has told of."""
    _late: int = -1
    """The lowest number that came after a message had called it missing; -1 for none."""
    _ticks: dict[int, int] = field(default_factory=dict)
    _count: int = 0
    _told_at: float = float("-inf")

    def arrived(self, sequence: int, now: float) -> None:
        """A packet with this number came; a second one with the same number changes nothing."""
        if self._highest < 0:
            self._highest = self._next = sequence + SEQUENCES
            extended = self._highest
        else:
            step = (sequence - self._highest + SEQUENCES // 2) % SEQUENCES - SEQUENCES // 2
            if step > MOST_STATUSES:
                self._start_anew(sequence)
                step = 0
            elif step < -_MOST_IN_ONE:
                return
            extended = self._highest + step
            if step > 0:
                self._highest = extended
        if extended in self._ticks:
            return
        self._ticks[extended] = int(now * TICKS_A_SECOND)
        if extended < self._next and (self._late < 0 or extended < self._late):
            self._late = extended

    def _start_anew(self, sequence: int) -> None:
        """A jump of more than a message can bridge: what lies between is not told of."""
        self._ticks.clear()
        self._late = -1
        self._highest = self._next = (self._highest // SEQUENCES + 2) * SEQUENCES + sequence

    def due(self, now: float) -> bool:
        return now - self._told_at > self.interval_s - _EARLY_S and (self._late >= 0 or self._highest >= self._next >= 0)

    def messages(self, media: int, now: float) -> list[bytes]:
        """What to send now: nothing between two intervals or when nothing came. `media`: the SSRC of a stream that the other side really sends
        (libwebrtc ignores feedback about any other)."""
        if not self.due(now):
            return []
        self._told_at = now
        start = self._next if self._late < 0 else self._late
        self._late = -1
        messages = []
        for low, high in self._groups(start):
            messages.append(build(Feedback(self.sender, media, low, self._count, self._ticks_told(low, high))))
            self._count = (self._count + 1) % 256
        self._next = self._highest + 1
        oldest = self._next - _MOST_IN_ONE
        self._ticks = {one: tick for one, tick in self._ticks.items() if one >= oldest}
        return messages

    def _ticks_told(self, low: int, high: int) -> tuple[int | None, ...]:
        ticks = [self._ticks.get(one) for one in range(low, high + 1)]
        if not self.tells_losses:
            for place in range(len(ticks) - 2, -1, -1):
                ticks[place] = ticks[place + 1] if ticks[place] is None else ticks[place]
        return tuple(ticks)

    def in_order(self, came: dict[int, float], media: int, now: float) -> bytes | None:
        """What to send for these packets (16-bit number → when it came, as they came) at a tenth of the work, in the usual case: they go on where the
        last message ended, none is missing, and each came within 64 ms of the one before. None otherwise: nothing is changed then."""
        start = self._next
        if not came or len(came) > _MOST_IN_ONE or start < 0 or self._late >= 0 or self._highest != start - 1:
            return None
        expected, before, reference = start & 0xFFFF, -1, 0
        ticks, deltas = [], bytearray()
        for number, at in came.items():
            tick = int(at * TICKS_A_SECOND)
            if before < 0:
                reference = tick // TICKS_A_REFERENCE
                before = reference * TICKS_A_REFERENCE
            delta = tick - before
            if number != expected or not 0 <= delta <= 0xFF:
                return None
            expected, before = (expected + 1) & 0xFFFF, tick
            ticks.append(tick)
            deltas.append(delta)
        count = len(ticks)
        padding = (2 - count) % 4
        if padding:
            deltas += bytes(padding - 1) + bytes([padding])
        self._ticks.update(zip(range(start, start + count), ticks, strict=True))
        if len(self._ticks) > 2 * _MOST_IN_ONE:
            oldest = start + count - _MOST_IN_ONE
            self._ticks = {one: tick for one, tick in self._ticks.items() if one >= oldest}
        self._next = start + count
        self._highest, self._told_at = self._next - 1, now
        first = 0x80 | (0x20 if padding else 0) | _FORMAT
        words = (_HEADER.size + 2 + len(deltas)) // 4 - 1
        last = (reference % REFERENCES) << 8 | self._count
        self._count = (self._count + 1) % 256
        head = _HEADER.pack(first, _RTPFB, words, self.sender, media, start % SEQUENCES, count, last)
        return head + (_SMALL << 13 | count).to_bytes(2, "big") + deltas

    def _groups(self, start: int) -> Iterable[tuple[int, int]]:
        """Ranges of numbers that fit one message each, from `start`; each ends with one that arrived."""
        low, last, before = start, -1, 0
        for one in range(start, self._highest + 1):
            tick = self._ticks.get(one)
            if tick is None:
                continue
            if last >= 0 and (one - low >= _MOST_IN_ONE or abs(tick - before) > 0x7FFF - TICKS_A_REFERENCE):
                yield low, last
                low = last + 1
            low = max(low, one - MOST_STATUSES + 1)
            last, before = one, tick
        if last >= 0:
            yield low, last


class Result(NamedTuple):
    """What became of a packet. Both times in seconds, `sent_at` of the sender's clock and `arrived_at` of the receiver's (only differences between
    arrivals mean anything); None: it had not arrived when the message was made. `sequence` does not wrap."""

    sequence: int
    sent_at: float
    size: int
    arrived_at: float | None


_KEPT = 1 << 13
_WAITING, _CALLED_LOST, _ARRIVED = range(3)


@dataclass(slots=True)
class SentPackets:
    """The last 8,192 packets sent on one connection (at 1,000 a second: eight seconds)."""

    next: int = 0
    """The number that the next packet will carry, without wrapping."""
    messages: int = 0
    messages_lost: int = 0
    _sent_at: list[float] = field(default_factory=lambda: [0.0] * _KEPT)
    _size: list[int] = field(default_factory=lambda: [0] * _KEPT)
    _state: bytearray = field(default_factory=lambda: bytearray(_KEPT))
    _count: int = -1
    _clock: int | None = None
    """The receiver's ticks, unwrapped, at the last message."""

    def sent(self, size: int, now: float) -> int:
        """A packet of `size` bytes goes out; its number for the header extension (16 bits)."""
        sequence = self.next
        place = sequence % _KEPT
        self._sent_at[place], self._size[place], self._state[place] = now, size, _WAITING
        self.next = sequence + 1
        return sequence % SEQUENCES

    def results(self, feedback: Feedback) -> list[Result]:
        """What the message tells that was not known, in order of sending. A packet called lost is told of once more when it has come after all."""
        if self.messages:
            self.messages_lost += (feedback.count - self._count - 1) % 256 if (feedback.count - self._count) % 256 < 128 else 0
        self.messages += 1
        self._count = feedback.count
        shift = self._unwrap(feedback)
        start = self._extend(feedback.base)
        found = []
        for place, ticks in enumerate(feedback.arrivals, start):
            if not self.next - _KEPT <= place < self.next or place < 0:
                continue
            index = place % _KEPT
            state = _CALLED_LOST if ticks is None else _ARRIVED
            if state <= self._state[index]:
                continue
            self._state[index] = state
            arrived_at = None if ticks is None else (ticks + shift) / TICKS_A_SECOND
            found.append(Result(place, self._sent_at[index], self._size[index], arrived_at))
        return found

    def _extend(self, base: int) -> int:
        """Of all numbers that end in these 16 bits, the one next to what was sent last."""
        step = (base - self.next + SEQUENCES // 2) % SEQUENCES - SEQUENCES // 2
        return self.next + step

    def _unwrap(self, feedback: Feedback) -> int:
        """What to add to the message's ticks so that they go on across the wrap of the reference time."""
        first = next((one for one in feedback.arrivals if one is not None), None)
        if first is None:
            return 0
        whole = REFERENCES * TICKS_A_REFERENCE
        if self._clock is None:
            self._clock = first
            return 0
        step = (first - self._clock + whole // 2) % whole - whole // 2
        self._clock += step
        return self._clock - first

    def waiting(self, now: float, within_s: float) -> int:
        """Bytes sent in the last `within_s` seconds of which nothing is known yet."""
        total = 0
        for sequence in range(self.next - 1, max(-1, self.next - _KEPT - 1), -1):
            index = sequence % _KEPT
            if now - self._sent_at[index] > within_s:
                break
            if self._state[index] == _WAITING:
                total += self._size[index]
        return total
