"""How fast outcomes are recorded, durably: in batches, and one after the other.

The server keeps them in SQLite, and then in PostgreSQL, both with full synchronisation; each
receipt comes once. Rounds of batches alternate with rounds of single calls.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bench import contest, models, postgres, results, serving
from clients.python import HousingClient, Outcome, Recorded
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.receipts import key_file
from housing_grpc.receipts.record import Model, Receipt
from housing_grpc.receipts.sealing import Seals

ROUNDS = 7
BATCHES, BATCH_ROWS = 5, 1000
SINGLES = 200
GOAL_ROWS, GOAL_MS = 5000.0, 20.0
_MODEL = Model("0123456789abcdef", "89abcdef", 1)
_ROW = np.zeros(len(FEATURE_NAMES)).tobytes()


def main() -> bool:
    """Prints the figures and records them; returns whether the goals are reached."""
    figures: dict[str, results.Figure] = {}
    with models.made("linear") as (folder, _), tempfile.TemporaryDirectory() as home:
        keys = Path(home) / "receipt.keys"
        keys.write_text(key_file.new_key() + "\n")
        with _server(folder, keys, f"sqlite:///{home}/feedback.db") as client:
            figures |= _measured("SQLite", client, key_file.load(keys))
        with postgres.running() as url, _server(folder, keys, url) as client:
            figures |= _measured("PostgreSQL", client, key_file.load(keys))
    results.tell("feedback", figures)
    batches = [figure.value for name, figure in figures.items() if name.endswith("batches")]
    singles = [figure.value for name, figure in figures.items() if name.endswith("p99")]
    return min(batches) >= GOAL_ROWS and max(singles) <= GOAL_MS


@contextmanager
def _server(folder: Path, keys: Path, url: str) -> Iterator[HousingClient]:
    port = serving.free_port()
    environment = {"FEEDBACK_URL": url, "RECEIPT_KEYS_FILE": str(keys)}
    with (
        serving.serve(folder, port, core=serving.SERVER_CORE, environment=environment),
        HousingClient(f"127.0.0.1:{port}") as client,
    ):
        yield client


def _measured(name: str, client: HousingClient, seals: Seals) -> dict[str, results.Figure]:
    rates, medians, tails = [], [], []
    _record(client, _outcomes(seals, BATCH_ROWS))
    for _ in range(ROUNDS):
        batches = [_outcomes(seals, BATCH_ROWS) for _ in range(BATCHES)]
        rates.append(BATCHES * BATCH_ROWS / sum(_record(client, each) for each in batches))
        singles = [_record(client, _outcomes(seals, 1)) for _ in range(SINGLES)]
        medians.append(1e3 * float(np.quantile(singles, 0.5)))
        tails.append(1e3 * float(np.quantile(singles, 0.99)))
    return {
        f"{name}, batches": contest.summary(rates, unit="outcomes/s"),
        f"{name}, one at a time, p50": contest.summary(medians, unit="ms"),
        f"{name}, one at a time, p99": contest.summary(tails, unit="ms"),
    }


def _record(client: HousingClient, outcomes: list[Outcome]) -> float:
    """Records new outcomes; returns the seconds that it took."""
    began = time.perf_counter()
    found = client.record_outcomes(outcomes)
    taken = time.perf_counter() - began
    if set(found) != {Recorded.NEW}:
        raise RuntimeError("outcomes were not recorded")
    return taken


def _outcomes(seals: Seals, count: int) -> list[Outcome]:
    return [Outcome(receipt=seals.seal(_receipt()), actual=21.0) for _ in range(count)]


def _receipt() -> bytes:
    receipt = Receipt(
        model=_MODEL, priced_at=time.time_ns(), row=_ROW,
        price=20.0, lower=15.0, upper=25.0, level=0.9,
    )  # fmt: skip
    return receipt.pack()
