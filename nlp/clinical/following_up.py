"""Whether a follow-up (since when, where, how bad, long-standing illness) is worth asking: only when one of its answers would change something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from nlp.interface.assessment import Facts
from nlp.interface.reading import Finding, Measurement, Span, Status
from nlp.interface.urgency import Urgency
from nlp.language.answers import Effects
from nlp.language.lexicon import lexicon

from .asked import Asked, questions
from .case import Case
from .knowledge import Rule, complaints, modifiers, rules
from .weighing import tells_enough

_OF_ALL = "main"
"""What ``duration_of`` says of a question for the length of whatever is complained of."""
_NOWHERE = Span(start=0, end=0, text="")
_WORST = {"temperature": (40.0, "Cel"), "pain": (9.0, "0-10"), "stools_per_day": (10.0, "/d")}
"""A number that would be bad, for questions that ask for one."""
_DURATION = re.compile(r"([a-z][a-z0-9_]*)(?:<=|>=|<|>)\d+(?:\.\d+)?[hd]\b")


def worth_asking(asked: Asked, case: Case, level: Urgency | None, so_far: int) -> bool:
    """Whether an answer to ``asked`` would raise ``level``, or is expected to move diseases or department. ``so_far``: questions asked."""
    if asked.duration_of == _OF_ALL and any(_asks_length(code) for code in case.facts.asked):
        return False  # since when was asked of one of them, whatever came back
    severity = 0 if level is None else level.severity
    if any(_raises(asked, case, other, severity) for other in _answers(asked, case)):
        return True
    codes = {code for _, effects in asked.guide.choices.values() for code in (*effects.present, *effects.absent)}
    return tells_enough(case, level, (code for code in codes if code not in lexicon().conditions), so_far)


def _asks_length(code: str) -> bool:
    asked = questions().get(code.partition(":")[0])
    return asked is not None and asked.duration_of is not None


def _answers(asked: Asked, case: Case) -> Iterator[Case]:
    """The case after each answer that could be given."""
    for _, effects in asked.guide.choices.values():
        yield Case(_after(case, effects, _targets(asked, case)))
    for code in asked.about:
        measure = code.removeprefix("@")
        if measure in _WORST and measure not in case.measured:
            value, unit = _WORST[measure]
            added = Measurement(code=measure, value=value, unit=unit, span=_NOWHERE)
            yield Case(case.facts.model_copy(update={"measurements": (*case.facts.measurements, added)}))


def _targets(asked: Asked, case: Case) -> frozenset[str]:
    """The complaints whose length the question asks for."""
    if asked.duration_of is None:
        return frozenset()
    return frozenset(case.complaints) if asked.duration_of in ("main", "chest") else frozenset([asked.duration_of])


def _after(case: Case, effects: Effects, targets: frozenset[str]) -> Facts:
    """The facts with ``effects`` on top, as far as the rules look at them."""
    facts, lex = case.facts, lexicon()
    findings = [
        finding.model_copy(update={"duration_hours": effects.duration_hours})
        if effects.duration_hours is not None and finding.code in targets and finding.duration_hours is None
        else finding
        for finding in facts.findings
    ]
    conditions = list(facts.conditions)
    for codes, status in ((effects.present, Status.PRESENT), (effects.uncertain, Status.UNCERTAIN)):
        for code in codes:
            if code not in case.present:
                added = Finding(code=code, term=lex.terms[code], status=status, span=_NOWHERE)
                (conditions if code in lex.conditions else findings).append(added)
    person = facts.person.model_copy(update={"pregnant": True}) if effects.pregnant else facts.person
    return facts.model_copy(update={"findings": tuple(findings), "conditions": tuple(conditions), "person": person})


def _raises(asked: Asked, case: Case, after: Case, severity: int) -> bool:
    new = after.complaints.keys() - case.complaints.keys()
    if any((alone := complaints()[code].level) is not None and alone.severity > severity for code in new if code in complaints()):
        return True
    concerned = _concerned(_touched(asked), length=asked.duration_of is not None)
    if any(rule.level.severity > severity and rule.when(after) is not None for rule in concerned):
        return True
    more = (modifier for modifier in modifiers() if modifier.upto.severity > severity)
    return severity > 0 and any(modifier.when(after) is not None and modifier.when(case) is None for modifier in more)


def _touched(asked: Asked) -> frozenset[str]:
    codes = {code for _, effects in asked.guide.choices.values() for code in (*effects.present, *effects.uncertain)}
    return frozenset(codes | {code.removeprefix("@") for code in asked.about})


@cache
def _concerned(touched: frozenset[str], *, length: bool) -> tuple[Rule, ...]:
    """The rules that look at something an answer could tell: one of ``touched``, or a ``length`` of time."""
    return tuple(rule for rule in rules() if rule.when.codes & touched or (length and _DURATION.search(rule.when.source)))
