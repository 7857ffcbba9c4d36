"""A text as a QR code (ISO/IEC 18004), for a page to draw. Pure."""

from __future__ import annotations

import segno


def qr_rows(text: str) -> tuple[str, ...]:
    """The modules row by row, 1 for dark; without the quiet zone, which is four modules wide."""
    return tuple("".join(map(str, row)) for row in segno.make(text, error="m", micro=False).matrix)
