import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import model
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import (
    BundleChecksumError,
    BundleFormatError,
    ModelOutputError,
    SelfTestError,
)
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.model import Bundle


def graph(
    taken: int = TensorProto.DOUBLE,
    given: int = TensorProto.DOUBLE,
    width: int = 13,
    operator: str = "Sqrt",
) -> bytes:
    nodes = [make_node(operator, ["x"], ["root"]), make_node("Cast", ["root"], ["y"], to=given)]
    made = make_graph(
        nodes,
        "test",
        [make_tensor_value_info("x", taken, [None, width])],
        [make_tensor_value_info("y", given, [None, width])],
    )
    model_proto = make_model(made, opset_imports=[make_opsetid("", 21)], ir_version=10)
    content: bytes = model_proto.SerializeToString()
    return content


def in_memory(metadata: Metadata, blobs: dict[str, bytes]) -> Bundle:
    return Bundle(BundleFiles(metadata=metadata, blobs=blobs, digest=Digest("d")))


def with_document(blobs: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    document = json.loads(blobs["preprocessor.json"])
    return {**blobs, "preprocessor.json": json.dumps({**document, **changes}).encode()}


def test_it_predicts(folder: Path) -> None:
    rows = np.array([[1.0] * 13, [3.0] * 13, [np.nan] * 13, [1.0] * 12 + [np.nan]])
    assert model.load(folder).predict(rows).tolist() == [100.0, 113.0, 113.0, 101.0]


def test_it_leaves_the_rows_as_they_are(folder: Path) -> None:
    rows = np.array([[np.nan] + [2.0] * 12])
    model.load(folder).predict(rows)
    assert np.isnan(rows[0, 0])
    assert rows[0, 1:].tolist() == [2.0] * 12


def test_it_predicts_in_many_threads(folder: Path) -> None:
    bundle = model.load(folder)
    batches = [np.full((50, 13), float(number)) for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(bundle.predict, batches))
    assert [set(answer) for answer in answers] == [
        {100 + 13 * (number - 1) / 2} for number in range(64)
    ]


def test_a_wrong_golden_answer_is_refused(
    tmp_path: Path, wrong_golden: Metadata, blobs: dict[str, bytes]
) -> None:
    bundle_format.write(tmp_path / "bundle", wrong_golden, blobs)
    with pytest.raises(SelfTestError, match=r"an answer is off by 0.001, 1e-09 is allowed"):
        model.load(tmp_path / "bundle")


def test_a_golden_row_without_an_answer_is_refused(
    metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    rooted = {**blobs, "model.onnx": graph(operator="Log")}
    with pytest.raises(SelfTestError, match="golden rows: the model gave"):
        in_memory(metadata, rooted).self_test()


def test_loading_verifies(folder: Path) -> None:
    (folder / "extra").write_text("")
    with pytest.raises(BundleChecksumError):
        model.load(folder)


@pytest.mark.parametrize("native", [True, False])
def test_a_price_that_is_no_number_is_refused(
    metadata: Metadata, blobs: dict[str, bytes], native: bool
) -> None:
    bundle = Bundle(BundleFiles(metadata=metadata, blobs=blobs, digest=Digest("d")), native=native)
    with pytest.raises(ModelOutputError, match="not a finite number"):
        bundle.predict(np.full((2, 13), 1.7e308))


def test_a_wrong_number_of_prices_is_refused(metadata: Metadata, blobs: dict[str, bytes]) -> None:
    bundle = in_memory(metadata, {**blobs, "model.onnx": graph()})
    with pytest.raises(ModelOutputError, match="26 prices for 2 rows"):
        bundle.predict(np.full((2, 13), 5.0))


@pytest.mark.parametrize(
    ("onnx", "text"),
    [
        (b"no graph", "ONNX Runtime cannot load it"),
        (b"", "ONNX Runtime cannot load it"),
        (graph(taken=TensorProto.FLOAT), "does not take rows of 13 doubles"),
        (graph(width=12), "does not take rows of 13 doubles"),
        (graph(given=TensorProto.FLOAT), "does not answer with doubles"),
    ],
    ids=["text", "empty", "float in", "twelve in", "float out"],
)
def test_another_graph_is_refused(
    metadata: Metadata, blobs: dict[str, bytes], onnx: bytes, text: str
) -> None:
    with pytest.raises(BundleFormatError, match=f"model.onnx: {text}"):
        in_memory(metadata, {**blobs, "model.onnx": onnx})


SCALER = {"mean": [0.0] * 13, "scale": [1.0] * 13}
ITERATIVE = {"kind": "iterative", "initial": [0.0] * 13, "minimum": [None] * 13}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"scaler": {**SCALER, "scale": [0.0] * 13}}, "a scale is not above zero"),
        ({"scaler": {**SCALER, "mean": [0.0] * 12}}, "12 numbers where 13 belong"),
        ({"scaler": {"mean": [0.0] * 13}}, "missing required field `scale`"),
        ({"imputer": {"kind": "magic"}}, "Invalid value 'magic'"),
        ({"imputer": {"kind": "constant", "values": [None] * 13}}, "Expected `float`"),
        ({"imputer": {"kind": "knn", "neighbors": 0, "rows": [[1.0] * 13]}}, "a row and a neigh"),
        ({"imputer": {"kind": "knn", "neighbors": 1, "rows": []}}, "a row and a neighbour"),
        ({"imputer": {"kind": "knn", "neighbors": 1, "rows": [[None] * 13]}}, "a value in every"),
        (
            {"imputer": {**ITERATIVE, "maximum": [None] * 13, "steps": [[0, [1], [1.0, 2.0], 0]]}},
            "Expected `object`",
        ),
        (
            {
                "imputer": {
                    **ITERATIVE,
                    "maximum": [None] * 13,
                    "steps": [{"feature": 0, "inputs": [13], "coefficients": [1], "intercept": 0}],
                }
            },
            "a step names a feature that is not there",
        ),
        (
            {
                "imputer": {
                    **ITERATIVE,
                    "maximum": [None] * 13,
                    "steps": [{"feature": 0, "inputs": [1], "coefficients": [], "intercept": 0}],
                }
            },
            "not as many coefficients as inputs",
        ),
    ],
)
def test_a_wrong_preprocessor_is_refused(
    metadata: Metadata, blobs: dict[str, bytes], changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(BundleFormatError, match=f"preprocessor.json: .*{text}"):
        in_memory(metadata, with_document(blobs, **changes))
