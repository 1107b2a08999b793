"""Broken bundles of every kind, while clients keep calling."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest

from housing_grpc.base.errors import Reason
from tests.support import broken_bundles
from tests.support.black_holes import calls_until
from tests.support.client import SECONDS, Client, failure, reason_of
from tests.support.examples import Example
from tests.support.reloads import reload, replace
from tests.support.serving import Serve

CALLERS = 2


def refused(client: Client, folder: Path, good: Path) -> dict[str, tuple[int, str]]:
    """Reloads a bundle of each kind; gives each code and reason."""
    found = {}
    for name, spoil, _ in broken_bundles.in_turn():
        beside = folder.with_name("beside")
        shutil.copytree(good, beside)
        spoil(beside)
        shutil.rmtree(folder)
        beside.rename(folder)
        status = failure(lambda: reload(client))
        found[name] = (status.code, reason_of(status))
        assert str(folder.parent) not in status.message
    return found


def test_20_kinds_of_broken_bundles_under_load_change_nothing(
    serve: Serve, linear: Example, forest: Example, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(linear.folder, tmp_path / "live"))
    client, ended = serve(folder), threading.Event()
    before = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    with ThreadPoolExecutor(CALLERS) as callers:
        running = [callers.submit(calls_until, client, ended) for _ in range(CALLERS)]
        try:
            found = refused(client, folder, forest.folder)
        finally:
            ended.set()
        assert all(each.result() for each in running)
    assert len(found) >= 20
    assert found == {
        name: (Reason[reason].code.value[0], reason) for name, _, reason in broken_bundles.in_turn()
    }
    assert StatusCode.INTERNAL.value[0] not in {code for code, _ in found.values()}
    assert client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS) == before
    replace(folder, forest.folder)
    assert (reload(client).version, reload(client).generation) == (forest.version, 2)
