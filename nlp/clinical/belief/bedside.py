"""What one case makes the reviewed diseases worth: who it is, what was said to be there and what was said not to be.

    log P(d | e) = log P(d | age, sex, pregnancy) + t * sum over what is known of w_s * log P(a_s | d) + constant          (t: TEMPER, ``posterior``)

What was not asked, not measured or answered with 不清楚 is no "no" and adds nothing. What is uncertain counts half. Of a finding and the broader one
that it implies only the narrow one counts: they were said in one breath.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlp.clinical.case import Case
from nlp.clinical.diseases import AGES, age_band
from nlp.interface.reading import Status
from nlp.language.lexicon import lexicon

from .knowledge import Floats
from .posterior import TEMPER
from .reviewed import Reviewed

FERTILE_FROM, FERTILE_TO = 12, 52
"""Years between which a pregnancy is possible; generous on both sides, because a missed one is worse."""
_PREGNANT_AMONG_WOMEN = 0.05
"""Share of the pregnant among women of that age who come: estimated. Diseases of pregnancy are so much more common once it is known."""
_OTHER_SEX = 0.5
"""What is left of a disease of one sex while the sex is not known."""
_CHILD_UNSAID = 0.2
"""What is left of a child's disease while no age was said and nobody spoke of a child: estimated."""
_LOG_UNEXPLAINED, _LOG_UNEXPLAINED_CAUSE = np.float32(np.log(0.1)), np.float32(np.log(0.001))
"""People come because of what they tell: how much less often somebody tells of his own accord what has nothing to do with his illness than he says
yes to it when asked; of a cause (a bite, a fall, a poison) hardly ever. Estimated."""
_LOG_CAUSE_NOT_TOLD = np.float32(np.log(0.1))
"""Who was bitten, fell or swallowed something says so: what is left of an illness of such a cause while nobody spoke of it. Estimated."""
_HALF = 0.5
_NOT_FERTILE = frozenset(["menopause", "hysterectomy"])
_AFTER_BIRTH = "postpartum"

_MEASURED = (
    # measurement, finding, there from, not there below (None: the number does not deny it)
    ("temperature", "fever", 37.3, 37.0),
    ("glucose", "sugar_high_reading", 11.1, 7.8),
    ("respiratory_rate", "fast_breathing", 25.0, 20.0),
)
"""Numbers that say what a finding says, for grown-ups. General knowledge; the levels are judged by vitals.toml, not by this."""
_HIGH_PRESSURE = (("systolic", 140.0), ("diastolic", 90.0))
_LOW_PRESSURE = ("systolic", "blood_pressure_low", 90.0)


@dataclass(frozen=True)
class Evidence:
    """``there`` and ``not_there``: finding → weight; ``came_with``: what was told unasked, in words."""

    there: dict[str, float]
    not_there: dict[str, float]
    came_with: frozenset[str] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        return frozenset(self.there) | frozenset(self.not_there)


def evidence(case: Case) -> Evidence:
    """What is known of ``case``, each thing once."""
    there = {code: _HALF if finding.status is Status.UNCERTAIN else 1.0 for code, finding in case.present.items()}
    not_there = {code: 1.0 for code in case.absent if code not in there}
    adult = not case.is_child
    for measure, code, above, below in _MEASURED:
        if measure in case.measured and (adult or measure == "temperature"):
            value = case.measured[measure].value
            if value >= above:
                there.setdefault(code, 1.0)
            elif value < below and code not in there:
                not_there.setdefault(code, 1.0)
    measure, code, below = _LOW_PRESSURE
    if adult and measure in case.measured and case.measured[measure].value < below:
        there.setdefault(code, 1.0)
    if adult and any(measure in case.measured and case.measured[measure].value >= least for measure, least in _HIGH_PRESSURE):
        there.setdefault("hypertension", _HALF)  # once is not yet the illness
        not_there.pop("hypertension", None)
    broader = lexicon().broader
    for code in tuple(there):
        for wide in broader.get(code, ()):
            there.pop(wide, None)
    for code in tuple(not_there):  # no cough at all says everything about 干咳
        if any(wide in not_there for wide in broader.get(code, ())):
            not_there.pop(code)
    told = (code for code, finding in case.complaints.items() if not finding.implied and finding.status is Status.PRESENT)
    return Evidence(there, not_there, frozenset(code for code in told if code in there))


def may_be_pregnant(case: Case) -> bool:
    """Whether a pregnancy, or the weeks after one, can be: unknown sex and age do not rule it out."""
    person = case.facts.person
    if person.pregnant or _AFTER_BIRTH in case.present:
        return True
    if person.sex == "male" or person.pregnant is False or _NOT_FERTILE & case.present.keys():
        return False
    years = person.age_years
    return not case.is_child if years is None else FERTILE_FROM <= years < FERTILE_TO


def prior(knowledge: Reviewed, case: Case) -> Floats:
    """(D,) P(disease) for who it is, summing to 1; 0 where it cannot be (a man, a child, nobody pregnant)."""
    person = case.facts.person
    years = person.age_years
    if years is not None:
        found = knowledge.share[age_band(years)].copy()
    elif case.is_child:
        found = knowledge.share[: AGES.index("adult")].max(0)
    elif person.pregnant or _AFTER_BIRTH in case.present:
        found = knowledge.share[AGES.index("adult")].copy()
    else:  # who speaks of himself is hardly a child; nothing is ruled out
        young = knowledge.share[: AGES.index("adult")].max(0)
        found = np.maximum(knowledge.share[AGES.index("adult") :].max(0), young * np.float32(_CHILD_UNSAID))
    if person.sex == "male":
        found[knowledge.female] = 0
    elif person.sex == "female":
        found[knowledge.male] = 0
    else:
        found[knowledge.male | knowledge.female] *= _OTHER_SEX
    if not may_be_pregnant(case):
        found[knowledge.of_pregnancy] = 0
    elif _AFTER_BIRTH in case.present:
        found[knowledge.of_childbed] /= _PREGNANT_AMONG_WOMEN
    elif person.pregnant:
        found[knowledge.of_pregnancy] /= _PREGNANT_AMONG_WOMEN
        found[knowledge.of_childbed] = 0
    total = found.sum()
    return np.asarray(found / total, np.float32)


def believed(knowledge: Reviewed, case: Case, said: Evidence | None = None) -> Floats:
    """(D,) P(disease | all that is known of ``case``)."""
    said = evidence(case) if said is None else said
    chances = prior(knowledge, case)
    possible = chances > 0
    summed = np.zeros(len(chances), np.float32)
    for told, table in ((said.there, knowledge.log_yes), (said.not_there, knowledge.log_no)):
        for code, weight in told.items():
            at = knowledge.place.get(code)
            if at is not None:
                summed += table[at] if weight == 1 else table[at] * np.float32(weight)
    for code in said.came_with:
        if (at := knowledge.place.get(code)) is not None:
            summed += knowledge.unlinked[at] * (_LOG_UNEXPLAINED_CAUSE if knowledge.cause[at] else _LOG_UNEXPLAINED)
    if knowledge.of_cause.any():
        caused = [at for code in said.there if (at := knowledge.place.get(code)) is not None and knowledge.cause[at]]
        silent = knowledge.of_cause & knowledge.unlinked[caused].all(0) if caused else knowledge.of_cause
        summed += silent * _LOG_CAUSE_NOT_TOLD
    logits = np.where(possible, np.log(np.where(possible, chances, 1)) + np.float32(TEMPER) * summed, -np.inf)
    shifted = np.exp(logits - logits.max())
    return np.asarray(shifted / shifted.sum(), np.float32)
