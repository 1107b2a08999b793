"""gRPC's own interoperability cases, asked of this contract; each test names its case."""

import queue
import threading
from typing import Any

import pytest
from grpc import StatusCode
from housing.v1 import model_pb2
from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support.client import SECONDS, Client, failed, failure, reason_of

SERVICE = "/housing.v1.PredictionService"
HOUSE = pb.House(rm=6.5, lstat=5.0)
UNICODE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


def rows(count: int, sequence: int = 0) -> pb.PredictStreamRequest:
    return pb.PredictStreamRequest(sequence=sequence, rows=pb.HouseRows(items=[HOUSE] * count))


class Talk:
    """A stream that sends what it is told to, when it is told to."""

    def __init__(self, client: Client, timeout: float = SECONDS, **more: Any) -> None:
        self._outgoing: queue.SimpleQueue[pb.PredictStreamRequest | None] = queue.SimpleQueue()
        requests = iter(self._outgoing.get, None)
        self.call = client.predictions.PredictStream(requests, timeout=timeout, **more)

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *_: object) -> None:
        self.half_close()
        self.call.cancel()

    def send(self, request: pb.PredictStreamRequest) -> None:
        self._outgoing.put(request)

    def half_close(self) -> None:
        self._outgoing.put(None)

    def answer(self) -> pb.PredictStreamResponse:
        found: pb.PredictStreamResponse = next(self.call)
        return found


def test_empty_unary(client: Client) -> None:
    # The one request of the contract that is empty, and no bytes at all of it.
    assert model_pb2.ModelInfoRequest().SerializeToString() == b""
    assert client.models.ModelInfo(model_pb2.ModelInfoRequest(), timeout=SECONDS).version


def test_large_unary(client: Client) -> None:
    # Every value lies in the training range: warnings would make the answer larger still.
    values = {"CHAS": 0.0, "NOX": 0.5, "TAX": 300.0, "RM": 6.5, "RAD": 4.0, "PTRATIO": 18.0}
    house = pb.House(**{name.lower(): values.get(name, 10.0) for name in FEATURE_NAMES})
    request = pb.PredictBatchRequest(items=[house] * 10_000)
    assert request.ByteSize() > 1_000_000
    answer = client.predictions.PredictBatch(request, timeout=SECONDS)
    assert len(answer.results) == 10_000


def test_client_streaming(client: Client) -> None:
    """The requests of client_streaming in four sizes, and one sum at the end."""
    told = list(client.predictions.PredictStream(map(rows, (27, 8, 182, 45)), timeout=SECONDS))
    assert told[-1].summary.rows == 27 + 8 + 182 + 45
    assert told[-1].summary.chunks == len(told) - 1 == 4


def test_server_streaming(client: Client) -> None:
    """One request half-closed at once is answered in full."""
    told = list(client.predictions.PredictStream(iter([rows(31)]), timeout=SECONDS))
    assert [len(message.chunk.rows.items) for message in told] == [31, 0]


def test_ping_pong(client: Client) -> None:
    with Talk(client) as talk:
        for sequence, count in enumerate((31, 9, 2653, 58)):
            talk.send(rows(count, sequence))
            chunk = talk.answer().chunk
            assert (chunk.sequence, len(chunk.rows.items)) == (sequence, count)
        talk.half_close()
        assert talk.answer().HasField("summary")
        assert talk.call.code() is StatusCode.OK


def test_empty_stream(client: Client) -> None:
    call = client.predictions.PredictStream(iter(()), timeout=SECONDS)
    assert list(call) == [pb.PredictStreamResponse(summary=pb.StreamSummary())]
    assert call.code() is StatusCode.OK


def test_status_code_and_message_of_a_unary_call(client: Client) -> None:
    request = pb.PredictRequest(house=pb.House(chas=7))
    error = failed(lambda: client.predictions.Predict(request, timeout=SECONDS))
    assert error.code() is StatusCode.INVALID_ARGUMENT
    assert error.details() == "house.CHAS is 7, but must be 0 or 1"


def test_status_code_and_message_of_a_stream(client: Client) -> None:
    error = failed(lambda: list(client.predictions.PredictStream(iter([rows(0)]), timeout=SECONDS)))
    assert error.code() is StatusCode.INVALID_ARGUMENT
    assert error.details() == "rows.items: is empty; send 1 to 10000 houses"


def named(name: str) -> list[pb.PredictStreamRequest]:
    block = pb.HouseMatrix(features=[name], values=bytes(8))
    return [pb.PredictStreamRequest(matrix=block)]


def test_special_status_message(client: Client) -> None:
    """Unicode, in and beyond the basic plane, and white space come back in the message."""
    status = failure(
        lambda: list(client.predictions.PredictStream(iter(named(UNICODE)), timeout=SECONDS))
    )
    assert status.code == StatusCode.INVALID_ARGUMENT.value[0]
    assert status.message.startswith(f"matrix.features: has an unknown name {UNICODE!r}; name each")


@pytest.mark.parametrize("name", ["x" * 100_000, "😈" * 100_000, "\x00" * 100_000])
def test_a_long_text_of_the_caller_does_not_replace_the_status(client: Client, name: str) -> None:
    """Details that are too large make a client see another error than the server's."""
    status = failure(
        lambda: list(client.predictions.PredictStream(iter(named(name)), timeout=SECONDS))
    )
    assert reason_of(status) == "UNKNOWN_FEATURE"
    assert len(status.message) <= 500


@pytest.mark.parametrize(
    "method", [f"{SERVICE}/UnimplementedCall", "/grpc.testing.UnimplementedService/Call", "/x", "/"]
)
def test_unimplemented_method_and_service(client: Client, method: str) -> None:
    call: Any = client.channel.unary_unary(method, None, None)
    assert failed(lambda: call(b"", timeout=SECONDS)).code() is StatusCode.UNIMPLEMENTED


def test_cancel_after_begin(client: Client) -> None:
    with Talk(client) as talk:
        talk.call.cancel()
        assert failed(talk.answer).code() is StatusCode.CANCELLED


def test_cancel_after_first_response(client: Client) -> None:
    with Talk(client) as talk:
        talk.send(rows(31))
        assert talk.answer().HasField("chunk")
        talk.call.cancel()
        assert failed(talk.answer).code() is StatusCode.CANCELLED


def test_timeout_on_sleeping_server(client: Client) -> None:
    """The server waits for a chunk that never comes, longer than the caller does."""
    with Talk(client, timeout=0.2) as talk:
        assert failed(talk.answer).code() is StatusCode.DEADLINE_EXCEEDED


def test_timeout_before_the_call_is_sent(client: Client) -> None:
    request = pb.PredictRequest(house=HOUSE)
    error = failed(lambda: client.predictions.Predict(request, timeout=-1))
    assert error.code() is StatusCode.DEADLINE_EXCEEDED


def trailing(call: Any, key: str) -> list[str | bytes]:
    return [value for name, value in call.trailing_metadata() if name == key]


def test_custom_metadata_comes_back_in_the_trailers_of_a_unary_failure(client: Client) -> None:
    error = failed(
        lambda: client.predictions.Predict(
            pb.PredictRequest(), timeout=SECONDS, metadata=(("x-request-id", "interop-7"),)
        )
    )
    assert trailing(error, "x-request-id") == ["interop-7"]
    assert len(trailing(error, "grpc-status-details-bin")) == 1


def test_custom_metadata_comes_back_in_the_trailers_of_a_stream_failure(client: Client) -> None:
    with Talk(client, metadata=[("x-request-id", "interop-8")]) as talk:
        talk.send(rows(0))
        error = failed(talk.answer)
    assert trailing(error, "x-request-id") == ["interop-8"]


def test_custom_metadata_that_is_binary_unknown_or_double_does_no_harm(client: Client) -> None:
    metadata: tuple[tuple[str, str | bytes], ...] = (
        ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"),
        ("x-grpc-test-echo-initial", "test_initial_metadata_value"),
        ("x-request-id", "first"),
        ("x-request-id", "second"),
        ("x-request-id-bin", b"\xff\x00"),
    )
    error = failed(
        lambda: client.predictions.Predict(pb.PredictRequest(), timeout=SECONDS, metadata=metadata)
    )
    assert error.code() is StatusCode.INVALID_ARGUMENT
    assert trailing(error, "x-request-id") == ["first"]


def test_custom_metadata_over_the_limit_is_refused_and_the_channel_lives(client: Client) -> None:
    request = pb.PredictRequest(house=HOUSE)
    large = (("x-large", "v" * 64_000),)
    error = failed(lambda: client.predictions.Predict(request, timeout=SECONDS, metadata=large))
    assert error.code() is StatusCode.RESOURCE_EXHAUSTED
    assert client.predictions.Predict(request, timeout=SECONDS).prediction > 0


def test_concurrent_large_unary(client: Client) -> None:
    """Calls of many threads over one connection each get their own answer."""
    sizes = [1, 300, 2000, 10] * 8
    found: list[tuple[int, int]] = []

    def ask(size: int) -> None:
        request = pb.PredictBatchRequest(items=[HOUSE] * size)
        answer = client.predictions.PredictBatch(request, timeout=SECONDS)
        found.append((size, len(answer.results)))

    threads = [threading.Thread(target=ask, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(found) == sorted((size, size) for size in sizes)


def test_half_duplex_all_requests_before_any_answer_is_read(client: Client) -> None:
    requests = [rows(50, sequence) for sequence in range(40)]
    call = client.predictions.PredictStream(iter(requests), timeout=SECONDS)
    told = list(call)
    assert [message.chunk.sequence for message in told[:-1]] == list(range(40))
    assert told[-1].summary.rows == 2000
