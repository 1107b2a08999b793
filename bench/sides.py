"""Our server and the null server as sides of a contest, with answers verified beforehand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import pandas as pd
from housing.v1.prediction_pb2 import PredictRequest, PredictResponse
from sklearn.pipeline import Pipeline

from bench import load, null, serving
from bench.contest import Side
from bench.load import Target
from bench.models import to_house
from housing_grpc.bundle.schema import FEATURE_NAMES

TOLERANCE = 1e-4
PREDICT = "/housing.v1.PredictionService/Predict"

_DEADLINE_SECONDS = 5
# The null server ignores it; it is sent to both, since it takes room on the wire.
_KEY = serving.new_key()

House = Mapping[str, float]


class WrongAnswerError(RuntimeError):
    """A server answers something else than the fitted pipeline does."""


@contextmanager
def ours(
    folder: Path,
    pipeline: Pipeline,
    house: House,
    *arguments: str,
    name: str = "ours",
    core: int | None = serving.SERVER_CORE,
) -> Iterator[Side]:
    """Runs our server, with an API key; its answer is the pipeline's.

    Args:
        folder: Of the bundle.
        pipeline: That the bundle was made of.
        house: To ask for.
        *arguments: More flags of the server.
        name: Of the side.
        core: The only core it may use; None for all.
    """
    port = serving.free_port()
    with serving.serve(
        folder, port, *arguments, core=core, environment={"API_KEY": _KEY}
    ) as server:
        yield Side(name=name, server=server, target=target(port, house, answer(pipeline, house)))


@contextmanager
def nothing(house: House, *, name: str = "null") -> Iterator[Side]:
    """Runs the null server."""
    port = serving.free_port()
    with serving.serve_null(port, core=serving.SERVER_CORE) as server:
        yield Side(name=name, server=server, target=target(port, house, null.PRICE))


def target(port: int, house: House, price: float, **options: Any) -> Target:
    """Returns Predict as a target, after a real client has got the right price.

    Args:
        port: Of the server.
        house: To ask for.
        price: The right one.
        **options: Of the request, such as explain=True.

    Raises:
        WrongAnswerError: The server answers another price.
    """
    request = PredictRequest(house=to_house(house), **options)
    got = _ask(port, request)
    check(PredictResponse.FromString(got).prediction, price)
    return load.grpc_target(port, PREDICT, request, got, key=_KEY)


def port_of(side: Side) -> int:
    """Returns the port that a side's server listens on."""
    port = urlsplit(side.target.url).port
    if port is None:
        raise ValueError(f"no port in {side.target.url}")
    return port


def answer(pipeline: Pipeline, house: House) -> float:
    """Returns what the fitted pipeline answers for a house."""
    row = pd.DataFrame([house]).reindex(columns=list(FEATURE_NAMES))
    return float(pipeline.predict(row)[0])


def check(got: float, wanted: float) -> None:
    """Compares a price with the right one.

    Raises:
        WrongAnswerError: They differ by more than the tolerance.
    """
    # Written so that a NaN fails.
    if not abs(got - wanted) <= TOLERANCE:
        raise WrongAnswerError(f"answers {got}, where the fitted pipeline answers {wanted}")


def _ask(port: int, request: PredictRequest) -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary(PREDICT)
        metadata = (("authorization", f"Bearer {_KEY}"),)
        answer: bytes = call(
            request.SerializeToString(), timeout=_DEADLINE_SECONDS, metadata=metadata
        )
        return answer
