"""Servers of several kinds of model, to ask the same houses in several ways."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from admin.data.dataset import Dataset
from housing_grpc.bundle import native_evaluator
from tests.support import examples
from tests.support.client import Client
from tests.support.serving import connected, housing_server

# Kinds of model with each kind of imputer.
KINDS = {
    "linear": ("linear", "v1_median"),
    "forest": ("random_forest", "v2_knn"),
    "boosted": ("gradient_boost", "v3_iterative"),
    "exponential": ("xgboost", "v3_iterative"),
}
# XGBoost's graph ends with an exponential. Where ONNX Runtime serves, since the evaluator in C
# was not built, its last bits depend on a row's place in a batch.
UNITS_IN_THE_LAST_PLACE = {} if native_evaluator.NATIVE else {"exponential": 2}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A server, and by how many units in the last place its answers to a house may differ."""

    client: Client
    units: int


@pytest.fixture(scope="session", params=KINDS)
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, houses: Dataset
) -> Iterator[Asked]:
    """A server of each kind of model."""
    model, imputer = KINDS[request.param]
    size: dict[str, Any] = {} if model == "linear" else {"n_estimators": 10, "max_depth": 4}
    folder = tmp_path_factory.mktemp(request.param) / "bundle"
    examples.make(folder, houses, model, imputer, **size)
    with ExitStack() as stack:
        client = connected(stack, housing_server(stack, folder).port)
        yield Asked(client=client, units=UNITS_IN_THE_LAST_PLACE.get(request.param, 0))
