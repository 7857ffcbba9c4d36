"""Conditions as an ONNX graph: every test of an input is one signal, every gate one threshold over earlier signals, layer by layer.

Inputs are compared in double precision, as Python compares them; everything after that counts whole numbers far below 2**24, exact in single
precision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nlp.clinical.candidates.language import Gate, Leaf, Node
from nlp.clinical.candidates.rules import Knowledge

OPSET = 17
_TESTS = ("present", "absent", "known", ">=", "<")


@dataclass
class Network:
    """Signals in the order in which they are computed: first the tests, then the gates of each layer."""

    tests: list[Leaf] = field(default_factory=list)
    layers: list[list[Gate]] = field(default_factory=list)
    depth: dict[Node, int] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        """The layer of ``node``, 0 for a test; equal conditions are computed once."""
        if node in self.depth:
            return self.depth[node]
        if isinstance(node, Leaf):
            self.tests.append(node)
            self.depth[node] = 0
            return 0
        layer = 1 + max(self.add(part) for part in node.parts)
        while len(self.layers) < layer:
            self.layers.append([])
        self.layers[layer - 1].append(node)
        self.depth[node] = layer
        return layer

    def places(self) -> dict[Node, int]:
        """The column of every signal in the last layer's table."""
        ordered: list[Node] = [*sorted(self.tests, key=lambda one: _TESTS.index(one.test)), *(gate for layer in self.layers for gate in layer)]
        return {node: place for place, node in enumerate(ordered)}


def compiled(known: Knowledge) -> bytes:
    """ONNX of ``known``: ``inputs`` float64 (cases, inputs), NaN for unknown, in the order of ``known.inputs``; out: ``applies`` and ``decisive``
    bool (cases, diseases), ``scores`` float32 (cases, diseases) in thousandths of a nat, ``holds`` bool (cases, rows)."""
    network = Network()
    asked = [node for one in known.subjects for node in (one.applies, one.decisive)] + [row.when for row in known.rows]
    for node in asked:
        network.add(node)
    graph = _Graph()
    places = network.places()
    graph.tests(network, known.inputs)
    for number, layer in enumerate(network.layers, 1):
        graph.gates(layer, places, number)
    graph.chosen([places[one.applies] for one in known.subjects], "applies")
    graph.chosen([places[one.decisive] for one in known.subjects], "decisive")
    graph.chosen([places[row.when] for row in known.rows], "holds")
    codes = [one.code for one in known.subjects]
    weights = np.zeros((len(known.rows), len(codes)), np.float32)
    for place, row in enumerate(known.rows):
        weights[place, codes.index(row.disease)] = row.weight
    graph.sums(weights)
    return graph.finished(len(known.inputs), len(codes), len(known.rows))


class _Graph:
    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._table = ""

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, name: str, value: Any) -> str:
        self._constants[name] = value
        return name

    def tests(self, network: Network, order: tuple[str, ...]) -> None:
        """One column a test, by kind; true is 1.0."""
        columns = []
        for kind in _TESTS:
            mine = [leaf for leaf in network.tests if leaf.test == kind]
            if not mine:
                continue
            name = {">=": "from", "<": "below"}.get(kind, kind)
            places = self._constant(f"{name}_places", np.array([order.index(leaf.code) for leaf in mine], dtype=np.int64))
            value = self._node("Gather", ["inputs", places], f"{name}_values", axis=1)
            bound = np.array([leaf.number if kind in (">=", "<") else 0.5 for leaf in mine])
            if kind == "known":
                true = self._node("Not", [self._node("IsNaN", [value], "known_unknown")], "known_true")
            else:
                compared = "GreaterOrEqual" if kind in ("present", ">=") else "Less"
                true = self._node(compared, [value, self._constant(f"{name}_bounds", bound)], f"{name}_true")
            columns.append(self._node("Cast", [true], f"{name}_columns", to=TensorProto.FLOAT))
        self._table = self._node("Concat", columns, "signals_0", axis=1)

    def gates(self, layer: list[Gate], places: dict[Node, int], number: int) -> None:
        """One threshold a gate: the sum of its parts reaches ``least``; denied: its negative is above the negative of ``least``."""
        width = min(places[gate] for gate in layer)
        weights, least = np.zeros((width, len(layer)), np.float32), np.zeros(len(layer), np.float32)
        for column, gate in enumerate(layer):
            sign = -1.0 if gate.denied else 1.0
            for part in gate.parts:
                weights[places[part], column] += sign
            least[column] = 1.0 - gate.least if gate.denied else gate.least
        summed = self._node("MatMul", [self._table, self._constant(f"weights_{number}", weights)], f"sums_{number}")
        true = self._node("GreaterOrEqual", [summed, self._constant(f"least_{number}", least)], f"true_{number}")
        columns = self._node("Cast", [true], f"columns_{number}", to=TensorProto.FLOAT)
        self._table = self._node("Concat", [self._table, columns], f"signals_{number}", axis=1)

    def chosen(self, columns: list[int], name: str) -> None:
        places = self._constant(f"{name}_columns_of", np.array(columns, dtype=np.int64))
        self._node("Cast", [self._node("Gather", [self._table, places], f"{name}_values_of", axis=1)], name, to=TensorProto.BOOL)

    def sums(self, weights: Any) -> None:
        self._node("MatMul", ["holds_values_of", self._constant("row_weights", weights)], "scores")

    def finished(self, inputs: int, diseases: int, count: int) -> bytes:
        shape = helper.make_tensor_value_info
        made = helper.make_graph(
            self._nodes,
            "candidates",
            [shape("inputs", TensorProto.DOUBLE, ["cases", inputs])],
            [
                shape("applies", TensorProto.BOOL, ["cases", diseases]),
                shape("decisive", TensorProto.BOOL, ["cases", diseases]),
                shape("scores", TensorProto.FLOAT, ["cases", diseases]),
                shape("holds", TensorProto.BOOL, ["cases", count]),
            ],
            [numpy_helper.from_array(value, name) for name, value in self._constants.items()],
        )
        whole = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="huizhen", ir_version=8)
        onnx.checker.check_model(whole)
        return bytes(whole.SerializeToString())
