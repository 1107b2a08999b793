"""Limits that gRPC itself keeps for us: metadata, messages, connections, calls, age."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from grpc import StatusCode
from housing.v1.prediction_pb2 import House, PredictBatchRequest

from tests.http2.frames import Connection, data, message
from tests.support.calls import HOUSE, port_of
from tests.support.client import SECONDS, Client, failure
from tests.support.examples import Example
from tests.support.serving import Serve

CONTENT = message(HOUSE.SerializeToString())
CONNECTIONS = 5
CALLS = 4
NO_ERROR = 0

Connect = Callable[[int], Client]


def answered(client: Client, **metadata: str) -> bool:
    shown = tuple(metadata.items())
    return client.predictions.Predict(HOUSE, metadata=shown, timeout=SECONDS).prediction > 0


def test_metadata_up_to_the_limit_and_over_it(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, max_metadata_bytes=2048)
    assert answered(client, text="x" * 1000)
    for size in (4096, 8192, 16_000):
        status = failure(lambda: answered(client, text="x" * size))  # noqa: B023
        assert status.code == StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert answered(client)


def test_a_message_over_the_limit(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, max_message_bytes=4096)
    for rows, code in ((100, None), (1000, StatusCode.RESOURCE_EXHAUSTED)):
        request = PredictBatchRequest(items=[House(rm=6)] * rows)
        call: Callable[[], Any] = lambda: client.predictions.PredictBatch(  # noqa: E731
            request,  # noqa: B023
            timeout=SECONDS,
        )
        if code is None:
            assert len(call().results) == rows
        else:
            assert failure(call).code == code.value[0]


def is_served(port: int) -> bool:
    """Whether a new connection gets an answer."""
    try:
        with Connection(port) as connection:
            connection.greet().send(connection.headers(1), data(1, CONTENT))
            return connection.listen(1).status(1) == "0"
    except ConnectionError:
        return False


def test_no_more_connections_than_the_limit(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, max_connections=CONNECTIONS)
    assert answered(client)
    with ExitStack() as stack:
        others = [stack.enter_context(Connection(port_of(client))).greet() for _ in range(20)]
        served = []
        for connection in others:
            connection.send(connection.headers(1), data(1, CONTENT))
            served.append(connection.listen(1).status(1) == "0")
        # One is the first caller's.
        assert sum(served) == CONNECTIONS - 1
        # Whoever was there goes on.
        assert answered(client)
    end = time.monotonic() + SECONDS
    while not is_served(port_of(client)):
        assert time.monotonic() < end, "no room although the others have gone"
        time.sleep(0.05)


@pytest.mark.chaos
def test_connections_that_never_say_a_word_do_not_last(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder)
    with socket.create_connection(("127.0.0.1", port_of(client)), SECONDS) as silent:
        silent.settimeout(2 * SECONDS)
        assert answered(client)
        while silent.recv(1000):
            pass
    assert answered(client)


def test_no_more_calls_on_a_connection_than_the_limit(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, max_calls_per_connection=CALLS)
    with Connection(port_of(client)) as connection:
        connection.greet().agree()
        held = range(1, 2 * CALLS, 2)
        for stream in held:
            connection.send(connection.headers(stream))
        over = 2 * CALLS + 1
        connection.send(connection.headers(over), data(over, CONTENT))
        assert connection.listen(over).status(over) == "reset"
        # Those that were let in are still good.
        for stream in held:
            connection.send(data(stream, CONTENT))
            assert connection.listen(stream).status(stream) == "0"
    assert answered(client)


def test_callers_wait_for_their_turn_on_a_connection(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, max_calls_per_connection=CALLS)
    # A client knows the limit as soon as it has heard of the server.
    assert answered(client)
    calls = [client.predictions.Predict.future(HOUSE, timeout=SECONDS) for _ in range(50)]
    assert {call.result().model_version for call in calls} == {linear.version}


def test_a_connection_that_is_old_lets_its_calls_finish(
    serve: Serve, forest: Example, connect: Connect
) -> None:
    client = serve(forest.folder, connection_max_age_seconds=0.2)
    failed: list[Exception] = []

    def ask(caller: Client) -> None:
        try:
            for _ in range(20):
                # Each takes some time: many are under way when a connection ends.
                request = PredictBatchRequest(items=[House(rm=6)] * 200)
                caller.predictions.PredictBatch(request, timeout=SECONDS)
        except Exception as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    callers = [connect(port_of(client)) for _ in range(3)]
    threads = [threading.Thread(target=ask, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_connection_that_is_old_is_closed(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, connection_max_age_seconds=0.2)
    with Connection(port_of(client)) as connection:
        connection.greet().agree()
        connection.send(connection.headers(1), data(1, CONTENT))
        assert connection.listen(1).status(1) == "0"
        end = time.monotonic() + SECONDS
        while not connection.listen(seconds=0.05).refused:
            assert time.monotonic() < end, "the connection goes on"
        assert connection.heard.goaway == NO_ERROR
    assert answered(client)
