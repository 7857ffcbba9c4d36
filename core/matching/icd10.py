"""ICD-10 codes and ranges: three-character categories, ranges of them, and how near two of them are.

Hierarchy of ICD-10 (WHO, volume 1): chapter ⊃ block ⊃ three-character category ⊃ four-character subcategory. An expertise is stated as
categories or ranges ("J44", "I20-I25"); a finer code (I21.4) belongs to its category.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from core.foundation.errors import Invalid

_RANGE = re.compile(r"^([A-Z])(\d{2})(?:\.\d{1,2})?(?:[-–—~]([A-Z])(\d{2})(?:\.\d{1,2})?)?$")

CHAPTERS: tuple[tuple[str, str, str], ...] = (
    ("I", "A00", "B99"), ("II", "C00", "D48"), ("III", "D50", "D89"), ("IV", "E00", "E90"), ("V", "F00", "F99"), ("VI", "G00", "G99"),
    ("VII", "H00", "H59"), ("VIII", "H60", "H95"), ("IX", "I00", "I99"), ("X", "J00", "J99"), ("XI", "K00", "K93"), ("XII", "L00", "L99"),
    ("XIII", "M00", "M99"), ("XIV", "N00", "N99"), ("XV", "O00", "O99"), ("XVI", "P00", "P96"), ("XVII", "Q00", "Q99"),
    ("XVIII", "R00", "R99"), ("XIX", "S00", "T98"), ("XX", "V01", "Y98"), ("XXI", "Z00", "Z99"), ("XXII", "U00", "U99"),
)
"""Chapter number, first and last category (WHO ICD-10, 2019 edition)."""


class NotAnIcdCode(Invalid):
    code = "icd10.malformed"
    sentence = "疾病编码“{given}”写得不对:用三位类目(J44)或范围(I20-I25)。"


class Nearness(IntEnum):
    """How near an expertise is to what is looked for."""

    NONE = 0
    CHAPTER = 1
    """Another part of the same chapter."""
    WIDER = 2
    """Covers it within a range of more than twelve categories (a whole body system)."""
    BLOCK = 3
    """Overlaps it, or covers it within a block."""
    CATEGORY = 4
    """Names the very category."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Categories ``first`` to ``last`` inclusive, each as letter·100 + number (A00 = 0)."""

    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def covers(self, other: Span) -> bool:
        return self.first <= other.first and other.last <= self.last

    def overlaps(self, other: Span) -> bool:
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        first, last = _category(self.first), _category(self.last)
        return first if first == last else f"{first}–{last}"


def parse(text: str) -> Span:
    """"I21", "I21.4", "I20-I25", "A00–B99" as a span of categories; :class:`NotAnIcdCode` for anything else."""
    match = _RANGE.match(text.strip().upper())
    if match is None:
        raise NotAnIcdCode(given=text[:20])
    first = _number(match[1], match[2])
    last = first if match[3] is None else _number(match[3], match[4])
    if last < first:
        raise NotAnIcdCode(given=text[:20])
    return Span(first, last)


def chapter_of(span: Span) -> str | None:
    """The chapter that holds the whole span, or None when it runs over several."""
    for number, first, last in CHAPTERS:
        if Span(_number(first[0], first[1:]), _number(last[0], last[1:])).covers(span):
            return number
    return None


BLOCK_SIZE = 12
"""The largest range that still counts as one block; blocks such as I20–I25 or J40–J47 are smaller, a body system is larger."""


def nearness(expertise: Span, wanted: Span) -> Nearness:
    """How near ``expertise`` is to ``wanted``; both directions of the hierarchy count."""
    if expertise == wanted and wanted.size == 1:
        return Nearness.CATEGORY
    if expertise.overlaps(wanted):
        return Nearness.BLOCK if min(expertise.size, wanted.size) <= BLOCK_SIZE and expertise.size <= BLOCK_SIZE else Nearness.WIDER
    chapter = chapter_of(expertise)
    return Nearness.CHAPTER if chapter is not None and chapter == chapter_of(wanted) else Nearness.NONE


def _number(letter: str, digits: str) -> int:
    return (ord(letter) - ord("A")) * 100 + int(digits)


def _category(number: int) -> str:
    return f"{chr(ord('A') + number // 100)}{number % 100:02d}"
