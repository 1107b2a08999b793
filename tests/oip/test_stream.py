"""ModelStreamInfer: what is wrong with one request costs that one alone."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from grpc import StatusCode

from tests.support.client import failed, failure, reason_of
from tests.support.examples import MODEL_NAME, Example
from tests.support.inference import Inference, numbers, request_of
from tests.support.serving import Serve

ROW = np.array([5.0] * 3 + [1] + [5] * 4 + [1] + [5] * 4)
BAD = np.array([5.0] * 3 + [7] + [5] * 4 + [1] + [5] * 4)


def test_each_request_has_its_answer_in_order(inference: Inference) -> None:
    requests = [
        request_of(ROW, id="0"),
        request_of(BAD, id="1"),
        request_of(ROW, id="2", model_version="99"),
        b"\xff",
        request_of(ROW[:12], id="4"),
        request_of(ROW, id="5", outputs=["contributions"], raw=False),
        request_of(ROW, id="6", parameters={"triton_enable_empty_final_response": True}),
    ]
    answers = list(inference.ask("ModelStreamInfer", iter(requests)))
    reasons = [each.infer_response.parameters["reason"].string_param for each in answers]
    assert reasons == [
        "", "FEATURE_DOMAIN", "MODEL_NOT_FOUND", "MALFORMED_REQUEST", "SHAPE_MISMATCH", "", "",
    ]  # fmt: skip
    assert [bool(each.error_message) for each in answers] == [bool(each) for each in reasons]
    assert [each.infer_response.id for each in answers] == ["0", "1", "2", "", "4", "5", "6"]
    assert answers[1].error_message == "input[0].CHAS is 7, but must be 0 or 1"
    assert numbers(answers[0].infer_response, "predict").shape == (1,)
    assert numbers(answers[5].infer_response, "contributions").shape == (1, 13)
    assert answers[6].infer_response.parameters["triton_final_response"].bool_param


def test_an_empty_stream_ends(inference: Inference) -> None:
    assert list(inference.ask("ModelStreamInfer", iter(()))) == []


def test_a_quiet_stream_is_ended(serve: Serve, linear: Example) -> None:
    found = Inference(serve(linear.folder, stream_idle_seconds=0.5).channel)
    ended = threading.Event()

    def quiet() -> Iterator[Any]:
        yield request_of(ROW)
        ended.wait()

    call = found.ask("ModelStreamInfer", quiet())
    assert next(call).infer_response.model_name == MODEL_NAME
    error = failed(lambda: next(call))
    ended.set()
    assert error.code() is StatusCode.DEADLINE_EXCEEDED


def test_streams_share_the_room_of_all_streams(serve: Serve, linear: Example) -> None:
    found = Inference(serve(linear.folder, max_streams=1).channel)
    ended = threading.Event()

    def quiet() -> Iterator[Any]:
        yield request_of(ROW)
        ended.wait()

    call = found.ask("ModelStreamInfer", quiet())
    next(call)
    status = failure(lambda: list(found.ask("ModelStreamInfer", iter([request_of(ROW)]))))
    ended.set()
    assert reason_of(status) == "TOO_MANY_STREAMS"
    assert not list(call)
