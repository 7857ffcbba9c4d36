"""What characters a text must hold before a regular expression can match in it: a look at the text's characters is cheaper than a search.

Read from the expression as ``re`` parses it. Whatever is not understood demands nothing, so that no match is ever lost (held by a test on every
pattern and every text of the project).
"""

from __future__ import annotations

from collections.abc import Iterable
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST_CHARACTERS = 60
"""A demand that so many characters meet rules little out."""
KEPT = 3
"""Demands kept of one expression, those first that the fewest characters meet."""

Demands = tuple[frozenset[str], ...]


def required(expression: str) -> Demands:
    """Sets of characters: a text that lacks all characters of one of them holds no match of ``expression``."""
    demands = {demand for demand in _of_sequence(parser.parse(expression)) if len(demand) <= MOST_CHARACTERS}
    return tuple(sorted(demands, key=lambda demand: (len(demand), sorted(demand)))[:KEPT])


def met(demands: Demands, characters: frozenset[str]) -> bool:
    """Whether a text of these ``characters`` may hold a match."""
    for demand in demands:  # noqa: SIM110 - looked at a hundred times for each text: a generator costs three times as much
        if demand.isdisjoint(characters):
            return False
    return True


class Demanding:
    """Expressions by what they demand, so that a text looks only at those that may match in it."""

    def __init__(self, demands: Iterable[Demands]) -> None:
        self._demands = tuple(demands)
        self._always = frozenset(place for place, one in enumerate(self._demands) if not one)
        named: dict[str, list[int]] = {}
        for place, one in enumerate(self._demands):
            for character in one[0] if one else ():
                named.setdefault(character, []).append(place)
        self._named = named
        self._further = tuple(one[1:] for one in self._demands)

    def possible(self, text: str) -> list[int]:
        """Places of the expressions that may match in ``text``, in order."""
        characters = frozenset(text)
        places: set[int] = set()
        for character in characters & self._named.keys():
            places.update(self._named[character])
        # What is met by being named here need not be looked at again.
        possible = [place for place in places if met(self._further[place], characters)]
        return sorted([*self._always, *possible])


def _of_sequence(parsed: Iterable[tuple[Any, Any]]) -> set[frozenset[str]]:
    return {demand for kind, value in parsed for demand in _of_part(kind, value)}


def _of_part(kind: Any, value: Any) -> set[frozenset[str]]:
    if kind is constants.LITERAL:
        return {frozenset(chr(value))}
    if kind is constants.IN:
        among = _among(value)
        return {among} if among else set()
    if kind is constants.SUBPATTERN:
        return _of_sequence(value[3])
    if kind is constants.ATOMIC_GROUP:
        return _of_sequence(value)
    if kind in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
        least, _, repeated = value
        return _of_sequence(repeated) if least else set()
    if kind is constants.BRANCH:
        return _of_branches(value[1])
    return set()


def _of_branches(branches: Iterable[Iterable[tuple[Any, Any]]]) -> set[frozenset[str]]:
    """One demand: the characters of one demand of each branch, of that which the fewest characters meet."""
    chosen = [min(demands, key=len) if (demands := _of_sequence(branch)) else None for branch in branches]
    known = [demand for demand in chosen if demand is not None]
    return {frozenset[str]().union(*known)} if len(known) == len(chosen) else set()


def _among(members: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """The characters of ``[…]``; empty where it says which are not meant, or names a kind."""
    found: set[str] = set()
    for kind, value in members:
        if kind is constants.LITERAL:
            found.add(chr(value))
        elif kind is constants.RANGE and value[1] - value[0] <= MOST_CHARACTERS:
            found.update(map(chr, range(value[0], value[1] + 1)))
        else:
            return frozenset()
    return frozenset(found)
