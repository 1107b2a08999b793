"""A registry that answers nothing for a minute."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from grpc import StatusCode

from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.support.black_holes import accepting, calls_until, remembered
from tests.support.client import failure, reason_of
from tests.support.examples import Example
from tests.support.registry_server import info, reload
from tests.support.serving import Events, connected

pytestmark = pytest.mark.chaos

SECONDS, CALLERS = 60, 4


def test_60_seconds_of_a_blackholed_registry_fail_no_prediction(
    linear: Example, tmp_path: Path, events: Events
) -> None:
    with accepting() as port, ExitStack() as stack:
        uri = f"http://127.0.0.1:{port}"
        remembered(linear, tmp_path, uri)
        server = HousingServer(
            Settings(
                grpc_port=0,
                mlflow_tracking_uri=uri,
                housing_home=str(tmp_path),
                registry_timeout_seconds=10,
                model_poll_seconds=2,
            )
        )
        stack.callback(server.close, grace_seconds=0)
        server.start()
        client = connected(stack, server.port)
        before, ended = info(client), threading.Event()
        with ThreadPoolExecutor(CALLERS) as callers:
            running = [callers.submit(calls_until, client, ended) for _ in range(CALLERS)]
            until = time.monotonic() + SECONDS
            try:
                while time.monotonic() < until:
                    status = failure(lambda: reload(client))
                    assert status.code == StatusCode.UNAVAILABLE.value[0]
                    assert reason_of(status) == "REGISTRY_UNAVAILABLE"
            finally:
                ended.set()
            assert all(each.result() for each in running)
        assert info(client) == before
    assert len(events.of("follower.failing")) == 1
