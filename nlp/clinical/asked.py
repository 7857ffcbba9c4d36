"""The questions of questions.toml and suspicions.toml, ready to use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from nlp.interface.assessment import Choice
from nlp.interface.urgency import Urgency
from nlp.language.answers import AnswerGuide, Effects

from .expressions import Expression
from .knowledge import expression, table

UNKNOWN = Choice(code="unknown", label="不清楚")


@dataclass(frozen=True)
class Option:
    """One choice of a question: the findings whose knowing makes it idle, and the words that ask for it in a list.

    ``raises``: the level that it must raise a case to; ``why``: the reason where that is less than the question is asked for; ``then``: the
    question that follows it; ``sex``: whose alone it is.
    """

    code: str
    of: tuple[str, ...]
    both: bool
    asks: str
    raises: Urgency | None
    why: str
    then: str | None
    sex: str | None = None


@dataclass(frozen=True)
class Piece:
    """A part of the text that is left out when all of ``of`` is known."""

    text: str
    of: tuple[str, ...]


@dataclass(frozen=True)
class Unclear:
    """What an answer that says nothing leads to at least, where ``when`` holds. ``why``: in whose case it may be more than the ordinary."""

    when: Expression
    level: Urgency
    why: str


@dataclass(frozen=True)
class Asked:
    """One question of the file, ready to use. ``raises``: the level that its choices stand for, None for a question that rules out no danger."""

    code: str
    text: str
    when: Expression
    about: tuple[str, ...]
    danger: bool
    priority: float
    choices: tuple[Choice, ...]
    guide: AnswerGuide
    duration_of: str | None
    options: dict[str, Option]
    pieces: tuple[Piece, ...]
    raises: Urgency | None
    unclear: tuple[Unclear, ...]
    crisis: bool
    only_when_nothing_said: bool
    only_without_danger_question: bool
    is_open: bool
    is_suspicion: bool
    """Asked because the words sound like a danger that no finding stands for."""


def _effects(row: dict[str, Any]) -> Effects:
    return Effects(
        present=tuple(row.get("present", ())),
        absent=tuple(row.get("absent", ())),
        uncertain=tuple(row.get("uncertain", ())),
        duration_hours=row.get("hours"),
        duration_words=row.get("words", row["label"]) if "hours" in row else None,
        age_days=row.get("age_days"),
        age_words=row["label"] if "age_days" in row else None,
        sex=row.get("sex"),
        pregnant=row.get("pregnant"),
    )


def _option(row: dict[str, Any], of_question: Urgency | None) -> Option:
    level = Urgency(row["raises"]) if "raises" in row else of_question
    of = tuple(row.get("of", row.get("present", ()) if row.get("both") else row.get("present", ())[:1]))
    return Option(row["code"], of, row.get("both", False), row.get("asks", ""), level, row.get("why", ""), row.get("then"), row.get("of_sex"))


def _unclear(row: dict[str, Any], raises: Urgency | None) -> tuple[Unclear, ...]:
    """As the file says; else to be seen now where life may hang on it, today where less does."""
    if "unclear" not in row:
        level = Urgency.EMERGENT if raises is Urgency.CRITICAL else Urgency.URGENT
        return (Unclear(expression("always"), level, ""),)
    return tuple(Unclear(expression(one["when"]), Urgency(one["level"]), one["why"]) for one in row["unclear"])


def _asked(row: dict[str, Any], *, is_suspicion: bool) -> Asked:
    raises = Urgency(row["raises"]) if "raises" in row else None
    effects = {choice["code"]: (choice["label"], _effects(choice)) for choice in row["choices"]}
    about = tuple(code for code in row["about"] if not code.startswith("@"))
    no = effects["none"][1] if "none" in effects else Effects(absent=about)
    yes = Effects(present=about) if len(about) == 1 else Effects(uncertain=about)
    guide = AnswerGuide(
        choices=effects,
        no=_effects(row["no"]) if "no" in row else no,
        yes=_effects(row["yes"]) if "yes" in row else yes,
        expects=row.get("expects"),
        of_child=row.get("of_child", False),
        crisis=row.get("crisis", False),
        danger=row.get("danger", False),
        purpose=row.get("purpose", False),
    )
    return Asked(
        code=row["code"],
        text=row["text"],
        when=expression(row["when"]),
        about=tuple(row["about"]),
        danger=row.get("danger", False),
        priority=float(row["priority"]),
        choices=(*(Choice(code=choice["code"], label=choice["label"]) for choice in row["choices"]), UNKNOWN),
        guide=guide,
        duration_of=row.get("duration_of"),
        options={choice["code"]: _option(choice, raises) for choice in row["choices"]},
        pieces=tuple(Piece(piece["text"], tuple(piece["of"])) for piece in row.get("pieces", ())),
        raises=raises,
        unclear=_unclear(row, raises),
        crisis=row.get("crisis", False),
        only_when_nothing_said=row.get("only_when_nothing_said", False),
        only_without_danger_question=row.get("only_without_danger_question", False),
        is_open=row.get("open", False),
        is_suspicion=is_suspicion,
    )


@cache
def questions() -> dict[str, Asked]:
    """All questions of both files by code, the most pressing first."""
    files = (("questions.toml", False), ("suspicions.toml", True))
    found = [_asked(row, is_suspicion=suspicion) for file, suspicion in files for row in table(file)["question"]]
    return {asked.code: asked for asked in sorted(found, key=lambda asked: -asked.priority)}
