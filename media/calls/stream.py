"""One stream of RTP that a member sends: what is known of its reception, its last packets for those who lost one, and who gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from media.calls.reception import PictureRequests, Reception
from media.calls.rtp import SEQUENCES, SenderReport

if TYPE_CHECKING:
    from media.calls.outgoing import Outgoing

KEPT = 512
"""Packets of a picture kept for those who lost one: two seconds at 2.5 Mbit/s, five at 1 Mbit/s. A power of two."""


@dataclass(slots=True)
class Stream(Reception):
    """`codec` by name; `layer` and `rid`: which of a publisher's simulcast layers this is (0 the smallest), 0 and empty without simulcast.
    `begins` says of a payload whether a whole picture begins with it."""

    kind: str = "audio"
    codec: str = "opus"
    payload_type: int = 0
    again_payload_type: int | None = None
    rid: str = ""
    layer: int = 0
    begins: Callable[[bytes], bool] | None = None
    lanes: list[Outgoing] = field(default_factory=list, repr=False)
    """Slots that get every packet."""
    waiting: list[Outgoing] = field(default_factory=list, repr=False)
    """Slots that get this stream from its next whole picture on, or whole pictures alone."""
    pictures: PictureRequests = field(default_factory=PictureRequests)
    report: SenderReport | None = None
    forwarded: int = 0
    _packets: list[bytes | None] = field(default_factory=list, repr=False)
    _offsets: list[int] = field(default_factory=list, repr=False)

    def keep(self, sequence: int, packet: bytes, offset: int) -> None:
        """Keep a packet whose payload begins at `offset`."""
        if not self._packets:
            self._packets, self._offsets = [None] * KEPT, [0] * KEPT
        place = sequence % KEPT
        self._packets[place], self._offsets[place] = packet, offset

    def kept(self, sequence: int) -> tuple[bytes, int] | None:
        """The packet of this sequence number and where its payload begins; None when it is not kept (any more)."""
        place = sequence % KEPT
        packet = self._packets[place] if self._packets else None
        if packet is None or packet[2] << 8 | packet[3] != sequence % SEQUENCES:
            return None
        return packet, self._offsets[place]

    def may_still_come(self, sequence: int) -> bool:
        """A packet that is not kept: it is so new that its sender is asked for it, or was told to send a whole picture instead."""
        return self.repairs and (self.highest - sequence) % SEQUENCES < KEPT

    def ntp_of(self, timestamp: int) -> float | None:
        """When this was taken by the sender's clock, in seconds; None before its first report."""
        if self.report is None:
            return None
        ticks = (timestamp - self.report.timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
        return self.report.ntp / (1 << 32) + ticks / self.clock_rate
