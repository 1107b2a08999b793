"""Writes what a regressor computes as an ONNX graph, in float64.

scikit-learn and XGBoost round the features to float32 before they compare them, so the
graph does. scikit-learn sums its leaves in float64, XGBoost in float32 and in the order of
its trees: so does the graph, as some hundred leaves summed otherwise are off by more than
1e-4.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array

from ..strategies.graph import Graph, Linear, Tree, Trees

# TreeEnsemble came with version 5 of the machine learning operators.
_OPSETS = (make_opsetid("", 21), make_opsetid("ai.onnx.ml", 5))
_IR_VERSION = 10
_SUM = 1
_NO_TRANSFORM = 0
_LESS_OR_EQUAL = 0
_LESS = 1


def build(graph: Graph, features: int) -> bytes:
    """Return the ONNX model.

    It takes "scaled", double, shape (n, features), and answers "price", double, shape
    (n, 1).

    Args:
        graph: What the fitted regressor computes.
        features: Number of features.
    """
    if isinstance(graph, Trees):
        return _trees(graph, features).SerializeToString()
    return _linear(graph).SerializeToString()


def _linear(graph: Linear) -> ModelProto:
    nodes = [
        make_node("MatMul", ["scaled", "coefficients"], ["sum"]),
        make_node("Add", ["sum", "intercept"], ["price"]),
    ]
    column = graph.coefficients.reshape(-1, 1)
    tensors = [_double("coefficients", column), _double("intercept", [graph.intercept])]
    return _model(nodes, tensors, len(column))


def _trees(graph: Trees, features: int) -> ModelProto:
    number = np.float32 if graph.float32 else np.float64
    kind = TensorProto.FLOAT if graph.float32 else TensorProto.DOUBLE
    comparison = _LESS_OR_EQUAL if graph.inclusive else _LESS
    nodes = [
        make_node("Cast", ["scaled"], ["rounded"], to=TensorProto.FLOAT),
        make_node("Cast", ["rounded"], ["compared"], to=kind),
        _ensemble(_with_base(graph, number), comparison, number),
        make_node("Cast", ["sum"], ["total"], to=TensorProto.DOUBLE),
        make_node("Exp" if graph.exponential else "Identity", ["total"], ["price"]),
    ]
    return _model(nodes, [], features)


def _with_base(graph: Trees, number: type[np.float32 | np.float64]) -> list[Tree]:
    """Return the trees with the base in the first one, where the library's sum starts."""
    trees = [_split(tree) for tree in graph.trees]
    base = np.asarray(graph.base, dtype=number)
    start = replace(trees[0], value=base + trees[0].value.astype(number))
    return [start, *trees[1:]]


def _split(tree: Tree) -> Tree:
    """Return a tree that has a split at its root, as ONNX Runtime wants it."""
    if tree.left[0] >= 0:
        return tree
    return Tree(
        feature=np.zeros(3, dtype=np.int64),
        threshold=np.zeros(3),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        value=np.full(3, tree.value[0]),
    )


def _ensemble(
    trees: Sequence[Tree], comparison: int, number: type[np.float32 | np.float64]
) -> NodeProto:
    """Join trees to one node: all their splits in one row, all their leaves in another."""
    splits = [tree.left >= 0 for tree in trees]
    split_starts = _starts([int(split.sum()) for split in splits])
    leaf_starts = _starts([int((~split).sum()) for split in splits])
    children = [
        (*_targets(tree.left, *place), *_targets(tree.right, *place))
        for tree, place in zip(
            trees, zip(splits, split_starts, leaf_starts, strict=True), strict=True
        )
    ]
    true_ids, true_leafs, false_ids, false_leafs = map(np.concatenate, zip(*children, strict=True))
    pairs = list(zip(trees, splits, strict=True))
    leaves = np.concatenate([tree.value[~split] for tree, split in pairs])
    return make_node(
        "TreeEnsemble",
        ["compared"],
        ["sum"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=_SUM,
        post_transform=_NO_TRANSFORM,
        tree_roots=split_starts,
        nodes_featureids=np.concatenate([tree.feature[split] for tree, split in pairs]),
        nodes_splits=from_array(
            np.concatenate([tree.threshold[split] for tree, split in pairs]).astype(number)
        ),
        nodes_modes=from_array(np.full(len(true_ids), comparison, dtype=np.uint8)),
        nodes_truenodeids=true_ids,
        nodes_trueleafs=true_leafs,
        nodes_falsenodeids=false_ids,
        nodes_falseleafs=false_leafs,
        leaf_targetids=np.zeros(len(leaves), dtype=np.int64),
        leaf_weights=from_array(leaves.astype(number)),
    )


def _starts(counts: Sequence[int]) -> list[int]:
    return [0, *np.cumsum(counts[:-1]).tolist()]


def _targets(
    children: NDArray[np.int64], split: NDArray[np.bool_], split_start: int, leaf_start: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each split of a tree leads, and whether that is a leaf (1) or a split (0)."""
    position = np.where(
        split, np.cumsum(split) - 1 + split_start, np.cumsum(~split) - 1 + leaf_start
    )
    child = children[split]
    return position[child], (~split[child]).astype(np.int64)


def _model(nodes: Sequence[NodeProto], tensors: Sequence[TensorProto], features: int) -> ModelProto:
    graph = make_graph(
        nodes,
        "prices",
        [make_tensor_value_info("scaled", TensorProto.DOUBLE, [None, features])],
        [make_tensor_value_info("price", TensorProto.DOUBLE, [None, 1])],
        tensors,
    )
    model = make_model(graph, opset_imports=_OPSETS, ir_version=_IR_VERSION)
    checker.check_model(model)
    return model


def _double(name: str, values: Sequence[float] | NDArray[np.float64]) -> TensorProto:
    return from_array(np.asarray(values, dtype=np.float64), name)
