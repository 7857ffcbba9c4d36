"""Knowledge counted from recorded inquiries, and dialogues with the patients in them.

A record has two parts that tell different things. What was said unprompted is modelled as said or not said, for every finding, P(said | disease);
what came out on asking as P(answer | disease, not said before) over ANSWERS. "Explicit" so says how likely a patient reports a thing by himself.

Counts are smoothed as if a guess g had been seen m = 10 times (m-estimate: Cestnik, ECAI 1990); few cases lean on each other through g:

    P(a | s, d) = ( n(a, s, d) + m * g(a, s, d) ) / ( n(s, d) + m )          and in the same way P(said | s, d)
    g(a, s, d) is the rate over all diseases, for a = yes times r(s, d) ** 0.7
    r(s, d) = P(has s, said or on asking | d) / P(has s)

The choice of a question takes, besides what it tells of the disease, the probability that the finding is on record at all, times ``record``:
who asks what a doctor would have asked finds more of what the patient has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cases import ANSWERS, SILENT, Table
from .choosing import Preference, worth
from .information import expected
from .knowledge import YES, Bools, Floats, Knowledge, Wholes
from .posterior import NOT_ASKED, Tempering, normalised

SEEN_BEFORE = 10.0
"""m above."""
_LEAN = 0.7
_RARE = np.array([0.025, 0.025, 0.01, 0.5])
"""c_a above, in the order of ANSWERS."""

DISEASE_ALONE = Preference(level=0, danger=0, still_moves_disease=0, still_moves_danger=0, turns=10)
"""Recorded inquiries have no levels, and every turn is used: nothing is gained by stopping where only the disease is judged."""


@dataclass(frozen=True, eq=False)
class Counted:
    """``knowledge`` with ANSWERS; ``said`` (S, D) = P(said unprompted | disease)."""

    knowledge: Knowledge
    said: Floats

    def opening(self, said: Wholes) -> Floats:
        """(..., D) log P(what was and was not said | disease) for ``said`` (..., S)."""
        yes = said == ANSWERS.index(YES)
        return np.asarray(yes @ np.log(self.said) + (said == NOT_ASKED) @ np.log1p(-self.said), np.float32)

    def heard(self, table: Table, asked: Bools) -> Floats:
        """(N, D) log P(everything told so far | disease), not tempered; ``asked`` (N, S)."""
        summed = self.opening(table.said)
        told = np.where(asked, table.answers, np.where(table.said > ANSWERS.index(YES), table.said, NOT_ASKED))
        for place in range(len(ANSWERS)):
            summed = summed + (told == place).astype(np.float32) @ self.knowledge.log_likelihood[place]
        return np.asarray(summed, np.float32)

    def believe(self, table: Table, asked: Bools, tempering: Tempering) -> Belief:
        """By counts alone: a finding is on record as often as with the diseases believed."""
        diseases = self.posterior(table, asked, tempering)
        return Belief(diseases, np.asarray(1 - diseases @ self.knowledge.likelihood[SILENT].T, np.float32))

    def posterior(self, table: Table, asked: Bools, tempering: Tempering) -> Floats:
        """(N, D) P(disease | everything told so far)."""
        return normalised(self.knowledge.log_prior + np.float32(tempering.power) * self.heard(table, asked))


def count(table: Table) -> Counted:
    """Knowledge from the cases of ``table``; every disease of the table must occur."""
    of = np.eye(len(table.diseases))[table.disease]
    often = of.sum(0)
    answered = np.stack([(table.answers == place) & table.may_be_asked for place in range(len(ANSWERS))])
    by_disease = np.stack([part.T.astype(np.float32) @ of for part in answered])  # (A, S, D)
    said = (table.said == ANSWERS.index(YES)).T.astype(np.float64)
    leaning = _lift((said > 0) | answered[ANSWERS.index(YES)].T, of) ** _LEAN

    overall = by_disease.sum(2) + _RARE[:, None]
    guess = np.repeat((overall / overall.sum(0))[:, :, None], len(often), 2)
    guess[ANSWERS.index(YES)] *= leaning
    smoothed = by_disease + SEEN_BEFORE * guess / guess.sum(0)
    usual = np.clip(((said.sum(1) + 0.1) / (len(table) + 1))[:, None] * leaning, 1e-4, 0.95)
    knowledge = Knowledge(
        diseases=table.diseases,
        findings=table.findings,
        prior=((often + 1) / (often + 1).sum()).astype(np.float32),
        likelihood=(smoothed / smoothed.sum(0)).astype(np.float32),
        answers=ANSWERS,
    )
    return Counted(knowledge, ((said @ of + SEEN_BEFORE * usual) / (often + SEEN_BEFORE)).astype(np.float32))


def _lift(has: Bools, of: NDArray[np.float64]) -> NDArray[np.float64]:
    """(S, D) how much more often than overall a finding ``has`` (S, N) is there under a disease; a little smoothed."""
    overall = (has.sum(1, keepdims=True) + 0.1) / (has.shape[1] + 1)
    return np.asarray((has.astype(np.float64) @ of + 3 * overall) / (of.sum(0) + 3) / overall)


@dataclass(frozen=True, eq=False)
class Belief:
    """What is believed of N patients: ``diseases`` (N, D), and ``record`` (N, S), the probability that asking for a finding brings something."""

    diseases: Floats
    record: Floats


def ask(counted: Counted, table: Table, turns: int, record: float, believe: Callable[[Bools], Belief]) -> Wholes:
    """(N, turns) the findings asked for, in order, with every patient of ``table``; NOT_ASKED where nothing was left to ask for.

    The patient answers with what is on record, else with "not on record". ``believe`` says what is believed once (N, S) has been asked for.
    """
    rows = np.arange(len(table))
    asked = np.zeros(table.said.shape, np.bool_)
    order = np.full((len(table), turns), NOT_ASKED, np.int64)
    for turn in range(turns):
        open_ = table.may_be_asked & ~asked
        believed = believe(asked)
        told = expected(counted.knowledge, believed.diseases)
        value = np.where(open_, worth(counted.knowledge, told, DISEASE_ALONE, np.float32(record) * believed.record), -np.inf)
        chosen = value.argmax(1)
        asks = open_[rows, chosen]
        order[asks, turn] = chosen[asks]
        asked[rows[asks], chosen[asks]] = True
    return order


def asked_by(order: Wholes, upto: Wholes, findings: int) -> Bools:
    """(N, S) what was asked for in the first ``upto`` (N,) turns of ``order``."""
    asked = np.zeros((len(order), findings), np.bool_)
    for turn in range(order.shape[1]):
        rows = np.flatnonzero((upto > turn) & (order[:, turn] != NOT_ASKED))
        asked[rows, order[rows, turn]] = True
    return asked
