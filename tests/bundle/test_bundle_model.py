import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import model
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import (
    BundleChecksumError,
    BundleError,
    BundleFormatError,
    BundleUnsafeError,
    ModelOutputError,
    SelfTestError,
)
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.regressor_file import Linear, encode
from tests.support import hostile
from tests.support.examples import format_1


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
    steep = Linear(coefficients=np.full(13, 1e308), intercept=0.0)
    overflowing = {**blobs, **dict([encode(steep)])}
    with pytest.raises(SelfTestError, match="golden rows: the model gave"):
        in_memory(metadata, overflowing).self_test()


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


@pytest.mark.parametrize(
    ("graph", "error", "text"),
    [
        (b"no graph", BundleFormatError, "is no ONNX graph: a field has no type"),
        (b"", BundleUnsafeError, "holds a message that lacks a field"),
        (hostile.external_data(".env"), BundleUnsafeError, "holds a tensor with data in another"),
        (hostile.endless(), BundleUnsafeError, "holds an attribute with a graph inside"),
        (hostile.memory(mib=1), BundleUnsafeError, "holds "),
    ],
    ids=["text", "empty", "external data", "endless", "memory"],
)
def test_another_graph_is_refused(
    metadata: Metadata, blobs: dict[str, bytes], graph: bytes, error: type[BundleError], text: str
) -> None:
    older, kept = format_1(metadata, {**blobs, "model.onnx": graph})
    files = BundleFiles(metadata=older, blobs=kept, digest=Digest("d"))
    for native in (True, False):
        with pytest.raises(error, match=rf"^model\.onnx: {text}"):
            Bundle(files, native=native)


@pytest.mark.parametrize("native", [True, False])
def test_a_graph_of_format_1_answers_the_same(
    metadata: Metadata, blobs: dict[str, bytes], native: bool
) -> None:
    older, kept = format_1(metadata, blobs)
    bundle = Bundle(BundleFiles(metadata=older, blobs=kept, digest=Digest("d")), native=native)
    bundle.self_test()
    assert bundle.predict(np.array([[3.0] * 13])).tolist() == [113.0]


@pytest.mark.parametrize("native", [True, False])
def test_in_format_2_the_graph_is_not_opened(
    metadata: Metadata, blobs: dict[str, bytes], native: bool
) -> None:
    changed = {**blobs, "model.onnx": hostile.endless()}
    files = BundleFiles(metadata=metadata, blobs=changed, digest=Digest("d"))
    Bundle(files, native=native).self_test()


@pytest.mark.parametrize("content", [b"", b"no numbers", bytes(8 * 13), b"\xff" * 8 * 14])
def test_another_weighted_sum_is_refused(
    metadata: Metadata, blobs: dict[str, bytes], content: bytes
) -> None:
    with pytest.raises(BundleFormatError, match=r"^model\.linear: "):
        in_memory(metadata, {**blobs, "model.linear": content})


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
        ({"imputer": {"kind": "knn", "neighbors": 0, "rows": [[1.0] * 13]}}, "Expected `int` >= 1"),
        (
            {"imputer": {"kind": "knn", "neighbors": 10**400, "rows": [[1.0] * 13]}},
            "Expected `int`",
        ),
        (
            {"imputer": {"kind": "knn", "neighbors": 1, "rows": [[1.0] * 13] * (2**16 + 1)}},
            "Expected `array` of length <= 65536",
        ),
        (
            {
                "imputer": {
                    **ITERATIVE,
                    "maximum": [None] * 13,
                    "steps": [{"feature": 0, "inputs": [], "coefficients": [], "intercept": 0}]
                    * 10_001,
                }
            },
            "Expected `array` of length <= 10000",
        ),
        (
            {
                "imputer": {
                    **ITERATIVE,
                    "maximum": [None] * 13,
                    "steps": [{"feature": 0, "inputs": [], "coefficients": [], "intercept": 0}],
                }
            },
            "a step is computed from no feature",
        ),
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
            "Expected `int` <= 12",
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
