"""Clauses: the stretches within which a negation, a subject or a time holds."""

from __future__ import annotations

from dataclasses import dataclass

from .normal import HARD_BREAKS, NormalText


@dataclass(frozen=True, slots=True)
class Clause:
    """``text[start:end]`` of the normalised text; ``sentence`` counts the sentences; ``soft`` tells that only a space ended it."""

    index: int
    start: int
    end: int
    sentence: int
    soft: bool

    def holds(self, position: int) -> bool:
        return self.start <= position < self.end


def clauses(text: NormalText) -> tuple[Clause, ...]:
    """All clauses in order; empty ones are left out."""
    found: list[Clause] = []
    start, sentence = 0, 0
    content = text.text
    for position in range(len(content) + 1):
        hard = position == len(content) or content[position] in HARD_BREAKS
        soft = not hard and position in text.breaks
        if not hard and not soft:
            continue
        if position > start:
            found.append(Clause(len(found), start, position, sentence, soft))
        start = position + 1 if hard else position
        if hard and position < len(content) and content[position] in "。！？":
            sentence += 1
    return tuple(found)
