"""The next best question: danger first, one at a time, never what is already said, never twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from nlp.interface.assessment import Choice, Question
from nlp.interface.urgency import Urgency
from nlp.language.answers import AnswerGuide, Effects

from .case import Case
from .expressions import Expression
from .knowledge import Rule, expression, known_codes, rules, table

UNKNOWN = Choice(code="unknown", label="不清楚")
_CHEST = ("chest_pain", "chest_tightness")


@dataclass(frozen=True)
class Asked:
    """One question of the file, ready to use."""

    code: str
    text: str
    when: Expression
    about: tuple[str, ...]
    danger: bool
    priority: float
    choices: tuple[Choice, ...]
    guide: AnswerGuide
    duration_of: str | None
    only_when_nothing_said: bool
    only_without_danger_question: bool


def _effects(row: dict[str, Any]) -> Effects:
    return Effects(
        present=tuple(row.get("present", ())),
        absent=tuple(row.get("absent", ())),
        uncertain=tuple(row.get("uncertain", ())),
        duration_hours=row.get("hours"),
        age_days=row.get("age_days"),
        age_words=row["label"] if "age_days" in row else None,
        sex=row.get("sex"),
        pregnant=row.get("pregnant"),
    )


def _asked(row: dict[str, Any]) -> Asked:
    effects = {choice["code"]: (choice["label"], _effects(choice)) for choice in row["choices"]}
    about = tuple(code for code in row["about"] if not code.startswith("@"))
    no = effects["none"][1] if "none" in effects else Effects(absent=about)
    yes = Effects(present=about) if len(about) == 1 else Effects(uncertain=about)
    guide = AnswerGuide(choices=effects, no=no, yes=yes, expects=row.get("expects"))
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
        only_when_nothing_said=row.get("only_when_nothing_said", False),
        only_without_danger_question=row.get("only_without_danger_question", False),
    )


@cache
def questions() -> dict[str, Asked]:
    """All questions by code, the most pressing first."""
    found = [_asked(row) for row in table("questions.toml")["question"]]
    return {asked.code: asked for asked in sorted(found, key=lambda asked: -asked.priority)}


def _limits() -> tuple[int, int]:
    data = table("questions.toml")
    return data["limit"], data["limit_when_emergent"]


_LIMIT, _LIMIT_WHEN_EMERGENT = _limits()


def _known(code: str, case: Case) -> bool:
    person = case.facts.person
    chronic = bool(case.facts.conditions)
    if code == "@age":
        return person.age_days is not None
    if code == "@chronic":
        return chronic
    if code == "@age_or_chronic":
        return person.age_days is not None or chronic
    if code == "@sex":
        return person.sex is not None
    if code == "@weeks":
        return person.pregnancy_weeks is not None
    if code == "@duration:any":
        return any(finding.duration_hours is not None for finding in case.complaints.values())
    if code.startswith("@duration:"):
        finding = case.present.get(code.removeprefix("@duration:"))
        return finding is not None and finding.duration_hours is not None
    if code.startswith("@"):
        return code[1:] in case.measured
    return case.knows(code)


def _open(asked: Asked, case: Case) -> bool:
    """Whether ``asked`` may be asked now."""
    if _settled(asked, case) or _asked_in_vain(asked, case):
        return False
    nothing = not case.complaints and not case.measured
    if asked.only_when_nothing_said != nothing:
        return False
    if asked.only_without_danger_question and any(
        other.danger and not other.only_without_danger_question and other.when(case) is not None for other in questions().values()
    ):
        return False
    return asked.when(case) is not None


def next_question(case: Case, level: Urgency | None) -> Question | None:
    """The next question at ``level``; None when enough is known. In danger only what the hospital needs, then no more."""
    if level in (Urgency.CRITICAL, Urgency.EMERGENT):
        return _in_danger(case, level)
    if len(case.facts.asked) >= _LIMIT:
        return None
    found = next((asked for asked in questions().values() if _open(asked, case)), None)
    return as_question(found, case) if found else None


def _in_danger(case: Case, level: Urgency) -> Question | None:
    """The one thing the hospital needs first; below critical also what could still make it worse."""
    needed = next((rule.ask_next for rule in speaking(case) if rule.ask_next), None)
    if needed and not _settled(questions()[needed], case):
        return as_question(questions()[needed], case)
    dangers_asked = sum(1 for code in _already(case) if code in questions() and questions()[code].danger)
    if level is Urgency.CRITICAL or dangers_asked >= _LIMIT_WHEN_EMERGENT:
        return None
    specific = (asked for asked in questions().values() if asked.code == "child_age" or (asked.danger and not asked.only_without_danger_question))
    found = next((asked for asked in specific if _open(asked, case)), None)
    return as_question(found, case) if found else None


def speaking(case: Case) -> list[Rule]:
    """The rules of danger that hold, the one that speaks first: the worst, among these those that may say what is suspected."""
    found = [rule for rule in rules() if rule.level.severity >= Urgency.EMERGENT.severity and rule.when(case) is not None]
    return sorted(found, key=lambda rule: (-rule.level.severity, not rule.suspected))


def _settled(asked: Asked, case: Case) -> bool:
    return asked.code in _already(case) or bool(asked.about and all(_known(code, case) for code in asked.about))


def _asked_in_vain(asked: Asked, case: Case) -> bool:
    """Whether age and long illness were asked together and nothing came back: who does not know is not asked for each again."""
    return asked.code in ("age", "chronic") and "age_chronic" in _already(case) and not _known("@age_or_chronic", case)


def base_code(code: str) -> str:
    """The code in questions.toml: what stands before the findings that the question is about (duration:headache)."""
    return code.partition(":")[0]


def _already(case: Case) -> frozenset[str]:
    return frozenset(base_code(code) for code in case.facts.asked)


def _who(case: Case) -> str:
    person = case.facts.person
    if case.is_child:
        return "孩子"
    if person.relation in (None, "self"):
        return "您"
    return "她" if person.sex == "female" else "他"


def as_question(asked: Asked, case: Case) -> Question:
    targets = _targets(asked, case)
    code = f"{asked.code}:{','.join(targets)}" if targets else asked.code
    return Question(code=code, text=asked.text.replace("{who}", _who(case)), choices=asked.choices, rules_out_danger=asked.danger)


def _targets(asked: Asked, case: Case) -> tuple[str, ...]:
    """The findings that a bare length of time in the answer belongs to, where they depend on the case."""
    if asked.duration_of not in ("main", "chest"):
        return ()
    present = tuple(code for code, finding in case.complaints.items() if finding.duration_hours is None) or tuple(case.complaints)
    chest = tuple(code for code in _CHEST if code in case.complaints)
    return chest if asked.duration_of == "chest" and chest else present[:6]


def question_text(code: str | None, case: Case) -> str | None:
    """The words of the one thing the hospital needs, or None when it was already said or asked."""
    if code is None or _settled(questions()[code], case):
        return None
    return as_question(questions()[code], case).text


def missing_minimum(case: Case) -> bool:
    """Whether something that could still mean danger, or the age, was neither said nor asked."""
    return any(_open(asked, case) for asked in questions().values() if asked.danger or asked.code in ("complaint", "child_age", "age_chronic", "age"))


def unanswered_danger(case: Case) -> bool:
    """Whether a danger question was asked and nothing at all came back for it: unknown is not normal."""
    return any(
        asked.danger and asked.when(case) is not None and not any(_known(code, case) for code in asked.about)
        for code in _already(case)
        if (asked := questions().get(code)) is not None
    )


def guide(question: Question) -> AnswerGuide | None:
    """How to take the answer to ``question``; None for a question that is not ours."""
    asked = questions().get(base_code(question.code))
    if asked is None:
        return None
    named = tuple(code for code in question.code.partition(":")[2].split(",") if code in known_codes())
    targets = named or ((asked.duration_of,) if asked.duration_of in known_codes() else ())
    return AnswerGuide(choices=asked.guide.choices, no=asked.guide.no, yes=asked.guide.yes, duration_of=targets, expects=asked.guide.expects)
