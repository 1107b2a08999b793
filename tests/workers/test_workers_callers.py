"""Keys and rates are those of all workers."""

import itertools
import os
import signal
import time
from pathlib import Path

import grpc
from housing.v1.prediction_pb2 import House, PredictRequest

from tests.support.certificates import Ca
from tests.support.client import SECONDS, Client, client_of, failure, reason_of
from tests.support.examples import Example
from tests.support.waiting import until
from tests.workers.conftest import Start

ASK = PredictRequest(house=House(rm=6))
BURST = 100


def allowed(client: Client, key: str) -> bool:
    try:
        client.predictions.Predict(ASK, timeout=SECONDS, metadata=(("x-api-key", key),))
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise
        return False
    return True


def test_a_rate_counts_in_all_workers(start: Start, linear: Example, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("one predict first-key\nother predict second-key\n")
    fleet = start(
        # So slow that none becomes free again: what counts is the burst, however long it takes.
        linear.folder, API_KEYS_FILE=str(keys), RATE_LIMIT_PER_SECOND="0.0001",
        RATE_LIMIT_BURST=str(BURST),
    )  # fmt: skip
    clients = [client for held in fleet.placed(2).values() for client in held]
    turns = itertools.islice(itertools.cycle(clients), 2 * BURST)
    through = [allowed(client, "first-key") for client in turns]
    assert through == [True] * BURST + [False] * BURST
    # Another caller has a rate of its own.
    assert allowed(clients[0], "second-key")


def refused(client: Client, key: str) -> str:
    metadata = (("x-api-key", key),)
    return reason_of(
        failure(lambda: client.predictions.Predict(ASK, timeout=SECONDS, metadata=metadata))
    )


def accepted(client: Client, key: str) -> bool:
    try:
        client.predictions.Predict(ASK, timeout=SECONDS, metadata=(("x-api-key", key),))
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
            raise
        return False
    return True


def test_sighup_changes_the_keys_of_all(start: Start, linear: Example, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("billing predict old-key\n")
    fleet = start(
        linear.folder, API_KEYS_FILE=str(keys), RATE_LIMIT_PER_SECOND="0.001", RATE_LIMIT_BURST="3"
    )
    (one,), (other,) = fleet.placed(1).values()
    assert accepted(one, "old-key")
    assert accepted(other, "old-key")
    keys.write_text("alice predict a-key\nbilling predict new-key\n")
    fleet.process.signal(signal.SIGHUP)
    assert fleet.process.event("keys.reloaded")["keys"] == 2
    # One after the other: the key has three calls, and who knows it already would use them up.
    until(lambda: accepted(one, "a-key"))
    until(lambda: accepted(other, "a-key"))
    assert not accepted(other, "old-key")
    # The owner keeps its place by its name: two of three calls were made before.
    assert accepted(other, "new-key")
    assert refused(one, "new-key") == "RATE_LIMITED"
    # A broken file changes nobody's, not even those of a worker that starts anew.
    keys.write_text("nonsense\n")
    fleet.process.signal(signal.SIGHUP)
    fleet.process.event("keys.kept")
    victim = fleet.pids()[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in fleet.pids() and len(fleet.listening()) == 2)
    for held in fleet.placed(1).values():
        assert refused(held[0], "new-key") == "RATE_LIMITED"
        assert not accepted(held[0], "old-key")


def test_all_workers_serve_tls(start: Start, linear: Example, tmp_path: Path) -> None:
    ca = Ca(tmp_path)
    certificate, key = ca.issue("server")
    fleet = start(linear.folder, TLS_CERT_FILE=str(certificate), TLS_KEY_FILE=str(key))
    shown = grpc.ssl_channel_credentials(ca.file.read_bytes())
    workers = fleet.pids()
    served: set[int] = set()
    while len(served) < len(workers):
        options = (("grpc.use_local_subchannel_pool", 1),)
        with grpc.secure_channel(f"localhost:{fleet.port}", shown, options) as channel:
            client = client_of(channel, "")
            assert client.predictions.Predict(ASK, timeout=SECONDS).prediction > 0
            served |= {pid for pid in workers if fleet.peers(pid)}
    expiry = "housing_tls_certificate_expiry_timestamp_seconds", ()
    until(lambda: expiry in fleet.metrics())
    assert fleet.metrics()[expiry] > time.time()
