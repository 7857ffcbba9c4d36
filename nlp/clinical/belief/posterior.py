"""P(disease | what was answered), in logs.

    log P(d | e) = log P(d) + t * ( o_d + sum over answered findings s of w_s * log P(a_s | d) ) + constant

o_d is what the opening says (0 unless the knowledge models it). 不清楚 adds nothing, so it changes nothing; a sum has no order.

Naive Bayes takes findings for independent and becomes over-sure when they are not (Domingos & Pazzani, Machine Learning 29, 1997: the ranking
survives, the probabilities do not). Two remedies, both by weights that depend on the set of answers alone:

* t, one power over the whole likelihood, 0 < t <= 1: the generalised or "safe" posterior (Grünwald, ALT 2012; Holmes & Walker, Biometrika 104,
  2017). It changes how sure, hardly the order. Counted knowledge takes it from held-out log loss; where there are no cases to take it from, 0.8.
* w_s = 1 / (1 + r * (n - 1)) for the n answered findings of the group of s: n answers that correlate by r are worth n / (1 + r * (n - 1))
  independent ones (design effect, Kish, Survey Sampling, 1965). r is 0.5 within a group, and findings that share no group keep weight 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .knowledge import Bools, Floats, Knowledge, KnowledgeError, Wholes

TEMPER = 0.8
ALIKE = 0.5

NOT_ASKED = -1


@dataclass(frozen=True)
class Tempering:
    """``power`` over all answers (t above), ``alike`` the correlation within a group (r above)."""

    power: float = TEMPER
    alike: float = ALIKE


def normalised(logits: Floats) -> Floats:
    """Probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)


def weights(knowledge: Knowledge, answered: Bools, alike: float) -> Floats:
    """(S,) w_s for the findings ``answered`` (S,); 0 for those that are not."""
    if not answered.any():
        return np.zeros(len(answered), np.float32)
    count = np.bincount(knowledge.group[answered], minlength=int(knowledge.group.max()) + 1)[knowledge.group]
    return np.asarray(answered / (1 + alike * np.maximum(count - 1, 0)), np.float32)


def told(knowledge: Knowledge, evidence: Mapping[str, str]) -> Wholes:
    """(S,) the place of the answer to each finding, NOT_ASKED where nothing is known; answers that tell nothing (unknown) and findings that
    the knowledge does not have are left out."""
    found = np.full(len(knowledge.findings), NOT_ASKED, np.int64)
    for finding, answer in evidence.items():
        if finding in knowledge.place and answer in knowledge.answers:
            found[knowledge.place[finding]] = knowledge.answers.index(answer)
    return found


def posterior(knowledge: Knowledge, evidence: Mapping[str, str], tempering: Tempering | None = None, opening: Floats | None = None) -> Floats:
    """(D,) P(disease | ``evidence``); ``evidence`` maps a finding to an answer. KnowledgeError where ``opening`` is not (D,)."""
    tempering = tempering or Tempering()
    if opening is not None and opening.shape != knowledge.prior.shape:
        raise KnowledgeError(f"the opening has shape {opening.shape}, not {knowledge.prior.shape}")
    answers = told(knowledge, evidence)
    answered = answers != NOT_ASKED
    places = np.flatnonzero(answered)
    weight = weights(knowledge, answered, tempering.alike)[places]
    summed = weight @ knowledge.log_likelihood[answers[places], places]
    if opening is not None:
        summed = summed + opening
    return normalised(knowledge.log_prior + np.float32(tempering.power) * summed)


def levels(knowledge: Knowledge, diseases: Floats) -> Floats:
    """(..., L) P(level) from ``diseases`` (..., D)."""
    return np.asarray(diseases @ knowledge.membership, np.float32)


def danger(knowledge: Knowledge, diseases: Floats) -> float:
    """P(some dangerous level) from ``diseases`` (D,)."""
    return float(levels(knowledge, diseases)[knowledge.dangerous].sum())
