"""Recorded inquiries: what a patient said unprompted, what came out on asking, what it was.

A file holds one JSON object a line: ``id``, ``disease``, ``explicit`` and ``implicit`` ({finding: value}); 1 has it, 0 does not, 2 only mentioned.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .knowledge import NO, YES, Bools, Wholes
from .posterior import NOT_ASKED

MENTIONED, NOT_ON_RECORD = "mentioned", "not_on_record"
ANSWERS = (YES, NO, MENTIONED, NOT_ON_RECORD)
"""What a recorded patient can answer. "Not on record" tells something: with other diseases it would have been asked for."""

_PLACE = {1: ANSWERS.index(YES), 0: ANSWERS.index(NO), 2: ANSWERS.index(MENTIONED)}
SILENT = ANSWERS.index(NOT_ON_RECORD)


class CaseError(ValueError):
    """A line is no recorded inquiry; the text says which line and why."""


@dataclass(frozen=True)
class Case:
    id: str
    disease: str
    explicit: dict[str, int]
    implicit: dict[str, int]


@dataclass(frozen=True, eq=False)
class Table:
    """Cases as arrays over the findings and diseases of a training file.

    disease  (N,)    place of the disease, -1 where the training file does not have it
    said     (N, S)  place in ANSWERS of what was said unprompted, else NOT_ASKED
    answers  (N, S)  place in ANSWERS of what asking brings
    listed   (N, S)  whether a finding came out on asking and had not been said before, whatever its value
    implicit (N,)    findings on record on asking, those unknown to the training file included
    again    (N,)    of these, how many had been said unprompted and are therefore never asked for
    """

    diseases: tuple[str, ...]
    findings: tuple[str, ...]
    disease: Wholes
    said: Wholes
    answers: Wholes
    listed: Bools
    implicit: Wholes
    again: Wholes

    def __len__(self) -> int:
        return len(self.disease)

    def only(self, places: Wholes) -> Table:
        """The cases at ``places``."""
        return replace(self, **{name: getattr(self, name)[places] for name in ("disease", "said", "answers", "listed", "implicit", "again")})

    @property
    def on_record(self) -> Bools:
        """(N, S) findings that asking would bring to light."""
        return np.asarray((self.answers != SILENT) & (self.said == NOT_ASKED))

    @property
    def may_be_asked(self) -> Bools:
        return np.asarray(self.said == NOT_ASKED)


def _values(line: dict[str, object], name: str) -> dict[str, int]:
    values = line.get(name)
    if not isinstance(values, dict) or any(type(value) is not int or value not in _PLACE for value in values.values()):
        raise CaseError(f"{name} is not {{finding: 0, 1 or 2}}")
    return values


def read(path: Path) -> list[Case]:
    """The cases of a file. OSError where there is none, CaseError where a line is none."""
    found: list[Case] = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            if not isinstance(line, dict) or not isinstance(line.get("disease"), str):
                raise CaseError("no disease")
            found.append(Case(str(line.get("id", number)), line["disease"], _values(line, "explicit"), _values(line, "implicit")))
        except (CaseError, ValueError) as error:
            raise CaseError(f"{path.name}, line {number}: {error}") from None
    if not found:
        raise CaseError(f"{path.name} holds no case")
    return found


def names(cases: Iterable[Case]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Diseases and findings of ``cases``, in the order of their names."""
    listed = list(cases)
    findings = {finding for case in listed for finding in (*case.explicit, *case.implicit)}
    return tuple(sorted({case.disease for case in listed})), tuple(sorted(findings))


def table(cases: Sequence[Case], diseases: tuple[str, ...], findings: tuple[str, ...], not_sure_is_silence: bool = False) -> Table:
    """``cases`` as arrays. ``not_sure_is_silence``: an answer of 2 cannot be told from "not on record" (a stricter reading of the protocol)."""
    place = {finding: at for at, finding in enumerate(findings)}
    label = {disease: at for at, disease in enumerate(diseases)}
    said = np.full((len(cases), len(findings)), NOT_ASKED, np.int64)
    answers = np.full((len(cases), len(findings)), SILENT, np.int64)
    listed = np.zeros(answers.shape, np.bool_)
    for row, case in enumerate(cases):
        for into, values in ((said, case.explicit), (answers, case.implicit)):
            for finding, value in values.items():
                if finding in place:
                    if into is answers:
                        listed[row, place[finding]] = finding not in case.explicit
                    into[row, place[finding]] = SILENT if not_sure_is_silence and value == 2 and into is answers else _PLACE[value]
    return Table(
        diseases=diseases,
        findings=findings,
        disease=np.array([label.get(case.disease, -1) for case in cases], np.int64),
        said=said,
        answers=answers,
        listed=listed,
        implicit=np.array([len(case.implicit) for case in cases], np.int64),
        again=np.array([len(case.implicit.keys() & case.explicit.keys()) for case in cases], np.int64),
    )
