"""The knowledge base of diseases of primary care: loaded and checked once. The folder ``knowledge/diseases`` is meant to be read by a clinician.

<group>.csv        one row a disease: how common at which age, how urgent when first met, what must be ruled out, what a township centre can check
<group>.links.csv  one row a link: how often the disease shows a finding, or comes to people who live with a condition
awaited.csv        diseases named by a ``rule_out`` whose own row is still to be written
from_tables.csv    further links, taken from published tables and recorded cases by ``python -m nlp.training.diseases``; written by hand goes first
refused.csv        what of those is not believed, with the reason

Nothing here names a disease to a patient: it serves the choice of questions and the doctor's list of candidates.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from nlp.interface.departments import DEPARTMENTS
from nlp.interface.urgency import Urgency
from nlp.language.lexicon import lexicon

from .knowledge import known_codes

_DEPARTMENTS = frozenset(entry.code for entry in DEPARTMENTS)
AGES = ("infant", "child", "adult", "elder")
"""Below 1 year, 1 to 14, 15 to 64, 65 and over."""
CHILD_FROM, ADULT_FROM, ELDER_FROM = 1, 15, 65
"""Years."""

SEXES = ("any", "male", "female")

FREQUENCY = {"A": 0.95, "B": 0.75, "C": 0.50, "D": 0.25, "E": 0.08, "N": 0.005}
"""P(finding | disease) by grade: A nearly always, B usually, C about half, D sometimes, E seldom, N hardly ever (its presence speaks against).
The grades are coarse and estimated, not measured: neighbouring grades are hard to tell apart, and results must hold when one is wrong by one."""

COMMONNESS = (0.0, 1 / 40_000, 1 / 3_000, 1 / 500, 1 / 100, 1 / 20)
"""Share of the visits to a township centre, at that age, by grade 0 (never) to 5 (very common). As coarse and as estimated as FREQUENCY; for a
disease of one sex among patients of that sex."""

_CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_ICD10 = re.compile(r"[A-Z]\d{2}(?:\.\d{1,2})?")
_SOURCE = re.compile(r"gk(?:; check: .*\b(?:19|20)\d\d\b.*)?|(?!gk).*\b(?:19|20)\d\d\b.*")
_DISEASE_COLUMNS = (
    "code", "name", "icd10", "departments", "urgency", "sex", "infant", "child", "adult", "elder", "rule_out", "checks", "note", "source",
)  # fmt: skip
_LINK_COLUMNS = ("disease", "finding", "grade", "origin", "source")
FROM_TABLES = "from_tables.csv"
FROM_TABLES_COLUMNS = (*_LINK_COLUMNS, "cases")
_REFUSED_COLUMNS = ("disease", "finding", "why")


class Origin(StrEnum):
    """Where a number comes from."""

    ESTIMATED = "estimated"
    """A clinician's grade from experience and general knowledge."""
    TABLE = "table"
    """Taken from a published table."""
    COUNTED = "counted"
    """Counted in recorded cases."""


_ORIGINS, _URGENCIES = frozenset(Origin), frozenset(Urgency)


class DiseaseError(ValueError):
    """The tables of diseases do not hold together; ``faults`` has one line each, with file and row."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True)
class Link:
    """How often ``disease`` shows ``finding`` (a finding, or a condition somebody lives with)."""

    disease: str
    finding: str
    grade: str
    origin: Origin
    source: str

    @property
    def frequency(self) -> float:
        """P(finding | disease)."""
        return FREQUENCY[self.grade]

    def moved(self, steps: int) -> float:
        """The frequency if the grade were wrong by ``steps`` (above 0: more frequent), stopping at the ends."""
        grades = tuple(FREQUENCY)
        place = grades.index(self.grade) - steps
        return FREQUENCY[grades[max(0, min(place, len(grades) - 1))]]


@dataclass(frozen=True)
class Disease:
    """One disease. ``commonness`` are grades by AGES; ``urgency`` is the level it usually deserves when first met; ``rule_out`` are the diseases that
    must be ruled out before this one is believed; ``checks`` what a township centre can do; ``source`` says "gk" for general knowledge."""

    code: str
    name: str
    group: str
    icd10: str
    departments: tuple[tuple[str, float], ...]
    urgency: Urgency
    sex: str
    commonness: tuple[int, int, int, int]
    rule_out: tuple[str, ...]
    checks: tuple[str, ...]
    note: str
    source: str
    links: tuple[Link, ...]

    def frequencies(self) -> dict[str, float]:
        """P(finding | disease) of what is linked and of what the reader hears with it: whoever says 夜里憋醒 is read as breathless too, so that the
        broader finding is never rarer than the narrow one. A narrow finding that speaks against says nothing of the broader one."""
        found = {link.finding: link.frequency for link in self.links}
        for link in self.links:
            if link.grade != "N":
                for wider in lexicon().broader.get(link.finding, ()):
                    found[wider] = max(found.get(wider, 0.0), link.frequency)
        return found

    def share(self, age_years: float | None, sex: str | None) -> float:
        """Share of the visits at that age and of that sex that this disease makes; 0 when it cannot be. An age that is not known counts as the age at
        which the disease is most common, a sex that is not known as the one that fits: what is not known rules nothing out."""
        if sex is not None and self.sex not in ("any", sex):
            return 0.0
        grade = max(self.commonness) if age_years is None else self.commonness[age_band(age_years)]
        return COMMONNESS[grade]


def age_band(years: float) -> int:
    """Place in AGES."""
    return sum(years >= start for start in (CHILD_FROM, ADULT_FROM, ELDER_FROM))


def _folder() -> Traversable:
    return resources.files("nlp.clinical").joinpath("knowledge", "diseases")


def groups() -> tuple[str, ...]:
    """Names of the groups that are written, in order."""
    return tuple(sorted(item.name.removesuffix(".links.csv") for item in _folder().iterdir() if item.name.endswith(".links.csv")))


@cache
def awaited() -> dict[str, str]:
    """Code and name of the diseases that a ``rule_out`` names and whose own row is still to be written."""
    file = _folder().joinpath("awaited.csv")
    return {row["code"]: row["name"] for row in _rows(file, ("code", "name"))} if file.is_file() else {}


@cache
def refused() -> dict[tuple[str, str], str]:
    """Pairs of a disease (or ``*`` for all) and a finding that the tables tell and nobody believes, with the reason."""
    return {(row["disease"], row["finding"]): row["why"] for row in _rows(_folder().joinpath("refused.csv"), _REFUSED_COLUMNS)}


@cache
def written_diseases() -> dict[str, Disease]:
    """All diseases by code with the links that are written by hand; DiseaseError with every fault when the tables do not hold together."""
    found: list[Disease] = []
    faults: list[str] = []
    for group in groups():
        try:
            found.extend(read_group(group))
        except DiseaseError as error:
            faults.extend(error.faults)
    for column in ("code", "name"):
        counted = Counter(getattr(disease, column) for disease in found)
        faults.extend(f"{column} {value} stands {count} times" for value, count in counted.items() if count > 1)
    codes = {disease.code for disease in found}
    for disease in found:
        missing = [code for code in disease.rule_out if code not in codes and code not in awaited()]
        faults.extend(f"{disease.group}.csv: {disease.code}: rule_out {code} is no disease, nor awaited" for code in missing)
    if faults:
        raise DiseaseError(faults)
    return {disease.code: disease for disease in found}


@cache
def diseases() -> dict[str, Disease]:
    """All diseases by code, in the order of the files, with every link; DiseaseError with every fault."""
    written = written_diseases()
    rows = _rows(_folder().joinpath(FROM_TABLES), FROM_TABLES_COLUMNS)
    faults = [f"{FROM_TABLES}: {row['disease']} {row['finding']}: {fault}" for row in rows for fault in _taken_faults(row, written)]
    if faults:
        raise DiseaseError(faults)
    links: dict[str, list[Link]] = {}
    for row in rows:
        links.setdefault(row["disease"], []).append(Link(row["disease"], row["finding"], row["grade"], Origin(row["origin"]), row["source"]))
    return {code: replace(disease, links=(*disease.links, *links.get(code, ()))) for code, disease in written.items()}


def _taken_faults(row: dict[str, str], written: dict[str, Disease]) -> Iterable[str]:
    yield from _link_faults(row)
    if row["disease"] not in written:
        yield "no such disease"
    elif any(link.finding == row["finding"] for link in written[row["disease"]].links):
        yield "is written by hand too"
    if row["origin"] == Origin.ESTIMATED:
        yield "is estimated: that is written by hand"
    if {(row["disease"], row["finding"]), ("*", row["finding"])} & refused().keys():
        yield "is refused"


def read_group(group: str) -> tuple[Disease, ...]:
    """The diseases of one group with their links, checked by themselves; DiseaseError with every fault."""
    rows = _rows(_folder().joinpath(f"{group}.csv"), _DISEASE_COLUMNS)
    link_rows = _rows(_folder().joinpath(f"{group}.links.csv"), _LINK_COLUMNS)
    faults = [f"{group}.csv: {row['code']}: {fault}" for row in rows for fault in _disease_faults(row)]
    faults += [f"{group}.links.csv: {row['disease']} {row['finding']}: {fault}" for row in link_rows for fault in _link_faults(row)]
    pairs = Counter((row["disease"], row["finding"]) for row in link_rows)
    faults += [f"{group}.links.csv: {disease} {finding}: stands {count} times" for (disease, finding), count in pairs.items() if count > 1]
    codes = {row["code"] for row in rows}
    faults += [f"{group}.links.csv: {name}: no such disease in {group}.csv" for name in sorted({row["disease"] for row in link_rows} - codes)]
    if faults:
        raise DiseaseError(faults)
    links: dict[str, list[Link]] = {}
    for row in link_rows:
        link = Link(row["disease"], row["finding"], row["grade"], Origin(row["origin"]), row["source"])
        links.setdefault(link.disease, []).append(link)
    found = tuple(_disease(group, row, tuple(links.get(row["code"], ()))) for row in rows)
    unshown = [disease.code for disease in found if not any(link.grade in "AB" for link in disease.links)]
    if unshown:
        raise DiseaseError(f"{group}.links.csv: {code}: nothing it shows usually (grade A or B)" for code in unshown)
    return found


def _disease(group: str, row: dict[str, str], links: tuple[Link, ...]) -> Disease:
    infant, child, adult, elder = (int(row[age]) for age in AGES)
    return Disease(
        code=row["code"],
        name=row["name"],
        group=group,
        icd10=row["icd10"],
        departments=tuple((code, float(weight)) for code, _, weight in (item.partition(":") for item in row["departments"].split())),
        urgency=Urgency(row["urgency"]),
        sex=row["sex"],
        commonness=(infant, child, adult, elder),
        rule_out=tuple(row["rule_out"].split()),
        checks=tuple(row["checks"].split("、")),
        note=row["note"],
        source=row["source"],
        links=links,
    )


def _disease_faults(row: dict[str, str]) -> Iterable[str]:
    if not _CODE.fullmatch(row["code"]):
        yield "the code is not english_snake"
    if not _ICD10.fullmatch(row["icd10"]):
        yield f"{row['icd10']!r} is no ICD-10 code"
    for item in row["departments"].split() or [""]:
        code, _, weight = item.partition(":")
        if code not in _DEPARTMENTS or not weight.isdigit() or not int(weight):
            yield f"{item!r} is no department with its weight"
    if row["urgency"] not in _URGENCIES:
        yield f"{row['urgency']!r} is no level of urgency"
    if row["sex"] not in SEXES:
        yield f"{row['sex']!r} is none of {', '.join(SEXES)}"
    grades = [row[age] for age in AGES]
    if any(grade not in {str(place) for place in range(len(COMMONNESS))} for grade in grades):
        yield f"how common is graded {' '.join(grades)}, not 0 to {len(COMMONNESS) - 1}"
    elif set(grades) == {"0"}:
        yield "it comes at no age"
    if row["code"] in row["rule_out"].split():
        yield "it rules itself out"
    if not row["name"] or not row["note"] or not all(row["checks"].split("、")):
        yield "name, checks or note is empty"
    if not _SOURCE.fullmatch(row["source"]):
        yield "the source is neither gk nor a title with its year"


def _link_faults(row: dict[str, str]) -> Iterable[str]:
    if row["finding"] not in known_codes():
        yield "no such finding or condition"
    if row["grade"] not in FREQUENCY:
        yield f"{row['grade']!r} is no grade"
    if row["origin"] not in _ORIGINS:
        yield f"{row['origin']!r} is no origin"
    if row["source"] and not _SOURCE.fullmatch(row["source"]):
        yield "the source is neither gk nor a title with its year"


def _rows(file: Traversable, columns: tuple[str, ...]) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")), strict=True)
    rows = list(reader)
    if tuple(reader.fieldnames or ()) != columns:
        raise DiseaseError([f"{file.name}: the columns are {', '.join(reader.fieldnames or ())}, not {', '.join(columns)}"])
    odd = [f"{file.name}: line {place}: too many or too few columns" for place, row in enumerate(rows, 2) if None in row or None in row.values()]
    if odd:
        raise DiseaseError(odd)
    return rows
