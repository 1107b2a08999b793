"""All workers seal with the same keys, and change them together."""

import os
import signal
from pathlib import Path

from housing.v1 import prediction_pb2 as pb

from housing_grpc.base.errors import ServingError
from housing_grpc.receipts import key_file
from housing_grpc.receipts.sealing import Seals
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.waiting import until
from tests.workers.conftest import Fleet, Start

ASK = pb.PredictRequest(house=pb.House(rm=6), receipt=True)
KEY, OTHER = "ab" * 32, "cd" * 32


def receipt(client: Client) -> str:
    return client.predictions.Predict(ASK, timeout=SECONDS).receipt


def opens(keys: Seals, text: str) -> bool:
    try:
        return bool(keys.open(text, "receipt").price)
    except ServingError:
        return False


def test_all_workers_seal_with_the_key_of_the_home(
    start: Start, linear: Example, tmp_path: Path
) -> None:
    fleet = start(linear.folder, HOUSING_HOME=str(tmp_path))
    own = key_file.own(tmp_path)
    for held in fleet.placed(1).values():
        assert opens(own, receipt(held[0]))


def test_sighup_changes_the_keys_of_all(start: Start, linear: Example, tmp_path: Path) -> None:
    path = tmp_path / "receipt-keys"
    path.write_text(KEY)
    fleet = start(linear.folder, RECEIPT_KEYS_FILE=str(path))
    old = key_file.load(path)
    clients = [held[0] for held in fleet.placed(1).values()]
    assert all(opens(old, receipt(client)) for client in clients)
    path.write_text(f"{OTHER}\n{KEY}\n")
    fleet.process.signal(signal.SIGHUP)
    assert fleet.process.event("receipt_keys.reloaded")["keys"] == 2
    new = Seals([bytes.fromhex(OTHER)])
    for client in clients:
        until(lambda client=client: opens(new, receipt(client)))  # type: ignore[misc]
    # A broken file changes nobody's, not even those of a worker that starts anew.
    path.write_text("nonsense\n")
    fleet.process.signal(signal.SIGHUP)
    fleet.process.event("receipt_keys.kept")
    victim = fleet.pids()[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in fleet.pids() and len(fleet.listening()) == 2)
    assert_all_seal(fleet, new)


def assert_all_seal(fleet: Fleet, keys: Seals) -> None:
    for held in fleet.placed(1).values():
        assert opens(keys, receipt(held[0]))
