"""No pattern may hang: what stands under a star must be readable in one way only, and no text of the greatest length takes long."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from functools import cache
from itertools import product
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import nlp.language
from nlp.language.lexicon import Lexicon, rows
from nlp.language.normal import MAX_CHARACTERS

_MANY = 24
"""A repeat that may run at least so often counts as a star; below that even two ways to read each piece stay few."""
_MOST_WORDS = 4000
_SLOWEST = 10.0
"""Seconds of computing for one pattern on one text of the greatest length, ten times what a slow machine needs; a pattern that hangs takes hours."""
_PART = 4
"""What is done with a text of this part of the greatest length in less than 1/``_PART``**4 of ``_SLOWEST`` (40 ms) need not be tried on the whole
one: to take ``_SLOWEST`` there it would have to grow faster than the fourth power, and a pattern that grows with the third already takes longer
on the part (n³/6 steps of a nanosecond are a third of a second)."""


def _module_patterns() -> Iterator[tuple[str, str]]:
    for module in pkgutil.iter_modules(nlp.language.__path__):
        if module.ispkg:
            continue
        loaded = importlib.import_module(f"nlp.language.{module.name}")
        for name, value in vars(loaded).items():
            own = hasattr(value, "cache_info") and value.__module__ == loaded.__name__
            made = value() if own and not value.__wrapped__.__code__.co_argcount else value
            for at, expression in enumerate(_within(made)):
                yield f"{module.name}.{name}[{at}]", expression


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, re.Pattern):
        yield value.pattern
    elif isinstance(value, (tuple, list, frozenset)):
        for item in value:
            yield from _within(item)
    elif isinstance(value, dict):
        yield from _within(list(value.values()))
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, (type, Lexicon)):
        yield from _within([getattr(value, name) for name in value.__dataclass_fields__])


def _all() -> dict[str, str]:
    files = ("patterns.csv", "functions.csv", "idle.csv")
    found = {f"{name}:{number}": row["regex"] for name in files for number, row in enumerate(rows(name), start=2)}
    return found | dict(_module_patterns())


PATTERNS = _all()


def _words(tree: Any) -> set[str] | None:
    """Every string that ``tree`` reads, or None where they are too many or too vague to list."""
    words = {""}
    for op, value in tree:
        more = _pieces(op, value)
        if more is None or len(words) * len(more) > _MOST_WORDS:
            return None
        words = {one + other for one, other in product(words, more)}
    return words


def _pieces(op: Any, value: Any) -> set[str] | None:
    if op is ops.LITERAL:
        return {chr(value)}
    if op is ops.IN:
        return _characters(value)
    if op is ops.SUBPATTERN:
        return _words(value[3])
    if op is ops.BRANCH:
        parts = [_words(branch) for branch in value[1]]
        return None if any(part is None for part in parts) else set().union(*(part for part in parts if part is not None))
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
        least, most, body = value
        once = _words(body)
        if once is None or most == ops.MAXREPEAT or most > 3:
            return None
        return {"".join(parts) for times in range(least, most + 1) for parts in product(once, repeat=times)}
    if op in (ops.ASSERT, ops.ASSERT_NOT, ops.AT):
        return {""}  # what is only looked at can but take readings away
    return None


def _characters(members: Any) -> set[str] | None:
    found: set[str] = set()
    for op, value in members:
        if op is ops.LITERAL:
            found.add(chr(value))
        elif op is ops.RANGE and value[1] - value[0] < 40:
            found |= {chr(code) for code in range(value[0], value[1] + 1)}
        elif op is ops.CATEGORY and value is ops.CATEGORY_DIGIT:
            found |= set("0123456789")
        else:
            return None
    return found


def _two_ways(words: set[str]) -> bool:
    """Whether some text is made of ``words`` in two ways (Sardinas and Patterson, 1953)."""
    words = words - {""}

    def rest(first: set[str], second: set[str]) -> set[str]:
        return {long[len(short) :] for short in first for long in second if long != short and long.startswith(short)}

    seen: set[str] = set()
    dangling = rest(words, words)
    while dangling - seen:
        if dangling & words:
            return True
        seen |= dangling
        dangling = rest(words, dangling) | rest(dangling, words)
    return bool(dangling & words)


def _starred(tree: Any) -> Iterator[Any]:
    """The bodies under a star, at any depth."""
    for op, value in tree:
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            if value[1] >= _MANY:
                yield value[2]
            yield from _starred(value[2])
        elif op is ops.SUBPATTERN:
            yield from _starred(value[3])
        elif op is ops.BRANCH:
            for branch in value[1]:
                yield from _starred(branch)
        elif op in (ops.ASSERT, ops.ASSERT_NOT):
            yield from _starred(value[1])


@cache
def _words_under_stars(expression: str) -> tuple[set[str] | None, ...]:
    """What ``_words`` lists for each body under a star of ``expression``; worked out once for both questions about it."""
    return tuple(_words(body) for body in _starred(parser.parse(expression)))


def ambiguous(expression: str) -> list[set[str]]:
    """The sets of words under a star of ``expression`` that some text can be read with in two ways."""
    return [words for words in _words_under_stars(expression) if words is not None and _two_ways(words)]


@pytest.mark.parametrize(("expression", "hangs"), [
    ("(?:有|点|有点)*疼", True), ("(?:有|有点)*疼", False), ("(?:a|aa)*b", True), ("(?:的?|得)*x", False), ("(?:也|都)+x", False),
    ("(?:[一二]|一二)*x", True), ("(?:大|小){0,3}x", False),
])  # fmt: skip
def test_the_checker_knows_what_hangs(expression: str, hangs: bool) -> None:
    assert bool(ambiguous(expression)) == hangs


def test_nothing_under_a_star_can_be_read_in_two_ways() -> None:
    found = {name: ambiguous(expression) for name, expression in PATTERNS.items()}
    assert {name: sorted(words[0], key=len)[:8] for name, words in found.items() if words} == {}


def _hostile(expression: str) -> Iterator[str]:
    """Texts of the greatest length that keep each star of ``expression`` running and then fail."""
    for listed in _words_under_stars(expression):
        words = sorted((listed or set()) - {""}, key=len)
        for filler in {"".join(words[:3]), *(words[-1:])}:
            if filler:
                yield (filler * (MAX_CHARACTERS // len(filler) + 1))[:MAX_CHARACTERS]


def _seconds(compiled: re.Pattern[str], text: str) -> float:
    """Seconds of computing until ``compiled`` has been found wherever it stands in ``text``."""
    started = time.process_time()
    for _ in compiled.finditer(text):
        pass
    return time.process_time() - started


def test_no_pattern_takes_long_on_a_hostile_text() -> None:
    slow: list[tuple[str, str]] = []
    for name, expression in PATTERNS.items():
        compiled = re.compile(expression)
        texts = {*_hostile(expression), "一" * MAX_CHARACTERS}
        doubtful = [text for text in texts if _seconds(compiled, text[: MAX_CHARACTERS // _PART]) > _SLOWEST / _PART**4]
        slow += [(name, text[:12]) for text in doubtful if _seconds(compiled, text) > _SLOWEST]
    assert slow == []
