"""The evaluator in C, against ONNX Runtime."""

import shutil
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin.export import onnx_graph
from admin.export.flatten import flatten
from admin.export.onnx_session import OnnxSession
from admin.strategies.graph import Graph, Linear, Tree, Trees
from housing_grpc.bundle import native_evaluator
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import ModelOutputError
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.numpy_evaluator import NumpyEvaluator
from housing_grpc.bundle.preprocess import Preprocessor
from tests.bundle.random_trees import random_tree
from tests.support.evaluators import SCALED, UNSCALED, WIDTH, Rows, forest, grid, native
from tests.support.waiting import SECONDS

pytestmark = pytest.mark.skipif(
    native_evaluator.NATIVE is None, reason="the evaluator is not built"
)

SOURCES = Path(__file__).parents[2] / "housing_grpc/bundle/native"


def both(graph: Graph, rows: Rows, preprocessor: Preprocessor = UNSCALED) -> tuple[Rows, Rows]:
    """Gives the answers of the evaluator in C, which are NumPy's, and those of ONNX Runtime."""
    regressor = flatten(graph)
    found = native(graph, preprocessor).predict(rows)
    assert NumpyEvaluator(preprocessor, regressor).predict(rows).tolist() == found.tolist()
    reference = OnnxSession(preprocessor, onnx_graph.build(regressor, WIDTH))
    return found, reference.predict(rows)


@pytest.mark.parametrize("float32", [False, True])
@pytest.mark.parametrize("inclusive", [False, True])
@given(seed=st.integers(0, 2**32), trees=st.integers(1, 40), splits=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_trees_answer_to_the_last_bit(
    float32: bool, inclusive: bool, seed: int, trees: int, splits: int
) -> None:
    random = np.random.default_rng(seed)
    graph = Trees(
        trees=forest(random, trees, splits), inclusive=inclusive, base=22.5, float32=float32
    )
    for preprocessor in (UNSCALED, SCALED):
        found, expected = both(graph, grid(random, 50), preprocessor)
        assert found.tolist() == expected.tolist()


def test_an_exponential_is_off_by_its_own_rounding_only() -> None:
    random = np.random.default_rng(1)
    graph = Trees(
        trees=forest(random, 30, 20), inclusive=False, base=1.0, float32=True, exponential=True
    )
    found, expected = both(graph, grid(random, 500))
    assert found == pytest.approx(expected, rel=1e-15)


def test_a_weighted_sum() -> None:
    random = np.random.default_rng(2)
    graph = Linear(coefficients=random.normal(size=WIDTH), intercept=22.5)
    found, expected = both(graph, grid(random, 500), SCALED)
    assert found == pytest.approx(expected, rel=1e-14)


def test_a_chain_as_deep_as_it_has_splits() -> None:
    splits = 3000
    place = np.arange(splits)
    chain = Tree(
        feature=np.concatenate([np.zeros(splits, np.int64), np.full(splits + 1, -2)]),
        threshold=np.concatenate([-place / 8.0, np.zeros(splits + 1)]),
        left=np.concatenate([place[1:], [2 * splits], np.full(splits + 1, -1)]),
        right=np.concatenate([place + splits, np.full(splits + 1, -1)]),
        value=np.arange(2.0 * splits + 1),
    )
    graph = Trees(trees=(chain,), inclusive=True, base=0.0)
    rows = np.zeros((40, WIDTH))
    rows[:, 0] = -np.arange(40) * 10
    found, expected = both(graph, rows)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("value", [np.inf, 3.5e38, 1e-46, -0.0, 5e-324])
@pytest.mark.parametrize("inclusive", [False, True])
def test_values_at_the_ends_of_float32(value: float, inclusive: bool) -> None:
    random = np.random.default_rng(3)
    splits = replace(random_tree(random, 200), threshold=random.choice([-1e300, -1, 0, 1e300], 401))
    graph = Trees(trees=(splits,), inclusive=inclusive, base=0.0)
    rows = random.choice([value, -value, 1.0, -1.0], size=(200, WIDTH))
    found, expected = both(graph, rows)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("count", [0, 1, 4, 5, 7, 8, 9, 31, 32, 255, 256, 257, 1000])
@pytest.mark.parametrize("kind", ["trees", "linear"])
def test_a_row_alone_is_answered_as_in_a_batch(kind: str, count: int) -> None:
    random = np.random.default_rng(4)
    graphs: dict[str, Graph] = {
        "trees": Trees(trees=forest(random, 21, 40), inclusive=True, base=1.0),
        "linear": Linear(coefficients=random.normal(size=WIDTH), intercept=0.1),
    }
    found, rows = native(graphs[kind], SCALED), grid(random, count)
    alone = [found.predict(row.reshape(1, -1)).item() for row in rows]
    assert found.predict(rows).tolist() == alone


def test_rows_of_any_layout() -> None:
    random = np.random.default_rng(5)
    found = native(Trees(trees=forest(random, 9, 20), inclusive=True, base=0.0))
    rows = grid(random, 60)
    expected = found.predict(rows).tolist()
    assert found.predict(np.asfortranarray(rows)).tolist() == expected
    assert found.predict(np.repeat(rows, 2, axis=0)[::2]).tolist() == expected
    odd = np.frombuffer(b"x" + rows.tobytes(), np.uint8)[1:].view(np.float64).reshape(rows.shape)
    assert found.predict(odd).tolist() == expected


def test_many_threads_ask_at_once() -> None:
    random = np.random.default_rng(6)
    found = native(Trees(trees=forest(random, 50, 40), inclusive=True, base=0.0))
    batches = [grid(random, 300) for _ in range(40)]
    expected = [found.predict(batch).tolist() for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        answers = [answer.tolist() for answer in pool.map(found.predict, batches)]
    assert answers == expected


@pytest.mark.parametrize("width", [12, 14])
def test_a_row_has_thirteen_numbers(width: int) -> None:
    with pytest.raises(ValueError, match="13 numbers"):
        native(Linear(coefficients=np.ones(WIDTH), intercept=0.0)).predict(np.ones((1, width)))


def test_a_price_that_is_no_number_is_refused() -> None:
    found = native(Linear(coefficients=np.full(WIDTH, 10.0), intercept=0.0))
    with pytest.raises(ModelOutputError, match="not a finite number"):
        found.predict(np.full((1, WIDTH), 1.7e308))
    with pytest.raises(ModelOutputError, match="not a finite number"):
        found.predict(np.array([[1.0] * WIDTH, [1.7e308] * WIDTH]))


def test_without_the_evaluator_numpy_serves(
    metadata: Metadata, blobs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = BundleFiles(metadata=metadata, blobs=blobs, digest=Digest(""))
    bundles = [Bundle(files), Bundle(files, native=False)]
    monkeypatch.setattr(native_evaluator, "NATIVE", None)
    bundles.append(Bundle(files))
    assert [bundle.evaluator for bundle in bundles] == ["native", "numpy", "numpy"]
    row = [1.0] * 12 + [float("nan")]
    assert {bundle.predict(np.array([row])).item() for bundle in bundles} == {101.0}


def test_it_compiles_without_a_warning(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", "-fPIC"]
    include = sysconfig.get_path("include")
    subprocess.run(
        [compiler, *flags, "-DPy_LIMITED_API=0x030B0000", f"-I{include}", "-shared"]
        + [str(source) for source in sorted(SOURCES.glob("*.c"))]
        + ["-o", str(tmp_path / "native.so"), "-lm"],
        check=True,
        timeout=SECONDS,
    )
