"""What was found at one account, as an operator reads it: a mark, what it is about, and what to do next. Never a secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Mark(StrEnum):
    DONE = "✓ 已办"
    ALREADY = "✓ 正常"
    WOULD = "→ 将办"
    """Only with --dry-run: what a run without it would do."""
    MIND = "! 留意"
    """Works; somebody should look at it."""
    MISSING = "✗ 缺少"
    WRONG = "✗ 不通"


_BAD = (Mark.MISSING, Mark.WRONG)


@dataclass(frozen=True, slots=True)
class Finding:
    """``then``: what to do about it, a whole sentence."""

    mark: Mark
    what: str
    then: str = ""

    @property
    def bad(self) -> bool:
        return self.mark in _BAD


@dataclass(slots=True)
class Section:
    """What was found at one account."""

    title: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, mark: Mark, what: str, then: str = "") -> None:
        self.findings.append(Finding(mark, what, then))

    @property
    def bad(self) -> bool:
        return any(one.bad for one in self.findings)


def told(sections: Iterable[Section]) -> Iterator[str]:
    """The lines of the report."""
    for section in sections:
        yield f"{section.title}"
        for one in section.findings:
            yield f"  {one.mark}  {one.what}"
            if one.then:
                yield f"          {one.then}"
        yield ""


def status_of(sections: Iterable[Section]) -> int:
    """Exit status: 0 when nothing is missing, 2 otherwise."""
    return 2 if any(section.bad for section in sections) else 0
