"""The server is killed while outcomes are recorded: none that was answered is lost or doubled."""

import os
import random
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from housing.v1 import feedback_pb2 as pb
from housing.v1.feedback_pb2_grpc import FeedbackServiceStub
from sqlalchemy import create_engine, func, select

from housing_grpc.feedback import location
from housing_grpc.feedback.tables import HISTORY, OUTCOMES
from housing_grpc.receipts.sealing import outcome_id
from tests.support.examples import Example
from tests.support.outcomes import KEY, sealed
from tests.support.ports import free_port
from tests.support.postgres import running
from tests.support.processes import serving
from tests.support.serving import ALONE
from tests.support.waiting import SECONDS, until

pytestmark = pytest.mark.chaos

# All of a hundred take some minutes.
KILLS = int(os.environ.get("FEEDBACK_KILLS", "10"))
WRITERS = 4


class Writer:
    """Records outcomes of its own receipts one after the other, each until it is answered."""

    def __init__(self, number: int, address: str) -> None:
        self.answered: dict[str, float] = {}
        self.corrected = 0
        self.count = 0
        self._chance = random.Random(number)
        self._address = address

    def run(self, stopping: threading.Event) -> None:
        with grpc.insecure_channel(self._address, (*ALONE, *_QUICK)) as channel:
            stub = FeedbackServiceStub(channel)
            while not stopping.is_set():
                self._record(stub)

    def _record(self, stub: FeedbackServiceStub) -> None:
        some = [sealed() for _ in range(self._chance.randint(1, 20))]
        # Some that are known get another price.
        known = self._chance.sample(sorted(self.answered), min(3, len(self.answered)))
        prices = {text: self._chance.uniform(10, 30) for text in (*some, *known)}
        items = [pb.Outcome(receipt=text, actual=price) for text, price in prices.items()]
        answer = _until_answered(stub, pb.RecordOutcomesRequest(items=items))
        new, same, corrected = pb.RECORDED_NEW, pb.RECORDED_SAME, pb.RECORDED_CORRECTED
        for text, result in zip(prices, answer.results, strict=True):
            # The same, where it was recorded and only the answer was lost.
            assert result.recorded in ((corrected, same) if text in self.answered else (new, same))
        self.corrected += len(known)
        self.answered |= prices
        self.count += 1


_QUICK = (("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200))


def _until_answered(
    stub: FeedbackServiceStub, request: pb.RecordOutcomesRequest
) -> pb.RecordOutcomesResponse:
    end = time.monotonic() + SECONDS
    while True:
        try:
            return stub.RecordOutcomes(request, timeout=10, wait_for_ready=True)
        except grpc.RpcError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def _killed_again_and_again(
    example: Example, writers: list[Writer], port: int, **variables: str
) -> None:
    stopping, chance = threading.Event(), random.Random(7)
    with ThreadPoolExecutor(WRITERS) as threads:
        jobs: list[Future[None]] = [threads.submit(each.run, stopping) for each in writers]
        try:
            for number in range(KILLS + 1):
                with serving(example.folder, GRPC_PORT=str(port), **variables) as process:
                    process.event("server.serving")
                    before = sum(each.count for each in writers)
                    until(lambda: sum(each.count for each in writers) >= before + WRITERS)  # noqa: B023 - used at once
                    time.sleep(chance.uniform(0, 0.05))
                    if number == KILLS:
                        stopping.set()
                        for job in jobs:
                            job.result(SECONDS)
                    process.signal(signal.SIGKILL)
                    process.popen.wait(SECONDS)
        finally:
            stopping.set()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_answered_outcome_is_lost_or_doubled(
    linear: Example, tmp_path: Path, stack: ExitStack, kind: str, workers: str
) -> None:
    keys, port = tmp_path / "receipt.keys", free_port()
    keys.write_text(KEY.hex() + "\n")
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    if kind == "postgresql":
        url = stack.enter_context(running()).new_database()
    writers = [Writer(number, f"127.0.0.1:{port}") for number in range(WRITERS)]
    _killed_again_and_again(
        linear, writers, port, FEEDBACK_URL=url, RECEIPT_KEYS_FILE=str(keys), WORKERS=workers
    )
    expected = {
        outcome_id(text): price for each in writers for text, price in each.answered.items()
    }
    engine = create_engine(location.read(url))
    with engine.connect() as connection:
        rows = connection.execute(select(OUTCOMES.c.id, OUTCOMES.c.actual)).all()
        history = connection.execute(select(func.count()).select_from(HISTORY)).scalar()
    engine.dispose()
    assert len(rows) == len(expected)
    assert {bytes(key): actual for key, actual in rows} == expected
    assert history == sum(each.corrected for each in writers)
