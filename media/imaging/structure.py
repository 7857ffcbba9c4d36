"""The bare structure of a DICOM data set, walked without reading values: everything must fit into its parent, and nothing may be endless.

DICOM PS3.5 section 7 (data elements, sequences, items) and annex A (transfer syntaxes, encapsulated pixel data); PS3.10 section 7.1
(preamble and file meta). It runs before pydicom, which trusts lengths and builds objects for every element: a file of eight-byte empty
elements would otherwise cost gigabytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from media.imaging.broken import BrokenDicom
from media.imaging.content import Content, unpacked

MAX_ELEMENTS = 300_000
"""Top level and nested together; an enhanced object of 2,000 frames has about 120,000."""
MAX_DEPTH = 32
UNDEFINED = 0xFFFFFFFF

ITEM, ITEM_END, SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
PIXEL_TAGS = frozenset({(0x7FE0, 0x0010), (0x7FE0, 0x0008), (0x7FE0, 0x0009)})
LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
"""Value representations with a four-byte length (PS3.5 table 7.1-1)."""
SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI",
     b"UL", b"US"}
)


@dataclass(frozen=True, slots=True)
class Encoding:
    implicit: bool
    big_endian: bool

    @property
    def order(self) -> str:
        return ">" if self.big_endian else "<"


@dataclass(frozen=True, slots=True)
class Pixels:
    """Where the pixel data begin: ``length`` of the value, or the number of ``fragments`` when they are encapsulated."""

    tag: tuple[int, int]
    length: int
    fragments: int | None


@dataclass(frozen=True, slots=True)
class FileMeta:
    """``start`` of the data set in the file; empty strings for what is not there."""

    start: int
    transfer_syntax: str
    sop_class: str


def read_file_meta(data: Content) -> FileMeta:
    """Group 0002 after the preamble, always explicit little endian (PS3.10 7.1)."""
    position, syntax, sop_class = 132, "", ""
    while position + 8 <= len(data):
        group, element = unpacked("<HH", data, position)
        if group != 0x0002:
            break
        vr, value_at, length = _explicit_header(data, position, "<")
        if vr == b"" or length == UNDEFINED:
            raise BrokenDicom("malformed")
        if value_at + length > len(data):
            raise BrokenDicom("truncated")
        if element == 0x0010:
            syntax = uid_text(data[value_at : value_at + min(length, 64)])
        elif element == 0x0002:
            sop_class = uid_text(data[value_at : value_at + min(length, 64)])
        position = value_at + length
    return FileMeta(position, syntax, sop_class)


def uid_text(value: bytes) -> str:
    return value.rstrip(b"\x00 ").decode("ascii", "replace")


def guess_encoding(data: Content, start: int) -> Encoding | None:
    """The encoding of a data set without a transfer syntax, from its first element; None when it does not look like one."""
    if start + 8 > len(data):
        return None
    for order in "<>":
        group, _ = unpacked(f"{order}HH", data, start)
        if group in (0x0002, 0x0008):
            vr = data[start + 4 : start + 6]
            if vr in SHORT_VRS or vr in LONG_VRS:
                return Encoding(implicit=False, big_endian=order == ">")
            if order == "<" and unpacked("<I", data, start + 4)[0] <= len(data):
                return Encoding(implicit=True, big_endian=False)
    return None


class Walker:
    """Walks one data set; :meth:`walk` gives where the pixel data are, or None."""

    def __init__(self, data: Content, encoding: Encoding) -> None:
        self._data = data
        self._end = len(data)
        self._encoding = encoding
        self._elements = 0

    def walk(self, start: int) -> Pixels | None:
        """Every element from ``start`` to the end of the file; :class:`BrokenDicom` ``truncated`` or ``malformed``."""
        position, pixels = start, None
        while position < self._end:
            if self._is_padding(position):
                break
            tag, vr, value_at, length = self._header(position, self._encoding)
            if tag in PIXEL_TAGS:
                position, pixels = self._pixels(tag, value_at, length)
            elif length == UNDEFINED:
                position = self._sequence(value_at, self._inner(vr), 1)
            else:
                position = self._skip(value_at, length)
        return pixels

    def _is_padding(self, position: int) -> bool:
        """Zeros to the end: some devices fill up the last block."""
        return self._end - position < 8 and not any(self._data[position:])

    def _count(self) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise BrokenDicom("malformed")

    def _header(self, position: int, encoding: Encoding) -> tuple[tuple[int, int], bytes, int, int]:
        self._count()
        if position + 8 > self._end:
            raise BrokenDicom("truncated")
        tag = unpacked(f"{encoding.order}HH", self._data, position)
        if encoding.implicit or tag[0] == 0xFFFE:
            return (tag[0], tag[1]), b"", position + 8, unpacked(f"{encoding.order}I", self._data, position + 4)[0]
        vr, value_at, length = _explicit_header(self._data, position, encoding.order)
        if vr == b"":
            raise BrokenDicom("malformed")
        return (tag[0], tag[1]), vr, value_at, length

    def _skip(self, value_at: int, length: int) -> int:
        if value_at + length > self._end:
            raise BrokenDicom("truncated")
        return value_at + length

    def _inner(self, vr: bytes) -> Encoding:
        """Items of an UN of undefined length are implicit little endian whatever the file is (PS3.5 6.2.2 note 4)."""
        return Encoding(implicit=True, big_endian=False) if vr == b"UN" else self._encoding

    def _sequence(self, position: int, encoding: Encoding, depth: int) -> int:
        """After the delimiter of a sequence of undefined length that begins at ``position``."""
        if depth > MAX_DEPTH:
            raise BrokenDicom("malformed")
        while True:
            tag, _, value_at, length = self._header(position, encoding)
            if tag == SEQUENCE_END:
                return value_at
            if tag != ITEM:
                raise BrokenDicom("malformed")
            position = self._item(value_at, encoding, depth) if length == UNDEFINED else self._skip(value_at, length)

    def _item(self, position: int, encoding: Encoding, depth: int) -> int:
        """After the delimiter of an item of undefined length."""
        while True:
            tag, vr, value_at, length = self._header(position, encoding)
            if tag == ITEM_END:
                return value_at
            if length == UNDEFINED:
                inner = Encoding(implicit=True, big_endian=False) if vr == b"UN" else encoding
                position = self._sequence(value_at, inner, depth + 1)
            else:
                position = self._skip(value_at, length)

    def _pixels(self, tag: tuple[int, int], value_at: int, length: int) -> tuple[int, Pixels]:
        if length != UNDEFINED:
            return self._skip(value_at, length), Pixels(tag, length, None)
        # Encapsulated: a basic offset table, then fragments, then the delimiter (PS3.5 A.4).
        position, items, total = value_at, 0, 0
        while True:
            item, _, item_at, item_length = self._header(position, Encoding(implicit=True, big_endian=False))
            if item == SEQUENCE_END:
                return item_at, Pixels(tag, total, max(items - 1, 0))
            if item != ITEM or item_length == UNDEFINED:
                raise BrokenDicom("malformed")
            position = self._skip(item_at, item_length)
            total += item_length if items else 0
            items += 1


def _explicit_header(data: Content, position: int, order: str) -> tuple[bytes, int, int]:
    """VR, where the value begins, its length; an empty VR when it is none."""
    vr = data[position + 4 : position + 6]
    if vr in SHORT_VRS:
        return vr, position + 8, unpacked(f"{order}H", data, position + 6)[0]
    if vr in LONG_VRS:
        if position + 12 > len(data):
            raise BrokenDicom("truncated")
        return vr, position + 12, unpacked(f"{order}I", data, position + 8)[0]
    return b"", position + 8, 0
