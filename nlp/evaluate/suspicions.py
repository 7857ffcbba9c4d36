"""What becomes of first messages: read as an emergency from the findings alone, suspected by the second reader, or neither.

CSV files with ``group`` and ``text``; a group that is one of the second reader's dangers makes the row a danger, any other a harmless message.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.clinical import triage
from nlp.clinical.asked import questions
from nlp.clinical.case import Case
from nlp.clinical.knowledge import table
from nlp.engine import Engine
from nlp.interface.assessment import Facts
from nlp.interface.urgency import Urgency

from .figures import markdown, share

SUMMARY = "First messages of danger and of none: CSV with group and text; read by the findings, suspected by the second reader."
_MOST = 12
"""Questions asked at most of one message, all of them denied."""


@dataclass(frozen=True)
class Heard:
    """``named``: one of the suspected dangers is the one told. ``asked_suspicion``, ``asked_danger``: whether such a question followed."""

    danger: bool
    emergency: bool
    suspected: bool
    named: bool
    asked_suspicion: bool
    asked_danger: bool


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")


def run(options: argparse.Namespace) -> str:
    rows = [row for path in options.files for row in read(path)]
    if not rows:
        raise ValueError("no rows in the files")
    engine = Engine()
    return tables([hear(engine, group, text) for group, text in rows])


def read(path: Path) -> Iterable[tuple[str, str]]:
    """Group and text of each row. Raises ValueError with the line where one is missing."""
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if not row.get("group") or not row.get("text"):
                raise ValueError(f"{path.name}, line {number}: group and text are needed")
            yield row["group"], row["text"]


def hear(engine: Engine, group: str, text: str) -> Heard:
    """One message, and the questions that follow when each is denied."""
    reading = engine.read(text)
    known = engine.merge(Facts(), reading)
    level = triage.level(Case(known))
    emergency = level is not None and level.severity >= Urgency.EMERGENT.severity
    asked: set[str] = set()
    while not emergency and len(asked) < _MOST and (question := engine.next_question(known)) is not None and question.code not in asked:
        asked.add(question.code)
        choice = "none" if any(one.code == "none" for one in question.choices) else "unknown"
        known = engine.merge(known, engine.read("", answering=question, choice=choice), answered=question)
    plain = {code.partition(":")[0] for code in asked} & questions().keys()
    return Heard(
        danger=group in table("suspicions.toml")["names"],
        emergency=emergency,
        suspected=bool(reading.suspects),
        named=any(one.code == group for one in reading.suspects),
        asked_suspicion=any(questions()[code].is_suspicion for code in plain),
        asked_danger=any(questions()[code].danger for code in plain),
    )


_LINES: tuple[tuple[str, Callable[[Heard], bool]], ...] = (
    ("an emergency by the findings alone", lambda one: one.emergency),
    ("suspected by the second reader", lambda one: one.suspected),
    ("suspected as what it is", lambda one: one.named),
    ("an emergency, or asked about a suspicion", lambda one: one.emergency or one.asked_suspicion),
    ("an emergency, or asked about any danger", lambda one: one.emergency or one.asked_danger),
)


def tables(heard: Sequence[Heard]) -> str:
    """Shares with Wilson intervals, of dangers and of harmless messages."""
    found = []
    for title, kind in (("messages of danger", True), ("harmless messages", False)):
        those = [one for one in heard if one.danger is kind]
        if those:
            lines = [(name, str(share(sum(map(holds, those)), len(those)))) for name, holds in _LINES if kind or name != "suspected as what it is"]
            found.append(markdown((f"{len(those)} {title}", "share (95 % interval)"), lines))
    return "\n\n".join(found)
