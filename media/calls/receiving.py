"""What a member gets: a slot for each other seat, each with sound and picture, on one connection; and what he reports of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiortc import RTCPeerConnection, RTCRtpTransceiver

from media.calls import hooks, rtp
from media.calls.datagrams import bytes_at
from media.calls.engine import Limits
from media.calls.feedback_digest import Digest, Told
from media.calls.measured import EVERYTHING, Downlink, Picture, Shown
from media.calls.outgoing import Outgoing
from media.calls.pacing import LARGEST_PACKET, Credit, Paced
from media.calls.stream import Stream
from media.calls.transport_feedback import Feedback
from media.calls.wire import PADDED, Wire

PADDED_ON_LINK = PADDED + 28
"""Octets, with IPv4 and UDP."""
CODECS = {"audio": ("opus",), "video": ("VP8", "H264")}
UNSTEERED_REPEATS_BITS = 500_000
UNTIL_SENT_S = 0.2
"""The next still is not begun while one waits."""


@dataclass(slots=True)
class _SlotTrack:
    seat: str
    kind: str
    transceiver: RTCRtpTransceiver
    outgoing: Outgoing | None = None
    paced: Paced | None = None
    """Takes its stills and sends them on slowly."""


class SubscribeLeg:
    """`picture_wanted` is called with the seat and the stream of which a whole picture is needed. Results of feedback are kept while `steered`."""

    def __init__(
        self,
        connection: RTCPeerConnection,
        clock: Callable[[], float],
        picture_wanted: Callable[[str, Stream | None], None],
        *,
        steered: bool = False,
    ) -> None:
        self.connection = connection
        self.limits = Limits()
        self._picture_wanted, self._steered = picture_wanted, steered
        self.wire = self._make_wire(clock)
        self.wire.only = frozenset()
        self.slots: dict[tuple[str, str], _SlotTrack] = {}
        self.codecs: frozenset[str] | None = None
        """The pictures' codecs that the member can be sent, as his answer says."""
        self._by_ssrc: dict[int, _SlotTrack] = {}
        self._shown: dict[str, Shown] = {}
        self._digest = Digest()
        self._most: int | None = None
        self._heard = False
        self._measured = (clock(), 0)
        self._padded = 0
        self._padding, self._repeats = Credit(0), Credit(UNSTEERED_REPEATS_BITS)

    def _make_wire(self, clock: Callable[[], float]) -> Wire:
        return Wire(clock, nothing, self._feedback)

    def _make_outgoing(self, seat: str, kind: str, ssrc: int, again_ssrc: int, codecs: list[hooks.Codec]) -> Outgoing:
        payload_types = {one.name: (one.payload_type, one.again_payload_type) for one in codecs}
        return Outgoing(
            seat, kind, ssrc, codecs[0].clock_rate, again_ssrc, payload_types, self.stream_of(seat), self.wire.send, self.wire.report,
            self._shown.get(seat, EVERYTHING) if kind == "video" else EVERYTHING,
        )  # fmt: skip

    @staticmethod
    def stream_of(seat: str) -> str:
        return f"seat-{seat}"

    def add(self, seat: str, kind: str, transceiver: RTCRtpTransceiver) -> None:
        hooks.name_stream(transceiver.sender, self.stream_of(seat))
        self.slots[seat, kind] = _SlotTrack(seat, kind, transceiver)

    def take(self) -> None:
        self.wire.take(self.connection)

    def settle(self) -> None:
        """After the answer: what was agreed on, each slot by itself."""
        numbers = set()
        for slot in self.slots.values():
            codecs = [one for name in CODECS[slot.kind] if (one := hooks.codec_of(slot.transceiver, name)) is not None]
            if not codecs or slot.transceiver.currentDirection != "sendonly":
                continue
            numbers.add(hooks.extensions_of(slot.transceiver).get(hooks.TRANSPORT_NUMBER, 0))
            ssrc, again = hooks.ssrcs_of(slot.transceiver.sender)
            slot.outgoing = self._make_outgoing(slot.seat, slot.kind, ssrc, again, codecs)
            self._by_ssrc[ssrc] = slot
            self._pace(slot, slot.outgoing, slot.outgoing.shown)
            if slot.kind == "video":
                names = {one.name for one in codecs}
                self.codecs = frozenset(names) if self.codecs is None else self.codecs & names
        number = numbers.pop() if len(numbers) == 1 else 0
        self.wire.tag = number << 4 | 1 if 0 < number < 15 else 0

    def slot_for(self, seat: str, kind: str) -> Outgoing | None:
        """Where `kind` of the member at `seat` goes; None while it goes nowhere."""
        slot = self.slots.get((seat, kind))
        return None if slot is None or not self.wire.open or kind in self.limits.unwanted else slot.outgoing

    def show(self, seat: str, shown: Shown) -> bool:
        """How the picture of `seat` is shown from now on; whether that is something else than before."""
        slot = self.slots.get((seat, "video"))
        if self._shown.get(seat, EVERYTHING) == shown:
            return False
        self._shown[seat] = shown
        if slot is not None and slot.outgoing is not None:
            slot.outgoing.shown = shown
            slot.outgoing.due_at = 0.0
            self._pace(slot, slot.outgoing, shown)
        return True

    def _pace(self, slot: _SlotTrack, outgoing: Outgoing, shown: Shown) -> None:
        """Stills are sent slowly; what still waits of one when pictures move again is sent among them."""
        if shown.picture is Picture.STILLS and shown.still_bits is not None:
            slot.paced = slot.paced or Paced(self.wire.send, bytes_at, Credit(shown.still_bits))
            outgoing.send = slot.paced.send
        else:
            outgoing.send = self.wire.send

    def fill(self, bits: int) -> None:
        """So much padding goes out from now on, bits a second."""
        self._padding.bits = bits

    def repeat_at_most(self, bits: int) -> None:
        """So much may go out again of what was lost from now on, bits a second: a link that is full loses nearly everything, and its receiver asks
        for all of it again and again."""
        self._repeats.bits = bits

    def beat(self, now: float) -> None:
        """Every few hundredths of a second: follow the addresses, send on what waits, and pad."""
        self.wire.follow()
        for slot in self.slots.values():
            if slot.paced and slot.outgoing is not None:
                slot.paced.release(now)
                if slot.paced:
                    slot.outgoing.due_at = max(slot.outgoing.due_at, now + UNTIL_SENT_S)
        self._padding.grow(now)
        packets = int(self._padding.octets / PADDED_ON_LINK) if self._padding.bits else 0
        self._padding.octets -= packets * PADDED_ON_LINK
        if packets:
            self._pad(packets, now)

    def _pad(self, packets: int, now: float) -> None:
        outgoing = next((one.outgoing for one in self.slots.values() if one.kind == "video" and one.outgoing is not None), None)
        if outgoing is not None:
            for _ in range(packets):
                outgoing.pad(self.wire.pad, now)
            self._padded += packets

    def retransmitted(self, seat: str, kind: str) -> int:
        slot = self.slots.get((seat, kind))
        return 0 if slot is None or slot.outgoing is None else slot.outgoing.retransmitted

    def _feedback(self, data: bytes, now: float) -> None:
        for told in rtp.read_rtcp(data):
            if isinstance(told, Feedback):
                if self._steered:
                    self._digest.add(self.wire.sent.results(told))
            elif isinstance(told, rtp.Most):
                self._most = told.bits
            elif not isinstance(told, rtp.SenderReport | rtp.Goodbye):
                slot = self._by_ssrc.get(told.ssrc)
                if slot is not None and slot.outgoing is not None:
                    self._of_slot(slot, slot.outgoing, told, now)

    def _of_slot(self, slot: _SlotTrack, outgoing: Outgoing, told: rtp.Lost | rtp.PictureLost | rtp.ReportBlock, now: float) -> None:
        if isinstance(told, rtp.Lost):
            if not self._repeat(outgoing, told.sequences, now) and slot.kind == "video":
                # After an outage what he lacks is long forgotten: he would ask for it again and again before he asks for a picture.
                self._picture_wanted(slot.seat, outgoing.source)
        elif isinstance(told, rtp.PictureLost):
            self._picture_wanted(slot.seat, outgoing.source)
        else:
            self._heard = True
            outgoing.heard(told, now)

    def _repeat(self, outgoing: Outgoing, sequences: Sequence[int], now: float) -> bool:
        """Send again as many of these as may be sent again now (nothing of a picture that is not shown); what is still lacking will be asked for once
        more. False when one of them is no longer there."""
        there = True
        self._repeats.grow(now)
        for sequence in sequences if outgoing.shown.picture is not Picture.NONE else ():
            if self._repeats.octets <= 0:
                break
            before = outgoing.retransmitted
            there &= outgoing.repeat(sequence, now)
            self._repeats.octets -= LARGEST_PACKET * (outgoing.retransmitted - before)
        return there

    @property
    def uneasy(self) -> bool:
        """What he told since this was measured last should not wait."""
        return self._digest.uneasy

    def measured(self, seat: str, member: str, now: float) -> Downlink:
        """What went out and what was reported of it since this was asked last."""
        at, octets = self._measured
        self._measured = (now, self.wire.sent_octets)
        outgoing = [one.outgoing for one in self.slots.values() if one.outgoing is not None]
        lost = max((one.fraction_lost for one in outgoing), default=0) / 256 if self._heard else None
        for one in outgoing:
            one.fraction_lost = 0
        self._heard = False
        rtts = [one.rtt_s for one in outgoing if one.rtt_s is not None]
        bits = (self.wire.sent_octets - octets) * 8 / max(0.001, now - at)
        wants = "video" not in self.limits.unwanted
        padded, self._padded = self._padded * PADDED * 8 / max(0.001, now - at), 0
        return Downlink(
            seat, member, self.wire.open, self._told(), bits, min(rtts, default=None), lost, self._most, wants, padded,
            self.limits.prefers, self.limits.reads_image,
        )  # fmt: skip

    def _told(self) -> Told:
        """What his feedback told since this was asked last."""
        return self._digest.take()

    async def close(self) -> None:
        self.wire.close()
        await hooks.close(self.connection)


def nothing(at: object, view: memoryview, size: int, now: float) -> None:
    """A member who sends media on the connection that he receives on is not heard."""
