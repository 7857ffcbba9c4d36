"""A case as `huizhen triage` and `huizhen inquire` take it and tell it: one JSON object each way."""

from __future__ import annotations

import math
from typing import Any

from nlp.clinical import triage
from nlp.clinical.case import Case
from nlp.interface.assessment import Facts, Question
from nlp.interface.engine import ClinicalEngine
from nlp.interface.reading import Measurement, Person, Span
from nlp.language.measures import PLAUSIBLE, UNITS

from .json_lines import BadLine

LONGEST_TEXT = 5000
"""Characters: so many the engine looks at."""
LONGEST_NAME = 200
_FIELDS = frozenset(["id", "text", "age", "age_unit", "sex", "vitals"])
_DAYS = {"y": 365.25, "m": 30.4375, "d": 1.0}
_OLDEST = 130
_SEXES = {"male": "male", "m": "male", "男": "male", "female": "female", "f": "female", "女": "female"}
_DEPARTMENTS, _CANDIDATES = 3, 5


def opened(line: Any, engine: ClinicalEngine) -> tuple[str | int, Facts]:
    """The id and the facts of a line that opens a case. BadLine with what is wrong."""
    if not isinstance(line, dict):
        raise BadLine('要一个对象,例如 {"id": "1", "text": "肚子疼"}')
    if unknown := sorted(line.keys() - _FIELDS):
        raise BadLine(f"不认识的字段:{'、'.join(word[:40] for word in unknown[:5])};可用:{'、'.join(sorted(_FIELDS))}")
    name = _name(line)
    text = line.get("text")
    if not isinstance(text, str) or not text.strip():
        raise BadLine("text 要写病人说的话")
    if len(text) > LONGEST_TEXT:
        raise BadLine(f"text 最多 {LONGEST_TEXT} 个字")
    facts = Facts(person=Person(age_days=_age_days(line), sex=_sex(line)), measurements=_vitals(line))
    return name, engine.merge(facts, engine.read(text))


def _name(line: dict[str, Any]) -> str | int:
    name = line.get("id")
    if isinstance(name, bool) or not isinstance(name, (str, int)) or name == "" or len(str(name)) > LONGEST_NAME:
        raise BadLine(f"id 要一个编号(文字或整数,最多 {LONGEST_NAME} 个字)")
    return name


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _age_days(line: dict[str, Any]) -> int | None:
    unit = line.get("age_unit")
    if unit is not None and (not isinstance(unit, str) or unit not in _DAYS):
        raise BadLine("age_unit 只能是 y(岁)、m(月)或 d(天)")
    if line.get("age") is None:
        return None
    age = _number(line["age"])
    days = None if age is None else age * _DAYS[unit or "y"]
    if days is None or not 0 <= days <= _OLDEST * _DAYS["y"]:
        raise BadLine(f"age 要 0 到 {_OLDEST} 岁之间的数(月、天另写 age_unit)")
    return round(days)


def _sex(line: dict[str, Any]) -> str | None:
    said = line.get("sex")
    if said is None:
        return None
    if not isinstance(said, str) or said not in _SEXES:
        raise BadLine("sex 只能是 male 或 female")
    return _SEXES[said]


def _vitals(line: dict[str, Any]) -> tuple[Measurement, ...]:
    given = line.get("vitals")
    if given is None:
        return ()
    if not isinstance(given, dict):
        raise BadLine('vitals 要一个对象,例如 {"temperature": 38.5, "heart_rate": 96}')
    found = []
    for code, said in given.items():
        if code not in UNITS:
            raise BadLine(f"vitals 里不认识 {code[:40]};可用:{'、'.join(UNITS)}")
        if said is None:
            continue
        low, high = PLAUSIBLE[code]
        value = _number(said)
        if value is None or not low <= value <= high:
            raise BadLine(f"vitals 的 {code} 要 {low:g} 到 {high:g} 之间的数({UNITS[code]})")
        found.append(Measurement(code=code, value=value, unit=UNITS[code], span=Span(start=0, end=0, text="")))
    return tuple(found)


def told(name: str | int, facts: Facts, engine: ClinicalEngine) -> dict[str, Any]:
    """What is known of a case, as one object.

    ``level`` is null while the minimum facts are missing; ``level_so_far`` is what the facts already make it at least. ``candidates`` (for doctors)
    is empty where the engine gives none.
    """
    assessment = engine.assess(facts)
    so_far = triage.judge(Case(facts)).level
    question = engine.next_question(facts)
    return {
        "id": name,
        "person": facts.person.model_dump(mode="json", exclude_none=True),
        "findings": [finding.model_dump(mode="json") for finding in facts.findings],
        "conditions": [finding.model_dump(mode="json") for finding in facts.conditions],
        "measurements": [measurement.model_dump(mode="json") for measurement in facts.measurements],
        "level": assessment.level.value if assessment.level else None,
        "level_so_far": so_far.value if so_far else None,
        "complete": assessment.complete,
        "reasons": [reason.model_dump(mode="json") for reason in assessment.reasons],
        "emergency": assessment.emergency.model_dump(mode="json", exclude={"question"}) if assessment.emergency else None,
        "departments": [department.model_dump(mode="json") for department in assessment.departments[:_DEPARTMENTS]],
        "candidates": [candidate.model_dump(mode="json") for candidate in assessment.candidates.found[:_CANDIDATES]],
        "next_questions": [asked(question, engine)] if question else [],
        "engine": assessment.engine,
    }


def asked(question: Question, engine: ClinicalEngine) -> dict[str, Any]:
    """A question: ``finding`` is what it asks about first (the code of the question where it asks for no finding, as for the age)."""
    choices = [
        {"code": choice.code, "label": choice.label, "finding": None if choice.code == "unknown" else _means(question, choice.code, engine)}
        for choice in question.choices
    ]
    first = next((choice["finding"] for choice in choices if choice["finding"]), None)
    return {
        "finding": getattr(question, "finding", None) or first or question.code.partition(":")[0],
        "text": question.text,
        "choices": choices,
        "code": question.code,
        "rules_out_danger": question.rules_out_danger,
    }


def _means(question: Question, choice: str, engine: ClinicalEngine) -> str | None:
    """The first finding or condition that the choice says is there."""
    reading = engine.read("", answering=question, choice=choice)
    return next((finding.code for finding in (*reading.findings, *reading.conditions) if finding.status.value != "absent"), None)
