"""How many calls a key may make: counted by a clock that the test holds, and over real calls."""

import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, HouseRows, PredictRequest, PredictStreamRequest

from housing_grpc.access.callers import Access, Key, Role, digest
from housing_grpc.access.rate_limit import RateLimit
from tests.support.client import SECONDS, Client, failure, reason_of
from tests.support.examples import Example
from tests.support.health import SERVING, check
from tests.support.processes import serving
from tests.support.serving import Serve

Connect = Callable[[int], Client]

HOUSE = PredictRequest(house=House(rm=6))
# So seldom that no test lives to see another call.
NEVER = 0.0001
BURST = 5


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bucket:
    """The token bucket of the textbook."""

    def __init__(self, per_second: float, burst: int, clock: Clock) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._tokens, self._at = float(burst), clock.now

    def take(self) -> float:
        now = self._clock.now
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1 - 1e-9:
            return (1 - self._tokens) / self._per_second
        self._tokens -= 1
        return 0.0


def test_a_burst_passes_and_then_the_steady_rate() -> None:
    clock = Clock()
    limit = RateLimit(4, 3, clock=clock)
    assert [limit.take() for _ in range(5)] == [0, 0, 0, 0.25, 0.25]
    clock.now += 0.125
    assert limit.take() == 0.125
    clock.now += 0.125
    assert [limit.take() for _ in range(2)] == [0, 0.25]
    clock.now += 0.75
    assert [limit.take() for _ in range(4)] == [0, 0, 0, 0.25]
    clock.now += 3600
    assert [limit.take() for _ in range(4)] == [0, 0, 0, 0.25]


def test_a_burst_of_one_is_the_steady_rate() -> None:
    clock = Clock()
    limit = RateLimit(0.5, 1, clock=clock)
    assert [limit.take(), limit.take()] == [0, 2]
    clock.now += 2
    assert [limit.take(), limit.take()] == [0, 2]


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_token_bucket(seed: int) -> None:
    rng, clock = random.Random(seed), Clock()
    # Powers of two, so that both count without rounding.
    per_second, burst = 2.0 ** rng.randint(-2, 6), rng.randint(1, 20)
    limit, bucket = RateLimit(per_second, burst, clock=clock), Bucket(per_second, burst, clock)
    for _ in range(5000):
        clock.now += rng.choice([0, 0, 0, 1 / 128, 1 / 8, 1, 16])
        assert limit.take() == pytest.approx(bucket.take(), abs=1e-6)


def test_an_owner_keeps_what_was_counted() -> None:
    clock = Clock()
    old, new = (
        Key(name="alice", role=Role.PREDICT, digest=digest(text)) for text in ("old", "new")
    )
    access = Access([old], limits=lambda *_: RateLimit(1, 1, clock=clock))
    path = "/housing.v1.PredictionService/Predict"

    def wait(key: str) -> float:
        limit = access.caller(path, (("x-api-key", key),)).limit
        assert limit is not None
        return limit.take()

    assert wait("old") == 0
    access.replace([old, new])
    assert [wait("old"), wait("new")] == [1, 1]
    access.replace([new])
    assert wait("new") == 1


def refused(status: Status) -> bool:
    """Asserts that an error is that of the limit, with a delay; for use in `all`."""
    retry = RetryInfo()
    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert status.message == "this key has reached its rate limit; wait before the next call"
    assert reason_of(status) == "RATE_LIMITED"
    assert status.details[1].Unpack(retry)
    assert retry.retry_delay.ToNanoseconds() > 0
    return True


def shown(key: str) -> tuple[tuple[str, str], ...]:
    return (("x-api-key", key),)


def predict(client: Client, key: str) -> bool:
    predictions = client.predictions
    return predictions.Predict(HOUSE, metadata=shown(key), timeout=SECONDS).prediction > 0


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text("alice predict first\nalice predict second\nbob predict third\n")
    return path


def test_a_burst_passes_and_no_other_key_pays(
    serve: Serve, linear: Example, keys_file: Path
) -> None:
    client = serve(
        linear.folder,
        api_keys_file=str(keys_file),
        rate_limit_per_second=NEVER,
        rate_limit_burst=BURST,
    )
    assert all(predict(client, "first") for _ in range(BURST))
    # Both keys are the same owner's.
    assert all(refused(failure(lambda: predict(client, key))) for key in ("first", "second"))  # noqa: B023
    info, request = client.models.ModelInfo, ModelInfoRequest()
    assert refused(failure(lambda: info(request, metadata=shown("first"), timeout=SECONDS)))
    assert all(predict(client, "third") for _ in range(BURST))
    assert [check(client).status for _ in range(2 * BURST)] == [SERVING] * 2 * BURST


def test_without_keys_all_callers_share_one_limit(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, rate_limit_per_second=NEVER, rate_limit_burst=BURST)
    assert all(predict(client, key) for key in "abcde")
    assert refused(failure(lambda: predict(client, "f")))


def test_the_delay_is_long_enough(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, rate_limit_per_second=0.01, rate_limit_burst=1)
    assert predict(client, "any")
    retry = RetryInfo()
    assert failure(lambda: predict(client, "any")).details[1].Unpack(retry)
    assert 0 < retry.retry_delay.seconds <= 100


def test_the_count_of_a_key_stays_after_sighup(
    linear: Example, keys_file: Path, connect: Connect
) -> None:
    limits = {"RATE_LIMIT_PER_SECOND": str(NEVER), "RATE_LIMIT_BURST": str(BURST)}
    with serving(linear.folder, API_KEYS_FILE=str(keys_file), **limits) as process:
        client = connect(process.event("server.serving")["port"])
        assert all(predict(client, "first") for _ in range(BURST))
        keys_file.write_text("alice predict first\ncarol predict fourth\n")
        process.signal(signal.SIGHUP)
        assert process.event("keys.reloaded")["keys"] == 2
        assert refused(failure(lambda: predict(client, "first")))
        assert all(predict(client, "fourth") for _ in range(BURST))


def chunks(count: int) -> Iterator[PredictStreamRequest]:
    for sequence in range(count):
        rows = HouseRows(items=[House(rm=6)])
        yield PredictStreamRequest(sequence=sequence, rows=rows)


def test_chunks_of_a_stream_count_and_wait_for_their_turn(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, rate_limit_per_second=20, rate_limit_burst=2)
    stream = client.predictions.PredictStream
    answers = list(stream(chunks(12), timeout=SECONDS))
    assert [answer.chunk.sequence for answer in answers[:-1]] == list(range(12))
    assert (answers[-1].summary.chunks, answers[-1].summary.errors) == (12, 0)


def test_a_stream_whose_turn_is_far_off_is_told_so(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, rate_limit_per_second=NEVER, rate_limit_burst=BURST)
    answers = client.predictions.PredictStream(chunks(BURST + 1), timeout=SECONDS)
    assert [next(answers).chunk.sequence for _ in range(BURST)] == list(range(BURST))
    assert refused(failure(lambda: next(answers)))
    assert refused(failure(lambda: predict(client, "any")))
