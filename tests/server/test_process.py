"""`python -m housing_grpc`: how it starts and what it prints."""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.base.errors import EXIT_MODEL, EXIT_PORT, EXIT_SETTINGS, StartError
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.support.client import SECONDS, Client, client_of
from tests.support.examples import EVALUATOR, Example
from tests.support.processes import ended, serving
from tests.support.serving import Serve

Connect = Callable[[int], Client]

TAKEN = (
    "cannot listen on {}: the port is taken, or the address is not this "
    "machine's; choose another with GRPC_PORT or GRPC_HOST"
)


def test_it_serves_a_folder_and_logs_in_json(linear: Example, connect: Connect) -> None:
    with serving(linear.folder) as process:
        live = process.event("model.live")
        assert live.pop("time").endswith("Z")
        assert live == {
            "level": "info",
            "event": "model.live",
            "version": linear.version,
            "digest": linear.version,
            "generation": 1,
            "model_type": "linear",
            "stale": False,
            "evaluator": EVALUATOR,
        }
        up = process.event("server.serving")
        assert (up["host"], up["level"]) == ("127.0.0.1", "info")
        client = connect(up["port"])
        answer = client.predictions.Predict(PredictRequest(house=House(rm=6)), timeout=SECONDS)
        assert answer.model_version == linear.version


def test_the_banner_says_where_everything_is(linear: Example, connect: Connect) -> None:
    with serving(linear.folder, LOG_FORMAT="text") as process:
        out = process.popen.stdout
        assert out is not None
        assert out.readline() == "\n"
        first = out.readline()
        found = re.fullmatch(
            r"  Serving housing-price-model version (\w+) \(linear, v1_median\) "
            r"on localhost:(\d+)\n",
            first,
        )
        assert found, first
        assert found[1] == linear.version
        assert out.readline() == f"  from    {linear.folder}\n"
        request = PredictRequest(house=House(rm=6))
        assert connect(int(found[2])).predictions.Predict(request, timeout=SECONDS).prediction > 0


def test_in_text_the_log_is_for_people(linear: Example) -> None:
    with serving(linear.folder, LOG_FORMAT="text") as process:
        assert process.popen.stderr is not None
        line = next(line for line in process.popen.stderr if " model.live " in line)
    pattern = rf"\d{{4}}-[^ ]+Z INFO model\.live version={linear.version} .*stale=False .*\n"
    assert re.fullmatch(pattern, line), line


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"GRPC_PORT": "abc"}, "GRPC_PORT='abc': takes a whole number from 0 to 65535"),
        (
            {"MLFLOW_MODEL_NAME": "a/b"},
            "MLFLOW_MODEL_NAME is 'a/b', which MLflow does not take as a name",
        ),
    ],
)
def test_wrong_settings(variables: dict[str, str], message: str) -> None:
    assert ended(**variables) == (EXIT_SETTINGS, "", f"error: {message}\n")


def test_no_bundle(tmp_path: Path) -> None:
    message = "error: no model to serve: nothing: is not a folder\n"
    assert ended(BUNDLE_DIR=str(tmp_path / "nothing"), GRPC_PORT="0") == (EXIT_MODEL, "", message)


def test_a_bundle_whose_path_is_too_long(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 300)
    code, out, err = ended(BUNDLE_DIR=str(folder), GRPC_PORT="0")
    assert (code, out) == (EXIT_MODEL, "")
    assert re.fullmatch(r"error: no model to serve: \[Errno \d+\] File name too long: .*\n", err)


def test_a_port_that_is_taken(serve: Serve, linear: Example) -> None:
    address = serve(linear.folder).address
    port = address.rpartition(":")[2]
    code, out, err = ended(BUNDLE_DIR=str(linear.folder), GRPC_PORT=port)
    assert (code, out) == (EXIT_PORT, "")
    # The library says something of its own before.
    assert err.splitlines()[-1] == f"error: {TAKEN.format(address)}"


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_cannot_be_had(serve: Serve, linear: Example, host: str) -> None:
    port = serve(linear.folder).address.rpartition(":")[2]
    chosen = Settings(grpc_host=host, grpc_port=int(port), bundle_dir=str(linear.folder))
    with pytest.raises(StartError, match=re.escape(TAKEN.format(f"{host}:{port}"))) as caught:
        HousingServer(chosen)
    assert caught.value.exit_code == EXIT_PORT


@pytest.mark.parametrize("host", ["::1", "[::1]", "localhost", "127.0.0.1"])
def test_the_ways_to_write_an_address(linear: Example, host: str, connect: Connect) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    server = HousingServer(Settings(grpc_host=host, grpc_port=0, bundle_dir=str(linear.folder)))
    server.start()
    try:
        name = f"[{host}]" if host == "::1" else host
        with grpc.insecure_channel(f"{name}:{server.port}") as channel:
            answer = client_of(channel, name).models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
        assert answer.version == linear.version
    finally:
        server.close(grace_seconds=0)


def test_what_is_serialised_for_collectors_is_one_object_a_line(linear: Example) -> None:
    with serving(linear.folder) as process:
        process.event("server.serving")
    assert all(isinstance(json.loads(line), dict) for line in process.lines)
