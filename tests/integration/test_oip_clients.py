"""Stock clients of the Open Inference Protocol, unmodified, each with its own packages."""

import json
import math
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb

from bench.peers import environment
from tests.integration.toolchain import need, printed
from tests.support.client import SECONDS, Client, house
from tests.support.examples import MODEL_NAME, Example
from tests.support.inference import houses
from tests.support.processes import ROOT
from tests.support.serving import connected, housing_server

CLIENTS = Path(__file__).parent / "oip_clients"
# MLServer's packages have tritonclient among them.
PACKAGES = {"triton_grpc": "mlserver", "triton_aio": "mlserver", "mlserver_grpc": "mlserver",
            "kserve_grpc": "kserve"}  # fmt: skip

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def client(honest: Example) -> Iterator[Client]:
    with ExitStack() as stack:
        server = housing_server(
            stack, honest.folder, max_queue_seconds=3600, compression_enabled=True
        )
        yield connected(stack, server.port)


def port_of(client: Client) -> str:
    return client.address.rpartition(":")[2]


def told(name: str, client: Client, rows: Any, scratch: Path) -> Any:
    """What a client was told of rows, the first of which can be scored."""
    file = scratch / "rows.npy"
    np.save(file, rows)
    python = environment.ensure(PACKAGES[name]) / "python"
    script = CLIENTS / f"{name}.py"
    return json.loads(printed([python, script, port_of(client), MODEL_NAME, file], ROOT))


@pytest.fixture(scope="module")
def rows() -> Any:
    found = houses(200)
    found[:2] = np.nan_to_num(found[:2], nan=5, posinf=6)
    found[:2, [3, 8]] = 1
    # What is told of bad rows is the text of the first.
    found[2] = math.nan
    return found


@pytest.fixture(scope="module")
def results(client: Client, rows: Any) -> list[pb.RowResult]:
    request = pb.PredictBatchRequest(items=map(house, rows), explain=True, level=0.8)
    return list(client.predictions.PredictBatch(request, timeout=SECONDS).results)


@pytest.fixture(scope="module")
def prices(results: list[pb.RowResult]) -> list[float]:
    return prices_of(results)


def prices_of(results: list[pb.RowResult]) -> list[float]:
    return [math.nan if each.HasField("error") else each.prediction for each in results]


def same(found: Any, wanted: Any) -> bool:
    return np.array(found).tobytes() == np.array(wanted).tobytes()


def test_tritonclient_grpc(
    client: Client, rows: Any, results: list[pb.RowResult], tmp_path: Path
) -> None:
    found = told("triton_grpc", client, rows, tmp_path)
    prices, version = prices_of(results), found["version"]
    assert (found["live"], found["ready"]) == ([True, True], True)
    assert (found["server"], found["inputs"]) == ("housing-grpc", ["input"])
    assert (found["config"], found["id"]) == (10_000, "id-7")
    assert found["index"] == [[MODEL_NAME, version, "READY"]]
    for name in ("predict", "columns"):
        assert same(found[name], prices)
    assert same(found["all"]["predict"], prices)
    good = [place for place, result in enumerate(results) if not result.HasField("error")]
    for place in good:
        result = results[place]
        assert found["all"]["applicability"][place] == result.applicability.p_value
        assert found["all"]["base_value"][place] == result.explanation.base
        assert found["all"]["contributions"][place] == [
            each.amount for each in result.explanation.contributions
        ]
        if result.HasField("interval"):
            assert found["all"]["lower"][place] == result.interval.lower
            assert found["all"]["upper"][place] == result.interval.upper
    assert "send FP64" in found["single"]
    codes = [f"StatusCode.{name}" for name in (
        "NOT_FOUND", "INVALID_ARGUMENT", "INVALID_ARGUMENT", *["UNIMPLEMENTED"] * 3,
    )]  # fmt: skip
    assert [code for code, _ in found["failures"]] == codes
    texts = ("model_name: ", "rooms: ", "input[2]: ", "which model is live", "Prometheus", "the se")
    for (_, text), start in zip(found["failures"], texts, strict=True):
        assert text.startswith(start)
    check_stream(found["stream"], prices)


def test_tritonclient_aio(client: Client, rows: Any, prices: Any, tmp_path: Path) -> None:
    found = told("triton_aio", client, rows, tmp_path)
    assert (found["live"], found["ready"]) == ([True, True], True)
    assert same(found["predict"], prices)
    check_stream(found["stream"], prices)


def check_stream(answers: Any, prices: Any) -> None:
    first, failed, last = answers
    assert same(first, prices[:2])
    assert failed.startswith("input: has the shape [200, 12]; send [n, 13]")
    assert same(last, prices[:1])


def test_mlserver(client: Client, rows: Any, prices: Any, tmp_path: Path) -> None:
    found = told("mlserver_grpc", client, rows, tmp_path)
    assert (found["live"], found["ready"], found["inputs"]) == ([True, True], True, ["input"])
    whole = ~np.isnan(rows).any(axis=1)
    for name in ("typed", "raw", "frame"):
        assert same(found[name], np.array(prices)[whole])


def test_kserve(client: Client, rows: Any, prices: Any, tmp_path: Path) -> None:
    found = told("kserve_grpc", client, rows, tmp_path)
    assert (found["live"], found["ready"]) == ([True, True], True)
    assert found["unknown"] == "NOT_FOUND"
    for name in ("typed", "raw"):
        assert same(found[name], prices)


IMPORTS = {
    "tritonclient": ("mlserver", "import tritonclient.grpc"),
    "tritonclient, asyncio": ("mlserver", "import tritonclient.grpc.aio"),
    "MLServer's stub": (
        "mlserver", "import grpc; from mlserver.grpc.dataplane_pb2_grpc import *",
    ),
    "KServe": ("kserve", "import kserve"),
}  # fmt: skip
TRY = """
import asyncio, inspect
async def main():
    names = {{}}
    exec({imports!r}, names)
    exec({line!r}, names)
    client = names["client"]
    if hasattr(client, "ServerLive"):
        from mlserver.grpc.dataplane_pb2 import ServerLiveRequest
        print(client.ServerLive(ServerLiveRequest()).live)
        return
    live = client.is_server_live()
    print(await live if inspect.isawaitable(live) else live)
asyncio.run(main())
"""


def lines_of_the_readme() -> dict[str, str]:
    """The table of clients: what one has, and the line."""
    table = (ROOT / "README.md").read_text().partition("| the client you have |")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]
    return dict(re.fullmatch(r"\| (.*?) \| `(.*)` \|", row).groups() for row in rows)  # type: ignore[union-attr, misc]


@pytest.mark.parametrize("name", IMPORTS)
def test_the_lines_of_the_readme(client: Client, name: str) -> None:
    packages, imports = IMPORTS[name]
    line = lines_of_the_readme()[name].replace("50051", port_of(client))
    program = TRY.format(imports=imports, line=line)
    assert printed([environment.ensure(packages) / "python", "-c", program], ROOT) == "True\n"


def test_the_readme_has_no_line_that_is_not_tried(client: Client) -> None:
    lines = lines_of_the_readme()
    # Those over HTTP are tried in tests/rest/dialects/test_clients.py.
    (grpcurl,) = {name for name, line in lines.items() if "50051" in line} - IMPORTS.keys()
    command = shlex.split(lines[grpcurl].replace("50051", port_of(client)))
    tool = need("grpcurl", "make tools", str(ROOT / ".tools" / "bin"))
    told = json.loads(printed([tool, *command[1:]], ROOT))
    assert told["name"] == MODEL_NAME


@pytest.mark.parametrize("order", [[], ["reversed"]])
def test_tritonclient_and_ours_in_one_process(client: Client, order: list[str]) -> None:
    packages = next((environment.ensure("mlserver").parent / "lib").glob("*/site-packages"))
    command: list[str | Path] = [
        *(sys.executable, CLIENTS / "one_process.py", port_of(client), MODEL_NAME, packages),
        *order,
    ]
    ours, theirs = json.loads(printed(command, ROOT, PYTHONPATH=str(ROOT)))
    assert ours == theirs
