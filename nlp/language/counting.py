"""How many ways of saying a thing the lexicon really knows: a row counts only if nothing else of the lexicon gives the same code for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from .lexicon import CONDITION_SURFACES, Lexicon, folded, lexicon, rows, surface_files
from .matching import mentions
from .normal import normalise
from .words import WordBoundaries


@dataclass(frozen=True, slots=True)
class Counts:
    """``rows``: ways of saying as written; ``distinct``: those left when the normaliser and the reading of 疼 as 痛 made some the same;
    ``own``: those of them that no combination, pattern or shorter word inside gives the same code for. Each by file (system)."""

    rows: Counter[str]
    distinct: Counter[str]
    own: Counter[str]
    kinds: Counter[str]
    """``own`` by kind: medical, everyday, dialect, typing, voice."""
    findings: int
    conditions: int

    @property
    def of_findings(self) -> int:
        """``own`` without the names of long-standing illness and medicines."""
        return self.own.total() - self.own["conditions"]

    def table(self) -> str:
        """As lines of a Markdown table."""
        lines = ["| system | rows | distinct | own |", "|---|---|---|---|"]
        lines += [f"| {name} | {self.rows[name]} | {self.distinct[name]} | {self.own[name]} |" for name in sorted(self.rows)]
        lines.append(f"| all | {self.rows.total()} | {self.distinct.total()} | {self.own.total()} |")
        kinds = "; ".join(f"{kind} {number}" for kind, number in self.kinds.most_common())
        summary = f"{self.findings} findings, {self.conditions} conditions; own ways to say a finding: {self.of_findings} ({kinds})"
        return "\n".join([*lines, "", summary])


def _ways() -> Iterator[tuple[str, dict[str, str]]]:
    """(system, row) of each way of saying that is not the same as one before."""
    seen: set[str] = set()
    for name in surface_files():
        for row in rows(name):
            said = folded(normalise(row["surface"]).text)
            if said not in seen:
                seen.add(said)
                yield _system(name), row


def _system(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".csv")


def without(surface: str, boundaries: WordBoundaries) -> frozenset[str]:
    """The codes that ``surface`` would give if it were no row of its own."""
    lex = lexicon()
    text = normalise(surface)
    found = mentions(text, boundaries, without=folded(text.text))
    return frozenset(given for mention in found if not mention.flipped for given in _given(mention.code, lex))


@cache
def _left_out() -> tuple[tuple[str, dict[str, str], frozenset[str]], ...]:
    """(system, row, codes) of each way of saying: what would be read in its words if it were no row of its own. Worked out once, in a few seconds:
    every question that is asked here of the whole lexicon looks at it."""
    boundaries = word_boundaries()
    return tuple((system, row, without(row["surface"], boundaries)) for system, row in _ways())


def swallowed() -> tuple[tuple[str, str, frozenset[str]], ...]:
    """(code, surface, codes) of each row because of which other codes are no longer read from its words (头 and 痛 in 龟头痛)."""
    lex = lexicon()
    found = []
    for _, row, codes in _left_out():
        given = {*_given(row["code"], lex), *lex.also.get(folded(row["surface"].lower()), ())}
        if lost := codes - given:
            found.append((row["code"], row["surface"], lost))
    return tuple(found)


def _given(code: str, lex: Lexicon) -> tuple[str, ...]:
    return (code, *lex.broader.get(code, ()))


def not_own() -> tuple[tuple[str, str], ...]:
    """(code, surface) of each row that could be left out without loss."""
    return tuple((row["code"], row["surface"]) for _, row, codes in _left_out() if row["code"] in codes)


def count() -> Counts:
    """Count the lexicon as it stands (a few seconds)."""
    written = Counter({_system(name): len(rows(name)) for name in surface_files()})
    distinct: Counter[str] = Counter()
    own: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for system, row, codes in _left_out():
        distinct[system] += 1
        if row["code"] not in codes:
            own[system] += 1
            kinds[row["kind"]] += system != _system(CONDITION_SURFACES)
    return Counts(written, distinct, own, kinds, len(rows("findings.csv")), len(rows("conditions.csv")))


def word_boundaries() -> WordBoundaries:
    lex = lexicon()
    return WordBoundaries(frozenset(word for word in (*lex.surfaces, *lex.blocked, *lex.people) if len(word) > 1))
