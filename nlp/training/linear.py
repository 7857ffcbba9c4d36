"""A linear model over counted n-grams: vocabulary, weighting, fit, temperature, and its ONNX graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy import sparse
from sklearn.feature_selection import chi2

from nlp.clinical.ngrams import ngrams

OPSET = 17


@dataclass(frozen=True)
class Weighting:
    """``vocabulary`` in the order of the columns; ``idf`` a weight for each: (1 + ln count) * idf, each text then of length one."""

    vocabulary: tuple[str, ...]
    idf: Any

    def matrix(self, counted: list[Counter[str]]) -> Any:
        return _unit(_weighted(counted, {gram: place for place, gram in enumerate(self.vocabulary)}, self.idf))


def weighting(counted: list[Counter[str]], labels: list[str], size: int, least: int) -> Weighting:
    """The ``size`` n-grams that tell departments apart best (chi-squared), of those in at least ``least`` texts."""
    documents: Counter[str] = Counter()
    for one in counted:
        documents.update(one.keys())
    grams = sorted(gram for gram, count in documents.items() if count >= least)
    idf = np.log((1 + len(counted)) / (1 + np.array([documents[gram] for gram in grams]))) + 1.0
    full = _unit(_weighted(counted, {gram: place for place, gram in enumerate(grams)}, idf))
    telling = np.nan_to_num(chi2(full, np.array(labels))[0])
    kept = np.sort(np.argsort(-telling, kind="stable")[:size])
    return Weighting(tuple(grams[place] for place in kept), idf[kept].astype(np.float32))


def _weighted(counted: list[Counter[str]], places: dict[str, int], idf: Any) -> Any:
    indices: list[int] = []
    values: list[float] = []
    starts = [0]
    for one in counted:
        row = sorted((places[gram], count) for gram, count in one.items() if gram in places)
        indices.extend(place for place, _ in row)
        values.extend(float(count) for _, count in row)
        starts.append(len(indices))
    columns = np.array(indices, dtype=np.int32)
    data = (1.0 + np.log(np.array(values))) * np.asarray(idf)[columns] if indices else np.zeros(0)
    return sparse.csr_matrix((data, columns, np.array(starts)), shape=(len(counted), len(places)))


def _unit(matrix: Any) -> Any:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))).ravel()
    return sparse.diags(1.0 / np.maximum(lengths, 1e-12)) @ matrix


def softmax(scores: Any) -> Any:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def temperature(scores: Any, truth: Any) -> float:
    """The factor on ``scores`` (rows by classes) under which ``truth`` (a column each) is likeliest: scaled, never reordered."""
    rows = np.arange(len(truth))

    def loss(factor: float) -> float:
        return float(-np.log(softmax(scores * factor)[rows, truth] + 1e-12).mean())

    grid = np.geomspace(0.05, 40, 400)
    return float(grid[int(np.argmin([loss(factor) for factor in grid]))])


@dataclass(frozen=True)
class Linear:
    """Scores are ``matrix @ weights + bias``; probabilities are softmax(scores * factor). ``weights``: n-grams by labels."""

    labels: tuple[str, ...]
    weighting: Weighting
    weights: Any
    bias: Any
    factor: float

    def probabilities(self, counted: list[Counter[str]]) -> Any:
        return softmax(self.scores(counted) * self.factor)

    def scores(self, counted: list[Counter[str]]) -> Any:
        return np.asarray(self.weighting.matrix(counted) @ self.weights) + self.bias


def rounded(weights: Any) -> Any:
    """``weights`` as they are kept: in half precision."""
    return weights.astype(np.float16).astype(np.float32)


def graph(model: Linear, name: str = "departments") -> bytes:
    """ONNX of ``model``: places (int64, k) and counts (float32, k) of the n-grams of one text in, probabilities (float32, labels) out.

    Only the rows of the n-grams that a text has are gathered, so its cost hangs on the text and not on the vocabulary.
    """
    constants = {
        "idf": model.weighting.idf.astype(np.float32),
        "weights": model.weights.astype(np.float16),
        "bias": (model.bias * model.factor).astype(np.float32),
        "factor": np.array(model.factor, dtype=np.float32),
        "one": np.array(1.0, dtype=np.float32),
        "tiny": np.array(1e-12, dtype=np.float32),
        "row": np.array([0], dtype=np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Log", ["counts"], ["logs"]),
        node("Add", ["logs", "one"], ["damped"]),
        node("Gather", ["idf", "places"], ["rarity"]),
        node("Mul", ["damped", "rarity"], ["values"]),
        node("ReduceL2", ["values"], ["length"], keepdims=0),
        node("Max", ["length", "tiny"], ["safe"]),
        node("Div", ["values", "safe"], ["shares"]),
        node("Gather", ["weights", "places"], ["halves"]),
        node("Cast", ["halves"], ["rows"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["shares", "row"], ["line"]),
        node("MatMul", ["line", "rows"], ["products"]),
        node("Squeeze", ["products", "row"], ["sums"]),
        node("Mul", ["sums", "factor"], ["scaled"]),
        node("Add", ["scaled", "bias"], ["scores"]),
        node("Softmax", ["scores"], ["probabilities"], axis=-1),
    ]
    made = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("places", TensorProto.INT64, ["k"]), helper.make_tensor_value_info("counts", TensorProto.FLOAT, ["k"])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [len(model.labels)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    whole = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="huizhen", ir_version=8)
    onnx.checker.check_model(whole)
    return bytes(whole.SerializeToString())


def counted_texts(texts: list[str]) -> list[Counter[str]]:
    return [ngrams(text) for text in texts]
