"""What a payload says of the picture it carries: where a whole picture begins (VP8, RFC 7741; H.264, RFC 6184), and the numbers of VP8's pictures,
which must go on when a receiver is switched from one simulcast layer to another. Pure; nothing that is read raises anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_INTRA_SLICE, _PARAMETERS, _STAP_A, _FU_A = 5, 7, 24, 28


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The numbers in a VP8 payload descriptor (RFC 7741, 4.2) and where they stand; None and 0 for those that are not there."""

    size: int
    begins_picture: bool
    picture: int | None = None
    picture_at: int = 0
    picture_bits: int = 15
    base: int | None = None
    base_at: int = 0


def read_descriptor(payload: bytes) -> Descriptor | None:
    """None for a payload cut short."""
    if not payload:
        return None
    first = payload[0]
    begins = bool(first & 0x10) and not first & 0x07
    if not first & 0x80:
        return Descriptor(1, begins)
    if len(payload) < 2:
        return None
    has, at = payload[1], 2
    picture, picture_at, bits, base, base_at = None, 0, 15, None, 0
    if has & 0x80:
        picture_at, bits = at, 15 if at < len(payload) and payload[at] & 0x80 else 7
        size = 2 if bits == 15 else 1
        picture = int.from_bytes(payload[at : at + size], "big") & ((1 << bits) - 1)
        at += size
    if has & 0x40:
        base_at, base = at, payload[at] if at < len(payload) else None
        at += 1
    if has & 0x30:
        at += 1
    if at > len(payload):
        return None
    return Descriptor(at, begins, picture, picture_at, bits, base, base_at)


def vp8_begins(payload: bytes) -> bool:
    """Whether a key frame begins with this payload (RFC 7741, 4.3: the P bit of the frame header is 0)."""
    descriptor = read_descriptor(payload)
    return descriptor is not None and descriptor.begins_picture and len(payload) > descriptor.size and not payload[descriptor.size] & 1


def h264_begins(payload: bytes) -> bool:
    """Whether a picture that needs no other begins with this payload: its parameter sets, or an intra slice without any before."""
    if not payload:
        return False
    unit = payload[0] & 0x1F
    if unit == _STAP_A and len(payload) > 3:
        unit = payload[3] & 0x1F
    elif unit == _FU_A and len(payload) > 1:
        unit = payload[1] & 0x1F if payload[1] & 0x80 else 0
    return unit in (_INTRA_SLICE, _PARAMETERS)


BEGINS: dict[str, Callable[[bytes], bool]] = {"VP8": vp8_begins, "H264": h264_begins}


@dataclass(slots=True)
class PictureNumbers:
    """VP8's picture id and TL0PICIDX of one layer as a receiver sees them: they go on from those of the layer before."""

    _last_picture: int = -1
    _last_base: int = -1
    _picture_shift: int = 0
    _base_shift: int = 0
    _fresh: bool = True

    def going_on(self) -> PictureNumbers:
        """For the layer that comes next."""
        return PictureNumbers(self._last_picture, self._last_base)

    def rewrite(self, payload: bytes) -> bytes:
        """The payload with its numbers moved; as it is when it has none."""
        descriptor = read_descriptor(payload)
        if descriptor is None or descriptor.picture is None:
            return payload
        if self._fresh:
            self._fresh = False
            if self._last_picture >= 0:
                self._picture_shift = self._last_picture + 1 - descriptor.picture
            if self._last_base >= 0 and descriptor.base is not None:
                self._base_shift = self._last_base + 1 - descriptor.base
        mask = (1 << descriptor.picture_bits) - 1
        picture = (descriptor.picture + self._picture_shift) & mask
        if self._last_picture < 0 or (picture - self._last_picture) & mask <= mask >> 1:
            self._last_picture = picture
        moved = bytearray(payload)
        if descriptor.picture_bits == 15:
            moved[descriptor.picture_at : descriptor.picture_at + 2] = (0x8000 | picture).to_bytes(2, "big")
        else:
            moved[descriptor.picture_at] = picture
        if descriptor.base is not None:
            base = (descriptor.base + self._base_shift) & 0xFF
            if self._last_base < 0 or (base - self._last_base) & 0xFF <= 0x7F:
                self._last_base = base
            moved[descriptor.base_at] = base
        return bytes(moved)
