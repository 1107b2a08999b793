"""What a bundle must not hurt the server with."""

from onnx import NodeProto, TensorProto, helper

from housing_grpc.bundle.schema import FEATURE_NAMES

DOUBLE = TensorProto.DOUBLE
FEATURES = len(FEATURE_NAMES)


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


def external_data(file: str, size: int = 1) -> bytes:
    """A graph whose price is that byte of a file which RM says."""
    told = TensorProto(name="told", data_type=TensorProto.UINT8, dims=[size])
    told.data_location = TensorProto.EXTERNAL
    told.external_data.add(key="location", value=file)
    nodes = [
        helper.make_node("Cast", ["told"], ["bytes"], to=DOUBLE),
        helper.make_node("Gather", ["scaled", "rm"], ["wanted"], axis=1),
        helper.make_node("Cast", ["wanted"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["bytes", "place"], ["price"], axis=0),
    ]
    graph = helper.make_graph(
        nodes,
        "prices",
        [helper.make_tensor_value_info("scaled", DOUBLE, [None, FEATURES])],
        [helper.make_tensor_value_info("price", DOUBLE, [None, 1])],
        [told, helper.make_tensor("rm", TensorProto.INT64, [1], [FEATURE_NAMES.index("RM")])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())


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


def numbers(mib: int) -> bytes:
    """A `preprocessor.json` of that size, whose numbers take twelve times as much to read."""
    values = b"0," * (mib * 2**19)
    return (
        b'{"imputer": {"kind": "constant", "values": [' + values + b"0]},"
        b' "scaler": {"mean": [], "scale": []}}'
    )
