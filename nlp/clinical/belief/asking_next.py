"""The next finding to ask for, by what its answer is expected to tell of the disease, the level, danger and the department.

    worth(s) = ( I(disease; a) + 2 * I(level; a) + 8 * I(danger; a) + I(department; a) ) / cost        (nats; ``information``, ``choosing``)

over the diseases that are still worth a thought (``CONSIDERED``, the likeliest). It ends when no answer left is expected to move what matters:
sqrt(I / 2) (``information``) lies under the threshold of each, thresholds that rise with every question already asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .knowledge import Bools, Floats
from .reviewed import LEVELS, Reviewed

CONSIDERED = 96
_TINY = np.float32(1e-9)


@dataclass(frozen=True)
class Thresholds:
    """An expected total variation under which an answer is not worth asking for, and what each question already asked adds to it. Decisions."""

    disease: float = 0.27
    level: float = 0.2
    danger: float = 0.1
    department: float = 0.2
    patience: float = 0.02


@dataclass(frozen=True)
class Told:
    """What asking for ``finding`` is expected to tell (nats)."""

    finding: str
    worth: float
    disease: float
    level: float
    danger: float
    department: float


def _entropy(yes: Floats) -> Floats:
    """Entropy of a yes or no answer, (...,)."""
    yes = np.clip(yes, _TINY, 1 - _TINY)
    return np.asarray(-(yes * np.log(yes) + (1 - yes) * np.log(1 - yes)), np.float32)


def _about(yes: Floats, joint: Floats, share: Floats, whole: Floats) -> Floats:
    """(S,) I(X; a) from ``joint`` (X, S) = P(x, yes) and ``share`` (X,) = P(x)."""
    there = share > _TINY
    given = joint[there] / share[there, None]
    return np.asarray(np.maximum(whole - share[there] @ _entropy(given), 0), np.float32)


def next_finding(
    knowledge: Reviewed, diseases: Floats, open_: Bools, cost: Floats, asked: int, thresholds: Thresholds | None = None, *, settled: bool = False
) -> Told | None:
    """The finding to ask for when ``diseases`` (D,) is believed; None when it is enough.

    ``open_`` (S,): findings that may be asked; ``cost`` (S,); ``asked``: questions asked so far. ``settled``: somebody will see the patient today
    anyway, so that only danger and the department are worth a question.
    """
    limit = thresholds or Thresholds()
    top = np.argpartition(diseases, -CONSIDERED)[-CONSIDERED:] if len(diseases) > CONSIDERED else np.arange(len(diseases))
    chances = diseases[top] / diseases[top].sum()
    columns = np.flatnonzero(open_)
    if not len(columns):
        return None
    rates = knowledge.yes[top[:, None], columns]
    levels = np.zeros((len(LEVELS), len(top)), np.float32)
    levels[knowledge.level[top], np.arange(len(top))] = chances
    departments = (knowledge.department[top] * chances[:, None]).T
    departments = departments[departments.sum(1) > 0.01]
    both = np.stack([np.where(knowledge.dangerous[top], chances, 0), np.where(knowledge.dangerous[top], 0, chances)])
    groups = np.concatenate([levels, both, departments]).astype(np.float32)
    joint, share = groups @ rates, groups.sum(1)
    yes = chances @ rates
    whole = _entropy(yes)
    n, m = len(LEVELS), len(LEVELS) + 2
    disease = np.maximum(whole - chances @ knowledge.noise[top[:, None], columns], 0)
    level = _about(yes, joint[:n], share[:n], whole)
    danger = _about(yes, joint[n:m], share[n:m], whole)
    department = _about(yes, joint[m:], share[m:], whole)
    more = limit.patience * asked
    moves = (danger >= 2 * (limit.danger + more) ** 2) | (department >= 2 * (limit.department + more) ** 2)
    if not settled:
        moves |= (disease >= 2 * (limit.disease + more) ** 2) | (level >= 2 * (limit.level + more) ** 2)
    if not moves.any():
        return None
    worth = (disease + 2 * level + 8 * danger + department) / cost[columns]
    at = int(np.where(moves, worth, -np.inf).argmax())
    parts = (float(part[at]) for part in (worth, disease, level, danger, department))
    return Told(knowledge.findings[columns[at]], *parts)
