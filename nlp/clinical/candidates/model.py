"""The compiled rules run by onnxruntime. Compiled by ``python -m nlp.training.candidates``; where the runtime is missing the plain rule gives the
same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from nlp.clinical.department_model import runtime

from . import rules
from .inputs import filled

NAME = "candidates"


@dataclass(frozen=True)
class Model:
    """``inputs`` in the order of the graph; ``run`` takes float64 (cases, inputs) with NaN for unknown and gives the four outputs of
    ``rules.Outcome``."""

    version: str
    inputs: tuple[str, ...]
    run: Callable[[Any], tuple[Any, Any, Any, Any]]

    def outcome(self, values: Mapping[str, float]) -> rules.Outcome:
        """The same as ``rules.outcome``, from the graph."""
        applies, decisive, scores, holds = self.run(np.array([filled(values, self.inputs)], dtype=np.float64))
        return rules.Outcome(
            tuple(applies[0].tolist()),
            tuple(decisive[0].tolist()),
            tuple(map(round, scores[0].tolist())),
            tuple(holds[0].tolist()),
        )


def _content(name: str) -> bytes:
    return resources.files("nlp.clinical").joinpath("models", name).read_bytes()


@cache
def described() -> dict[str, Any]:
    """What stands beside the graph: version, inputs, digest of the tables it was compiled from."""
    found: dict[str, Any] = json.loads(_content(f"{NAME}.json"))
    return found


def version() -> str:
    return str(described()["version"])


@cache
def shipped() -> Model:
    """The model of this release, loaded on the first call."""
    return loaded(_content(f"{NAME}.onnx"), described())


def loaded(content: bytes, description: Mapping[str, Any]) -> Model:
    """A model from its ONNX graph and from what stands beside it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(table: Any) -> tuple[Any, Any, Any, Any]:
        applies, decisive, scores, holds = session.run(["applies", "decisive", "scores", "holds"], {"inputs": table})
        return applies, decisive, scores, holds

    return Model(str(description["version"]), tuple(description["inputs"]), run)


def outcome(values: Mapping[str, float]) -> rules.Outcome:
    """What the shipped model says of one case."""
    return shipped().outcome(values) if runtime() else rules.outcome(rules.knowledge(), values)
