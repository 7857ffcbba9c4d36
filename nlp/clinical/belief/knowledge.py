"""What the engine knows: diseases, findings, and how likely each answer is under each disease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Wholes = NDArray[np.int64]
Bools = NDArray[np.bool_]

YES, NO = "yes", "no"


class KnowledgeError(ValueError):
    """The numbers do not fit together; the text says which."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Numbers for D diseases, S findings and A answers that tell something. 不清楚 tells nothing and is no such answer.

    prior       (D,)       P(disease), sums to 1
    likelihood  (A, S, D)  P(answer a to finding s | disease d, an answer is given), sums to 1 over A, none is 0
    membership  (D, L)     P(level l | disease d), sums to 1 over L; one column where levels play no part
    dangerous   (L,)       whether a level is a danger (critical, emergent)
    cost        (S,)       what asking costs the patient, 1 for a plain question
    unknown     (S,)       how often people answer 不清楚
    group       (S,)       findings of one group say nearly the same (fever, chills, hot skin) and are counted as such
    """

    diseases: tuple[str, ...]
    findings: tuple[str, ...]
    prior: Floats
    likelihood: Floats
    answers: tuple[str, ...] = (YES, NO)
    membership: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    dangerous: Bools = field(default_factory=lambda: np.zeros(1, np.bool_))
    cost: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    unknown: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    group: Wholes = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        diseases, findings, answers = len(self.diseases), len(self.findings), len(self.answers)
        defaults = {
            "membership": np.ones((diseases, 1), np.float32),
            "cost": np.ones(findings, np.float32),
            "unknown": np.zeros(findings, np.float32),
            "group": np.arange(findings),
        }
        for name, value in defaults.items():
            if not getattr(self, name).size:
                object.__setattr__(self, name, value)
        shapes = {
            "prior": (diseases,),
            "likelihood": (answers, findings, diseases),
            "membership": (diseases, len(self.dangerous)),
            "cost": (findings,),
            "unknown": (findings,),
            "group": (findings,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise KnowledgeError(f"{name} has shape {getattr(self, name).shape}, not {shape}")
        if len(set(self.diseases)) != diseases or len(set(self.findings)) != findings or len(set(self.answers)) != answers:
            raise KnowledgeError("a disease, a finding or an answer stands twice")
        for name, sums in (("prior", self.prior.sum()), ("likelihood", self.likelihood.sum(0)), ("membership", self.membership.sum(1))):
            if not np.allclose(sums, 1, atol=1e-3):
                raise KnowledgeError(f"{name} does not sum to 1")
        if (self.prior <= 0).any() or (self.likelihood <= 0).any():
            raise KnowledgeError("a prior or a likelihood is not above 0: nothing that could be is ever ruled out for good")
        if (self.cost <= 0).any() or (self.unknown < 0).any() or (self.unknown > 1).any():
            raise KnowledgeError("a cost is not above 0, or a share of unknown answers is no share")

    @classmethod
    def of_yes(cls, diseases: Sequence[str], findings: Sequence[str], prior: Floats, yes: Floats, **more: Floats | Wholes | Bools) -> Knowledge:
        """From P(finding present | disease), ``yes`` (S, D), where nothing else may be answered. KnowledgeError where it does not fit."""
        both = np.stack([yes, 1 - yes]).astype(np.float32)
        return cls(tuple(diseases), tuple(findings), prior.astype(np.float32), both, **more)  # type: ignore[arg-type]

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each finding stands."""
        return {finding: at for at, finding in enumerate(self.findings)}

    @cached_property
    def log_prior(self) -> Floats:
        return np.log(self.prior)

    @cached_property
    def log_likelihood(self) -> Floats:
        return np.log(self.likelihood)

    @cached_property
    def columns(self) -> Floats:
        """``likelihood`` as a matrix (D, A * S), for one multiplication over all answers."""
        return np.ascontiguousarray(self.likelihood.reshape(-1, len(self.diseases)).T)

    @cached_property
    def noise(self) -> Floats:
        """(D, S) entropy in nats of the answer when the disease is certain: what asking cannot settle."""
        return np.ascontiguousarray(-(self.likelihood * self.log_likelihood).sum(0).T)
