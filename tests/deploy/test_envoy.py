"""The shipped Envoy before two servers and their proxy: what passes, and what is tried again."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any

import grpc
import httpx
import pytest
import yaml
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, HouseRows, PredictRequest, PredictStreamRequest

from tests.integration.daemon import Daemon, answers
from tests.integration.toolchain import need
from tests.support.client import Client, client_of, failed
from tests.support.examples import Example
from tests.support.ports import free_port
from tests.support.processes import ROOT, ServerProcess, outcome, serving, started
from tests.support.waiting import SECONDS, until

pytestmark = pytest.mark.integration

SHIPPED = ROOT / "deploy/envoy/envoy.yaml"
REQUEST = PredictRequest(house=House(rm=6.5))
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


def envoy() -> str:
    return need("envoy", "make tools-deploy", str(ROOT / ".tools/envoy/bin"))


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What is running, and where it is reached."""

    servers: list[ServerProcess]
    ports: list[int]
    proxy: ServerProcess
    target: str
    url: str
    admin: str

    def healthy(self, cluster: str) -> int:
        """How many backends Envoy takes for healthy."""
        url = f"{self.admin}/clusters?format=json"
        statuses = httpx.get(url, timeout=SECONDS, trust_env=False).json()["cluster_statuses"]
        (found,) = [each for each in statuses if each["name"] == cluster]
        hosts = found["host_statuses"]
        return sum(each["health_status"] == {"eds_health_status": "HEALTHY"} for each in hosts)

    def counted(self, name: str) -> int:
        """Reads one of Envoy's own counters."""
        url = f"{self.admin}/stats?format=json&filter=^{name}$"
        (found,) = httpx.get(url, timeout=SECONDS, trust_env=False).json()["stats"]
        value: int = found["value"]
        return value


def configuration(folder: Path, servers: list[int], rest: int, edge: int, admin: int) -> Path:
    """The shipped configuration with addresses in place of names, and quicker."""
    config = yaml.safe_load(SHIPPED.read_text())
    config["admin"]["address"] = address(admin)
    listener = config["static_resources"]["listeners"][0]
    listener["address"] = address(edge)
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    manager["common_http_protocol_options"]["idle_timeout"] = "2s"
    (monitor,) = config["overload_manager"]["resource_monitors"]
    monitor["typed_config"]["max_active_downstream_connections"] = 8
    ports = {"housing-server": servers, "housing-rest": [rest]}
    for cluster in config["static_resources"]["clusters"]:
        cluster["type"] = "STATIC"
        (check,) = cluster["health_checks"]
        check.update(interval="0.2s", no_traffic_interval="0.2s")
        if "http_health_check" in check:
            # On loopback, the proxy answers to no other names.
            check["http_health_check"]["host"] = "localhost"
        hosts = [{"endpoint": {"address": address(port)}} for port in ports[cluster["name"]]]
        cluster["load_assignment"]["endpoints"] = [{"lb_endpoints": hosts}]
    path = folder / "envoy.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


@pytest.fixture
def edge(linear: Example, tmp_path: Path) -> Iterator[Edge]:
    program = envoy()
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(linear.folder)) for _ in range(2)]
        ports = [each.event("server.serving")["port"] for each in servers]
        variables = {"GRPC_TARGET": f"127.0.0.1:{ports[0]}", "API_PORT": "0", "LOG_FORMAT": "json"}
        proxy = stack.enter_context(started(["-m", "housing_grpc.rest"], **variables))
        rest, port, admin = proxy.event("rest.serving")["port"], free_port(), free_port()
        path = configuration(tmp_path, ports, rest, port, admin)
        daemon = Daemon(
            [program, "-c", str(path), "--concurrency", "1", "--use-dynamic-base-id"],
            answers=answers(f"http://127.0.0.1:{admin}/ready"),
            log=tmp_path / "log",
            env={},
        )
        stack.callback(daemon.stop)
        daemon.start()
        made = Edge(
            servers=servers,
            ports=ports,
            proxy=proxy,
            target=f"127.0.0.1:{port}",
            url=f"http://127.0.0.1:{port}",
            admin=f"http://127.0.0.1:{admin}",
        )
        until(lambda: made.healthy("housing-server") == 2 and made.healthy("housing-rest") == 1)
        yield made


@pytest.fixture
def client(edge: Edge) -> Iterator[Client]:
    with grpc.insecure_channel(edge.target) as channel:
        yield client_of(channel, edge.target)


def test_the_shipped_file_is_sound() -> None:
    done = outcome([envoy(), "--mode", "validate", "-c", SHIPPED])
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr.lower()


def test_its_names_are_those_of_the_manifests() -> None:
    folder = ROOT / "deploy/kubernetes/base"
    for cluster in yaml.safe_load(SHIPPED.read_text())["static_resources"]["clusters"]:
        (hosts,) = cluster["load_assignment"]["endpoints"]
        (host,) = hosts["lb_endpoints"]
        found = host["endpoint"]["address"]["socket_address"]
        file = folder / f"{cluster['name'].removeprefix('housing-')}.yaml"
        service = next(iter(yaml.safe_load_all(file.read_text())))
        assert found["address"] == f"{service['metadata']['name']}.housing.svc"
        assert found["port_value"] == service["spec"]["ports"][0]["port"]


def test_grpc_and_http_by_one_port(edge: Edge, client: Client, linear: Example) -> None:
    price = client.predictions.Predict(REQUEST, timeout=SECONDS)
    info = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    assert price.model_version == info.version == linear.version
    with httpx.Client(base_url=edge.url, timeout=SECONDS, trust_env=False) as http:
        told = http.post("/predict", json={"RM": 6.5})
        assert told.json()["prediction"] == pytest.approx(price.prediction)
        assert http.get("/v1/model/info").status_code == 200
        assert http.get("/health").status_code == 200
        lines = http.post(
            "/v1/predict:stream",
            content=b'{"RM": 6.5}\n{"RM": 6.5}\n',
            headers={"content-type": "application/x-ndjson"},
        )
        assert len(lines.text.splitlines()) == 2


def test_a_stream_passes_message_by_message(client: Client) -> None:
    answered: Queue[int] = Queue()

    def chunks() -> Iterator[PredictStreamRequest]:
        for number in (1, 2, 3):
            yield PredictStreamRequest(sequence=number, rows=HouseRows(items=[REQUEST.house]))
            # The next is sent when this one's answer is here: nothing waits for the end.
            assert answered.get(timeout=SECONDS) == number

    found = []
    for response in client.predictions.PredictStream(chunks(), timeout=SECONDS):
        if response.HasField("chunk"):
            found.append(response.chunk.sequence)
            answered.put(found[-1])
    assert found == [1, 2, 3]


def test_ids_pass_as_they_came(edge: Edge, client: Client) -> None:
    sent = (("x-request-id", "my-own"), ("traceparent", TRACEPARENT))
    failed(lambda: client.predictions.Predict(PredictRequest(), metadata=sent, timeout=SECONDS))
    with httpx.Client(base_url=edge.url, timeout=SECONDS, trust_env=False) as http:
        told = http.post("/predict", json={"CHAS": 7}, headers=dict(sent))
    assert (told.status_code, told.headers["x-request-id"]) == (400, "my-own")
    entry = edge.proxy.event("request.failed")
    assert (entry["request_id"], entry["trace_id"], entry["span_id"]) == ("my-own", TRACE, SPAN)


def test_what_is_for_those_inside_does_not_pass(edge: Edge) -> None:
    assert httpx.get(f"{edge.url}/metrics", timeout=SECONDS, trust_env=False).status_code == 404
    paths = (
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/X",
        "/housing.v1.RelayService/Relay",
        "/x.Y/Z",
    )
    with grpc.insecure_channel(edge.target) as channel:
        for path in paths:
            method: Any = channel.unary_unary(path)
            error = failed(partial(method, b"", timeout=SECONDS))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_server_that_dies_is_not_noticed_by_callers(edge: Edge, client: Client) -> None:
    edge.servers[1].popen.kill()
    edge.servers[1].popen.wait()
    for _ in range(50):
        client.predictions.Predict(REQUEST, timeout=SECONDS)
    until(lambda: edge.healthy("housing-server") == 1)
    client.predictions.Predict(REQUEST, timeout=SECONDS)


def test_without_any_backend_callers_hear_of_it_at_once(edge: Edge, client: Client) -> None:
    for process in edge.servers:
        process.popen.kill()
        process.popen.wait()
    until(lambda: edge.healthy("housing-server") == 0 and edge.healthy("housing-rest") == 0)
    error = failed(lambda: client.predictions.Predict(REQUEST, timeout=SECONDS))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    told = httpx.post(f"{edge.url}/predict", json={"RM": 6.5}, timeout=SECONDS, trust_env=False)
    assert told.status_code == 503


def test_only_what_changes_nothing_is_tried_again() -> None:
    config = yaml.safe_load(SHIPPED.read_text())
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    (host,) = manager["typed_config"]["route_config"]["virtual_hosts"]
    untouched = {"connect-failure", "refused-stream"}
    assert set(host["retry_policy"]["retry_on"].split(",")) == untouched
    again = [each for each in host["routes"] if "retry_policy" in each.get("route", {})]
    (route,) = again
    assert "Predict(Batch)?|ModelService/ModelInfo" in json.dumps(route["match"])


def test_idle_connections_end_and_too_many_are_not_taken(edge: Edge) -> None:
    total = "http.edge.downstream_cx_idle_timeout"
    with httpx.Client(base_url=edge.url, timeout=SECONDS, trust_env=False) as http:
        assert http.get("/health").status_code == 200
        until(lambda: edge.counted(total) >= 1)
    limits = "listener.127.0.0.1_.*downstream_global_cx_overflow"
    with ExitStack() as stack:
        channels = [
            stack.enter_context(httpx.Client(base_url=edge.url, trust_env=False)) for _ in range(12)
        ]
        seen = 0
        for http in channels:
            try:
                http.get("/health", timeout=SECONDS)
            except httpx.TransportError:
                seen += 1
        assert seen >= 1
    assert edge.counted(limits) >= 1
