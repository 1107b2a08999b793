"""Killed at every change of a file: a reader finds what was, or what is wanted, and no third."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from admin.base.settings import Settings
from admin.tracking import backup
from admin.tracking.connection import connect
from admin.tracking.promotion import promote
from admin.tracking.registry import register
from tests.admin.terminal.fake_terminal import ROOT, environment_of
from tests.admin.tracking import crashing
from tests.admin.tracking.crashing import DISK_FULL, KILL_BEFORE, KILL_WITHIN
from tests.support.examples import Example
from tests.support.homes import Trained, copy, settings_of

KILLS = [pytest.param(KILL_BEFORE, id="before"), pytest.param(KILL_WITHIN, id="within")]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("takes a C compiler, and a linker that preloads as Linux's does")
    file = tmp_path_factory.mktemp("crashpoint") / "crashpoint.so"
    source = Path(crashing.__file__).with_name("crashpoint.c")
    flags = ("-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(file))
    subprocess.run([compiler, *flags, str(source), "-ldl"], check=True)
    return file


def crashed(
    library: Path, scenario: str, base: Path, how: int, stride: int = 1
) -> list[dict[str, Any]]:
    """End a scenario at each point; give what was seen, of which the last came through."""
    arguments = (scenario, str(base), str(how), str(stride))
    done = subprocess.run(
        [sys.executable, "-m", "tests.admin.tracking.crashing", *arguments],
        cwd=ROOT,
        env={**environment_of(base / "unused"), "LD_PRELOAD": str(library)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found[-1]["status"] == 0
    assert len(found) > 5
    if how in (KILL_BEFORE, KILL_WITHIN):
        assert {point["status"] for point in found[:-1]} == {-9}
    return found


def seen(points: list[dict[str, Any]]) -> list[Any]:
    """What readers saw, in the order of the points, without repetition."""
    found: list[Any] = []
    for point in points:
        if point["seen"] not in found:
            found.append(point["seen"])
    return found


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "ready").mkdir()
    return tmp_path


@pytest.fixture
def two_versions(ready: Settings, trained: Trained, base: Path) -> Path:
    """A registry with versions 1, which is promoted, and 2."""
    settings = copy(trained.home, base / "ready" / "home")
    with connect(settings) as client:
        register(client, settings.location, trained.run_id)
        version = client.get_model_version(settings.location.model_name, "1")
        client.create_model_version(
            settings.location.model_name, source=str(version.source), tags=version.tags
        )
        promote(client, settings.location, 1)
    return base


@pytest.fixture
def one_run(trained: Trained, base: Path) -> Path:
    """A registry with a run that can be registered."""
    copy(trained.home, base / "ready" / "home")
    (base / "ready" / "run_id").write_text(trained.run_id)
    return base


@pytest.mark.parametrize("how", KILLS)
def test_a_bundle_is_written_whole_or_not_at_all(
    library: Path, linear: Example, base: Path, how: int
) -> None:
    shutil.copytree(linear.folder, base / "ready" / "source")
    points = crashed(library, "write", base, how)
    assert seen(points) == ["nothing", linear.digest]
    assert {point["after"] for point in points} == {linear.digest}


@pytest.mark.parametrize("how", KILLS)
def test_what_served_last_is_the_old_or_the_new_bundle(
    library: Path, linear: Example, forest: Example, base: Path, how: int
) -> None:
    from housing_grpc.model.source import Fetched
    from housing_grpc.registry.cache import BundleCache

    cache = BundleCache(base / "ready" / "cache")
    shutil.copytree(forest.folder, cache.path(forest.digest))
    shutil.copytree(linear.folder, base / "ready" / "source")
    old = Fetched(folder=cache.path(forest.digest), version="1", digest=forest.digest)
    cache.remember(crashing.LOCATION, old)
    points = crashed(library, "remember", base, how)
    assert seen(points) == [["1", True], ["2", True]]
    assert all(point["after"] == ["2", True] for point in points)


@pytest.mark.parametrize(
    ("how", "stride"),
    [
        pytest.param(KILL_BEFORE, 3, id="some"),
        pytest.param(KILL_BEFORE, 1, id="before", marks=pytest.mark.chaos),
        pytest.param(KILL_WITHIN, 1, id="within", marks=pytest.mark.chaos),
    ],
)
def test_a_promotion_leaves_the_old_alias_or_the_new_one(
    library: Path, two_versions: Path, how: int, stride: int
) -> None:
    points = crashed(library, "promote", two_versions, how, stride)
    # The history is whole all the while.
    assert seen(points) == [[1, []], [2, []]]
    assert all(point["after"] == [2, []] for point in points)


@pytest.mark.parametrize(
    ("how", "stride"),
    [
        pytest.param(KILL_BEFORE, 7, id="some"),
        pytest.param(KILL_BEFORE, 1, id="before", marks=pytest.mark.chaos),
        pytest.param(KILL_WITHIN, 1, id="within", marks=pytest.mark.chaos),
        pytest.param(DISK_FULL, 1, id="full", marks=pytest.mark.chaos),
    ],
)
def test_a_version_is_there_with_all_its_files_or_not_at_all(
    library: Path, one_run: Path, how: int, stride: int
) -> None:
    points = crashed(library, "register", one_run, how, stride)
    assert seen(points) == [[], [[1, True]]]
    assert all(point["after"] == [[1, True]] for point in points)


@pytest.mark.parametrize(
    ("how", "stride"),
    [
        pytest.param(KILL_BEFORE, 97, id="some"),
        pytest.param(KILL_BEFORE, 5, id="before", marks=pytest.mark.chaos),
        pytest.param(KILL_WITHIN, 5, id="within", marks=pytest.mark.chaos),
        pytest.param(DISK_FULL, 5, id="full", marks=pytest.mark.chaos),
    ],
)
def test_a_restored_registry_is_the_old_one_or_that_of_the_backup(
    library: Path, two_versions: Path, how: int, stride: int
) -> None:
    settings = settings_of(two_versions / "ready" / "home")
    backup.write(settings, two_versions / "ready" / "backup.tar.gz")
    with connect(settings) as client:
        promote(client, settings.location, 2)
    points = crashed(library, "restore", two_versions, how, stride)
    assert seen(points) == [2, 1]
    assert {point["after"] for point in points} == {1}


@pytest.mark.chaos
@pytest.mark.parametrize("how", [*KILLS, pytest.param(DISK_FULL, id="full")])
def test_a_training_that_ends_anywhere_leaves_no_half_version(
    library: Path, bare: Settings, bare_home: Path, base: Path, how: int
) -> None:
    copy(bare_home, base / "ready" / "home")
    # A training makes hundreds of changes.
    points = crashed(library, "train", base, how, stride=61)
    assert seen(points) == [[], [[1, True]]]
    # Another training is another version.
    assert all(point["after"] in ([[1, True]], [[2, True], [1, True]]) for point in points)
