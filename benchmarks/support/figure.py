"""What a figure hands over: a table of cells already written as people read them, with the words that belong beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Figure:
    """``columns`` names the cells of every row; ``notes`` say what was measured and what the numbers do not say."""

    name: str
    title: str
    columns: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def as_markdown(self) -> str:
        lines = [f"## {self.title}", "", _line(self.columns), _line(["---"] + ["---:"] * (len(self.columns) - 1)), *map(_line, self.rows), ""]
        return "\n".join([*lines, *(f"- {note}" for note in self.notes), ""])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def show(measure: Callable[[], Figure]) -> None:
    """Measure, then print for a person, or with `--json` for the one who gathers the figures."""
    figure = measure()
    print(json.dumps(asdict(figure), ensure_ascii=False) if "--json" in sys.argv else figure.as_markdown())


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of `values` lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def number(value: float) -> str:
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
