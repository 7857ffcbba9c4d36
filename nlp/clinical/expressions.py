"""The small language of the rules.

    face_droop | one_side_weak          or
    fever & stiff_neck                  and
    !cleared_quickly                    not said (unknown or denied)
    absent(dyspnoea)                    said not to be there
    headache.sudden  chest_pain.severe  with that course or severity
    cough>=336h  temperature>=38.5      duration of a finding, a measurement
    age<90d  age>=65y  weeks>=20        the person; d days, m months, y years
    pregnant female male is_child       the person
    atleast(2, a, b, c)                 so many of these

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


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a condition. ``needs``: it cannot hold unless at least one of these was said or measured; None when no such list can be given."""

    check: Check
    needs: frozenset[str] | None


@dataclass(frozen=True)
class Expression:
    """A condition with the codes that it names, and ``needs``: codes of which at least one must have been said or measured for it to hold."""

    source: str
    codes: frozenset[str]
    check: Check
    needs: frozenset[str] | None = None

    def __call__(self, case: Case) -> Evidence | None:
        if self.needs is not None and self.needs.isdisjoint(case.mentioned):
            return None  # of some hundred rules only those are looked into that speak of what was said
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

    def parse(self) -> _Part:
        check = self._either()
        if self._position != len(self._tokens):
            raise ExpressionError(f"unexpected {self._tokens[self._position].kind!r}")
        return check

    def _peek(self) -> str:
        return self._tokens[self._position].kind if self._position < len(self._tokens) else ""

    def _take(self, kind: str) -> _Token:
        if self._peek() != kind:
            raise ExpressionError(f"expected {kind!r}, found {self._peek()!r}")
        self._position += 1
        return self._tokens[self._position - 1]

    def _either(self) -> _Part:
        parts = [self._both()]
        while self._peek() == "|":
            self._take("|")
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else _any(tuple(parts))

    def _both(self) -> _Part:
        parts = [self._single()]
        while self._peek() == "&":
            self._take("&")
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else _all(tuple(parts))

    def _single(self) -> _Part:
        if self._peek() == "!":
            self._take("!")
            return _not(self._single())
        if self._peek() == "(":
            self._take("(")
            check = self._either()
            self._take(")")
            return check
        return self._atom(self._take("name"))

    def _atom(self, token: _Token) -> _Part:
        if token.name in ("absent", "atleast") and self._peek() == "(":
            return self._function(token.name)
        if token.name in self._terms and token.operator is None and token.attribute is None:
            term = self._terms[token.name]
            self.codes |= term.codes
            return _Part(term, term.needs)
        if token.name == "age" or token.name == "weeks":
            return _Part(_person_number(token), None)
        if token.name in PERSON:
            return _Part(_person(token.name), None)
        self._name(token.name)
        if token.name in MEASURES:
            if token.operator is None:
                raise ExpressionError(f"{token.name} needs a limit")
            return _Part(_measured(token), frozenset([token.name]))
        if token.attribute and token.attribute not in COURSES | SEVERITIES:
            raise ExpressionError(f"no course or severity {token.attribute!r}")
        return _Part(_finding(token), frozenset([token.name]))

    def _function(self, name: str) -> _Part:
        self._take("(")
        if name == "absent":
            code = self._take("name").name
            self._name(code)
            self._take(")")
            return _Part(lambda case: () if code in case.absent else None, frozenset([code]))
        least = int(self._take("number").number)
        parts: list[_Part] = []
        while self._peek() == ",":
            self._take(",")
            parts.append(self._either())
        self._take(")")
        return _atleast(least, tuple(parts))

    def _name(self, code: str) -> None:
        if code not in self._known and code not in MEASURES:
            raise ExpressionError(f"no finding, condition or term {code!r}")
        self.codes.add(code)


def _needs_any(parts: tuple[_Part, ...]) -> frozenset[str] | None:
    """What must have been said for any of ``parts`` to hold."""
    needed = [part.needs for part in parts if part.needs is not None]
    return frozenset[str]().union(*needed) if len(needed) == len(parts) else None


def _needs_all(parts: tuple[_Part, ...]) -> frozenset[str] | None:
    """What must have been said for all of ``parts`` to hold: the shortest list is the sharpest."""
    needed = [part.needs for part in parts if part.needs is not None]
    return min(needed, key=len) if needed else None


def _any(pieces: tuple[_Part, ...]) -> _Part:
    parts = tuple(piece.check for piece in pieces)

    def check(case: Case) -> Evidence | None:
        held = [evidence for part in parts if (evidence := part(case)) is not None]
        return _joined(held) if held else None

    return _Part(check, _needs_any(pieces))


def _all(pieces: tuple[_Part, ...]) -> _Part:
    parts = tuple(piece.check for piece in pieces)

    def check(case: Case) -> Evidence | None:
        held: list[Evidence] = []
        for part in parts:
            evidence = part(case)
            if evidence is None:
                return None
            held.append(evidence)
        return _joined(held)

    return _Part(check, _needs_all(pieces))


def _atleast(least: int, pieces: tuple[_Part, ...]) -> _Part:
    parts = tuple(piece.check for piece in pieces)

    def check(case: Case) -> Evidence | None:
        held = [evidence for part in parts if (evidence := part(case)) is not None]
        return _joined(held) if len(held) >= least else None

    return _Part(check, _needs_any(pieces) if least > 0 else None)


def _joined(parts: list[Evidence]) -> Evidence:
    return tuple(dict.fromkeys(item for part in parts for item in part))


def _not(piece: _Part) -> _Part:
    part = piece.check
    return _Part(lambda case: () if part(case) is None else None, None)


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
    whole = parser.parse()
    return Expression(source, frozenset(parser.codes), whole.check, whole.needs)
