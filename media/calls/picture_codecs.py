"""Pictures as recordings keep them: out of their packets, and how large they are. VP8 (RFC 7741; RFC 6386) and H.264 (RFC 6184; ITU-T H.264, 7.3).
Pure; nothing that is read raises anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from media.calls.frames import PictureCodec
from media.calls.pictures import read_descriptor

_SLICE, _INTRA_SLICE, _SEQUENCE, _PICTURE = 1, 5, 7, 8
"""Units of H.264 (table 7-1): slices with and without need of others; what holds for a sequence, and for pictures."""
_STAP_A, _FU_A, _LAST_SINGLE = 24, 28, 23
_START = b"\x00\x00\x00\x01"
_MOST_SETS = 16
_LARGEST_SIDE = 1024
"""In blocks of 16."""
_UNDERSTOOD = (66, 77, 88)
"""profile_idc of baseline, main and extended. 42e01f is what rooms agree on."""


class Vp8:
    def read(self, payload: bytes) -> tuple[bool, bytes] | None:
        found = read_descriptor(payload)
        return None if found is None or len(payload) <= found.size else (found.begins_picture, payload[found.size :])

    def picture(self, data: bytes) -> tuple[bytes, tuple[int, int] | None]:
        return data, vp8_size(data)


class H264:
    """Gives a byte stream (ITU-T H.264, annex B). A picture that can be shown by itself has its parameter sets before it, whether they came with it
    or earlier."""

    def __init__(self) -> None:
        self._sets: list[bytes] = []

    def read(self, payload: bytes) -> tuple[bool, bytes] | None:
        return read_h264(payload)

    def picture(self, data: bytes) -> tuple[bytes, tuple[int, int] | None] | None:
        units = _units(data)
        came = [one for one in units if _kind(one) in (_SEQUENCE, _PICTURE)]
        if any(_kind(one) == _SEQUENCE for one in came):
            self._sets = came[:_MOST_SETS]
        elif len(self._sets) < _MOST_SETS:
            self._sets = [*self._sets, *(one for one in came if one not in self._sets)][:_MOST_SETS]
        slices = [one for one in units if _SLICE <= _kind(one) <= _INTRA_SLICE]
        if not slices:
            return None  # what pictures to come need, sent by itself
        # first_mb_in_slice is 0 (7.3.3), written as one bit that is set.
        whole = _kind(slices[0]) == _INTRA_SLICE and len(slices[0]) > 1 and slices[0][1] & 0x80
        size = next((h264_size(one) for one in self._sets if _kind(one) == _SEQUENCE), None)
        if not whole or size is None or all(_kind(one) != _PICTURE for one in self._sets):
            return data, None
        missing = [one for one in self._sets if one not in came]
        return b"".join(_START + one for one in missing) + data, size


CODECS: dict[str, Callable[[], PictureCodec]] = {"VP8": Vp8, "H264": H264}
"""By the name in a session description."""


def size_told(codec: str, payload: bytes) -> tuple[int, int] | None:
    """Width and height, where one packet tells them."""
    if codec == "VP8":
        found = Vp8().read(payload)
        return vp8_size(found[1]) if found is not None and found[0] else None
    part = read_h264(payload)
    return next((h264_size(one) for one in _units(part[1]) if _kind(one) == _SEQUENCE), None) if part is not None and part[0] else None


def vp8_size(frame: bytes) -> tuple[int, int] | None:
    """Width and height of a key frame (RFC 6386, 9.1); None for any other, and for one without a picture."""
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != b"\x9d\x01\x2a":
        return None
    width, height = int.from_bytes(frame[6:8], "little") & 0x3FFF, int.from_bytes(frame[8:10], "little") & 0x3FFF
    return (width, height) if width and height else None


def read_h264(payload: bytes) -> tuple[bool, bytes] | None:
    """Whether a unit begins here, and what the packet adds to the byte stream (RFC 6184, 5.6 to 5.8, packetization mode 1)."""
    kind = payload[0] & 0x1F if payload else 0
    if 0 < kind <= _LAST_SINGLE:
        return True, _START + payload
    if kind == _STAP_A:
        units = _aggregated(payload)
        return (True, b"".join(_START + one for one in units)) if units else None
    if kind == _FU_A and len(payload) > 2:
        begins = bool(payload[1] & 0x80)
        return begins, (_START + bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) if begins else b"") + payload[2:]
    return None


def _aggregated(payload: bytes) -> list[bytes]:
    """The units of a STAP-A (RFC 6184, 5.7.1); none when it is cut short."""
    units, at = [], 1
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        unit = payload[at + 2 : at + 2 + size]
        if not size or len(unit) < size:
            return []
        units.append(unit)
        at += 2 + size
    return units


def _units(stream: bytes) -> list[bytes]:
    return [one for one in stream.split(_START) if one]


def _kind(unit: bytes) -> int:
    return unit[0] & 0x1F


def h264_size(sequence_set: bytes) -> tuple[int, int] | None:
    """Width and height that a sequence parameter set (ITU-T H.264, 7.3.2.1.1) tells, without what is cropped; None for profiles that rooms do not
    agree on, and for nonsense."""
    if len(sequence_set) < 5 or sequence_set[1] not in _UNDERSTOOD:
        return None
    numbers = _Bits(sequence_set[4:].replace(b"\x00\x00\x03", b"\x00\x00"))
    try:
        numbers.ue()  # seq_parameter_set_id
        numbers.ue()  # log2_max_frame_num_minus4
        order = numbers.ue()
        if order == 0:
            numbers.ue()
        elif order == 1:
            numbers.bits(1)
            for _ in range(2):
                numbers.ue()
            for _ in range(min(numbers.ue(), 255)):
                numbers.ue()
        numbers.ue()  # max_num_ref_frames
        numbers.bits(1)
        across, down = numbers.ue() + 1, numbers.ue() + 1
        frames_only = numbers.bits(1)
        if not frames_only:
            numbers.bits(1)
        numbers.bits(1)
        left, right, top, bottom = (numbers.ue() for _ in range(4)) if numbers.bits(1) else (0, 0, 0, 0)
    except EOFError:
        return None
    if across > _LARGEST_SIDE or down > _LARGEST_SIDE:
        return None
    rows = 2 - frames_only
    width, height = across * 16 - 2 * (left + right), down * 16 * rows - 2 * rows * (top + bottom)
    return (width, height) if width > 0 and height > 0 else None


class _Bits:
    """EOFError where there are no more."""

    def __init__(self, data: bytes) -> None:
        self._bits: Iterator[int] = (byte >> shift & 1 for byte in data for shift in range(7, -1, -1))

    def bits(self, count: int) -> int:
        number = 0
        for _ in range(count):
            bit = next(self._bits, None)
            if bit is None:
                raise EOFError
            number = number << 1 | bit
        return number

    def ue(self) -> int:
        """An Exp-Golomb number (9.1)."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
        return (1 << zeros) - 1 + self.bits(zeros)
