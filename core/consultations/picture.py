"""What was understood of a request for a consultation, as kept with it (sealed) and shown on cards: no name in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nlp.interface.assessment import Assessment, Facts
from nlp.interface.reading import Finding, Measurement, Status, Value


class Mark(Value):
    """A finding in the line as it was written: characters ``start`` (inclusive) to ``end`` (exclusive), the standard word, and how it was said."""

    start: int
    end: int
    term: str
    status: Status


class Picture(Value):
    """``headline`` "胸痛 2 小时"; ``vitals`` label and value; ``findings`` codes of what is present; ``marks`` where each was said;
    ``emergency_rule``, ``suspected`` and ``reasons`` of the assessment; ``do_now`` first what to do."""

    headline: str
    findings: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    vitals: tuple[tuple[str, str], ...] = ()
    sex: str | None = None
    age_years: int | None = None
    emergency_rule: str = ""
    suspected: str = ""
    reasons: tuple[str, ...] = ()
    do_now: tuple[str, ...] = ()
    engine: str = ""
    departments: tuple[tuple[str, float], ...] = ()


_VITAL_LABELS = {
    "temperature": ("体温", "℃"), "heart_rate": ("心率", ""), "respiratory_rate": ("呼吸", ""), "spo2": ("血氧", "%"),
    "glucose": ("血糖", " mmol/L"), "pain": ("疼痛", " 分"), "weight": ("体重", " kg"),
}


def present(facts: Facts) -> tuple[Finding, ...]:
    """Findings of the patient that are there, in the order they were said."""
    return tuple(one for one in facts.findings if one.status is Status.PRESENT and one.subject == "patient")


def headline_of(facts: Facts, text: str) -> str:
    """The first two findings with how long the first has lasted; what was written, cut short, when nothing was understood."""
    found = present(facts)
    if not found:
        return text.strip()[:20]
    first, *others = dict.fromkeys(one.term for one in found)
    lasting = next((spoken_hours(one.duration_hours) for one in found if one.duration_hours is not None), "")
    words = f"{first} {lasting}".strip()
    return f"{words}、{others[0]}" if others else words


def marks_of(facts: Facts, text: str) -> tuple[Mark, ...]:
    """Where in ``text`` the patient's findings stand, from left to right; of overlapping ones the longer."""
    said = sorted((one for one in facts.findings if one.subject == "patient"), key=lambda one: (one.span.start, -one.span.end))
    marks: list[Mark] = []
    for one in said:
        start, end = one.span.start, one.span.end
        if text[start:end] == one.span.text and start < end <= len(text) and (not marks or start >= marks[-1].end):
            marks.append(Mark(start=start, end=end, term=one.term, status=one.status))
    return tuple(marks)


_ASKS = re.compile(r"[??]|^(请问|请教|想问|问一下|求助)|要不要|能不能|可不可以|是否|怎么办|怎么处理|该不该|需不需要")
_SENTENCES = re.compile(r"[^。;;!!??\n]+[??]?")


def question_of(text: str) -> str:
    """What the village doctor asks: the sentences of her line that are questions; empty when she asks nothing in so many words."""
    sentences = (one.group().strip() for one in _SENTENCES.finditer(text))
    asked = [clause for one in sentences if _ASKS.search(one) for clause in [_from_question(one)]]
    return ";".join(asked)


def _from_question(sentence: str) -> str:
    """From the first clause that asks to the end: what was told before it stands in the complaint."""
    clauses = re.split(r"[,,]", sentence)
    first = next((place for place, clause in enumerate(clauses) if _ASKS.search(clause.strip())), 0)
    return ",".join(clauses[first:]).strip()


def spoken_hours(hours: float) -> str:
    """2 → "2 小时", 0.5 → "30 分钟", 72 → "3 天"."""
    if hours < 1:
        return f"{max(1, round(hours * 60))} 分钟"
    if hours < 48:
        return f"{round(hours)} 小时"
    return f"{round(hours / 24)} 天"


def vitals_of(measurements: Iterable[Measurement]) -> tuple[tuple[str, str], ...]:
    """Label and value in the order doctors read them; blood pressure as one pair."""
    values = {one.code: one.value for one in measurements}
    lines: list[tuple[str, str]] = []
    if "systolic" in values:
        lower = f"{values['diastolic']:g}" if "diastolic" in values else "?"
        lines.append(("血压", f"{values['systolic']:g}/{lower}"))
    lines += [(label, f"{values[code]:g}{unit}") for code, (label, unit) in _VITAL_LABELS.items() if code in values]
    return tuple(lines)


def picture_of(facts: Facts, assessment: Assessment, text: str, do_now: tuple[str, ...]) -> Picture:
    """Everything that is kept of one reading."""
    person = facts.person
    return Picture(
        headline=headline_of(facts, text),
        findings=tuple(one.code for one in present(facts)),
        marks=marks_of(facts, text),
        vitals=vitals_of(facts.measurements),
        sex=person.sex,
        age_years=None if person.age_years is None else int(person.age_years),
        emergency_rule="" if assessment.emergency is None else assessment.emergency.rule,
        suspected="" if assessment.emergency is None else assessment.emergency.suspected,
        reasons=tuple(reason.text for reason in assessment.reasons),
        do_now=do_now,
        engine=assessment.engine,
        departments=tuple((one.code, one.probability) for one in assessment.departments),
    )
