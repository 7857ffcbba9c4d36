"""The small language of the rules.

    face_droop | one_side_weak          or
    fever & stiff_neck                  and
    !cleared_quickly                    not said (unknown or denied)
    absent(dyspnoea)                    said not to be there
    before(animal_bite)                 told of the past
    headache.sudden  chest_pain.severe  with that course or severity
    cough>=336h  temperature>=38.5      duration of a finding, a measurement
    age<90d  age>=65y  weeks>=20        the person; d days, m months, y years
    pregnant female male is_child       the person
    atleast(2, a, b, c)                 so many of these
    only(napkin_rash, milk_spit)        nothing else is complained of and nothing but the weight was measured
    suspected(heart)  strongly(heart)   the words sound like that danger (no finding; questions alone may ask for it)

What is unknown is never true and never proves the opposite. Evaluating returns the evidence, so that reasons are the patient's own words.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nlp.interface.reading import Finding, Measurement

from .case import Case

Evidence = tuple[Finding | Measurement | str, ...]
Check = Callable[[Case], Evidence | None]
"""Evidence when it holds (possibly empty), None when it does not."""

MEASURES = frozenset(
    ["temperature", "systolic", "diastolic", "heart_rate", "respiratory_rate", "spo2", "glucose", "pain", "weight", "stools_per_day"]
)
COURSES = frozenset(["sudden", "gradual", "worsening", "improving", "recurrent"])
SEVERITIES = frozenset(["mild", "moderate", "severe"])
PERSON = frozenset(["pregnant", "female", "male", "is_child"])
_DAYS = {"d": 1.0, "m": 30.4375, "y": 365.25}
_COMPARE: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_TOKEN = re.compile(
    r"\s*(?:(?P<name>[a-z][a-z0-9_]*)(?:\.(?P<attribute>[a-z]+))?(?:(?P<operator><=|>=|<|>)(?P<number>\d+(?:\.\d+)?)(?P<unit>[a-z]?))?|(?P<number2>\d+)|(?P<sign>[|&!(),]))"
)


class ExpressionError(ValueError):
    """A rule's condition cannot be read; the message says where."""


@dataclass(frozen=True)
class Part:
    """A condition or a part of one. ``needs``: of these at least one must be there or measured, or it cannot hold; None where nothing must."""

    check: Check
    needs: frozenset[str] | None


@dataclass(frozen=True)
class Expression:
    """A condition with the codes that it names. ``needs`` as in :class:`Part`: most conditions are settled by looking at it alone."""

    source: str
    codes: frozenset[str]
    check: Check
    needs: frozenset[str] | None = None

    def __call__(self, case: Case) -> Evidence | None:
        if self.needs is not None and self.needs.isdisjoint(case.told):
            return None
        return self.check(case)


@dataclass(frozen=True)
class _Token:
    kind: str
    name: str = ""
    attribute: str | None = None
    operator: str | None = None
    number: float = 0.0
    unit: str = ""


def _tokens(source: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    stripped = source.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise ExpressionError(f"unreadable at {position}: {stripped[position : position + 20]!r}")
        position = match.end()
        if match["sign"]:
            found.append(_Token(match["sign"]))
        elif match["number2"]:
            found.append(_Token("number", number=float(match["number2"])))
        else:
            found.append(_Token("name", match["name"], match["attribute"], match["operator"], float(match["number"] or 0), match["unit"] or ""))
    return found


class _Parser:
    def __init__(self, source: str, terms: Mapping[str, Expression], known: frozenset[str]) -> None:
        self._tokens = _tokens(source)
        self._position = 0
        self._terms = terms
        self._known = known
        self.codes: set[str] = set()

    def parse(self) -> Part:
        part = self._either()
        if self._position != len(self._tokens):
            raise ExpressionError(f"unexpected {self._tokens[self._position].kind!r}")
        return part

    def _peek(self) -> str:
        return self._tokens[self._position].kind if self._position < len(self._tokens) else ""

    def _take(self, kind: str) -> _Token:
        if self._peek() != kind:
            raise ExpressionError(f"expected {kind!r}, found {self._peek()!r}")
        self._position += 1
        return self._tokens[self._position - 1]

    def _either(self) -> Part:
        parts = [self._both()]
        while self._peek() == "|":
            self._take("|")
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Part(_any(tuple(part.check for part in parts)), _one_of(parts))

    def _both(self) -> Part:
        parts = [self._single()]
        while self._peek() == "&":
            self._take("&")
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Part(_all(tuple(part.check for part in parts)), _fewest(parts))

    def _single(self) -> Part:
        if self._peek() == "!":
            self._take("!")
            return Part(_not(self._single().check), None)
        if self._peek() == "(":
            self._take("(")
            part = self._either()
            self._take(")")
            return part
        return self._atom(self._take("name"))

    def _atom(self, token: _Token) -> Part:
        if token.name in ("absent", "before", "atleast", "only", "suspected", "strongly") and self._peek() == "(":
            return self._function(token.name)
        if token.name in self._terms and token.operator is None and token.attribute is None:
            term = self._terms[token.name]
            self.codes |= term.codes
            return Part(term.check, term.needs)
        if token.name == "age" or token.name == "weeks":
            return Part(_person_number(token), None)
        if token.name in PERSON:
            return Part(_person(token.name), None)
        self._name(token.name)
        if token.name in MEASURES:
            if token.operator is None:
                raise ExpressionError(f"{token.name} needs a limit")
            return Part(_measured(token), frozenset([token.name]))
        if token.attribute and token.attribute not in COURSES | SEVERITIES:
            raise ExpressionError(f"no course or severity {token.attribute!r}")
        return Part(_finding(token), frozenset([token.name]))

    def _function(self, name: str) -> Part:
        self._take("(")
        if name == "absent":
            code = self._take("name").name
            self._name(code)
            self._take(")")
            return Part(lambda case: () if code in case.absent else None, None)
        if name == "before":
            code = self._take("name").name
            self._name(code)
            self._take(")")
            return Part(_before(f"past_{code}"), frozenset([f"past_{code}"]))
        if name in ("suspected", "strongly"):
            danger = self._take("name").name
            self._take(")")
            return Part(_suspected(danger, strongly=name == "strongly"), None)
        if name == "only":
            codes = [self._take("name").name]
            while self._peek() == ",":
                self._take(",")
                codes.append(self._take("name").name)
            self._take(")")
            for code in codes:
                self._name(code)
            return Part(_only(frozenset(codes)), frozenset(codes))
        least = int(self._take("number").number)
        parts: list[Part] = []
        while self._peek() == ",":
            self._take(",")
            parts.append(self._either())
        self._take(")")
        return Part(_atleast(least, tuple(part.check for part in parts)), _one_of(parts) if least > 0 else None)

    def _name(self, code: str) -> None:
        if code not in self._known and code not in MEASURES:
            raise ExpressionError(f"no finding, condition or term {code!r}")
        self.codes.add(code)


def _one_of(parts: list[Part]) -> frozenset[str] | None:
    """What is needed where one of ``parts`` must hold."""
    needs = [part.needs for part in parts]
    return frozenset().union(*(codes for codes in needs if codes is not None)) if None not in needs else None


def _fewest(parts: list[Part]) -> frozenset[str] | None:
    """What is needed where all of ``parts`` must hold: the need that is met least often will do."""
    return min((part.needs for part in parts if part.needs is not None), key=len, default=None)


def _any(parts: tuple[Check, ...]) -> Check:
    def check(case: Case) -> Evidence | None:
        held = [evidence for part in parts if (evidence := part(case)) is not None]
        return _joined(held) if held else None

    return check


def _all(parts: tuple[Check, ...]) -> Check:
    def check(case: Case) -> Evidence | None:
        held: list[Evidence] = []
        for part in parts:
            evidence = part(case)
            if evidence is None:
                return None
            held.append(evidence)
        return _joined(held)

    return check


def _before(past: str) -> Check:
    def check(case: Case) -> Evidence | None:
        finding = case.present.get(past)
        return (finding,) if finding is not None else None

    return check


def _suspected(danger: str, *, strongly: bool) -> Check:
    def check(case: Case) -> Evidence | None:
        strong = case.suspected.get(danger)
        return () if strong or (strong is False and not strongly) else None

    return check


def _only(codes: frozenset[str]) -> Check:
    """Whether the patient complains of nothing but ``codes``; no complaint at all is not only these."""

    def check(case: Case) -> Evidence | None:
        held = bool(case.complaints) and codes.issuperset(case.complaints) and case.measured.keys() <= {"weight"}
        return () if held else None

    return check


def _atleast(least: int, parts: tuple[Check, ...]) -> Check:
    def check(case: Case) -> Evidence | None:
        held = [evidence for part in parts if (evidence := part(case)) is not None]
        return _joined(held) if len(held) >= least else None

    return check


def _joined(parts: list[Evidence]) -> Evidence:
    return tuple(dict.fromkeys(item for part in parts for item in part))


def _not(part: Check) -> Check:
    return lambda case: () if part(case) is None else None


def _finding(token: _Token) -> Check:
    def check(case: Case) -> Evidence | None:
        finding = case.present.get(token.name)
        if finding is None:
            return None
        if token.attribute and token.attribute not in (finding.course, finding.severity):
            return None
        if token.operator:
            hours = token.number * (24 if token.unit == "d" else 1)
            if finding.duration_hours is None or not _COMPARE[token.operator](finding.duration_hours, hours):
                return None
        return (finding,)

    return check


def _measured(token: _Token) -> Check:
    compare = _COMPARE[token.operator or ">="]

    def check(case: Case) -> Evidence | None:
        measurement = case.measured.get(token.name)
        return (measurement,) if measurement is not None and compare(measurement.value, token.number) else None

    return check


def _person_number(token: _Token) -> Check:
    if token.operator is None:
        raise ExpressionError(f"{token.name} needs a limit")
    compare = _COMPARE[token.operator]
    limit = token.number * (_DAYS.get(token.unit or "y", 365.25) if token.name == "age" else 1)

    def check(case: Case) -> Evidence | None:
        value = case.age_days if token.name == "age" else case.facts.person.pregnancy_weeks
        if value is None or not compare(value, limit):
            return None
        return ("age",) if token.name == "age" else ("weeks",)

    return check


def _person(name: str) -> Check:
    def check(case: Case) -> Evidence | None:
        person = case.facts.person
        held = {"pregnant": case.pregnant, "female": person.sex == "female", "male": person.sex == "male", "is_child": case.is_child}[name]
        return (("pregnant",) if name == "pregnant" else ()) if held else None

    return check


def compile_expression(source: str, terms: Mapping[str, Expression], known: frozenset[str]) -> Expression:
    """Read ``source``; ExpressionError if it cannot be read.

    ``terms``: names for shared combinations; ``known``: all codes of findings and conditions.
    """
    parser = _Parser(source, terms, known)
    part = parser.parse()
    return Expression(source, frozenset(parser.codes), part.check, part.needs)
