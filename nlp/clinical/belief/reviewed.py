"""The reviewed tables of diseases (``nlp.clinical.diseases``) as arrays, made once.

What the tables leave open is filled in coarsely, and always towards "tells little":

* A finding without a link to a disease happens with it as often as with anybody who comes: its background rate. It is a part of how often the
  finding comes at all, summed over the diseases that show it by how common they are (``background``). A long-standing condition has no such part:
  whoever has a cold has diabetes as often as others.
* N (hardly ever) never lies above the background, and for a disease that is critical or emergent it is the background: what is usual with harmless
  things must not talk a danger away.
* Somebody who says more exactly what a disease shows (黄痰 where the table says 咳痰) is not thereby further from it: the narrow finding takes a
  share of the broad one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from nlp.clinical.diseases import COMMONNESS, FREQUENCY, Disease, Link, diseases
from nlp.interface.departments import DEPARTMENTS
from nlp.interface.urgency import Urgency
from nlp.language.lexicon import lexicon, rows

from .knowledge import Bools, Floats, Wholes

LEVELS = tuple(Urgency)
DANGEROUS = frozenset([Urgency.CRITICAL, Urgency.EMERGENT])
OF_PREGNANCY = "O"
"""The chapter of ICD-10 (XV) of pregnancy, birth and the time after."""

_CHILDBED = frozenset(["O72", *(f"O{number}" for number in range(85, 93))])
"""ICD-10: bleeding after birth, and what the puerperium brings."""
_CAUSES = frozenset(["injury", "poison", "bite"])
"""Parts of the lexicon (the column "system")."""
_AGES = np.array([0.04, 0.16, 0.5, 0.3], np.float32)
"""Share of the visits by infants, children, adults and the old: coarse, estimated; used for background rates alone."""
_BY_CHANCE = 0.15
"""The part of a finding's rate among all who come that somebody has beside an illness that does not cause it. Estimated."""
_LEAST, _MOST = 0.002, 0.03
_CONDITION_LEAST, _CONDITION_MOST = 0.01, 0.25
_NARROW_LEAST, _NARROW_MOST = 0.02, 0.5
_CEILING = 0.97
"""No answer is certain under any disease."""


@dataclass(frozen=True, eq=False)
class Reviewed:
    """D diseases, S findings (and conditions), G departments.

    yes         (D, S) P(finding | disease)
    linked      (D, S) whether the tables say it of this disease, themselves or through a broader or narrower finding
    background  (S,)   P(finding | a disease that has nothing to do with it)
    share       (4, D) part of the visits at each of AGES
    level       (D,)   place in LEVELS
    department  (D, G) the weights of its departments, summing to 1
    male, female, of_pregnancy, of_childbed (D,) whether it is of that sex alone, of pregnancy and birth alone, of the weeks after birth alone
    of_cause    (D,)   whether it comes of a cause that people tell of their own accord; never a dangerous one, which is not to be talked away
    condition   (S,)   whether it is a long-standing condition
    cause       (S,)   whether it is what happened to somebody (injury, poison, bite) and no sign of illness
    """

    diseases: tuple[Disease, ...]
    findings: tuple[str, ...]
    departments: tuple[str, ...]
    yes: Floats
    linked: Bools
    background: Floats
    share: Floats
    level: Wholes
    department: Floats
    male: Bools
    female: Bools
    of_pregnancy: Bools
    of_childbed: Bools
    of_cause: Bools
    condition: Bools
    cause: Bools

    def __post_init__(self) -> None:
        no = np.float32(1) - self.yes
        object.__setattr__(self, "log_yes", np.ascontiguousarray(np.log(self.yes).T))
        object.__setattr__(self, "log_no", np.ascontiguousarray(np.log(no).T))
        object.__setattr__(self, "unlinked", np.ascontiguousarray(~self.linked.T))
        object.__setattr__(self, "noise", -(self.yes * np.log(self.yes) + no * np.log(no)))
        object.__setattr__(self, "place", {finding: at for at, finding in enumerate(self.findings)})
        object.__setattr__(self, "number", {disease.code: at for at, disease in enumerate(self.diseases)})
        object.__setattr__(self, "dangerous", np.isin(self.level, [LEVELS.index(level) for level in DANGEROUS]))

    log_yes: Floats = None  # type: ignore[assignment]
    """(S, D)"""
    log_no: Floats = None  # type: ignore[assignment]
    """(S, D)"""
    unlinked: Bools = None  # type: ignore[assignment]
    """(S, D)"""
    noise: Floats = None  # type: ignore[assignment]
    """(D, S) entropy in nats of the answer when the disease is certain."""
    place: dict[str, int] = None  # type: ignore[assignment]
    number: dict[str, int] = None  # type: ignore[assignment]
    dangerous: Bools = None  # type: ignore[assignment]


def _plain(link: Link) -> float:
    return link.frequency


def build(frequency: Callable[[Link], float] = _plain) -> Reviewed:
    """The tables as arrays, each link with ``frequency`` (link); another one than its own shows what a wrong grade would do."""
    found = tuple(diseases().values())
    broader = lexicon().broader
    named = dict.fromkeys(link.finding for disease in found for link in disease.links)
    findings = tuple(dict.fromkeys((*named, *(wide for code in named for wide in broader.get(code, ())))))
    place = {code: at for at, code in enumerate(findings)}
    at_row, columns, rates, grades = [], [], [], []
    for row, disease in enumerate(found):
        for link in disease.links:
            at_row.append(row)
            columns.append(place[link.finding])
            rates.append(frequency(link))
            grades.append(link.grade == "N")
    at, to, rate, never = np.array(at_row), np.array(columns), np.array(rates, np.float32), np.array(grades)
    yes = np.zeros((len(found), len(findings)), np.float32)
    yes[at[~never], to[~never]] = rate[~never]
    wider = [(place[narrow], place[wide]) for narrow in findings for wide in broader.get(narrow, ())]
    for narrow, wide in wider:  # whoever says the narrow one is read as having the broad one too
        np.maximum(yes[:, wide], yes[:, narrow], out=yes[:, wide])
    share = np.array([[COMMONNESS[grade] for grade in disease.commonness] for disease in found], np.float32).T
    often = _AGES @ (share / share.sum(1, keepdims=True))
    causes = frozenset(row["code"] for row in rows("findings.csv") if row["system"] in _CAUSES)
    condition = np.array([code in lexicon().conditions for code in findings])
    whole = often @ yes
    background = np.where(condition, np.clip(whole, _CONDITION_LEAST, _CONDITION_MOST), np.clip(whole * _BY_CHANCE, _LEAST, _MOST))
    own = yes > 0
    linked = own.copy()
    linked[at, to] = True
    for narrow, wide in wider:
        part = float(np.clip(whole[narrow] / max(whole[wide], 1e-9), _NARROW_LEAST, _NARROW_MOST))
        implied = own[:, wide] & ~linked[:, narrow]
        yes[implied, narrow] = np.maximum(background[narrow], yes[implied, wide] * part)
        own[implied, narrow] = linked[implied, narrow] = True
    level = np.array([LEVELS.index(disease.urgency) for disease in found])
    dangerous = np.isin(level, [LEVELS.index(one) for one in DANGEROUS])
    yes = np.where(own, np.maximum(yes, np.minimum(background, np.float32(FREQUENCY["E"]))), background)
    hardly = never & ~own[at, to]
    yes[at[hardly], to[hardly]] = np.where(
        dangerous[at[hardly]], background[to[hardly]], np.minimum(rate[hardly], background[to[hardly]])
    )
    cause = np.array([code in causes for code in findings])
    codes = tuple(entry.code for entry in DEPARTMENTS)
    department = np.zeros((len(found), len(codes)), np.float32)
    for row, disease in enumerate(found):
        for code, weight in disease.departments:
            department[row, codes.index(code)] = weight
    return Reviewed(
        diseases=found,
        findings=findings,
        departments=codes,
        yes=np.clip(yes, 1e-3, _CEILING).astype(np.float32),
        linked=linked,
        background=background.astype(np.float32),
        share=share,
        level=level,
        department=department / department.sum(1, keepdims=True),
        male=np.array([disease.sex == "male" for disease in found]),
        female=np.array([disease.sex == "female" for disease in found]),
        of_pregnancy=np.array([disease.icd10.startswith(OF_PREGNANCY) for disease in found]),
        of_childbed=np.array([disease.icd10[:3] in _CHILDBED for disease in found]),
        of_cause=(yes[:, cause] >= FREQUENCY["B"]).any(1) & ~dangerous,
        condition=condition,
        cause=cause,
    )


@cache
def reviewed() -> Reviewed:
    """The tables as they are."""
    return build()
