"""The small language of the conditions in ``knowledge/candidates/rules.csv``.

    cough                      said or seen to be there
    absent(cough)              said or seen not to be there
    known(systolic)            anything is known of it
    temperature>=38  age<65    a value; false while it is not known
    a & b   a | b   !a   (a)   and, or, not
    atleast(2, a, b, c)        so many of these
    angina_3                   a condition that stands in terms.csv under that name

What is unknown is neither there nor not there. Every condition is a network of threshold gates over such literals: the ONNX graph is compiled from
the same tree that is evaluated here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Test = Literal["present", "absent", "known", ">=", "<"]
_TOKEN = re.compile(r"\s*(?:(?P<name>[a-z][a-z0-9_]*)(?:(?P<test>>=|<)(?P<number>\d+(?:\.\d+)?))?|(?P<count>\d+)|(?P<sign>[|&!(),]))")
_FUNCTIONS = frozenset(["absent", "known", "atleast"])


class ConditionError(ValueError):
    """A condition cannot be read; the message says where."""


@dataclass(frozen=True)
class Leaf:
    """One test of one input. ``number`` counts for >= and < alone."""

    code: str
    test: Test
    number: float = 0.0

    def holds(self, values: Mapping[str, float]) -> bool:
        value = values.get(self.code, math.nan)
        match self.test:
            case "present":
                return value >= 0.5
            case "absent":
                return value < 0.5
            case "known":
                return not math.isnan(value)
            case ">=":
                return value >= self.number
            case "<":
                return value < self.number


@dataclass(frozen=True)
class Gate:
    """True when at least ``least`` of ``parts`` hold; of a denied gate when they do not."""

    parts: tuple[Node, ...]
    least: int
    denied: bool = False

    def holds(self, values: Mapping[str, float]) -> bool:
        return (sum(part.holds(values) for part in self.parts) >= self.least) is not self.denied


Node = Leaf | Gate


def leaves(node: Node) -> Iterator[Leaf]:
    """Every test in ``node``, in the order in which it is written."""
    if isinstance(node, Leaf):
        yield node
    else:
        for part in node.parts:
            yield from leaves(part)


def parse(source: str, terms: Mapping[str, Node], codes: frozenset[str]) -> Node:
    """The condition written in ``source``; ConditionError when it cannot be read or names what is neither term nor input."""
    parser = _Parser(source, terms, codes)
    node = parser.either()
    if parser.rest:
        raise ConditionError(f"{source!r}: not understood from {parser.rest!r} on")
    return node


class _Parser:
    """Recursive descent: either = both {"|" both}; both = single {"&" single}."""

    def __init__(self, source: str, terms: Mapping[str, Node], codes: frozenset[str]) -> None:
        self.source, self.rest = source, source.strip()
        self._terms, self._codes = terms, codes

    def either(self) -> Node:
        parts = self._listed("|", self._both)
        return parts[0] if len(parts) == 1 else Gate(parts, 1)

    def _both(self) -> Node:
        parts = self._listed("&", self._single)
        return parts[0] if len(parts) == 1 else Gate(parts, len(parts))

    def _listed(self, sign: str, part: Callable[[], Node]) -> tuple[Node, ...]:
        parts = [part()]
        while self._takes(sign):
            parts.append(part())
        return tuple(parts)

    def _single(self) -> Node:
        if self._takes("!"):
            return Gate((self._single(),), 1, denied=True)
        if self._takes("("):
            node = self.either()
            self._expect(")")
            return node
        match = self._next("name")
        name = match["name"]
        if name in _FUNCTIONS:
            return self._function(name)
        if match["test"]:
            return Leaf(self._input(name), ">=" if match["test"] == ">=" else "<", float(match["number"]))
        return self._terms[name] if name in self._terms else Leaf(self._input(name), "present")

    def _function(self, name: str) -> Node:
        self._expect("(")
        if name == "atleast":
            least = int(self._next("count")["count"])
            parts = []
            while self._takes(","):
                parts.append(self.either())
            node: Node = Gate(tuple(parts), least)
        else:
            node = Leaf(self._input(self._next("name")["name"]), "absent" if name == "absent" else "known")
        self._expect(")")
        return node

    def _input(self, name: str) -> str:
        if name not in self._codes:
            raise ConditionError(f"{self.source!r}: {name} is neither a term nor an input")
        return name

    def _takes(self, sign: str) -> bool:
        taken = self.rest.startswith(sign)
        if taken:
            self.rest = self.rest[1:].lstrip()
        return taken

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise ConditionError(f"{self.source!r}: {sign} is missing before {self.rest!r}")

    def _next(self, kind: str) -> re.Match[str]:
        match = _TOKEN.match(self.rest)
        if match is None or match[kind] is None:
            raise ConditionError(f"{self.source!r}: a {kind} is missing before {self.rest!r}")
        self.rest = self.rest[match.end() :].lstrip()
        return match
