"""A job over which the model changes: chunk by chunk, or pinned."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clients import python as housing
from housing_grpc.server import HousingServer
from tests.clients.conftest import Connect, Spawn
from tests.clients.jobs import (
    CHUNK,
    PATIENT,
    ROWS,
    collect,
    end,
    expected,
    houses,
    prices,
    wait_until_serving,
)
from tests.support import examples
from tests.support.errors import raised
from tests.support.examples import Example


@pytest.fixture
def changing(
    server_of: Callable[..., HousingServer], linear: Example, tmp_path: Path
) -> tuple[HousingServer, Callable[[], None]]:
    """A server, and a function that puts another bundle in the place of its own."""
    folder, other = tmp_path / "bundle", tmp_path / "other"
    shutil.copytree(linear.folder, folder)
    examples.rewrite(
        folder, other, change=lambda data: msgspec.structs.replace(data, run_id="another")
    )

    def replace() -> None:
        shutil.rmtree(folder)
        other.rename(folder)

    return server_of(folder), replace


@pytest.mark.parametrize("pinned", [False, True])
def test_a_reload_in_mid_stream(
    changing: Any, connect: Connect, linear: Example, pinned: bool
) -> None:
    server, replace = changing
    target = f"127.0.0.1:{server.port}"
    client, second = connect(target), connect(target)

    def reload() -> None:
        replace()
        assert second.reload().changed

    scores = client.score(
        houses(ROWS // 2, reload), chunk_rows=CHUNK, pin_model=pinned, progress=False
    )
    chunks = list(scores.chunks())
    versions = [each.model_version for each in chunks]
    assert [price for each in chunks for price in each.prices] == pytest.approx(
        expected(linear), abs=1e-4
    )
    assert versions[0] == linear.version
    new = second.info().version
    assert versions[-1] == (linear.version if pinned else new)
    assert scores.tally.model_versions == ([linear.version] if pinned else [linear.version, new])
    assert scores.tally.resumes == 0


def test_a_pinned_job_refuses_another_model_after_a_resume(
    spawn: Spawn, free_port: int, connect: Connect, linear: Example, forest: Example
) -> None:
    target = f"127.0.0.1:{free_port}"
    process = spawn(linear.folder, free_port)
    wait_until_serving(target, process)

    def swap() -> None:
        end(process)
        spawn(forest.folder, free_port)

    scores = connect(target).score(
        houses(ROWS // 2, swap),
        chunk_rows=CHUNK,
        pin_model=True,
        progress=False,
        policy=PATIENT,
    )
    found: list[Any] = []
    error = raised(housing.ModelChangedError, collect, scores, found)
    assert error.reason == "MODEL_CHANGED"
    assert linear.version in error.message
    assert forest.version in error.message
    assert prices(found) == pytest.approx(expected(linear)[: len(found)], abs=1e-4)


@pytest.mark.parametrize("back", [False, True], ids=["another model", "the same model again"])
def test_a_pinned_job_whose_model_had_to_make_room(
    server_of: Callable[..., HousingServer],
    connect: Connect,
    linear: Example,
    tmp_path: Path,
    back: bool,
) -> None:
    live = tmp_path / "live"
    shutil.copytree(linear.folder, live)
    server = server_of(live, max_models=2)
    target = f"127.0.0.1:{server.port}"
    client, second = connect(target), connect(target)

    def become(name: str) -> None:
        made = tmp_path / name
        change: Any = lambda old: msgspec.structs.replace(old, run_id=name)  # noqa: E731
        examples.rewrite(linear.folder, made, change=change)
        shutil.rmtree(live)
        made.rename(live)
        assert second.reload().changed

    def reload() -> None:
        become("another")
        become("a third")
        if back:
            shutil.rmtree(live)
            shutil.copytree(linear.folder, live)
            assert second.reload().changed

    scores = client.score(
        houses(ROWS // 2, reload), chunk_rows=CHUNK, pin_model=True, progress=False
    )
    found: list[Any] = []
    if back:
        collect(scores, found)
        assert prices(found) == pytest.approx(expected(linear), abs=1e-4)
        assert scores.tally.resumes == 1
    else:
        assert linear.version in raised(housing.ModelChangedError, collect, scores, found).message
