"""A small network that has seen which findings go together, beside the posterior: for the disease, and for what else is on record.

    log P(d) = (1 - share) * log P_bayes(d) + share * log P_net(d) + constant

P_net: for each finding whether it is present (however told), was said unprompted, is absent, is only mentioned, or was asked for and is not on
record (5 S inputs), straight to the diseases and through one hidden layer. The same layer says for every finding whether asking would bring
something that is on record. It learns from training dialogues broken off at any turn, led by knowledge that was counted without the patient in
question, so that what it sees in training is what it sees later.
Adam (Kingma & Ba, ICLR 2015), decoupled weight decay (Loshchilov & Hutter, ICLR 2019), dropout; a fixed seed gives the same network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .cases import ANSWERS, MENTIONED, NOT_ON_RECORD, Table
from .knowledge import NO, YES, Bools, Floats, Wholes
from .posterior import normalised

_YES, _NO, _MENTIONED, _SILENT = (ANSWERS.index(answer) for answer in (YES, NO, MENTIONED, NOT_ON_RECORD))


@dataclass(frozen=True)
class Schooling:
    """How the network is trained; one setting for every file: ``rounds`` over all cases, up to four times
    as many where that would be fewer than ``steps``."""

    hidden: int = 48
    rounds: int = 50
    steps: int = 800
    batch: int = 64
    step: float = 3e-3
    decay: float = 1e-2
    dropout: float = 0.6
    record: float = 0.3
    """The weight of what is on record beside the disease."""


def inputs(table: Table, asked: Bools) -> Floats:
    """(N, 5 S) what is known of each finding once ``asked`` (N, S) has been asked for."""
    now = np.where(asked, table.answers, table.said)
    said = table.said == _YES
    return np.concatenate([now == _YES, said, now == _NO, now == _MENTIONED, asked & (now == _SILENT)], 1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class State:
    """What one round of training shows: what has been asked for, and for which findings the network is to say whether they are on record."""

    asked: Bools
    open: Bools


@dataclass
class Net:
    """One hidden layer beside a straight way through; ``parts`` are its numbers."""

    parts: dict[str, Floats]
    _mean: dict[str, Floats] = field(default_factory=dict)
    _square: dict[str, Floats] = field(default_factory=dict)
    _steps: int = 0

    @classmethod
    def new(cls, hidden: int, diseases: int, usual: Floats, chance: np.random.Generator) -> Net:
        """``usual`` (S,): how often each finding is on record."""

        def small(*shape: int) -> Floats:
            return chance.normal(0, 0.1, shape).astype(np.float32)

        width = 5 * len(usual)
        parts = {
            "into": small(width, hidden),
            "into_bias": np.zeros(hidden, np.float32),
            "out": small(hidden, diseases),
            "out_bias": np.zeros(diseases, np.float32),
            "straight": np.zeros((width, diseases), np.float32),
            "record": small(hidden, len(usual)),
            "record_bias": np.log(usual / (1 - usual)).astype(np.float32),
        }
        mean, square = ({name: np.zeros_like(part) for name, part in parts.items()} for _ in range(2))
        return cls(parts, mean, square)

    def _diseases(self, inner: Floats, told: Floats) -> Floats:
        return normalised(inner @ self.parts["out"] + self.parts["out_bias"] + told @ self.parts["straight"])

    def _record(self, inner: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(inner @ self.parts["record"] + self.parts["record_bias"]))), np.float32)

    def _inner(self, told: Floats) -> Floats:
        return np.asarray(np.tanh(told @ self.parts["into"] + self.parts["into_bias"]), np.float32)

    def probabilities(self, told: Floats) -> tuple[Floats, Floats]:
        """(N, D) P(disease) and (N, S) P(on record) from ``told`` (N, 5 S)."""
        inner = self._inner(told)
        return self._diseases(inner, told), self._record(inner)

    def learn(self, told: Floats, disease: Wholes, record: Floats, open_: Floats, how: Schooling, rate: float, chance: np.random.Generator) -> None:
        """One step of Adam on the cross-entropy of a batch; ``record`` (N, S) counts where ``open_`` (N, S) is 1."""
        rows = np.arange(len(told))
        told = told * (chance.random(told.shape, np.float32) >= how.dropout / 3)
        inner = self._inner(told)
        keep = (chance.random(inner.shape, np.float32) >= how.dropout).astype(np.float32) / np.float32(1 - how.dropout)
        kept = inner * keep
        wrong = self._diseases(kept, told)
        wrong[rows, disease] -= 1
        wrong /= len(told)
        missed = (self._record(kept) - record) * open_ * np.float32(how.record / len(told))
        back = (wrong @ self.parts["out"].T + missed @ self.parts["record"].T) * keep * (1 - inner * inner)
        slopes = {"into": told.T @ back, "into_bias": back.sum(0), "straight": told.T @ wrong}
        slopes |= {"out": kept.T @ wrong, "out_bias": wrong.sum(0), "record": kept.T @ missed, "record_bias": missed.sum(0)}
        self._move(slopes, rate, how.decay)

    def _move(self, slopes: dict[str, Floats], rate: float, decay: float) -> None:
        self._steps += 1
        for name, slope in slopes.items():
            mean, square, part = self._mean[name], self._square[name], self.parts[name]
            mean += 0.1 * (slope - mean)
            square += 0.01 * (slope * slope - square)
            move = mean / (1 - 0.9**self._steps) / (np.sqrt(square / (1 - 0.99**self._steps)) + 1e-8)
            part -= np.float32(rate) * (move if name.endswith("bias") else move + decay * part)


def school(table: Table, state: Callable[[np.random.Generator], State], seed: int, how: Schooling | None = None) -> Net:
    """A network trained on ``table``; ``state`` gives anew for each round what has been asked for."""
    how = how or Schooling()
    chance = np.random.default_rng(seed)
    on_record = table.on_record.astype(np.float32)
    net = Net.new(how.hidden, len(table.diseases), (on_record.mean(0) * 0.99 + 0.002).astype(np.float32), chance)
    rounds = min(max(how.rounds, how.steps * how.batch // len(table)), 4 * how.rounds)
    for round_ in range(rounds):
        shown = state(chance)
        told, open_ = inputs(table, shown.asked), shown.open.astype(np.float32)
        rate = how.step * 0.5 * (1 + np.cos(np.pi * round_ / rounds))
        order = chance.permutation(len(table))
        for start in range(0, len(table), how.batch):
            at = order[start : start + how.batch]
            net.learn(told[at], table.disease[at], on_record[at], open_[at], how, rate, chance)
    return net


def averaged(bayes: Floats, net: Floats, share: float) -> Floats:
    """(N, D) the geometric mean of ``bayes`` and ``net``, the latter with weight ``share``."""
    return normalised(np.asarray((1 - share) * np.log(bayes + 1e-12) + share * np.log(net + 1e-12), np.float32))
