"""Which graphs are taken: those that the export writes, and no other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper, numpy_helper

from admin.export import onnx_graph
from admin.export.flatten import flatten
from admin.strategies.graph import Linear, Trees
from housing_grpc.bundle import trees
from housing_grpc.bundle.onnx import ForeignGraphError, GraphError, read
from tests.bundle.random_trees import random_tree
from tests.support.errors import raised

WIDTH = 13


def forest(*, float32: bool = False, splits: tuple[int, ...] = (3, 0, 200)) -> bytes:
    random = np.random.default_rng(0)
    grown = tuple(random_tree(random, each) for each in splits)
    graph = Trees(trees=grown, inclusive=not float32, base=0.5, float32=float32)
    return onnx_graph.build(flatten(graph), WIDTH)


def weighted_sum() -> bytes:
    return onnx_graph.build(flatten(Linear(coefficients=np.ones(WIDTH), intercept=1.0)), WIDTH)


def node(model: ModelProto, operator: str) -> onnx.NodeProto:
    [found] = [each for each in model.graph.node if each.op_type == operator]
    return found


def attribute(model: ModelProto, name: str) -> onnx.AttributeProto:
    [found] = [a for a in node(model, "TreeEnsemble").attribute if a.name == name]
    return found


@pytest.mark.parametrize("float32", [False, True])
def test_it_reads_what_the_onnx_package_reads(float32: bool) -> None:
    # Enough splits for numbers of one, two and three octets.
    graph = forest(float32=float32, splits=(3, 0, 200, 20_000))
    found = read(graph, WIDTH)
    assert isinstance(found, trees.Trees)
    expected = {
        each.name: helper.get_attribute_value(each)
        for each in node(onnx.load_from_string(graph), "TreeEnsemble").attribute
    }
    splits = len(expected["nodes_featureids"])
    numbers = [numpy_helper.to_array(expected[name]) for name in ("nodes_splits", "leaf_weights")]
    assert found.roots.tolist() == expected["tree_roots"]
    assert found.feature[:splits].tolist() == expected["nodes_featureids"]
    assert found.number.tolist() == np.concatenate(numbers).tolist()
    for side, children in (("true", found.left), ("false", found.right)):
        ids, leafs = (expected[f"nodes_{side}{name}"] for name in ("nodeids", "leafs"))
        places = [place + splits * leaf for place, leaf in zip(ids, leafs, strict=True)]
        assert children[:splits].tolist() == places
        assert set(children[splits:].tolist()) == {-1}
    assert (found.float32, found.inclusive, found.exponential) == (float32, not float32, False)


@pytest.mark.parametrize("float32", [False, True])
def test_what_it_reads_is_what_was_written(float32: bool) -> None:
    graph = forest(float32=float32)
    again = read(graph, WIDTH)
    assert onnx_graph.build(again, WIDTH) == graph
    assert onnx_graph.build(read(weighted_sum(), WIDTH), WIDTH) == weighted_sum()


Change = Callable[[ModelProto], object]


def external_data(model: ModelProto) -> None:
    tensor = attribute(model, "nodes_splits").t
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=".env")


def another_width(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 12


def another_input_type(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.STRING


def mixed(model: ModelProto) -> None:
    tensor = attribute(model, "nodes_modes").t
    tensor.raw_data = b"\x01" + tensor.raw_data[1:]


def splits_as_attribute_of_floats(model: ModelProto) -> None:
    attribute(model, "nodes_splits").CopyFrom(helper.make_attribute("nodes_splits", [1.0]))


CHANGES: dict[str, tuple[Change, str]] = {
    "external data": (external_data, "a tensor with data in another file"),
    "a function": (lambda m: m.functions.add(name="Exp"), "the model with functions"),
    "training": (lambda m: m.training_info.add(), "the model with training information"),
    "metadata": (lambda m: m.metadata_props.add(key="a"), "the model with metadata properties"),
    "newer": (lambda m: setattr(m.opset_import[0], "version", 22), "another version"),
    "an opset twice": (lambda m: m.opset_import.add(domain="", version=1), "another version"),
    "a domain": (lambda m: m.opset_import.add(domain="com.evil", version=1), "another version"),
    "another format": (lambda m: setattr(m, "ir_version", 9), "another version"),
    "a foreign operator": (
        lambda m: setattr(m.graph.node[0], "domain", "com.microsoft"),
        "an operator that is not used",
    ),
    "a loop": (lambda m: setattr(m.graph.node[-1], "op_type", "Loop"), "an operator that is not"),
    "a subgraph": (
        lambda m: m.graph.node[-1].attribute.append(helper.make_attribute("body", m.graph)),
        "a graph inside",
    ),
    "an attribute": (
        lambda m: m.graph.node[-1].attribute.append(helper.make_attribute("axis", 1)),
        "other attributes",
    ),
    "a name of the node": (lambda m: setattr(m.graph.node[0], "name", "x"), "field 3 of ONNX's"),
    "another order": (
        lambda m: m.graph.node[1].input.__setitem__(0, "scaled"),
        "nodes of another form",
    ),
    "another output": (
        lambda m: m.graph.node[0].output.append("more"),
        "nodes of another form",
    ),
    "a node more": (
        lambda m: m.graph.node.append(helper.make_node("Identity", ["total"], ["more"])),
        "nodes of another form",
    ),
    "another width": (another_width, "other inputs and outputs than rows of 13"),
    "strings": (another_input_type, "an input or output that is not of float64"),
    "another input": (
        lambda m: m.graph.input.append(helper.make_tensor_value_info("more", 11, [None, 13])),
        "other inputs and outputs",
    ),
    "a tensor": (
        lambda m: m.graph.initializer.append(numpy_helper.from_array(np.ones(3), "more")),
        "tensors that are not used",
    ),
    "a sparse tensor": (lambda m: m.graph.sparse_initializer.add(), "sparse tensors"),
    "an average": (
        lambda m: setattr(attribute(m, "aggregate_function"), "i", 0),
        "not summed up to one price",
    ),
    "a type that lies": (
        lambda m: setattr(attribute(m, "n_targets"), "type", onnx.AttributeProto.GRAPH),
        "an attribute of another type than its value",
    ),
    "floats": (splits_as_attribute_of_floats, "field 7 of a type that is not used"),
    "two comparisons": (mixed, "splits that compare otherwise"),
    "missing values": (
        lambda m: node(m, "TreeEnsemble").attribute.append(
            helper.make_attribute("nodes_missing_value_tracks_true", [1])
        ),
        "other attributes",
    ),
    "two targets": (
        lambda m: attribute(m, "leaf_targetids").ints.__setitem__(-1, 1),
        "trees of more than one price",
    ),
    "below zero": (
        lambda m: attribute(m, "tree_roots").ints.__setitem__(0, -1),
        "below zero, or too large",
    ),
    "another cast": (
        lambda m: setattr(m.graph.node[1].attribute[0], "i", onnx.TensorProto.FLOAT),
        "trees with numbers of another type",
    ),
    "a shape that lies": (
        lambda m: attribute(m, "nodes_splits").t.dims.__setitem__(0, 2**40),
        "a tensor whose data is of another size",
    ),
    "a type of tensor": (
        lambda m: setattr(attribute(m, "leaf_weights").t, "data_type", onnx.TensorProto.STRING),
        "a tensor of another type",
    ),
    "not finite": (
        lambda m: setattr(
            attribute(m, "leaf_weights").t,
            "raw_data",
            np.full(attribute(m, "leaf_weights").t.dims[0], np.inf).tobytes(),
        ),
        "a number that is not finite",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_any_other_graph_is_refused(name: str) -> None:
    change, text = CHANGES[name]
    model = onnx.load_from_string(forest())
    change(model)
    with pytest.raises(ForeignGraphError, match=text):
        read(model.SerializeToString(), WIDTH)


@pytest.mark.parametrize(
    "intercept", [np.ones(2), np.ones(1, np.float32), np.full(1, np.nan)], ids=str
)
def test_any_other_weighted_sum_is_refused(intercept: Any) -> None:
    model = onnx.load_from_string(weighted_sum())
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(intercept, "intercept"))
    with pytest.raises(ForeignGraphError):
        read(model.SerializeToString(), WIDTH)


def test_a_name_that_is_given_twice_is_refused() -> None:
    model = onnx.load_from_string(weighted_sum())
    model.graph.initializer.append(model.graph.initializer[0])
    with pytest.raises(ForeignGraphError):
        read(model.SerializeToString(), WIDTH)


@pytest.mark.parametrize("content", [b"no graph", b"\x3a\xff\x7f", b"\x0f", b"\x08", b"\x08\x80"])
def test_what_is_no_message_is_no_graph(content: bytes) -> None:
    assert type(raised(GraphError, read, content, WIDTH)) is GraphError


@pytest.mark.parametrize("content", [b"", b"\xff" * 40])
def test_what_is_another_message_is_refused(content: bytes) -> None:
    with pytest.raises(ForeignGraphError):
        read(content, WIDTH)
