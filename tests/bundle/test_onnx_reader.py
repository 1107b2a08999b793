"""Which graphs the evaluator takes: those that the export writes, and no other."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper, numpy_helper

from admin import onnx_graph
from admin.graph import Linear, Trees
from housing_grpc.bundle.onnx_messages import OtherGraphError
from housing_grpc.bundle.onnx_reader import Ensemble, read
from tests.bundle.trees import random_tree

WIDTH = 13


def forest(*, float32: bool = False) -> bytes:
    random = np.random.default_rng(0)
    # Enough splits for numbers of one, two and three octets.
    grown = tuple(random_tree(random, splits) for splits in (3, 0, 200, 20_000))
    trees = Trees(trees=grown, inclusive=not float32, base=0.5, float32=float32)
    return onnx_graph.build(trees, WIDTH)


def node(model: ModelProto, operator: str) -> onnx.NodeProto:
    [found] = [each for each in model.graph.node if each.op_type == operator]
    return found


@pytest.mark.parametrize("float32", [False, True])
def test_it_reads_what_the_onnx_package_reads(float32: bool) -> None:
    graph = forest(float32=float32)
    found = read(graph)
    assert isinstance(found, Ensemble)
    expected = {
        each.name: helper.get_attribute_value(each)
        for each in node(onnx.load_from_string(graph), "TreeEnsemble").attribute
    }
    for name, values in found.indices.items():
        assert values.tolist() == expected[name]
    assert (found.threshold == numpy_helper.to_array(expected["nodes_splits"])).all()
    assert (found.weight == numpy_helper.to_array(expected["leaf_weights"])).all()
    assert (found.float32, found.inclusive, found.exponential) == (float32, not float32, False)


def newer(model: ModelProto) -> None:
    model.opset_import[0].version += 1


def function(model: ModelProto) -> None:
    model.functions.add(name="Exp")


def average(model: ModelProto) -> None:
    [each] = [a for a in node(model, "TreeEnsemble").attribute if a.name == "aggregate_function"]
    each.i = 0


def mixed(model: ModelProto) -> None:
    [each] = [a for a in node(model, "TreeEnsemble").attribute if a.name == "nodes_modes"]
    each.t.raw_data = b"\x01" + each.t.raw_data[1:]


def missing_values(model: ModelProto) -> None:
    extra = helper.make_attribute("nodes_missing_value_tracks_true", [1])
    node(model, "TreeEnsemble").attribute.append(extra)


def two_targets(model: ModelProto) -> None:
    [each] = [a for a in node(model, "TreeEnsemble").attribute if a.name == "leaf_targetids"]
    each.ints[-1] = 1


def below_zero(model: ModelProto) -> None:
    [each] = [a for a in node(model, "TreeEnsemble").attribute if a.name == "tree_roots"]
    each.ints[0] = -1


def another_order(model: ModelProto) -> None:
    model.graph.node[1].input[0] = "scaled"


def another_width(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 12


def another_operator(model: ModelProto) -> None:
    model.graph.node[-1].op_type = "Sqrt"


def another_type(model: ModelProto) -> None:
    model.graph.node[1].attribute[0].i = onnx.TensorProto.FLOAT


@pytest.mark.parametrize(
    "change",
    [
        newer, function, average, mixed, missing_values, two_targets, below_zero, another_order,
        another_width, another_operator, another_type,
    ],
)  # fmt: skip
def test_any_other_graph_is_left_to_onnx_runtime(change: Callable[[ModelProto], None]) -> None:
    model = onnx.load_from_string(forest())
    change(model)
    with pytest.raises(OtherGraphError):
        read(model.SerializeToString())


def test_a_weighted_sum_of_another_shape_is_left_to_onnx_runtime() -> None:
    model = onnx.load_from_string(
        onnx_graph.build(Linear(coefficients=np.ones(WIDTH), intercept=1.0), WIDTH)
    )
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.ones(2), "intercept"))
    with pytest.raises(OtherGraphError):
        read(model.SerializeToString())


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xff" * 40, b"\x3a\xff\xff", b"\x0b", b"\x09"])
def test_what_is_no_message_is_left_to_onnx_runtime(content: bytes) -> None:
    with pytest.raises(OtherGraphError):
        read(content)
