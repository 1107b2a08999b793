"""`model.onnx` as a bundle brings it."""

import itertools
import random
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, numpy_helper

from admin.export import onnx_graph
from admin.export.flatten import flatten
from admin.strategies.graph import Graph, Linear, Trees
from housing_grpc.bundle import onnx
from housing_grpc.bundle.errors import ModelOutputError
from housing_grpc.bundle.imputers import ConstantImputer
from housing_grpc.bundle.native_evaluator import evaluator
from housing_grpc.bundle.preprocess import Preprocessor
from tests.bundle.random_trees import random_tree
from tests.fuzz.target import Seeds, Target

WIDTH = 13
_PREPROCESSOR = Preprocessor(ConstantImputer(np.zeros(WIDTH)), np.zeros(WIDTH), np.ones(WIDTH))
_ROWS = np.random.default_rng(0).normal(size=(40, WIDTH))


def _real() -> list[bytes]:
    chance = np.random.default_rng(7)
    grown = tuple(random_tree(chance, splits) for splits in (3, 0, 40))
    graphs: list[Graph] = [Linear(coefficients=np.ones(WIDTH), intercept=1.0)]
    for float32, exponential in itertools.product((False, True), repeat=2):
        trees = Trees(trees=grown, inclusive=not float32, base=1.0)
        graphs.append(replace(trees, float32=float32, exponential=exponential))
    return [onnx_graph.build(flatten(graph), WIDTH) for graph in graphs]


class GraphFile(Target):
    """A graph, which ONNX's own parser reads, too.

    Args:
        stack: Not needed.
        folder: Not needed.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._real = _real()
        self._forms = {_taken_apart(seed)[0] for seed in self._real}

    def seeds(self) -> Seeds:
        """Returns a graph of each form."""
        return self._real

    def mutant(self, seed: bytes, chance: random.Random) -> bytes:
        """Returns a graph with other bytes, or with another index or size."""
        if chance.random() < 0.5:
            return super().mutant(seed, chance)
        try:
            model = ModelProto.FromString(seed)
            attributes = [a for node in model.graph.node for a in node.attribute if a.ints]
            values: Any = chance.choice([*[a.ints for a in attributes], *_dimensions(model)])
            values[chance.randrange(len(values))] = chance.choice([0, 1, 2, 13, 2**31, 2**62, -1])
            return model.SerializeToString()
        except Exception:  # noqa: BLE001 - whatever a seed that is no graph does to ONNX's parser
            return super().mutant(seed, chance)

    def __call__(self, data: bytes) -> None:
        """Reads it; it is refused, or is to ONNX what was read, and can be evaluated."""
        try:
            regressor = onnx.read(data, WIDTH)
        except onnx.GraphError:
            return
        form, numbers = _taken_apart(data)
        assert form in self._forms
        written = _taken_apart(onnx_graph.build(regressor, WIDTH))[1]
        assert numbers.keys() == written.keys()
        for name, found in written.items():
            assert np.array_equal(found, numbers[name]), name
        native = evaluator(_PREPROCESSOR, regressor)
        # Weights may be as large as they like; the price they then make is refused.
        with np.errstate(all="ignore"), suppress(ModelOutputError):
            assert native is None or native.predict(_ROWS).shape == (len(_ROWS),)


def _dimensions(model: ModelProto) -> list[Any]:
    return [tensor.dims for tensor in model.graph.initializer]


def _taken_apart(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """Returns a graph without its numbers, and the numbers by name, as ONNX's parser sees them."""
    model, numbers = ModelProto.FromString(data), dict[str, Any]()
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.ints:
                numbers[attribute.name] = list(attribute.ints)
                attribute.ClearField("ints")
            elif attribute.HasField("t"):
                numbers[attribute.name] = _emptied(attribute.t)
    for tensor in model.graph.initializer:
        numbers[tensor.name] = _emptied(tensor)
    # In whatever order fields came, they are written in one.
    return model.SerializeToString(deterministic=True), numbers


def _emptied(tensor: Any) -> Any:
    found = numpy_helper.to_array(tensor).copy()
    tensor.ClearField("dims")
    tensor.ClearField("raw_data")
    return found
