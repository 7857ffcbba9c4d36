"""The trend picture: measured values over days, with the target as a dashed line. What the lines mean is said beside it, in the chat. Pure.

It is looked at half as wide as it is drawn (360 px), by old people: every number is large enough to be read there, and so few values stand in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from core.followups.png import BLACK, BLUE, GLYPH_HEIGHT, GREY, LIGHT, LILAC, PINK, RED, VIOLET, WHITE, Canvas, Colour, text_width
from core.foundation.clock import shanghai

WIDTH, HEIGHT = 720, 520
LEFT, RIGHT, TOP, BOTTOM = 96, 712, 12, 424
SHOWN = 7
"""Values in one picture, the newest: more would not be read on a phone."""
LETTERS = 4
"""Pixels of a dot of a glyph: 28 px high, 14 px at 360 px."""
_AXIS = 3
_HEIGHT = GLYPH_HEIGHT * LETTERS
Way = Literal["", "high", "low"]
"""Which way a value is out: above or below; empty where it is not."""
_DOTS: dict[Way, Colour] = {"": BLUE, "high": RED, "low": VIOLET}
_LETTERS: dict[Way, Colour] = {"": BLACK, "high": RED, "low": VIOLET}
_BEHIND: dict[Way, Colour] = {"": WHITE, "high": PINK, "low": LILAC}


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: its numbers, highest first (systolic, diastolic; or one glucose value), and which way it is out."""

    at: datetime
    values: tuple[Decimal, ...]
    out: Way = ""


@dataclass(frozen=True, slots=True)
class _Scale:
    low: Decimal
    high: Decimal
    count: int

    def x(self, index: int) -> int:
        return (LEFT + RIGHT) // 2 if self.count == 1 else LEFT + 42 + (RIGHT - LEFT - 84) * index // (self.count - 1)

    def y(self, value: Decimal) -> int:
        return int(BOTTOM - (value - self.low) * (BOTTOM - TOP) / (self.high - self.low))


def trend_png(points: Sequence[Point], targets: Sequence[Decimal], step: Decimal) -> bytes:
    """The newest ``SHOWN`` of ``points`` (oldest first) as a PNG. ``targets``: one dashed line each; ``step``: between the lines of the grid."""
    shown = list(points)[-SHOWN:]
    canvas = Canvas(WIDTH, HEIGHT)
    scale = _scale(shown, targets, step)
    _grid(canvas, scale, step)
    for target in targets:
        canvas.line((LEFT, scale.y(target)), (RIGHT, scale.y(target)), RED, dash=8)
    for line in range(max((len(point.values) for point in shown), default=0)):
        _curve(canvas, scale, shown, line)
    days, times = when([point.at for point in shown])
    for row, labels in enumerate((days, times)):
        for index in apart([(scale.x(place), label) for place, label in enumerate(labels)]):
            x, label = scale.x(index), labels[index]
            canvas.text(_left(x, label), BOTTOM + 14 + row * (_HEIGHT + 10), label, GREY, scale=LETTERS)
    return canvas.png()


def when(moments: Sequence[datetime]) -> tuple[list[str], list[str]]:
    """What stands under each value: its day, once for those of one day; and the time of day, where a day has several."""
    days = [f"{shanghai(one):%m-%d}" for one in moments]
    many = Counter(days)
    first = [day if place == 0 or days[place - 1] != day else "" for place, day in enumerate(days)]
    return first, [f"{shanghai(one):%H:%M}" if many[day] > 1 else "" for one, day in zip(moments, days, strict=True)]


def apart(labels: Sequence[tuple[int, str]]) -> list[int]:
    """Which of ``labels`` (middle and text, from left to right) are drawn: from the newest back, each that does not touch the last one drawn."""
    chosen: list[int] = []
    free = WIDTH
    for index in range(len(labels) - 1, -1, -1):
        middle, label = labels[index]
        left = _left(middle, label)
        if label and left + text_width(label, LETTERS) <= free:
            chosen.append(index)
            free = left
    return chosen


def _left(middle: int, label: str) -> int:
    width = text_width(label, LETTERS)
    return max(0, min(WIDTH - width, middle - width // 2))


def _scale(points: Sequence[Point], targets: Sequence[Decimal], step: Decimal) -> _Scale:
    values = [value for point in points for value in point.values] + list(targets)
    low = (min(values) // step) * step - step
    high = (max(values) // step) * step + 2 * step
    return _Scale(max(Decimal(0), low), high, len(points))


def _grid(canvas: Canvas, scale: _Scale, step: Decimal) -> None:
    free = HEIGHT
    for value in _lines(scale, step):
        y = scale.y(value)
        canvas.line((LEFT, y), (RIGHT, y), LIGHT)
        label = f"{value:f}"
        top = y - GLYPH_HEIGHT * _AXIS // 2
        if top >= 0 and y + GLYPH_HEIGHT * _AXIS <= free:
            canvas.text(LEFT - 8 - text_width(label, _AXIS), top, label, GREY, scale=_AXIS)
            free = y


def _lines(scale: _Scale, step: Decimal) -> Iterable[Decimal]:
    value = scale.low
    while value <= scale.high:
        yield value
        value += step


def _curve(canvas: Canvas, scale: _Scale, points: Sequence[Point], line: int) -> None:
    places = [(scale.x(index), scale.y(point.values[line])) for index, point in enumerate(points)]
    for start, end in pairwise(places):
        canvas.line(start, end, BLUE, thick=1)
    for (x, y), point in zip(places, points, strict=True):
        if point.out == "low":  # a square: who does not tell the colours apart sees it too
            canvas.box(x - 8, y - 8, x + 8, y + 8, _DOTS[point.out])
        else:
            canvas.dot(x, y, _DOTS[point.out], 8)
    labels = [(x, f"{point.values[line]:f}") for (x, _), point in zip(places, points, strict=True)]
    for index in apart(labels):
        (x, label), out = labels[index], points[index].out
        left, top = _left(x, label), max(2, places[index][1] - 14 - _HEIGHT)
        canvas.box(left - 3, top - 3, left + text_width(label, LETTERS) - 1, top + _HEIGHT + 2, _BEHIND[out])
        canvas.text(left, top, label, _LETTERS[out], scale=LETTERS)
