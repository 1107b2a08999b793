"""Which evaluator computes the prices is told, and a slower one is never taken without a word."""

import json
import os
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from housing_grpc.bundle import extension
from tests.support.calls import HOUSE, info_of
from tests.support.client import SECONDS
from tests.support.examples import Example
from tests.support.processes import ROOT, ServerProcess, serving
from tests.support.serving import connected

SLOWER = "NumPy gives the same prices, and takes many times as long"
TWO = pytest.mark.parametrize("workers", ["1", "2"])
needs_compiled = pytest.mark.skipif(
    extension.UNUSABLE is not None, reason="the extension is not built"
)


def install(folder: Path, spoil: Callable[[Path], object]) -> dict[str, str]:
    """Copies the server with a spoilt extension; returns what has Python take the copy."""
    shutil.copytree(
        ROOT / "housing_grpc",
        folder / "housing_grpc",
        ignore=shutil.ignore_patterns("__pycache__", "_native.*.so", "native"),
    )
    spoil(folder / "housing_grpc" / "bundle")
    paths = os.pathsep.join((str(folder), str(ROOT / "generated")))
    return {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}


def nothing(_: Path) -> None:
    """There was no compiler."""


def garbage(folder: Path) -> None:
    (folder / "_native.abi3.so").write_bytes(b"no library")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def evaluators_told(stack: ExitStack, process: ServerProcess) -> dict[str, Any]:
    """Gives what the log, ModelInfo and the metrics say of the evaluator."""
    live, up = process.event("model.live"), process.event("server.serving")
    client = connected(stack, up["port"])
    assert client.predictions.Predict(HOUSE, timeout=SECONDS).prediction > 0
    url = f"http://127.0.0.1:{up['metrics_port']}/metrics"
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        lines = answer.read().decode().splitlines()
    [shown] = [line for line in lines if line.startswith("housing_model_info{")]
    return {
        "log": live["evaluator"],
        "ModelInfo": info_of(client).evaluator,
        "metrics": shown.partition('evaluator="')[2].partition('"')[0],
    }


def of_all(evaluator: str) -> dict[str, str]:
    return dict.fromkeys(("log", "ModelInfo", "metrics"), evaluator)


def warnings(process: ServerProcess) -> list[dict[str, Any]]:
    """Gives those that were read of the log."""
    events = map(json.loads, process.lines)
    return [event for event in events if event["level"] == "warning"]


@needs_compiled
@TWO
def test_all_tell_the_evaluator_in_c(stack: ExitStack, linear: Example, workers: str) -> None:
    process = stack.enter_context(serving(linear.folder, WORKERS=workers))
    assert evaluators_told(stack, process) == of_all("native")
    assert warnings(process) == []


# What is done to the extension, and the warning: its name, and how cause and fix begin.
SPOILT: dict[Callable[[Path], object], tuple[str, str, str]] = {
    nothing: (
        "native.missing",
        "the extension in C was not compiled",
        "install a C compiler and Python's headers, then install housing-grpc again",
    ),
    garbage: (
        "native.broken",
        "the compiled _native.abi3.so cannot be used: ",
        "it has to be compiled for Python ",
    ),
}


@TWO
@pytest.mark.parametrize("spoil", SPOILT, ids=["missing", "broken"])
def test_without_the_extension_one_warning_says_why(
    stack: ExitStack,
    tmp_path: Path,
    linear: Example,
    spoil: Callable[[Path], object],
    workers: str,
) -> None:
    event, cause, fix = SPOILT[spoil]
    variables = install(tmp_path, spoil)
    process = stack.enter_context(serving(linear.folder, WORKERS=workers, **variables))
    assert evaluators_told(stack, process) == of_all("numpy")
    [told] = warnings(process)
    assert (told["event"], told["effect"]) == (event, SLOWER)
    assert told["cause"].startswith(cause)
    assert told["fix"].startswith(fix)
