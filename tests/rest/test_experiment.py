"""How a challenger does, over HTTP."""

from contextlib import ExitStack
from pathlib import Path

import httpx

from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.challenger.conftest import compared
from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import Loop, proxied
from tests.support import registered
from tests.support.examples import Example
from tests.support.serving import connected


def test_a_server_without_a_challenger_says_so(rest: httpx.Client) -> None:
    assert refused(rest.get("/v1/experiment"))[:2] == (400, "NO_CHALLENGER")


def test_the_challenger_answers_its_share(
    loop: Loop, stack: ExitStack, linear: Example, forest: Example, tmp_path: Path
) -> None:
    versions = registered.in_file(tmp_path / "registered")
    for example in (linear, forest):
        versions.add(example)
    versions.promote("1")
    versions.challenge("2", share="0.5")
    chosen = {"grpc_port": 0, "mlflow_tracking_uri": versions.uri, "housing_home": str(tmp_path)}
    server = HousingServer(Settings(**chosen))  # type: ignore[arg-type]
    stack.callback(server.close, grace_seconds=0)
    server.start()
    compared(connected(stack, server.port), "2")
    client = stack.enter_context(proxied(loop, f"127.0.0.1:{server.port}"))
    shown = client.get("/v1/experiment").json()
    assert (shown["champion_version"], shown["challenger_version"]) == ("1", "2")
    assert (shown["shadow"], shown["share"]) == (1, 0.5)
    assert shown["verdict"]["outcome"] == "VERDICT_OUTCOME_UNDECIDED"
    seen = set()
    for number in range(20):
        answer = client.post(f"/v1/predict?routing_key=caller{number}", json=HOUSE).json()
        assert answer["variant"] == (
            "VARIANT_CHALLENGER" if answer["model_version"] == "2" else "VARIANT_CHAMPION"
        )
        seen.add(answer["variant"])
    assert len(seen) == 2
