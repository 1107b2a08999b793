"""The way back to the previous model over HTTP."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.rest.answers import refused
from tests.rest.conftest import Loop, proxied
from tests.support.examples import Example
from tests.support.reloads import replace
from tests.support.serving import housing_server


@pytest.fixture
def folder(tmp_path: Path, linear: Example) -> Path:
    return Path(shutil.copytree(linear.folder, tmp_path / "live"))


@pytest.fixture
def client(loop: Loop, stack: ExitStack, folder: Path) -> httpx.Client:
    server = housing_server(stack, folder)
    return stack.enter_context(proxied(loop, f"127.0.0.1:{server.port}"))


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_one_post_goes_back(
    client: httpx.Client, folder: Path, linear: Example, forest: Example, prefix: str
) -> None:
    replace(folder, forest.folder)
    assert client.post("/model/reload", json={}).json()["changed"]
    answer = client.post(f"{prefix}/model/rollback", json={})
    told = answer.json()
    assert (answer.status_code, told.pop("duration")[-1]) == (200, "s")
    assert told == {
        "previous_version": forest.version,
        "version": linear.version,
        "bundle_digest": linear.digest,
        "generation": 3,
    }
    assert client.get("/model/info").json()["rolled_back_from"] == forest.version
    again = client.post(f"{prefix}/model/rollback", json={})
    assert refused(again)[:2] == (400, "NO_PREVIOUS_MODEL")
