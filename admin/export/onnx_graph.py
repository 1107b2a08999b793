"""Writes a regressor as an ONNX graph, for programs that read nothing else of a bundle."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array

from housing_grpc.bundle.regressor_file import Linear, Regressor
from housing_grpc.bundle.trees import Trees

# TreeEnsemble came with version 5 of the machine learning operators.
_OPSETS = (make_opsetid("", 21), make_opsetid("ai.onnx.ml", 5))
_IR_VERSION = 10
_SUM = 1
_NO_TRANSFORM = 0
_LESS_OR_EQUAL = 0
_LESS = 1


def build(regressor: Regressor, features: int) -> bytes:
    """Return the ONNX model.

    It takes "scaled", double, shape (n, features), and answers "price", double, shape
    (n, 1).

    Args:
        regressor: A weighted sum, or trees each with a split at its root.
        features: Number of features.
    """
    if isinstance(regressor, Trees):
        return _trees(regressor, features).SerializeToString()
    return _linear(regressor).SerializeToString()


def _linear(linear: Linear) -> ModelProto:
    nodes = [
        make_node("MatMul", ["scaled", "coefficients"], ["sum"]),
        make_node("Add", ["sum", "intercept"], ["price"]),
    ]
    column = linear.coefficients.reshape(-1, 1)
    tensors = [_double("coefficients", column), _double("intercept", [linear.intercept])]
    return _model(nodes, tensors, len(column))


def _trees(trees: Trees, features: int) -> ModelProto:
    kind = TensorProto.FLOAT if trees.float32 else TensorProto.DOUBLE
    nodes = [
        make_node("Cast", ["scaled"], ["rounded"], to=TensorProto.FLOAT),
        make_node("Cast", ["rounded"], ["compared"], to=kind),
        _ensemble(trees),
        make_node("Cast", ["sum"], ["total"], to=TensorProto.DOUBLE),
        make_node("Exp" if trees.exponential else "Identity", ["total"], ["price"]),
    ]
    return _model(nodes, [], features)


def _ensemble(trees: Trees) -> NodeProto:
    """Part the nodes: all splits in one row, all leaves in another, each numbered anew."""
    number = np.float32 if trees.float32 else np.float64
    leaf = trees.left < 0
    place = np.where(leaf, np.cumsum(leaf), np.cumsum(~leaf)) - 1
    left, right = trees.left[~leaf], trees.right[~leaf]
    comparison = _LESS_OR_EQUAL if trees.inclusive else _LESS
    return make_node(
        "TreeEnsemble",
        ["compared"],
        ["sum"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=_SUM,
        post_transform=_NO_TRANSFORM,
        tree_roots=place[trees.roots],
        nodes_featureids=trees.feature[~leaf],
        nodes_splits=from_array(trees.number[~leaf].astype(number)),
        nodes_modes=from_array(np.full(len(left), comparison, dtype=np.uint8)),
        nodes_truenodeids=place[left],
        nodes_trueleafs=leaf[left].astype(np.int64),
        nodes_falsenodeids=place[right],
        nodes_falseleafs=leaf[right].astype(np.int64),
        leaf_targetids=np.zeros(leaf.sum(), dtype=np.int64),
        leaf_weights=from_array(trees.number[leaf].astype(number)),
    )


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
