"""The trend picture: measured values over days, with the target as a dashed line. What the lines mean is said beside it, in the chat. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from core.followups.png import BLACK, BLUE, GREY, LIGHT, PINK, RED, Canvas, text_width
from core.foundation.clock import shanghai

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 700, 20, 370
SHOWN = 14
"""Values in one picture, the newest: more would not be read on a phone."""


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: its numbers, highest first (systolic, diastolic; or one glucose value), and whether it is above the target."""

    at: datetime
    values: tuple[Decimal, ...]
    high: bool


@dataclass(frozen=True, slots=True)
class _Scale:
    low: Decimal
    high: Decimal
    count: int

    def x(self, index: int) -> int:
        return (LEFT + RIGHT) // 2 if self.count == 1 else LEFT + 30 + (RIGHT - LEFT - 60) * index // (self.count - 1)

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
    for index, point in enumerate(shown):
        if len(shown) <= 8 or index % 2 == (len(shown) - 1) % 2:
            _label_day(canvas, scale.x(index), point.at)
    return canvas.png()


def _scale(points: Sequence[Point], targets: Sequence[Decimal], step: Decimal) -> _Scale:
    values = [value for point in points for value in point.values] + list(targets)
    low = (min(values) // step) * step - step
    high = (max(values) // step) * step + 2 * step
    return _Scale(max(Decimal(0), low), high, len(points))


def _grid(canvas: Canvas, scale: _Scale, step: Decimal) -> None:
    value = scale.low
    while value <= scale.high:
        y = scale.y(value)
        canvas.line((LEFT, y), (RIGHT, y), LIGHT)
        label = f"{value:f}"
        canvas.text(LEFT - 8 - text_width(label), y - 7, label, GREY)
        value += step


def _curve(canvas: Canvas, scale: _Scale, points: Sequence[Point], line: int) -> None:
    places = [(scale.x(index), scale.y(point.values[line])) for index, point in enumerate(points)]
    for start, end in pairwise(places):
        canvas.line(start, end, BLUE, thick=1)
    for (x, y), point in zip(places, points, strict=True):
        canvas.dot(x, y, RED if point.high else BLUE, 5)
        label = f"{point.values[line]:f}"
        left = x - text_width(label) // 2
        canvas.box(left - 2, y - 27, left + text_width(label), y - 10, PINK if point.high else 0)
        canvas.text(left, y - 25, label, RED if point.high else BLACK)


def _label_day(canvas: Canvas, x: int, moment: datetime) -> None:
    label = f"{shanghai(moment):%m-%d}"
    canvas.text(x - text_width(label) // 2, BOTTOM + 16, label, GREY)
