"""A small drawing surface that becomes a PNG (RFC 2083): lines, dots and digits with a palette. Standard library only."""

from __future__ import annotations

import struct
import zlib

Colour = int
WHITE, BLACK, GREY, LIGHT, RED, BLUE, PINK, VIOLET, LILAC = range(9)
_PALETTE = bytes((255, 255, 255, 34, 34, 34, 87, 87, 87, 225, 225, 225, 214, 48, 49, 9, 105, 218, 253, 236, 236, 110, 50, 170, 240, 232, 250))

_GLYPHS = {
    "0": "01110 10001 10011 10101 11001 10001 01110", "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111", "3": "11111 00010 00100 00010 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010", "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110", "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110", "9": "01110 10001 10001 01111 00001 00010 01100",
    "/": "00001 00001 00010 00100 01000 10000 10000", "-": "00000 00000 00000 11111 00000 00000 00000",
    ".": "00 00 00 00 00 11 11", ":": "00 11 11 00 11 11 00", " ": "00000 00000 00000 00000 00000 00000 00000",
}  # fmt: skip
GLYPH_HEIGHT = 7


class Canvas:
    """``width`` by ``height`` pixels; what is drawn outside is left out."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._rows = [bytearray(width) for _ in range(height)]

    def dot(self, x: int, y: int, colour: Colour, radius: int = 0) -> None:
        """A filled disc."""
        for row in range(max(0, y - radius), min(self.height, y + radius + 1)):
            for column in range(max(0, x - radius), min(self.width, x + radius + 1)):
                if (row - y) ** 2 + (column - x) ** 2 <= radius * radius + radius:
                    self._rows[row][column] = colour

    def box(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """A filled rectangle, edges included."""
        left, right = max(0, left), min(self.width - 1, right)
        if right < left:
            return
        for row in range(max(0, top), min(self.height - 1, bottom) + 1):
            self._rows[row][left : right + 1] = bytes([colour]) * (right - left + 1)

    def line(self, start: tuple[int, int], end: tuple[int, int], colour: Colour, *, thick: int = 0, dash: int = 0) -> None:
        """A straight line (Bresenham); ``dash`` draws so many pixels and leaves as many out."""
        (x, y), (to_x, to_y) = start, end
        step_x, step_y = (1 if to_x >= x else -1), (1 if to_y >= y else -1)
        far_x, far_y = abs(to_x - x), -abs(to_y - y)
        error, count = far_x + far_y, 0
        while True:
            if not dash or (count // dash) % 2 == 0:
                self.dot(x, y, colour, thick)
            if (x, y) == (to_x, to_y):
                return
            count += 1
            double = 2 * error
            if double >= far_y:
                error += far_y
                x += step_x
            if double <= far_x:
                error += far_x
                y += step_y

    def text(self, x: int, y: int, text: str, colour: Colour, *, scale: int = 2) -> None:
        """Digits, ``/``, ``-``, ``.``, ``:`` and blanks; others are left out. ``x``, ``y`` is the top left corner."""
        for letter in text:
            for row, bits in enumerate(_glyph(letter)):
                for column, bit in enumerate(bits):
                    if bit == "1":
                        left, top = x + column * scale, y + row * scale
                        self.box(left, top, left + scale - 1, top + scale - 1, colour)
            x += text_width(letter, scale)

    def png(self) -> bytes:
        """The picture, 8 bit with palette."""
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        body = zlib.compress(b"".join(b"\x00" + bytes(row) for row in self._rows), 9)
        return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"PLTE", _PALETTE) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def text_width(text: str, scale: int = 2) -> int:
    """With the gap behind each letter."""
    return sum(len(_glyph(letter)[0]) + 1 for letter in text) * scale


def _glyph(letter: str) -> list[str]:
    return _GLYPHS.get(letter, _GLYPHS[" "]).split()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
