"""A registry that swallows what it is sent: reloads fail in time, predictions do not."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from grpc import StatusCode
from housing.v1.model_pb2 import ReloadModelRequest

from tests.support import processes
from tests.support.black_holes import accepting, calls_until, dropping, remembered
from tests.support.client import Client, failure, reason_of, refusal
from tests.support.examples import Example
from tests.support.registry_server import info, reload, started
from tests.support.waiting import SECONDS

# Longer than the import of MLflow takes, so that it is the registry that is waited for.
BUDGET = 6.0
CALLERS = 4


@pytest.fixture(params=[accepting, dropping])
def client(request: pytest.FixtureRequest, linear: Example, tmp_path: Path) -> Iterator[Client]:
    """A client of a server whose registry is a black hole, and which has a model all the same."""
    with request.param() as port, ExitStack() as stack:
        uri = f"http://127.0.0.1:{port}"
        remembered(linear, tmp_path, uri)
        yield started(stack, uri, tmp_path, seconds=BUDGET)


def test_registry_blackholed_while_predictions_run(client: Client) -> None:
    before, ended = info(client), threading.Event()
    assert (before.stale, before.version) == (True, "7")
    expected = refusal(
        StatusCode.UNAVAILABLE,
        "REGISTRY_UNAVAILABLE",
        f"the registry or its store did not deliver within {BUDGET:g} s, which"
        " REGISTRY_TIMEOUT_SECONDS sets",
        retry_seconds=5,
    )
    with ThreadPoolExecutor(CALLERS) as callers:
        running = [callers.submit(calls_until, client, ended) for _ in range(CALLERS)]
        try:
            status = failure(lambda: reload(client))
        finally:
            ended.set()
        assert all(each.result() for each in running)
    assert status == expected
    assert info(client) == before


def test_a_stop_ends_the_reload_and_the_question_that_are_under_way(
    linear: Example, tmp_path: Path, connect: Callable[[int], Client]
) -> None:
    with accepting() as port:
        uri = f"http://127.0.0.1:{port}"
        remembered(linear, tmp_path, uri)
        settings = {
            "HOUSING_HOME": str(tmp_path),
            "MLFLOW_TRACKING_URI": uri,
            "REGISTRY_TIMEOUT_SECONDS": "5",
            "DRAIN_SECONDS": "0",
            # More than it takes: calls that are cut off are told otherwise.
            "GRACE_SECONDS": "60",
            "MODEL_POLL_SECONDS": "1",
            "GRPC_PORT": "0",
            "METRICS_PORT": "0",
            "LOG_FORMAT": "json",
        }
        with processes.started(["-m", "housing_grpc"], **settings) as process:
            client = connect(process.event("server.serving")["port"])
            # By now a question has been under way for long: it has failed once, in time.
            process.event("follower.failing")
            assert info(client).version == "7"
            reloading = client.models.ReloadModel.future(ReloadModelRequest(), timeout=SECONDS)
            # On a connection that is there calls arrive in order: the server has the reload.
            assert info(client).version == "7"
            process.signal(signal.SIGTERM)
            status = failure(reloading.result)
            code, _, log = process.end()
            assert (code, "Traceback" in log) == (0, False)
            # At once, and not because the registry's time was up.
            assert (status.code, reason_of(status)) == (
                StatusCode.UNAVAILABLE.value[0],
                "SERVER_STOPPING",
            )
