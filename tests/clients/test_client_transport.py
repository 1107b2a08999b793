"""What goes over the wire beside the messages: keys, deadlines, retries, balancing."""

import asyncio
from typing import Any

import pytest

from clients import python as housing
from clients.python import AsyncHousingClient, HousingClient, StreamPolicy
from housing_grpc.base.errors import Reason
from tests.clients.conftest import Connect, Host, Serve
from tests.clients.servicers import Recorder, Refuser, Sleeper
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.serving import ALONE
from tests.support.waiting import until


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
    error = raised(housing.UnavailableError, connect(host(always)).predict, RM=6)
    assert always.calls == 4
    assert (error.reason, error.retry_after) == ("MODEL_NOT_READY", 1.5)


@pytest.mark.parametrize(
    ("reason", "kind", "fix"),
    [
        (Reason.UNAUTHENTICATED, housing.UnauthenticatedError, "give api_key=…"),
        (Reason.PERMISSION_DENIED, housing.PermissionDeniedError, "give api_key=… of a role"),
        (Reason.RATE_LIMITED, housing.RateLimitedError, "try again in 1.5 s"),
        (Reason.OVERLOADED, housing.ResourceExhaustedError, "try again in 1.5 s"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_do(
    host: Host, connect: Connect, reason: Reason, kind: type[housing.HousingError], fix: str
) -> None:
    client = connect(host(Refuser(reason)))
    for call in (client.predict, lambda **house: next(client.score([house], progress=False))):
        error = raised(kind, call, RM=6)
        assert type(error) is kind
        assert (error.reason, error.retry_after) == (reason.value, 1.5)
        assert fix in str(error)


@pytest.mark.parametrize("reason", [Reason.INTERNAL, Reason.TOO_MANY_STREAMS, Reason.RATE_LIMITED])
def test_nothing_else_is_tried_again(host: Host, connect: Connect, reason: Reason) -> None:
    refuser = Refuser(reason)
    error = raised(housing.HousingError, connect(host(refuser)).predict, RM=6)
    assert (refuser.calls, error.reason) == (1, reason.value)


def test_a_message_too_large_for_the_server_says_how_to_send_less(
    serve: Serve, linear: Example, connect: Connect
) -> None:
    client = connect(serve(linear.folder, max_message_bytes=65_536))
    with pytest.raises(housing.ResourceExhaustedError) as caught:
        list(client.score([{"RM": 6.0}] * 5000, progress=False, chunk_rows=5000))
    assert "chunk_rows=… (to the command: --chunk-rows N)" in str(caught.value)


def test_a_call_has_a_deadline(host: Host, connect: Connect) -> None:
    client = connect(host(Sleeper()))
    with pytest.raises(housing.DeadlineExceededError):
        client.predict(RM=6, timeout=0.2)


def counted(client: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Returns the streams that a client opens; its server may not see those it gives up soon."""
    opened: list[Any] = []
    begin = client._open_stream  # noqa: SLF001 - nothing else tells

    def open_stream(messages: Any) -> Any:
        opened.append(begin(messages))
        return opened[-1]

    monkeypatch.setattr(client, "_open_stream", open_stream)
    return opened


def test_a_stream_that_does_not_answer_is_given_up(
    host: Host, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(host(Sleeper()))
    streams = counted(client, monkeypatch)
    impatient = StreamPolicy(patience=0.2, retries=1)
    with pytest.raises(housing.DeadlineExceededError) as caught:
        list(client.score([{"RM": 6}], progress=False, policy=impatient))
    assert caught.value.reason == "NO_ANSWER"
    assert len(streams) == 2


def test_a_stream_that_does_not_answer_is_given_up_in_asyncio(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = StreamPolicy(patience=0.2, retries=1)

    async def run() -> None:
        async with AsyncHousingClient(host(Sleeper()), options=ALONE) as client:
            streams = counted(client, monkeypatch)
            with pytest.raises(housing.DeadlineExceededError):
                await client.predict(RM=6, timeout=0.1)
            with pytest.raises(housing.DeadlineExceededError) as caught:
                _ = [x async for x in client.score([{"RM": 6}], progress=False, policy=impatient)]
            assert caught.value.reason == "NO_ANSWER"
            assert len(streams) == 2

    asyncio.run(run())


def test_calls_go_round_all_addresses(host: Host) -> None:
    recorders = [Recorder(), Recorder()]
    addresses = ",".join(map(host, recorders))
    with HousingClient(f"ipv4:{addresses}", options=ALONE) as client:

        def all_are_asked() -> bool:
            client.predict(RM=6)
            return all(recorder.metadata for recorder in recorders)

        # The one that is connected first has all calls until the other is, too.
        until(all_are_asked)
        before = [len(recorder.metadata) for recorder in recorders]
        for _ in range(20):
            client.predict(RM=6)
    assert all(
        len(recorder.metadata) >= asked + 5
        for recorder, asked in zip(recorders, before, strict=True)
    )
