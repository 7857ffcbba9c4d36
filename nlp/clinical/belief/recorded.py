"""The inquirer of recorded cases: knowledge, policy and end classifier learned from one training file, every choice made inside it.

1. The training cases are cut into four parts by disease. The patients of each part are asked by knowledge counted from the other three.
2. One network for each part learns from the dialogues of the other three, broken off anywhere, and one logistic regression from the same
   patients, after the dialogue and with all that is on record. On their own part they are honest about themselves: by the log loss there,
   ``power`` of the posterior is chosen from POWER, and ``share``, the weight of the two beside it, from SHARE.
3. The patients of each part are asked again, now by all three together, and ``record`` is chosen from RECORD by the log probability of the
   disease on record and by recall, which counts FINDING.
4. Knowledge is counted anew from all training cases; the four networks and regressions vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import logistic
from .cases import Case, Table, names, table
from .counted import Belief, Counted, ask, asked_by, count
from .knowledge import Bools, Floats, Wholes
from .network import Net, Schooling, State, averaged, inputs, school
from .posterior import NOT_ASKED, Tempering, normalised

RECORD = (0.05, 0.1, 0.2, 0.4)
FIRST_RECORD = 0.1
FINDING = 0.5
"""What finding everything on record is worth beside the log probability of the disease (nats). A decision."""
POWER = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SHARE = (0.0, 0.25, 0.5, 0.75, 1.0)
PARTS = 4


def parted(disease: Wholes, parts: int, seed: int) -> Wholes:
    """(N,) the part of each case: diseases spread evenly, which case where by ``seed``."""
    chance, found = np.random.default_rng(seed), np.zeros(len(disease), np.int64)
    start = 0
    for label in np.unique(disease):
        places = chance.permutation(np.flatnonzero(disease == label))
        found[places] = (np.arange(len(places)) + start) % parts
        start += len(places)
    return found


@dataclass(frozen=True, eq=False)
class Inquirer:
    """Asks and names a disease. ``record``, ``tempering`` and ``share`` were chosen inside the training cases."""

    counted: Counted
    nets: tuple[Net, ...]
    plain: tuple[Floats, ...]
    turns: int
    record: float = FIRST_RECORD
    tempering: Tempering = Tempering()  # noqa: RUF009 - frozen
    share: float = 0.5
    not_sure_is_silence: bool = False

    def table(self, cases: Sequence[Case]) -> Table:
        knowledge = self.counted.knowledge
        return table(cases, knowledge.diseases, knowledge.findings, self.not_sure_is_silence)

    def believe(self, cases: Table, asked: Bools) -> Belief:
        """What is believed once ``asked`` (N, S) has been asked for."""
        counted = self.counted.believe(cases, asked, self.tempering)
        if not self.nets:
            return counted
        told = inputs(cases, asked)
        voted = [net.probabilities(told) for net in self.nets]
        diseases, record = (np.asarray(np.mean([vote[which] for vote in voted], 0), np.float32) for which in range(2))
        facts = logistic.seen(cases, asked)
        plain = np.asarray(np.mean([normalised(facts @ weights) for weights in self.plain], 0), np.float32)
        return Belief(averaged(counted.diseases, averaged(diseases, plain, 0.5), self.share), record)

    def dialogues(self, cases: Table) -> Wholes:
        """(N, turns) what each patient is asked for, in order."""
        return ask(self.counted, cases, self.turns, self.record, lambda asked: self.believe(cases, asked))

    def ask(self, cases: Table) -> Bools:
        """(N, S) what each patient is asked for."""
        return asked_by(self.dialogues(cases), np.full(len(cases), self.turns), len(cases.findings))


@dataclass(frozen=True, eq=False)
class States:
    """What one round of training shows: half the dialogues whole, the others broken off, some with all that is on record and no more."""

    cases: Table
    order: Wholes

    def __call__(self, chance: np.random.Generator) -> State:
        number, turns = self.order.shape
        upto = np.where(chance.random(number) < 0.5, turns, chance.integers(0, turns + 1, number))
        asked = asked_by(self.order, upto, len(self.cases.findings))
        whole: Bools = np.asarray(chance.random(number) < 0.2)
        asked[whole] = self.cases.on_record[whole]
        return State(asked, np.asarray(self.cases.may_be_asked & ~asked & ~whole[:, None]))


@dataclass(frozen=True, eq=False)
class _Parts:
    """The training cases in parts, each with an inquirer that has not seen it."""

    cases: Table
    places: tuple[Wholes, ...]
    inquirers: tuple[Inquirer, ...]

    def with_(self, **changes: object) -> _Parts:
        return replace(self, inquirers=tuple(replace(one, **changes) for one in self.inquirers))  # type: ignore[arg-type]

    def dialogues(self) -> Wholes:
        order = np.full((len(self.cases), self.inquirers[0].turns), NOT_ASKED, np.int64)
        for places, inquirer in zip(self.places, self.inquirers, strict=True):
            order[places] = inquirer.dialogues(self.cases.only(places))
        return order

    def believed(self, asked: Bools) -> Floats:
        """(N, D) each case by the inquirer that has not seen it."""
        found = np.zeros((len(self.cases), len(self.cases.diseases)), np.float32)
        for places, inquirer in zip(self.places, self.inquirers, strict=True):
            found[places] = inquirer.believe(self.cases.only(places), asked[places]).diseases
        return found

    def asked(self, order: Wholes) -> Bools:
        return asked_by(order, np.full(len(order), order.shape[1]), len(self.cases.findings))

    def fit(self, asked: Bools) -> float:
        """The mean log probability of the disease on record."""
        own = self.believed(asked)[np.arange(len(self.cases)), self.cases.disease]
        return float(np.log(own + 1e-9).mean())

    def merit(self) -> float:
        """``fit`` of dialogues held anew, and how much of what is on record they found. (Few cases part by log probability; by how many of them
        are named rightly they part by chance.)"""
        asked = self.asked(self.dialogues())
        return self.fit(asked) + FINDING * float((asked & self.cases.on_record).sum() / max(1, self.cases.on_record.sum()))


def _in_parts(cases: Table, turns: int, seed: int) -> _Parts:
    part = parted(cases.disease, PARTS, seed)
    counted = [count(cases.only(np.flatnonzero(part != number))) for number in range(PARTS)]
    return _Parts(cases, tuple(np.flatnonzero(part == number) for number in range(PARTS)), tuple(Inquirer(one, (), (), turns) for one in counted))


def learn(cases: Sequence[Case], turns: int = 10, seed: int = 0, how: Schooling | None = None, not_sure_is_silence: bool = False) -> Inquirer:
    """An inquirer from ``cases``. Every choice is made inside them; ``seed`` makes it repeatable."""
    own = table(cases, *names(cases), not_sure_is_silence)
    parts = _in_parts(own, turns, seed)
    order = parts.dialogues()
    asked = parts.asked(order)
    power = max(POWER, key=lambda one: parts.with_(tempering=Tempering(one)).fit(asked))
    nets, plain = [], []
    for number, places in enumerate(parts.places):
        others = np.setdiff1d(np.arange(len(own)), places)
        nets.append(school(own.only(others), States(own.only(others), order[others]), seed * PARTS + number, how))
        facts = [logistic.seen(own.only(others), known[others]) for known in (asked, own.on_record)]
        plain.append(logistic.fit(np.concatenate(facts), np.tile(own.disease[others], 2), len(own.diseases)))
    learned = zip(parts.inquirers, nets, plain, strict=True)
    parts = replace(parts, inquirers=tuple(replace(one, nets=(net,), plain=(few,), tempering=Tempering(power)) for one, net, few in learned))
    share = max(SHARE, key=lambda one: parts.with_(share=one).fit(asked))
    record = max(RECORD, key=lambda one: parts.with_(share=share, record=one).merit())
    return Inquirer(count(own), tuple(nets), tuple(plain), turns, record, Tempering(power), share, not_sure_is_silence)
