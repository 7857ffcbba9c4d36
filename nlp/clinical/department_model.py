"""The trained part of choosing a department: the probability of each, from the words alone. Trained by ``nlp.training.departments``."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import numpy as np

from nlp.interface.departments import department
from nlp.interface.reading import Department

from .ngrams import ngrams

SPECIALTIES, INTERNAL_MEDICINE = "departments", "departments_internal"
"""All departments of the county's list; the eleven names of the internal-medicine yardstick."""
_FOLDER = "models"
_KEPT = 10
"""How many departments of one text are remembered, the likeliest; what is left out is no longer told apart."""


@dataclass(frozen=True)
class TextModel:
    """``labels`` in the order of the model's output; ``vocabulary`` gives each n-gram its place; ``run`` takes places and counts."""

    version: str
    labels: tuple[str, ...]
    vocabulary: dict[str, int]
    run: Callable[[Any, Any], Any]

    def probabilities(self, text: str) -> dict[str, float]:
        """Probability by label, summing to one; empty when nothing in ``text`` was ever seen in training. Never raises."""
        counted = sorted((place, count) for gram, count in _runs(text) if (place := self.vocabulary.get(gram)) is not None)
        if not counted:
            return {}
        places = np.fromiter((place for place, _ in counted), dtype=np.int64, count=len(counted))
        counts = np.fromiter((count for _, count in counted), dtype=np.float32, count=len(counted))
        return dict(zip(self.labels, self.run(places, counts).tolist(), strict=True))


@lru_cache(maxsize=4)
def _runs(text: str) -> tuple[tuple[str, int], ...]:
    """The runs of ``text``, counted once for the models that look at it one after the other."""
    return tuple(ngrams(text).items())


@cache
def runtime() -> bool:
    """Whether the runtime of trained models is installed (it is part of requirements/run.txt). Without it findings and rules choose alone."""
    return importlib.util.find_spec("onnxruntime") is not None


@cache
def described(name: str) -> dict[str, Any]:
    """What stands beside the graph of ``name``: labels, vocabulary, version and what it was made of."""
    found: dict[str, Any] = json.loads(resources.files("nlp.clinical").joinpath(_FOLDER, f"{name}.json").read_text(encoding="utf-8"))
    return found


def version() -> str:
    """Name and version of the model in use; empty where the runtime is missing, so that what was decided without it can be told apart."""
    return str(described(SPECIALTIES)["version"]) if runtime() else ""


@cache
def text_model(name: str = SPECIALTIES) -> TextModel:
    """The model of this release, loaded on the first call (some hundred milliseconds: the runtime is imported here and not before)."""
    content = resources.files("nlp.clinical").joinpath(_FOLDER, f"{name}.onnx").read_bytes()
    return loaded(content, described(name))


def loaded(content: bytes, described: dict[str, Any]) -> TextModel:
    """A model from its ONNX graph and from what stands beside it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(places: Any, counts: Any) -> Any:
        return session.run(["probabilities"], {"places": places, "counts": counts})[0]

    vocabulary = {gram: place for place, gram in enumerate(described["vocabulary"])}
    return TextModel(described["version"], tuple(described["labels"]), vocabulary, run)


def leaning(text: str) -> tuple[Department, ...]:
    """Where the words of ``text`` point, the likeliest first; empty when the model knows none of them or cannot run."""
    return _ranked(text_model().probabilities(text)) if runtime() else ()


def joined(before: tuple[Department, ...], new: tuple[Department, ...]) -> tuple[Department, ...]:
    """Two leanings of one case as one: the mean, so that neither the first nor the last words decide alone."""
    if not before or not new:
        return before or new
    summed: dict[str, float] = {}
    for one in (*before, *new):
        summed[one.code] = summed.get(one.code, 0.0) + one.probability / 2
    return _ranked(summed)


def _ranked(shares: dict[str, float]) -> tuple[Department, ...]:
    best = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:_KEPT]
    return tuple(Department(code=code, name=department(code).name, probability=round(share, 4)) for code, share in best if share >= 0.0005)
