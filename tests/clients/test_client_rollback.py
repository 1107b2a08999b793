"""The way back to the previous model, by each way of asking for it."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.python import AsyncHousingClient, HousingClient, RolledBack, to_json
from clients.python.command.main import main
from housing_grpc.server import HousingServer
from tests.support.examples import Example
from tests.support.reloads import replace


@pytest.fixture
def back_to(
    server_of: Callable[..., HousingServer], linear: Example, forest: Example, tmp_path: Path
) -> tuple[str, Callable[[], None]]:
    """A server of the linear model, and what makes the forest live in its place."""
    folder = shutil.copytree(linear.folder, tmp_path / "live")
    target = f"127.0.0.1:{server_of(folder).port}"

    def forwards() -> None:
        replace(folder, forest.folder)
        with HousingClient(target) as client:
            assert client.reload().changed

    return target, forwards


async def rollback(target: str) -> RolledBack:
    async with AsyncHousingClient(target) as client:
        return await client.rollback()


def test_both_clients_go_back(
    back_to: tuple[str, Callable[[], None]], linear: Example, forest: Example
) -> None:
    target, forwards = back_to
    with HousingClient(target) as client:
        for generation in (3, 5):
            forwards()
            found = client.rollback() if generation == 3 else asyncio.run(rollback(target))
            assert (found.previous_version, found.version) == (forest.version, linear.version)
            assert (found.bundle_digest, found.generation) == (linear.digest, generation)
            assert to_json(found)["duration"].endswith("s")
        assert client.info().rolled_back_from == forest.version


def test_the_command_goes_back(
    back_to: tuple[str, Callable[[], None]],
    capsys: pytest.CaptureFixture[str],
    linear: Example,
    forest: Example,
) -> None:
    target, forwards = back_to
    forwards()
    assert main(["rollback", "--target", target]) == 0
    assert capsys.readouterr().out.startswith(f"back from {forest.version} to {linear.version} in ")
    assert main(["info", "--target", target]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith(f" {linear.version}, rolled back from {forest.version}")
    forwards()
    assert main(["rollback", "--json", "--target", target]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["previous_version"], told["generation"]) == (forest.version, 5)
