"""A grpcio that is another one is noticed at start, and workers wait for messages then."""
# ruff: noqa: SLF001 - what is altered of grpcio has no public name

import os
import threading
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc
import pytest

from housing_grpc.calls import grpcio_self_test
from tests.support.calls import PATIENCE, others_are_served, port_of
from tests.support.examples import Example
from tests.support.processes import ROOT, SECONDS, serving
from tests.support.serving import Events, connected, housing_server
from tests.support.slow_callers import CANCELLED, headers_only

Patch = pytest.MonkeyPatch

_server: Any = import_module("grpc._server")


def requests_in_a_box(patch: Patch) -> None:
    """The iterator of requests looks for a box, and opens it itself."""
    look, following = (getattr(_server._RequestIterator, n) for n in ("_look_for_request", "_next"))
    patch.setattr(
        _server._RequestIterator,
        "_look_for_request",
        lambda self: None if (found := look(self)) is None else [found],
    )
    patch.setattr(_server._RequestIterator, "_next", lambda self: following(self)[0])


def messages_for_iterators(patch: Patch) -> None:
    """A message is kept for a call whose iterator has asked for it, and dropped for others."""
    receive, start = (
        _server._receive_message,
        _server._RequestIterator._raise_or_start_receive_message,
    )

    def receive_message(state: Any, call: Any, request_deserializer: Any) -> Any:
        received = receive(state, call, request_deserializer)

        def wanted(event: Any) -> Any:
            ended = received(event)
            if not hasattr(state, "wanted"):
                state.request = None
            return ended

        return wanted

    def start_receive(self: Any) -> None:
        self._state.wanted = True
        start(self)

    patch.setattr(_server, "_receive_message", receive_message)
    patch.setattr(_server._RequestIterator, "_raise_or_start_receive_message", start_receive)


def calls_in_one_piece(patch: Patch) -> None:
    """What a pool is given to run is one function without arguments."""
    in_pool = _server._select_thread_pool_for_behavior

    class Whole:
        def __init__(self, pool: Any) -> None:
            self._pool = pool

        def submit(self, fn: Callable[..., Any], *arguments: Any) -> Any:
            return self._pool.submit(partial(fn, *arguments))

    patch.setattr(
        _server, "_select_thread_pool_for_behavior", lambda *chosen: Whole(in_pool(*chosen))
    )


def state_before_call(patch: Patch) -> None:
    """A call and its state have changed places in what a pool is given to run."""
    in_pool = _server._select_thread_pool_for_behavior

    class Swapped:
        def __init__(self, pool: Any) -> None:
            self._pool = pool

        def submit(self, run: Any, fn: Any, event: Any, state: Any, *more: Any) -> Any:
            def swapped(state: Any, event: Any, *more: Any) -> None:
                fn(event, state, *more)

            return self._pool.submit(run, swapped, state, event, *more)

    patch.setattr(
        _server, "_select_thread_pool_for_behavior", lambda *chosen: Swapped(in_pool(*chosen))
    )


def another_parameter(patch: Patch) -> None:
    receive = _server._receive_message

    def receive_message(state: Any, call: Any, deserializer: Any) -> Any:
        return receive(state, call, deserializer)

    patch.setattr(_server, "_receive_message", receive_message)


OTHERS: dict[Callable[[Patch], None], str] = {
    requests_in_a_box: "over loopback, of a call b'late' was to arrive, and b\"[b'late']\" did",
    messages_for_iterators: "over loopback, of a call b'late' was to arrive, and b'none' did",
    calls_in_one_piece: "over loopback, of a call b'late' was to arrive, and b'none' did",
    state_before_call: "over loopback, AttributeError was raised: "
    "'_RPCState' object has no attribute 'call'",
    another_parameter: "grpc._server._receive_message is another one, or is gone",
}  # fmt: skip


def test_the_grpcio_that_is_installed_is_as_it_is_known() -> None:
    assert grpcio_self_test.fault() == ""


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: Patch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert grpcio_self_test.fault() == ""


@pytest.mark.parametrize("alter", OTHERS, ids=lambda alter: alter.__name__)
def test_another_grpcio_is_noticed_and_workers_wait(
    linear: Example,
    monkeypatch: Patch,
    events: Events,
    alter: Callable[[Patch], None],
    stack: ExitStack,
) -> None:
    alter(monkeypatch)
    server = housing_server(stack, linear.folder, grpc_workers=2, request_timeout_seconds=PATIENCE)
    [told] = events.of("grpcio.fallback")
    assert told.pop("cause") == (
        f"grpcio {grpc.__version__} could not be shown to be as this release knows it: "
        f"{OTHERS[alter]}"
    )
    assert told["fix"].startswith("install the grpcio that requirements/serve.txt pins")
    assert server.state()["housing_grpcio_fallback"] == {(): [1.0]}
    client = connected(stack, server.port)
    others_are_served(client, calls=3)
    [(connection, streams)] = headers_only(stack, port_of(client), 4, connections=1)
    ended = [connection.listen(stream).headers[stream] for stream in streams]
    assert [each["grpc-status"] for each in ended] == [CANCELLED] * 4
    others_are_served(client, calls=3)


# In every process of the server, before anything of it.
ANOTHER = """
import grpc._server as known

receive = known._receive_message
known._receive_message = lambda state, call, parse: receive(state, call, parse)
"""


def test_of_several_processes_there_is_one_warning(linear: Example, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(ANOTHER)
    paths = os.pathsep.join(map(str, (tmp_path, ROOT, ROOT / "generated")))
    variables = {"PYTHONPATH": paths, "GRPC_VERBOSITY": "NONE"}
    with serving(linear.folder, WORKERS="2", **variables) as process:
        told = process.event("grpcio.fallback")
        assert told["level"] == "warning"
        assert OTHERS[another_parameter] in told["cause"]
        up = process.event("server.serving")
        url = f"http://127.0.0.1:{up['metrics_port']}/metrics"
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            assert b"\nhousing_grpcio_fallback 1.0\n" in answer.read()
        assert sum("grpcio.fallback" in line for line in process.lines) == 1


def test_of_a_grpcio_as_it_is_known_nothing_is_said(linear: Example, events: Events) -> None:
    with ExitStack() as stack:
        server = housing_server(stack, linear.folder)
        assert server.state()["housing_grpcio_fallback"] == {(): [0.0]}
    assert events.of("grpcio.fallback") == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_call_that_hangs_is_given_up(monkeypatch: Patch) -> None:
    receive = _server._receive_message

    def receive_message(state: Any, call: Any, request_deserializer: Any) -> Any:
        def received(_: Any) -> Any:
            # It ends the thread that serves, and nobody answers any more.
            raise RuntimeError

        receive(state, call, request_deserializer)
        return received

    monkeypatch.setattr(_server, "_receive_message", receive_message)
    assert grpcio_self_test.fault(1.0) == "over loopback, a call ended with DEADLINE_EXCEEDED"


def test_nothing_stays_of_the_proof() -> None:
    def own() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name.startswith("self-test")]

    assert grpcio_self_test.fault() == ""
    for thread in own():
        thread.join(timeout=60)
    assert own() == []
