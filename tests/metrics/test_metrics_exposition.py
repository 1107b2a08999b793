"""The page that Prometheus reads."""

import gzip
import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from housing_grpc.base.errors import EXIT_PORT, StartError
from housing_grpc.metrics import exposition, render
from housing_grpc.metrics.exposition import MetricsServer
from housing_grpc.metrics.state import State
from tests.metrics.conftest import new_metrics, samples
from tests.support.waiting import SECONDS, until

THREADS = 32
OPEN_METRICS = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}

Expose = Callable[[CollectorRegistry], str]


@pytest.fixture
def expose(stack: ExitStack) -> Expose:
    """Puts a registry on a port; returns the address."""

    def start(registry: CollectorRegistry) -> str:
        server = MetricsServer("127.0.0.1", 0, registry)
        stack.callback(server.close)
        return f"http://127.0.0.1:{server.port}"

    return start


@pytest.fixture
def address(expose: Expose) -> str:
    return expose(render.registry(new_metrics().state))


def test_the_text_is_that_of_prometheus(address: str) -> None:
    answer = httpx.get(f"{address}/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert samples(answer.text)["housing_build_info", ("1.2.3",)] == 1
    assert samples(answer.text)["housing_queue_depth", ()] == 3
    assert 'le="0.00025"' in answer.text


def test_it_is_that_of_openmetrics_for_who_asks(address: str) -> None:
    answer = httpx.get(f"{address}/metrics", headers=OPEN_METRICS)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    found = {each.name: each.type for each in families}
    assert found["grpc_server_handled"] == "counter"
    assert found["prediction_values"] == "histogram"


def test_it_is_compressed_for_who_asks(address: str) -> None:
    with httpx.stream("GET", f"{address}/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
        page = gzip.decompress(b"".join(answer.iter_raw()))
    assert b"housing_build_info" in page


def test_a_scraper_may_choose_names(address: str) -> None:
    answer = httpx.get(f"{address}/metrics", params={"name[]": "housing_queue_depth"})
    assert samples(answer.text) == {("housing_queue_depth", ()): 3}


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metricsx", "/favicon.ico", "/%2e%2e/etc"])
def test_there_is_nothing_else(address: str, path: str) -> None:
    assert httpx.get(address + path).status_code == 404


def test_it_is_read_only(address: str) -> None:
    assert httpx.post(f"{address}/metrics", content=b"x").status_code == 405


def test_a_port_that_is_taken_is_told(address: str) -> None:
    port = int(address.rpartition(":")[2])
    with pytest.raises(StartError, match=rf"127\.0\.0\.1:{port}.*METRICS_PORT") as caught:
        MetricsServer("127.0.0.1", port, CollectorRegistry())
    assert caught.value.exit_code == EXIT_PORT


@pytest.mark.parametrize("host", ["localhost", "::1", "[::1]"])
def test_names_and_the_addresses_of_ipv6_will_do(host: str) -> None:
    server = MetricsServer(host, 0, CollectorRegistry())
    name = "[::1]" if ":" in host else host
    assert httpx.get(f"http://{name}:{server.port}/metrics").status_code == 200
    server.close()


def test_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(StartError, match="METRICS_HOST"):
        MetricsServer("192.0.2.1", 0, CollectorRegistry())


def test_a_port_is_free_again_after_a_scrape(address: str) -> None:
    first = MetricsServer("127.0.0.1", 0, CollectorRegistry())
    assert httpx.get(f"http://127.0.0.1:{first.port}/metrics").status_code == 200
    first.close()
    MetricsServer("127.0.0.1", first.port, CollectorRegistry()).close()


def test_scrapers_that_hang_do_not_keep_others_out(address: str, stack: ExitStack) -> None:
    port = int(address.rpartition(":")[2])
    slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(40)]
    for connection in slow:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHo")
    for _ in range(20):
        assert httpx.get(f"{address}/metrics").status_code == 200
    # The one that has waited longest had to make room.
    slow[0].settimeout(30)
    assert slow[0].recv(1) == b""


def ended(connection: socket.socket) -> bytes:
    """Returns what a server says until it closes."""
    connection.settimeout(SECONDS)
    said = b""
    with suppress(ConnectionError):
        while found := connection.recv(65536):
            said += found
    return said


@pytest.mark.parametrize(
    "head",
    [b"X: " + b"v" * 20_000, b"".join(b"X%d: %b\r\n" % (at, b"v" * 60_000) for at in range(90))],
)
def test_a_head_has_16_kib(address: str, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as connection:
        with suppress(ConnectionError):
            connection.sendall(b"GET /metrics HTTP/1.1\r\n" + head + b"\r\n\r\n")
        said = ended(connection)
    # What was not read may have reset the connection before the answer was.
    assert said == b"" or said.startswith(b"HTTP/1.0 431 ")
    assert httpx.get(f"{address}/metrics").status_code == 200


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposition, "_HEAD_SECONDS", 0.5)
    end = time.monotonic() + SECONDS
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as connection:
        connection.settimeout(0.05)
        with suppress(ConnectionError):
            while True:
                assert time.monotonic() < end, "it is still waited for"
                connection.send(b"x")
                with suppress(TimeoutError):
                    assert connection.recv(1) == b""
                    break


def test_there_are_no_more_threads_than_the_limit(expose: Expose) -> None:
    """Connections that have made room for others keep their threads while they are answered."""
    metrics, go_on = new_metrics(), threading.Event()
    most, under_way, lock = 0, 0, threading.Lock()

    def state() -> State:
        nonlocal most, under_way
        with lock:
            under_way += 1
            most = max(most, under_way)
        assert go_on.wait(SECONDS)
        with lock:
            under_way -= 1
        return metrics.state()

    address = expose(render.registry(state))
    with ExitStack() as stack:
        stack.callback(go_on.set)
        for _ in range(3 * THREADS):
            port = int(address.rpartition(":")[2])
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        until(lambda: under_way >= THREADS)
        go_on.set()
        assert httpx.get(f"{address}/metrics").status_code == 200
    assert most <= THREADS


def test_what_is_no_http_does_no_harm(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    port = int(address.rpartition(":")[2])
    for garbage in (b"", b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b"x" * 70_000 + b"\r\n"):
        # It may hang up before all is said.
        with socket.create_connection(("127.0.0.1", port)) as connection, suppress(OSError):
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
    assert httpx.get(f"{address}/metrics").status_code == 200
    out, err = capfd.readouterr()
    # gRPC may still have a word to say of connections of other tests.
    lines = [line for line in err.splitlines() if not re.match(r"[IWE]\d{4} ", line)]
    assert (out, lines) == ("", [])


def test_a_fault_of_ours_is_logged_and_the_next_scrape_is_fine(
    expose: Expose, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    faults: list[Exception] = [ValueError("broken")]
    metrics = new_metrics()

    def state() -> State:
        if faults:
            raise faults.pop()
        return metrics.state()

    address = expose(render.registry(state))
    with caplog.at_level(logging.ERROR, "housing_grpc"):
        answer = httpx.get(f"{address}/metrics")
    assert answer.status_code == 500
    assert "broken" not in answer.text
    assert [each.message for each in caplog.records] == ["metrics.failed"]
    assert httpx.get(f"{address}/metrics").status_code == 200
    assert capfd.readouterr().out == ""


def test_servers_of_one_process_share_nothing(expose: Expose) -> None:
    one, other = new_metrics(), new_metrics()
    addresses = [expose(render.registry(each.state)) for each in (one, other)]
    one.rejected("UNAUTHENTICATED")
    found = [samples(httpx.get(f"{each}/metrics").text) for each in addresses]
    assert [each["housing_rejected_total", ("UNAUTHENTICATED",)] for each in found] == [1, 0]


@pytest.mark.parametrize("host", ["localhost", "localhost:9464", "[::1]:9464", "127.0.0.1"])
def test_on_loopback_its_names_are_taken(address: str, host: str) -> None:
    assert httpx.get(f"{address}/metrics", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9464", "localhost.evil.example", ""]
)
def test_on_loopback_no_page_of_another_site_can_read_it(address: str, host: str) -> None:
    answer = httpx.get(f"{address}/metrics", headers={"Host": host})
    assert (answer.status_code, answer.text) == (403, "call this by a name of loopback\n")


def test_elsewhere_any_name_is_taken() -> None:
    server = MetricsServer("0.0.0.0", 0, CollectorRegistry())
    try:
        address = f"http://127.0.0.1:{server.port}/metrics"
        assert httpx.get(address, headers={"Host": "metrics.example"}).status_code == 200
    finally:
        server.close()
