"""Documents of a bundle, whatever their numbers and texts are."""

import json
import time

import numpy as np
import pytest

from housing_grpc.bundle import preprocess
from housing_grpc.bundle.errors import BundleFormatError
from housing_grpc.bundle.schema import FEATURE_NAMES

WIDTH = len(FEATURE_NAMES)
ROWS = 4000


def document(number: str) -> bytes:
    """`preprocessor.json` of a KNN imputer whose rows hold nothing but one number."""
    row = f"[{','.join([number] * WIDTH)}]"
    imputer = f'{{"kind":"knn","neighbors":5,"rows":[{",".join([row] * ROWS)}]}}'
    scaler = json.dumps({"mean": [0.0] * WIDTH, "scale": [1.0] * WIDTH})
    return f'{{"imputer":{imputer},"scaler":{scaler}}}'.encode()


def test_no_number_takes_much_longer_to_read_than_another() -> None:
    seconds = dict[str, float]()
    # One to begin with; then the digits that are ever written, also of the least and the largest.
    for number in (
        "1.0",
        "1.2345678901234567",
        "1.2345678901234567e-306",
        "1.2345678901234567e306",
    ):
        data, begun = document(number), time.process_time()
        with np.errstate(over="ignore"):
            imputer = preprocess.load(data).imputer
        seconds[number] = time.process_time() - begun
        assert (imputer.parts[1] == float(number)).all()  # type: ignore[attr-defined]
    _, usual, *others = seconds.values()
    assert max(others) < 12 * usual


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ("[NaN]", "NaN is not a finite number"),
        ("[-Infinity]", "-Infinity is not a finite number"),
        ("[1e309]", "1e309 is not a finite number"),
        (f"[1{'0' * 400}]", "out of range"),
        ("[true]", "Expected `float`, got `bool`"),
        ('["\\ud800"]', "surrogates not allowed"),
        (f"{'[' * 100_000}", "recursion"),
        ('[], "kind": "constant"', "'kind' comes twice"),
    ],
)
def test_what_is_no_number_is_named(values: str, text: str) -> None:
    data = f'{{"imputer": {{"kind": "constant", "values": {values}}}, "scaler": {{}}}}'
    with pytest.raises(BundleFormatError, match=text):
        preprocess.load(data.encode())
