"""ONNX graphs that a bundle must not hurt the server with."""

from onnx import NodeProto, TensorProto, helper

DOUBLE = TensorProto.DOUBLE
FEATURES = 13


def _graph(nodes: list[NodeProto], extra: str) -> bytes:
    """Rows to the sum of each, and to that the number called `extra`."""
    rows = helper.make_tensor_value_info("rows", DOUBLE, [None, FEATURES])
    prices = helper.make_tensor_value_info("prices", DOUBLE, [None])
    axes = helper.make_node("Constant", [], ["axes"], value_ints=[1])
    total = helper.make_node("ReduceSum", ["rows", "axes"], ["total"], keepdims=0)
    add = helper.make_node("Add", ["total", extra], ["prices"])
    graph = helper.make_graph([axes, total, *nodes, add], "hostile", [rows], [prices])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def memory(mib: int) -> bytes:
    """A graph of a few hundred bytes that takes so much memory."""
    numbers = mib * 2**20 // 8
    one = helper.make_tensor("one", DOUBLE, [1], [1.0])
    shape = helper.make_node("Constant", [], ["shape"], value_ints=[numbers])
    fill = helper.make_node("ConstantOfShape", ["shape"], ["filled"], value=one)
    largest = helper.make_node("ReduceMax", ["filled"], ["extra"], keepdims=0)
    return _graph([shape, fill, largest], "extra")


def endless() -> bytes:
    """A graph that counts for some thousand years."""
    trip = helper.make_tensor_value_info("trip", TensorProto.INT64, [])
    go_on = helper.make_tensor_value_info("go_on", TensorProto.BOOL, [])
    still = helper.make_tensor_value_info("still", TensorProto.BOOL, [])
    before = helper.make_tensor_value_info("before", DOUBLE, [])
    after = helper.make_tensor_value_info("after", DOUBLE, [])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["still"]),
            helper.make_node("Sqrt", ["before"], ["after"]),
        ],
        "body",
        [trip, go_on, before],
        [still, after],
    )
    most = helper.make_node("Constant", [], ["most"], value_int=2**62)
    yes = helper.make_node(
        "Constant", [], ["yes"], value=helper.make_tensor("b", TensorProto.BOOL, [], [True])
    )
    start = helper.make_node(
        "Constant", [], ["start"], value=helper.make_tensor("s", DOUBLE, [], [4.0])
    )
    loop = helper.make_node("Loop", ["most", "yes", "start"], ["extra"], body=body)
    return _graph([most, yes, start, loop], "extra")
