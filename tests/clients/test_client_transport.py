"""What goes over the wire beside the messages: keys, deadlines, retries, encryption, balancing."""
# ruff: noqa: N802 - the contract names the methods

import asyncio
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from housing.v1 import prediction_pb2 as pb
from housing.v1.prediction_pb2_grpc import PredictionServiceServicer

from clients import python as housing
from clients.python import AsyncHousingClient, HousingClient, StreamPolicy, Tls
from housing_grpc.errors import Reason, ServingError
from tests.clients.conftest import ALONE, Connect, Host


class Base(PredictionServiceServicer):
    """Knows no call."""

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise NotImplementedError

    def PredictBatch(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise NotImplementedError

    def PredictStream(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        raise NotImplementedError


class Recorder(Base):
    """Answers everything with 7, and keeps the metadata of each call."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, Any]] = []

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.metadata.append(dict(context.invocation_metadata() or ()))
        return pb.PredictResponse(prediction=7, model_version=context.peer())

    def PredictStream(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        self.metadata.append(dict(context.invocation_metadata() or ()))
        for request in request_iterator:
            chunk = pb.ChunkResult(sequence=request.sequence, model_version="7")
            chunk.prices.values = bytes(8 * (len(request.matrix.values) // 104))
            yield pb.PredictStreamResponse(chunk=chunk)


class Refuser(Base):
    """Refuses each call, and counts them."""

    def __init__(self, reason: Reason, answers: int = 0) -> None:
        self.calls = 0
        self._reason = reason
        self._answers = answers

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.calls += 1
        if 0 < self._answers <= self.calls:
            return pb.PredictResponse(prediction=7)
        raise ServingError(self._reason, "not now", retry_seconds=1.5)


class Sleeper(Base):
    """Answers nothing before it is let go."""

    def __init__(self) -> None:
        self.streams = 0
        self.go = threading.Event()

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.go.wait(60)
        return pb.PredictResponse()

    def PredictStream(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        self.streams += 1
        context.add_callback(self.go.set)
        self.go.wait(60)
        yield from ()


def test_the_key_goes_with_each_call(host: Host) -> None:
    recorder = Recorder()
    with HousingClient(host(recorder), api_key="secret", options=ALONE) as client:
        client.predict(RM=6)
        assert len(list(client.score([{"RM": 6}], progress=False))) == 1
    assert [each["x-api-key"] for each in recorder.metadata] == ["secret", "secret"]
    assert "housing-client" in recorder.metadata[0]["user-agent"]


def test_without_a_key_none_is_sent(host: Host, connect: Connect) -> None:
    recorder = Recorder()
    connect(host(recorder)).predict(RM=6)
    assert "x-api-key" not in recorder.metadata[0]


def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated() -> None:
    for wrong in ("schlüssel", "two\nlines"):
        with pytest.raises(ValueError, match="printable ASCII") as caught:
            HousingClient("localhost:1", api_key=wrong)
        assert wrong not in str(caught.value)


def test_unavailable_is_tried_again(host: Host, connect: Connect) -> None:
    twice = Refuser(Reason.MODEL_NOT_READY, answers=3)
    assert connect(host(twice)).predict(RM=6).price == 7
    assert twice.calls == 3


def test_unavailable_for_good_is_raised_with_when_to_come_back(
    host: Host, connect: Connect
) -> None:
    always = Refuser(Reason.MODEL_NOT_READY)
    with pytest.raises(housing.UnavailableError) as caught:
        connect(host(always)).predict(RM=6)
    assert always.calls == 4
    assert (caught.value.reason, caught.value.retry_after) == ("MODEL_NOT_READY", 1.5)


@pytest.mark.parametrize("reason", [Reason.INTERNAL, Reason.TOO_MANY_STREAMS])
def test_nothing_else_is_tried_again(host: Host, connect: Connect, reason: Reason) -> None:
    refuser = Refuser(reason)
    with pytest.raises(housing.HousingError) as caught:
        connect(host(refuser)).predict(RM=6)
    assert (refuser.calls, caught.value.reason) == (1, reason.value)


def test_a_call_has_a_deadline(host: Host, connect: Connect) -> None:
    sleeper = Sleeper()
    client = connect(host(sleeper))
    with pytest.raises(housing.DeadlineExceededError):
        client.predict(RM=6, timeout=0.2)
    sleeper.go.set()


def test_a_stream_that_does_not_answer_is_given_up(host: Host, connect: Connect) -> None:
    sleeper = Sleeper()
    impatient = StreamPolicy(patience=0.2, retries=1)
    with pytest.raises(housing.DeadlineExceededError) as caught:
        list(connect(host(sleeper)).score([{"RM": 6}], progress=False, policy=impatient))
    assert caught.value.reason == "NO_ANSWER"
    assert sleeper.streams == 2


def test_a_stream_that_does_not_answer_is_given_up_in_asyncio(host: Host) -> None:
    sleeper = Sleeper()
    impatient = StreamPolicy(patience=0.2, retries=1)

    async def run() -> None:
        async with AsyncHousingClient(host(sleeper), options=ALONE) as client:
            with pytest.raises(housing.DeadlineExceededError):
                await client.predict(RM=6, timeout=0.1)
            with pytest.raises(housing.DeadlineExceededError) as caught:
                _ = [x async for x in client.score([{"RM": 6}], progress=False, policy=impatient)]
            assert caught.value.reason == "NO_ANSWER"

    asyncio.run(run())


@pytest.fixture
def certificates(tmp_path: Path, tool: Callable[[str], str]) -> dict[str, Path]:
    """A certificate for localhost that signs itself, and its key."""
    found = {"certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}
    command = [tool("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(found["key"]), "-out", str(found["certificate"])]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    return found


@pytest.mark.parametrize("mutual", [False, True], ids=["server", "mutual"])
def test_tls(host: Host, certificates: dict[str, Path], mutual: bool) -> None:
    chain, key = certificates["certificate"], certificates["key"]
    pair = [(key.read_bytes(), chain.read_bytes())]
    credentials = grpc.ssl_server_credentials(
        pair, chain.read_bytes() if mutual else None, require_client_auth=mutual
    )
    target = host(Recorder(), credentials)
    own = {"certificate": chain, "key": key} if mutual else {}
    trusting = Tls(ca=chain, server_name="localhost", **own)
    with HousingClient(target, tls=trusting, options=ALONE) as client:
        assert client.predict(RM=6).price == 7
    stranger = Tls(ca=chain, server_name="localhost") if mutual else True
    with (
        HousingClient(target, tls=stranger, options=ALONE) as client,
        pytest.raises(housing.UnavailableError),
    ):
        client.predict(RM=6, timeout=2)


def test_a_certificate_needs_its_key(certificates: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="needs its key"):
        HousingClient("localhost:1", tls=Tls(certificate=certificates["certificate"]))


def test_calls_go_round_all_addresses(host: Host) -> None:
    recorders = [Recorder(), Recorder()]
    addresses = ",".join(map(host, recorders))
    with HousingClient(f"ipv4:{addresses}", options=ALONE) as client:
        for _ in range(20):
            client.predict(RM=6)
    assert all(len(recorder.metadata) >= 5 for recorder in recorders)
