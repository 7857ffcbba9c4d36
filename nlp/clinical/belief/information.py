"""How much the answer about a finding is expected to tell, in nats.

    I(X; a_s) = H(a_s) - sum over x of P(x) * H(a_s | x)          (mutual information: Shannon 1948; as a choice of tests: Lindley 1956)

for X the disease, the urgency level, and whether it is dangerous at all. 不清楚 tells nothing: everything is multiplied by 1 - P(unknown).
By Pinsker's inequality and Jensen's, the answer moves the distribution of X by sqrt(I / 2) in total variation at most, in the mean over
answers: the stop rule rests on that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .knowledge import Floats, Knowledge

_TINY = np.float32(1e-12)


@dataclass(frozen=True, eq=False)
class Expected:
    """Each (..., S): nats about the disease, the level, and danger or none."""

    disease: Floats
    level: Floats
    danger: Floats
    answers: Floats
    """(..., A, S) P(answer)."""


def _entropy(shares: Floats, axis: int) -> Floats:
    return np.asarray(-(shares * np.log(shares + _TINY)).sum(axis), np.float32)


def expected(knowledge: Knowledge, diseases: Floats) -> Expected:
    """What asking for each finding is expected to tell, given ``diseases`` (..., D). One matrix product over diseases."""
    answers, findings = len(knowledge.answers), len(knowledge.findings)
    given = np.float32(1) - knowledge.unknown
    split = len(knowledge.dangerous) > 1
    if not split:
        plain = (diseases @ knowledge.columns).reshape(*diseases.shape[:-1], answers, findings)
        about = np.maximum(_entropy(plain, -2) - diseases @ knowledge.noise, 0) * given
        nothing = np.zeros_like(about)
        return Expected(about, nothing, nothing, plain)
    parts = np.swapaxes(diseases[..., None] * knowledge.membership, -1, -2)  # (..., L, D)
    joint = (parts @ knowledge.columns).reshape(*parts.shape[:-1], answers, findings)  # (..., L, A, S)
    share = parts.sum(-1)
    shares = joint.sum(-3)
    whole = _entropy(shares, -2)
    disease = whole - diseases @ knowledge.noise
    level = whole - _left(joint, share)
    two = np.stack([joint[..., knowledge.dangerous, :, :].sum(-3), joint[..., ~knowledge.dangerous, :, :].sum(-3)], -3)
    both = np.stack([share[..., knowledge.dangerous].sum(-1), share[..., ~knowledge.dangerous].sum(-1)], -1)
    danger = whole - _left(two, both)
    disease, level, danger = (np.asarray(np.maximum(nats, 0) * given, np.float32) for nats in (disease, level, danger))
    return Expected(disease, level, danger, shares)


def _left(joint: Floats, share: Floats) -> Floats:
    """sum over x of P(x) H(a | x) for ``joint`` (..., X, A, S) = P(x, a) and ``share`` (..., X) = P(x)."""
    conditional = joint / (share[..., None, None] + _TINY)
    return np.asarray((share[..., None] * _entropy(conditional, -2)).sum(-2), np.float32)
