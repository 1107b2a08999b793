"""The gate before the calls of the protocol, when all workers are busy."""

import threading
from typing import Any

import grpc
import numpy as np
import pytest

from housing_grpc.oip.messages import ModelInferResponse
from housing_grpc.services.scorer import Scorer
from tests.support.client import SECONDS, failure, reason_of
from tests.support.examples import MODEL_NAME, Example
from tests.support.inference import PATH, Inference, numbers, request_of
from tests.support.serving import Serve

ROWS = np.array([[5.0] * 3 + [1] + [5] * 4 + [1] + [5] * 4] * 2)


def test_probes_and_metadata_are_answered_and_more_is_overload(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, go_on = threading.Event(), threading.Event()
    score = Scorer.score_rows

    def held(*given: Any, **named: Any) -> Any:
        busy.set()
        assert go_on.wait(2 * SECONDS)
        return score(*given, **named)

    monkeypatch.setattr(Scorer, "score_rows", held)
    client = serve(linear.folder, grpc_workers=1, max_queued_calls=1, max_queue_seconds=3600)
    found = Inference(client.channel)
    infer: Any = client.channel.unary_unary(f"{PATH}/ModelInfer", None, None)
    data = request_of(ROWS).SerializeToString()
    first = infer.future(data, timeout=600)
    assert busy.wait(SECONDS)
    # Which of them waits and which are refused, their messages' arrival decides.
    more = [infer.future(data, timeout=600) for _ in range(5)]
    assert found.ask("ServerLive").live
    assert found.ask("ServerReady").ready
    assert found.ask("ModelReady", name=MODEL_NAME).ready
    assert found.ask("ModelMetadata", name=MODEL_NAME).versions == [linear.version]
    refused = refusals(more, 4)
    assert {reason_of(failure(call.result)) for call in refused} == {"OVERLOADED"}
    assert not first.done()
    go_on.set()
    for call in (first, *(each for each in more if each not in refused)):
        answer = ModelInferResponse.FromString(call.result())
        assert numbers(answer, "predict").shape == (2,)


def refusals(calls: list[Any], count: int) -> list[Any]:
    """Waits until so many calls have ended; returns these."""
    ended = threading.Semaphore(0)
    for call in calls:
        call.add_done_callback(lambda _: ended.release())
    for _ in range(count):
        assert ended.acquire(timeout=SECONDS)
    return [call for call in calls if call.done()]


def test_a_call_that_is_cancelled_is_given_up(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, go_on, parts = threading.Event(), threading.Event(), []
    score = Scorer.score_rows

    def held(*given: Any, **named: Any) -> Any:
        parts.append(given)
        busy.set()
        assert go_on.wait(2 * SECONDS)
        return score(*given, **named)

    monkeypatch.setattr(Scorer, "score_rows", held)
    client = serve(linear.folder, grpc_workers=1)
    infer: Any = client.channel.unary_unary(f"{PATH}/ModelInfer", None, None)
    data = request_of(np.tile(ROWS, (2500, 1))).SerializeToString()
    call = infer.future(data, timeout=600)
    assert busy.wait(SECONDS)
    call.cancel()
    with pytest.raises(grpc.FutureCancelledError):
        call.result()
    # The server has heard of it when it answers what was sent later on that connection.
    assert Inference(client.channel).ask("ServerLive").live
    go_on.set()
    # With one worker, this is answered when that call has come to its end.
    answer = ModelInferResponse.FromString(infer(request_of(ROWS).SerializeToString(), timeout=600))
    assert numbers(answer, "predict").shape == (2,)
    assert len(parts) == 2
