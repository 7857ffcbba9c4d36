"""From sums and rows to what a doctor reads: order, grade in words, what speaks for and against, what is missing, what to heed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nlp.clinical.case import Case
from nlp.interface.assessment import Facts
from nlp.interface.candidates import Candidate, Candidates, Grade, Point

from . import model, rules
from .inputs import measures, of_case

_LIKELY, _POSSIBLE, _UNLIKELY = (rules.thousandths(rules.log_odds(share)) for share in (0.50, 0.15, 0.05))
"""The bands of the ESC guideline of 2024 (very low up to 5 %, low to 15 %, moderate to 50 %), taken for all four: they part grades, they are not
shown."""
_PLACE = re.compile(r"\{([a-z0-9_]+)\}")
_SEVERITY_DOES = ((3, "CRB-65 {} 分:重症,马上转诊"), (1, "CRB-65 {} 分:考虑住院或转诊"))
"""Lim, Thorax 2003;58:377, of the points that could be judged: what was not measured counts as none, so the score is a lower bound."""


def ranked(facts: Facts, laboratory: Mapping[str, float] | None = None, examined: Mapping[str, bool] | None = None) -> Candidates:
    """The diseases of the tables that this case asks about, the strongest grade first, then by score.

    ``laboratory``: values by the codes of ``knowledge/candidates/values.csv`` in their units; they add to what was measured or replace it.
    ``examined``: what a doctor looked for (codes of signs.csv or of the lexicon; False: not there). ImplausibleValue for what cannot be. For
    doctors alone: it names diseases.
    """
    return of_values(of_case(Case(facts), laboratory, examined))


def of_values(values: Mapping[str, float]) -> Candidates:
    """The same from inputs that are filled already."""
    known = rules.knowledge()
    found = model.outcome(values)
    read = [_Read(known, found, place, values).candidate() for place, applies in enumerate(found.applies) if applies]
    order = sorted(read, key=lambda one: (list(Grade).index(one.grade), -(one.score or 0), one.code))
    return Candidates(model=model.version(), found=tuple(one.model_copy(update={"rank": rank}) for rank, one in enumerate(order, 1)))


class _Read:
    """One disease of one case, read from the outcome."""

    def __init__(self, known: rules.Knowledge, found: rules.Outcome, place: int, values: Mapping[str, float]) -> None:
        self._subject, self._values = known.subjects[place], values
        self._score, self._decisive = found.scores[place], found.decisive[place]
        held = [row for row, holds in zip(known.rows, found.holds, strict=True) if holds and row.disease == self._subject.code]
        self._personal = sum(row.disease == self._subject.code and row.kind == "prior" for row in known.rows) > 1
        """Whether the prior hangs on who it is; one for everybody tells nothing about this person."""
        self._of = {kind: [row for row in held if row.kind == kind] for kind in rules.KINDS}

    def candidate(self) -> Candidate:
        leading = [*self._of["criterion"], *self._of["known"]]
        evidence = sorted(self._of["evidence"], key=lambda row: -abs(row.weight))
        telling = [row for row in self._of["prior"] if row.weight >= _POSSIBLE]
        seldom = [row for row in self._of["prior"] if row.weight <= _UNLIKELY and self._personal]
        return Candidate(
            code=self._subject.code,
            name=self._subject.name,
            icd10=self._subject.icd10,
            rank=1,
            grade=self._grade(),
            score=self._score,
            speaks_for=self._points([*leading, *(row for row in evidence if row.weight > 0), *telling]),
            speaks_against=self._points([*(row for row in evidence if row.weight < 0), *seldom]),
            missing=tuple(self._words(row) for row in self._of["missing"]),
            cautions=(*(self._words(row) for row in self._of["caution"]), *self._severity()),
        )

    def _grade(self) -> Grade:
        if self._of["known"]:
            return Grade.KNOWN
        if self._of["criterion"]:
            return Grade.CRITERIA_MET
        if self._of["line"]:
            return Grade.ONCE_ABOVE
        if not self._decisive:
            return Grade.UNDECIDED
        bands = ((_LIKELY, Grade.PROBABLE), (_POSSIBLE, Grade.POSSIBLE), (_UNLIKELY, Grade.UNLIKELY))
        return next((grade for bound, grade in bands if self._score > bound), Grade.VERY_UNLIKELY)

    def _severity(self) -> tuple[str, ...]:
        if self._score <= _UNLIKELY and not self._of["criterion"]:
            return ()
        points = len(self._of["severity"])
        return next(((words.format(points),) for least, words in _SEVERITY_DOES if points >= least), ())

    def _points(self, held: list[rules.Row]) -> tuple[Point, ...]:
        said: dict[str, Point] = {}
        for row in held:
            words = self._words(row)
            said.setdefault(words, Point(text=words, rule=row.id, source=_cited(row.source), origin=row.origin))
        return tuple(said.values())

    def _words(self, row: rules.Row) -> str:
        return _PLACE.sub(lambda match: self._shown(match[1]), row.words)

    def _shown(self, code: str) -> str:
        value = self._values.get(code)
        return "?" if value is None else f"{value:g}"


def labels() -> dict[str, str]:
    """Label and unit of every value that can be given, by code: for a form."""
    return {code: f"{one.label}({one.unit})" for code, one in measures().items()}


def _cited(name: str) -> str:
    source = rules.sources()[name]
    return str(source["title"]) if source["edition"] == "-" else f"{source['title']}({source['edition']})"
