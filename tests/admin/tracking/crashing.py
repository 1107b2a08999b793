"""Does an operation over and over, each time ended at a later one of its changes to files.

Runs as a process that `crashpoint.c` is preloaded into: `python -m tests.admin.tracking.crashing`
with a scenario, its folder, how to end it, and every how many points. Writes a line of JSON
for each point: what a reader saw after the end, and what it saw after another try.
"""

import ctypes
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from housing_grpc.registry.location import RegistryLocation
from tests.support.examples import contents

KILL_BEFORE, KILL_WITHIN, DISK_FULL = 1, 2, 3
_MOST = 5000
_DATA = Path(__file__).parents[3] / "data" / "HousingData.csv"
LOCATION = RegistryLocation(tracking_uri="http://mlflow", model_name="m", alias="production")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """An operation on what a folder holds.

    Attributes:
        act: The operation.
        look: Says what a reader sees, in values that JSON has.
    """

    act: Callable[[Path], object]
    look: Callable[[Path], Any]


def points(scenario: Scenario, base: Path, how: int, stride: int) -> Iterator[dict[str, Any]]:
    """End the operation at each point in turn, until it comes through.

    Args:
        scenario: The operation.
        base: Folder whose subfolder `ready` holds what it begins with.
        how: KILL_BEFORE, KILL_WITHIN or DISK_FULL.
        stride: Every how many points.
    """
    # Whatever is imported on the way is imported once, rather than in each fork.
    warm = shutil.copytree(base / "ready", base / "warm")
    scenario.act(warm)
    scenario.look(warm)
    for at in count(1, stride):
        assert at < _MOST, "the operation never comes to its end"
        folder = base / str(at)
        shutil.copytree(base / "ready", folder)
        status, ended = _child(_armed, scenario, folder, at, how)
        seen = _child(scenario.look, folder)[1]
        after = _child(_again, scenario, folder)[1]
        yield {"status": status, "said": ended, "seen": seen, "after": after}
        shutil.rmtree(folder)
        if isinstance(ended, int) and ended < at:
            return


def _again(scenario: Scenario, folder: Path) -> Any:
    scenario.act(folder)
    return scenario.look(folder)


def _armed(scenario: Scenario, folder: Path, at: int, how: int) -> int:
    library = ctypes.CDLL(None)
    library.crashpoint_disarm.restype = ctypes.c_long
    library.crashpoint_arm(ctypes.c_long(at), how)
    try:
        scenario.act(folder)
    finally:
        changes = int(library.crashpoint_disarm())
    return changes


def _child(work: Callable[..., Any], *given: object) -> tuple[int, Any]:
    """Do some work in a fork; return how that ended, and what it gave or said."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            found, code = work(*given), 0
        except Exception as error:  # noqa: BLE001 (it is told to whoever asked)
            if "CRASHING_DEBUG" in os.environ:
                traceback.print_exc()
            found, code = f"{type(error).__name__}: {error}", 1
        os.write(write, json.dumps(found).encode())
        os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status, json.loads(text) if text else None


def _write_bundle(folder: Path) -> object:
    from housing_grpc.bundle import format as bundle_format

    if (folder / "new").exists():
        return None
    source = folder / "source"
    metadata = bundle_format.read(source).metadata
    return bundle_format.write(folder / "new", metadata, contents(source))


def _read_bundle(folder: Path) -> Any:
    from housing_grpc.bundle import format as bundle_format

    if not (folder / "new").exists():
        return "nothing"
    return bundle_format.read(folder / "new").digest


def _settings(folder: Path) -> Any:
    from admin.base.settings import from_environment

    return from_environment({"HOUSING_HOME": str(folder / "home")})


def _connected(folder: Path, work: Callable[[Any, Any], Any]) -> Any:
    """Does some work with a client and the settings of the folder's home."""
    from admin.tracking.connection import connect

    settings = _settings(folder)
    with connect(settings) as client:
        return work(client, settings)


def _promote(folder: Path) -> object:
    from admin.tracking import opening
    from admin.tracking.promotion import promote

    settings = _settings(folder)
    with opening.opened(settings, lambda _: None, _fail) as records:
        return promote(records, settings.location, 2)


def _fail() -> NoReturn:
    raise AssertionError


def _promoted(folder: Path) -> Any:
    from admin.tracking.records import promoted

    return _connected(folder, lambda client, of: promoted(client, of.location))


def _history(folder: Path) -> Any:
    """Give the version that is promoted, and what is wrong with the history."""
    from admin.tracking.audit import chain, verification

    def work(client: Any, of: Any) -> Any:
        name = of.location.model_name
        named = {alias: each.number for each in client.versions(name) for alias in each.aliases}
        history = chain.read(client.model_tags(name))
        return [named.get(of.location.alias), verification.problems(history, named)]

    return _connected(folder, work)


def _register(folder: Path) -> object:
    from admin.tracking.registry import register

    run_id = (folder / "run_id").read_text()
    return _connected(folder, lambda client, of: register(client, of.location, run_id))


def _train(folder: Path) -> object:
    from admin.jobs.train import train
    from admin.tracking.registry import register
    from admin.training.spec import TrainingSpec

    def work(client: Any, settings: Any) -> object:
        run_id = train(client, settings, TrainingSpec(model="linear", data=_DATA)).bundle.run_id
        return register(client, settings.location, run_id)

    return _connected(folder, work)


def _versions(folder: Path) -> Any:
    """Give each version, with the digest of the bundle that it really holds."""
    import mlflow

    from admin.tracking.connection import connect
    from housing_grpc.bundle import format as bundle_format
    from housing_grpc.registry.location import BUNDLE_FOLDER

    settings = _settings(folder)
    found = []
    with connect(settings) as client:
        for version in client.versions(settings.location.model_name):
            uri = f"models:/{settings.location.model_name}/{version.number}/{BUNDLE_FOLDER}"
            bundle = mlflow.artifacts.download_artifacts(uri)
            digest = bundle_format.read(Path(bundle)).digest
            found.append([version.number, digest == version.digest])
    return found


def _remember(folder: Path) -> None:
    from housing_grpc.bundle import format as bundle_format
    from housing_grpc.model.source import Fetched
    from housing_grpc.registry.cache import BundleCache

    cache = BundleCache(folder / "cache")
    with cache.part() as part:
        bundle = Path(shutil.copytree(folder / "source", part / "bundle"))
        digest = bundle_format.read(bundle).digest
        cache.keep(bundle, digest)
    fetched = Fetched(folder=cache.path(digest), version="2", digest=digest)
    cache.remember(LOCATION, fetched)


def _last(folder: Path) -> Any:
    from housing_grpc.bundle import format as bundle_format
    from housing_grpc.registry.cache import BundleCache

    found = BundleCache(folder / "cache").last(LOCATION)
    if found is None:
        return None
    return [found.version, bundle_format.read(found.folder).digest == found.digest]


def _restore(folder: Path) -> object:
    from admin.tracking import backup

    return backup.restore(_settings(folder), folder / "backup.tar.gz", replace=True)


SCENARIOS = {
    "write": Scenario(act=_write_bundle, look=_read_bundle),
    "promote": Scenario(act=_promote, look=_history),
    "register": Scenario(act=_register, look=_versions),
    "restore": Scenario(act=_restore, look=_promoted),
    "train": Scenario(act=_train, look=_versions),
    "remember": Scenario(act=_remember, look=_last),
}


def main() -> None:
    """Do what the command line says."""
    from admin.base import mlflow_environment

    name, base, how, stride = sys.argv[1:]
    mlflow_environment.configure()
    for point in points(SCENARIOS[name], Path(base), int(how), int(stride)):
        print(json.dumps(point), flush=True)


if __name__ == "__main__":
    main()
