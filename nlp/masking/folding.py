"""A text made uniform for searching: half width, simplified, without what cannot be seen; every character knows where it stood."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from nlp.interface.masking import Kind
from nlp.language.normal import simplified

BARRIER = "\ue000"
"""Stands for a place that is masked already: no pattern reaches across it."""
PLACEHOLDER = re.compile(r"\[(?:" + "|".join(kind.value for kind in Kind) + r"|日期\d{4}-\d\d-\d\d|\d{1,3}(?:-\d{1,3}|以上)岁)\]")
_INVISIBLE = frozenset(("Cc", "Cf", "Mn", "Me", "Cs"))


@dataclass(frozen=True, slots=True)
class Folded:
    """``text`` keeps spaces; ``tight`` is without them. ``origins`` and ``tight_origins``: index in the original of each character."""

    original: str
    text: str
    origins: tuple[int, ...]
    tight: str
    tight_origins: tuple[int, ...]

    def whole(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that ``text[start:end]`` stands for."""
        return self.origins[start], self.origins[end - 1] + 1

    def whole_of_tight(self, start: int, end: int) -> tuple[int, int]:
        return self.tight_origins[start], self.tight_origins[end - 1] + 1


@cache
def _character(character: str) -> str:
    if unicodedata.category(character) in _INVISIBLE:
        return " " if character in "\n\r\t\v\f" else ""
    if character.isspace():
        return " "
    return "".join(simplified().get(piece, piece) for piece in unicodedata.normalize("NFKC", character) if piece != BARRIER)


def fold(original: str) -> Folded:
    """Never fails. A line break becomes a space, so that a number broken over two lines is found."""
    pieces: list[str] = []
    origins: list[int] = []
    position = 0
    while position < len(original):
        placeholder = PLACEHOLDER.match(original, position)
        if placeholder:
            pieces.append(BARRIER)
            origins.append(position)
            position = placeholder.end()
            continue
        for piece in _character(original[position]):
            if not unicodedata.combining(piece):
                pieces.append(piece)
                origins.append(position)
        position += 1
    text = "".join(pieces)
    seen = [index for index, character in enumerate(text) if character != " "]
    return Folded(original, text, tuple(origins), "".join(text[index] for index in seen), tuple(origins[index] for index in seen))
