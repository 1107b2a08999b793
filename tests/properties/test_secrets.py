"""Whatever fails: no secret in a log, an error, a metric, ModelInfo or a command line."""

import math
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from housing.v1 import feedback_pb2, model_pb2
from housing.v1 import prediction_pb2 as pb

from housing_grpc.model.source import Fetched
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import RegistryLocation
from tests.http2.frames import Connection, data, message
from tests.properties import canaries
from tests.properties.canaries import (
    FEEDBACK_PASSWORD,
    READER_KEY,
    RECEIPT_KEY,
    SINGLE_KEY,
    STRANGER_KEY,
    Canaries,
    Registry,
)
from tests.support.certificates import Ca, Pair
from tests.support.client import Client, client_of
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME, Example
from tests.support.processes import SECONDS, ServerProcess, started
from tests.support.waiting import until

Metadata = tuple[tuple[str, str | bytes], ...]
ADMIN: Metadata = (("x-api-key", SINGLE_KEY),)
READER: Metadata = (("authorization", f"Bearer {READER_KEY}"),)
STRANGERS: Sequence[Metadata] = (
    (("x-api-key", STRANGER_KEY),),
    (("authorization", f"Bearer {STRANGER_KEY}"),),
    (("authorization", f"Basic {STRANGER_KEY}"),),
    (("authorization", STRANGER_KEY),),
    (("x-api-key", SINGLE_KEY), ("x-api-key", STRANGER_KEY)),
    (("x-api-key", SINGLE_KEY), ("authorization", f"Bearer {READER_KEY}")),
    (("x-api-key-bin", SINGLE_KEY.encode()),),
    (("x-api-key", f"{SINGLE_KEY} "), ("x-request-id", "with-a-space")),
    (),
)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that is full of secrets."""

    process: ServerProcess
    client: Client
    port: int
    metrics_port: int
    keys_file: Path
    receipt_keys: Path
    tls: bool
    log: list[str]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Ca(tmp_path_factory.mktemp("authority"), "root").issue("server")


@pytest.fixture(scope="module")
def secrets(pair: Pair) -> Canaries:
    return Canaries.of(pair)


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with canaries.registry() as server:
        yield server


@contextmanager
def drained(process: ServerProcess) -> Iterator[list[str]]:
    """Reads all that a process logs, into the list that it gives."""
    lines: list[str] = process.lines
    assert process.popen.stderr is not None
    reader = threading.Thread(target=lines.extend, args=(process.popen.stderr,))
    reader.start()
    yield lines
    process.popen.terminate()
    process.popen.wait(SECONDS)
    reader.join()


def home_with_a_bundle(folder: Path, uri: str, bundle: Example) -> Path:
    """Makes a cache from which a server starts while its registry fails."""
    cache = BundleCache(folder / "bundles")
    kept = Path(shutil.copytree(bundle.folder, cache.path(bundle.digest)))
    where = RegistryLocation(tracking_uri=uri, model_name=MODEL_NAME, alias="production")
    cache.remember(where, Fetched(folder=kept, version="7", digest=bundle.digest))
    return folder


def channel_to(port: int, pair: Pair | None) -> grpc.Channel:
    options = (("grpc.use_local_subchannel_pool", 1),)
    if pair is None:
        return grpc.insecure_channel(f"127.0.0.1:{port}", options)
    root = (pair.certificate.parent / "root.pem").read_bytes()
    credentials = grpc.ssl_channel_credentials(root)
    return grpc.secure_channel(f"127.0.0.1:{port}", credentials, options)


@pytest.fixture(scope="module", params=["plain", "TLS"])
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    linear: Example,
    registry: Registry,
    pair: Pair,
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("home")
    keys_file = folder / "keys"
    keys_file.write_text(f"reader predict {READER_KEY}\n")
    receipt_keys = folder / "receipt-keys"
    receipt_keys.write_text(f"{RECEIPT_KEY}\n")
    tls = request.param == "TLS"
    files = {"TLS_CERT_FILE": str(pair.certificate), "TLS_KEY_FILE": str(pair.key)} if tls else {}
    variables = {
        "GRPC_PORT": "0", "LOG_FORMAT": "json", "LOG_LEVEL": "debug", "DRAIN_SECONDS": "0",
        "API_KEY": SINGLE_KEY, "API_KEYS_FILE": str(keys_file), **files, **canaries.ENVIRONMENT,
        "RECEIPT_KEYS_FILE": str(receipt_keys),
        # Where nobody answers.
        "FEEDBACK_URL": f"postgresql://someone:{FEEDBACK_PASSWORD}@127.0.0.1:9/none",
        "HOUSING_HOME": str(home_with_a_bundle(folder, registry.uri, linear)),
        "MLFLOW_TRACKING_URI": registry.uri,
        # On a busy machine the import of MLflow alone may take longer than usually all does.
        "REGISTRY_TIMEOUT_SECONDS": "50",
    }  # fmt: skip
    with ExitStack() as stack:
        process = stack.enter_context(started(["-m", "housing_grpc"], **variables))
        ready = process.event("server.serving")
        log = stack.enter_context(drained(process))
        channel = stack.enter_context(channel_to(int(ready["port"]), pair if tls else None))
        yield Running(
            process=process,
            client=client_of(channel, f"127.0.0.1:{ready['port']}"),
            port=int(ready["port"]),
            metrics_port=int(ready["metrics_port"]),
            keys_file=keys_file,
            receipt_keys=receipt_keys,
            tls=tls,
            log=log,
        )


def told(call: Callable[[], object]) -> str:
    """Makes a call that fails; returns all that its caller gets to know."""
    error: Any = raised(grpc.RpcError, call)
    trailers = [(name, repr(value)) for name, value in error.trailing_metadata() or ()]
    return f"{error.code()} {error.details()} {error.debug_error_string()} {trailers}"


def check_all(running: Running, secrets: Canaries) -> None:
    """Asserts that nothing that can be seen of the server holds a secret."""
    secrets.check("the log", "".join(running.log))
    for line in canaries.command_lines(running.process.popen.pid):
        secrets.check("a command line", line)
    page = httpx.get(f"http://127.0.0.1:{running.metrics_port}/metrics", timeout=SECONDS)
    assert "grpc_server_handled_total" in page.text
    secrets.check("the metrics", page.text)
    info = running.client.models.ModelInfo(
        model_pb2.ModelInfoRequest(), timeout=SECONDS, metadata=READER
    )
    secrets.check("ModelInfo", str(info))
    question = feedback_pb2.GetQualityRequest()
    ask = running.client.feedback.GetQuality
    refused = told(lambda: ask(question, timeout=SECONDS, metadata=READER))
    assert "FEEDBACK_UNAVAILABLE" in refused
    secrets.check("a store that is away", refused)


@pytest.mark.parametrize("place", range(len(STRANGERS)))
def test_keys_that_are_refused(running: Running, secrets: Canaries, place: int) -> None:
    calls: tuple[tuple[Any, Any], ...] = (
        (running.client.predictions.Predict, pb.PredictRequest(house=pb.House(rm=6.5))),
        (running.client.models.ReloadModel, model_pb2.ReloadModelRequest()),
    )
    for call, request in calls:
        text = told(lambda: call(request, timeout=SECONDS, metadata=STRANGERS[place]))  # noqa: B023
        assert "UNAUTHENTICATED" in text
        secrets.check("the error", text)
    check_all(running, secrets)


def test_a_key_without_the_role(running: Running, secrets: Canaries) -> None:
    request = model_pb2.ReloadModelRequest()
    reload = running.client.models.ReloadModel
    text = told(lambda: reload(request, timeout=SECONDS, metadata=READER))
    assert "PERMISSION_DENIED" in text
    secrets.check("the error", text)
    check_all(running, secrets)


def test_requests_that_are_wrong(running: Running, secrets: Canaries) -> None:
    predict = running.client.predictions.Predict
    raw: Any = running.client.channel.unary_unary("/housing.v1.PredictionService/Predict")
    missing: Any = running.client.channel.unary_unary(f"/housing.v1.Nothing/{STRANGER_KEY}")
    for house in (pb.House(crim=math.inf), pb.House(chas=canaries.HOUSE_VALUE), pb.House()):
        request = pb.PredictRequest(house=house)
        call = lambda request=request: predict(request, timeout=SECONDS, metadata=READER)  # noqa: E731
        secrets.check("the error", told(call))
    large = (*READER, ("x-large", SINGLE_KEY * 1000))
    for metadata in (READER, large):
        secrets.check("the error", told(lambda: raw(b"\xff", timeout=SECONDS, metadata=metadata)))  # noqa: B023
    assert "UNIMPLEMENTED" in told(lambda: missing(b"", timeout=SECONDS, metadata=ADMIN))
    check_all(running, secrets)
    # Nor does the log hold what was asked.
    assert str(canaries.HOUSE_VALUE) not in "".join(running.log)


def test_bytes_that_are_no_calls(running: Running, secrets: Canaries) -> None:
    """What the library itself logs of a connection that it gives up."""
    for start in (
        f"GET /?key={SINGLE_KEY} HTTP/1.1\r\nX-API-Key: {SINGLE_KEY}\r\n\r\n",
        f"{SINGLE_KEY}\r\n" * 10,
    ):
        with Connection(running.port) as connection:
            connection.send(start.encode())
            connection.listen(seconds=2)
    for name in ("grpc-timeout", "grpc-encoding", "x-api-key-bin", "x-api-key", ":unknown", "te"):
        with Connection(running.port) as connection:
            connection.greet().send(connection.headers(1, **{name: f"{SINGLE_KEY}!\xff\x01"}))
            connection.send(data(1, message(b"")))
            secrets.check("the answer", str(connection.listen(1, seconds=2).headers))
    check_all(running, secrets)


def test_a_registry_that_says_again_what_it_was_told(
    running: Running, registry: Registry, secrets: Canaries
) -> None:
    reload = running.client.models.ReloadModel
    targets: list[dict[str, Any]] = [{}, {"version": "3"}, {"alias": "other"}, {"dry_run": True}]
    for target in targets:
        request = model_pb2.ReloadModelRequest(**target)
        call = lambda request=request: reload(request, timeout=SECONDS, metadata=ADMIN)  # noqa: E731
        text = told(call)
        assert "UNAVAILABLE" in text
        secrets.check("the error", text)
    assert registry.asked.is_set()
    check_all(running, secrets)


def test_children_while_they_run(running: Running, registry: Registry, secrets: Canaries) -> None:
    registry.answering.clear()
    registry.asked.clear()
    request = model_pb2.ReloadModelRequest()
    call = running.client.models.ReloadModel.future(request, timeout=SECONDS, metadata=ADMIN)
    assert registry.asked.wait(SECONDS)
    lines = canaries.command_lines(running.process.popen.pid)
    registry.answering.set()
    assert any("registry.fetch_child" in line for line in lines)
    for line in lines:
        secrets.check("a command line", line)
    secrets.check("the error", told(call.result))
    check_all(running, secrets)


def test_keys_that_are_read_anew_and_wrong(running: Running, secrets: Canaries) -> None:
    right = running.keys_file.read_text()
    before = len(running.log)
    running.keys_file.write_text(f"reader emperor {STRANGER_KEY}\n{SINGLE_KEY}\n")
    running.process.signal(signal.SIGHUP)
    # The old keys go on being known; the log says that the new ones are not.
    request = pb.PredictRequest(house=pb.House(rm=6.5))
    end = time.monotonic() + SECONDS
    # That line, and not one of before that is late: the file may be changed only when it was read.
    while not any('"keys.kept"' in line for line in running.log[before:]):
        assert time.monotonic() < end, "the keys were not read"
        answer = running.client.predictions.Predict(request, timeout=SECONDS, metadata=READER)
        assert answer.prediction > 0
        time.sleep(0.02)
    running.keys_file.write_text(right)
    check_all(running, secrets)


def test_receipt_keys_that_are_read_anew_and_wrong(running: Running, secrets: Canaries) -> None:
    before = len(running.log)
    request = pb.PredictRequest(house=pb.House(rm=6.5), receipt=True)
    answer = running.client.predictions.Predict(request, timeout=SECONDS, metadata=READER)
    secrets.check("a receipt", answer.receipt)
    right = running.receipt_keys.read_text()
    running.receipt_keys.write_text(f"{RECEIPT_KEY}{RECEIPT_KEY}\n")
    running.process.signal(signal.SIGHUP)
    until(lambda: any('"receipt_keys.kept"' in line for line in running.log[before:]))
    running.receipt_keys.write_text(right)
    answer = running.client.predictions.Predict(request, timeout=SECONDS, metadata=READER)
    assert len(answer.receipt) == 240
    check_all(running, secrets)


def test_a_proxy_in_front(running: Running, secrets: Canaries, pair: Pair) -> None:
    if running.tls:
        pytest.skip("the proxy speaks to a plain server")
    variables = {"API_PORT": "0", "LOG_FORMAT": "json", "LOG_LEVEL": "debug"}
    target = running.client.address
    with started(["-m", "housing_grpc.rest"], GRPC_TARGET=target, **variables) as process:
        port = process.event("rest.serving")["port"]
        with drained(process) as log:
            answers = _provoke(f"http://127.0.0.1:{port}")
            lines = canaries.command_lines(process.popen.pid)
        for text in (*answers, *lines, "".join(log)):
            secrets.check("the proxy", text)


KEYS_SENT = (SINGLE_KEY, READER_KEY, STRANGER_KEY, STRANGER_KEY * 500, f"\xff{STRANGER_KEY}")


def _provoke(url: str) -> list[str]:
    """Sends what fails, each with each key; returns all answers."""
    house = {"RM": 6.5}
    found = []
    with httpx.Client(base_url=url, timeout=SECONDS) as client:
        for key in (
            SINGLE_KEY,
            READER_KEY,
            STRANGER_KEY,
            STRANGER_KEY * 500,
            "\xff" + STRANGER_KEY,
        ):
            for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
                sent = httpx.Headers(headers, encoding="latin-1")
                answers = [
                    client.post("/predict", json=house, headers=sent),
                    client.post("/predict", json={"RMM": 6.5}, headers=sent),
                    client.post("/predict", content=b"{", headers=sent),
                    client.post("/model/reload", json={}, headers=sent),
                    client.get("/model/info", headers=sent),
                    client.put("/predict", headers=sent),
                    client.get("/metrics"),
                    client.get("/health", headers=sent),
                ]
                found += [f"{each.headers} {each.text}" for each in answers]
    return found


WRONG_STARTS: dict[str, dict[str, str]] = {
    "a key that is not ASCII": {"API_KEY": f"{SINGLE_KEY} ä"},
    "a URI of another scheme": {"MLFLOW_TRACKING_URI": f"ftp://u:{SINGLE_KEY}@127.0.0.1"},
    "a password with a slash": {"MLFLOW_TRACKING_URI": f"http://u:{SINGLE_KEY}/x@127.0.0.1:1"},
    "a password with a bracket": {"MLFLOW_TRACKING_URI": f"http://u:{SINGLE_KEY}[@127.0.0.1:1"},
    "a password out of Unicode": {"MLFLOW_TRACKING_URI": f"http://u:{SINGLE_KEY}℀@127.0.0.1:1"},
    "a port that is none": {"MLFLOW_TRACKING_URI": f"http://u:{SINGLE_KEY}@127.0.0.1:port"},
    "a registry that is not there": {"MLFLOW_TRACKING_URI": f"http://u:{SINGLE_KEY}@127.0.0.1:1"},
}


@pytest.mark.parametrize("fault", WRONG_STARTS)
def test_a_start_that_fails(fault: str, tmp_path: Path, secrets: Canaries) -> None:
    variables = {"GRPC_PORT": "0", "HOUSING_HOME": str(tmp_path), "REGISTRY_TIMEOUT_SECONDS": "3"}
    with started(["-m", "housing_grpc"], **variables, **WRONG_STARTS[fault]) as process:
        code, out, err = process.end()
    assert code in (2, 4), err
    secrets.check("the output", out + err)


def test_a_database_that_is_not_there(tmp_path: Path, linear: Example, secrets: Canaries) -> None:
    uri = f"postgresql://u:{SINGLE_KEY}@127.0.0.1:1/mlflow"
    variables = {
        "GRPC_PORT": "0", "LOG_FORMAT": "json", "REGISTRY_TIMEOUT_SECONDS": "3",
        "HOUSING_HOME": str(home_with_a_bundle(tmp_path, uri, linear)), "MLFLOW_TRACKING_URI": uri,
        "DRAIN_SECONDS": "0",
    }  # fmt: skip
    with started(["-m", "housing_grpc"], **variables) as process:
        process.event("server.serving")
        process.signal(signal.SIGTERM)
        code, out, err = process.end()
    assert code == 0, err
    secrets.check("the output", "".join(process.lines) + out + err)


def test_a_file_of_keys_that_is_wrong(tmp_path: Path, secrets: Canaries) -> None:
    for content in (
        f"{READER_KEY}\n",
        f"reader {READER_KEY} predict\n",
        f"a predict {READER_KEY}ä",
    ):
        (tmp_path / "keys").write_text(content)
        with started(["-m", "housing_grpc"], API_KEYS_FILE=str(tmp_path / "keys")) as process:
            code, out, err = process.end()
        assert code == 2, err
        secrets.check("the output", out + err)


def test_a_tls_key_that_is_of_another_certificate(
    tmp_path: Path, pair: Pair, secrets: Canaries
) -> None:
    other = Ca(tmp_path, "other").issue("another")
    files = {"TLS_CERT_FILE": str(other.certificate), "TLS_KEY_FILE": str(pair.key)}
    with started(["-m", "housing_grpc"], GRPC_PORT="0", **files) as process:
        code, out, err = process.end()
    assert code == 2, err
    secrets.check("the output", out + err)
