"""Bodies as the dialects of the REST proxy get them."""

import asyncio
import json
import math
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from housing.v1.prediction_pb2 import PredictBatchRequest, PredictBatchResponse, RowResult

from housing_grpc.rest.dialects import invocations, oip, v1
from housing_grpc.rest.dialects.answering import text_error
from housing_grpc.rest.dialects.pricing import Pricing
from housing_grpc.rest.dialects.rows import Rows
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import RestError
from housing_grpc.rest.http.exchange import Exchange, Metadata
from housing_grpc.rest.http.failures import public_status
from housing_grpc.rest.json.intake import Intake, Limits
from housing_grpc.rest.json.reader import Readers
from tests.fuzz import mutants
from tests.fuzz.target import Seeds, Target
from tests.rest.dialects.bodies import LENGTH, binary, tensor

_MOST_ROWS = 100
_LIMITS = Limits(body_bytes=2**20, body_seconds=10, list_entries=_MOST_ROWS)
_ROW = [0.00632, 18.0, 2.31, 0, 0.538, 6.575, 65.2, None, 1, 296.0, 15.3, 396.9, 4.98]
_FILLED = {"on_error": "nan", "level": 0.8}
_JSON, _CSV = b"application/json", b"text/csv"


class _Backend:
    """Stands for the server: gives each house a price, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked = PredictBatchRequest()

    def unary(self, _method: Any) -> Any:
        return self._answer

    async def _answer(
        self, request: PredictBatchRequest, _exchange: Exchange, _metadata: Metadata
    ) -> Any:
        self.asked = request
        results = [RowResult(prediction=20.0) for _ in request.items]
        for result in results:
            result.applicability.p_value = 0.5
            for _ in range(13):
                result.explanation.contributions.add()
        return PredictBatchResponse(results=results, model_version="1")


class _AnyModel:
    """Takes every name for that of the live model."""

    async def check(self, exchange: Exchange) -> None:
        pass

    async def check_answer(self, exchange: Exchange, answered: str) -> None:
        pass


class Dialect(Target):
    """One dialect, from the body of a request to that of the answer.

    Args:
        stack: Ends the event loop.
        folder: Not needed.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        backend: Any = _Backend()
        model: Any = _AnyModel()
        self._backend = backend
        rows = Rows(Readers(_MOST_ROWS), _MOST_ROWS)
        pricing = Pricing(backend, model)
        self._answer, self._form = self.endpoint(pricing, Intake(_LIMITS), rows)
        self._loop = asyncio.new_event_loop()
        stack.callback(self._loop.close)

    def endpoint(self, pricing: Pricing, intake: Intake, rows: Rows) -> tuple[Any, Any]:
        """Returns what answers, and the form of errors."""
        raise NotImplementedError

    def headers(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Returns the headers of a request."""
        return [(b"content-type", _JSON)]

    def body(self, data: bytes) -> bytes:
        """Returns the body of a request."""
        return data

    def mutant(self, seed: bytes, chance: random.Random) -> bytes:
        """Returns a body with other values, or with other bytes anywhere."""
        if chance.random() < 0.7:
            return mutants.of_json(seed, chance)
        return mutants.of_bytes(seed, chance)

    def __call__(self, data: bytes) -> None:
        """Sends one request; it is answered for each of its houses, or refused with a reason."""
        exchange = _exchange(self.headers(data), self.body(data))
        try:
            response = self._loop.run_until_complete(self._answer(exchange))
        except RestError as error:
            _check_refusal(status.response(public_status(error), self._form))
        else:
            count = len(self._backend.asked.items)
            assert 1 <= count <= _MOST_ROWS
            _check_houses(self._backend.asked)
            assert _rows_of(response) == count


class OverTensors(Dialect):
    """/v2; the first two bytes of an input are the length of its JSON, or 0."""

    def endpoint(self, pricing: Pricing, intake: Intake, rows: Rows) -> tuple[Any, Any]:
        """Returns what answers /v2."""
        return oip.Infer(pricing, intake, rows), text_error

    def seeds(self) -> Seeds:
        """Returns a request of every form."""
        row = [math.nan if value is None else value for value in _ROW]
        outputs = [{"name": "predict", "parameters": {"binary_data": True}}, {"name": "lower"}]
        for datatype in ("FP64", "FP32"):
            body, headers = binary({"input": [row]}, datatype, outputs=outputs, id="1")
            yield int(headers[LENGTH]).to_bytes(2, "big") + body
            whole = {"inputs": [tensor("input", [row, row], datatype)], "parameters": _FILLED}
            yield b"\0\0" + json.dumps(whole).encode()
        columns = [tensor("RM", [6.5, math.nan]), tensor("RAD", [[1], [24]], "INT64")]
        wanted = {"inputs": columns, "outputs": [{"name": "contributions"}]}
        yield b"\0\0" + json.dumps(wanted).encode()
        nested = tensor("input", [row]) | {"data": [_ROW]}
        yield b"\0\0" + json.dumps({"inputs": [nested], "model_name": "m"}).encode()

    def headers(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Returns the length of the JSON, if there is one."""
        size = int.from_bytes(data[:2], "big")
        return [(LENGTH.encode(), str(size).encode())] if size else []

    def body(self, data: bytes) -> bytes:
        """Returns what stands behind that length."""
        return data[2:]

    def mutant(self, seed: bytes, chance: random.Random) -> bytes:
        """Returns a request with other JSON, of the right length, or with other bytes."""
        size = int.from_bytes(seed[:2], "big")
        if chance.random() < 0.3:
            return mutants.of_bytes(seed, chance)
        end = 2 + size if size else len(seed)
        text = mutants.of_json(seed[2:end], chance)
        return (len(text) if size else 0).to_bytes(2, "big") + text + seed[end:]


class Instances(Dialect):
    """/v1/models/...:predict."""

    def endpoint(self, pricing: Pricing, intake: Intake, rows: Rows) -> tuple[Any, Any]:
        """Returns what answers it."""
        return v1.Predict(pricing, intake, rows), text_error

    def seeds(self) -> Seeds:
        """Returns a request of every form."""
        asked = {**_FILLED, "outputs": ["lower", "contributions"]}
        yield json.dumps({"instances": [_ROW, {"RM": 6.5, "lstat": None}]}).encode()
        yield json.dumps({"instances": [{"RM": 6}], "parameters": asked}).encode()
        yield b'{"instances": [[NaN, 1e999]], "signature_name": "x", "instances": 0}'


class Invocations(Dialect):
    """/invocations; CSV where the first byte is none that JSON begins with."""

    def endpoint(self, pricing: Pricing, intake: Intake, rows: Rows) -> tuple[Any, Any]:
        """Returns what answers it."""
        return invocations.Invoke(pricing, intake, rows), invocations.error_body

    def seeds(self) -> Seeds:
        """Returns a request of every form."""
        split = {"columns": ["RM", "B"], "index": [0, 1], "data": [[6.5, None], [5, 390]]}
        bodies: list[dict[str, Any]] = [
            {"dataframe_split": split, "params": _FILLED},
            {"dataframe_records": [{"RM": 6.5}]},
            {"instances": [_ROW]},
            {"inputs": {"RM": [6.5, None], "B": [[390], [380]]}},
            {"inputs": {"RM": 6.5}},
        ]
        for body in bodies:
            yield json.dumps(body).encode()
        yield b'RM,B\r\n6.5,390\r\n"5",NaN\r\n,1e3\r\n'

    def headers(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Returns the media type."""
        return [(b"content-type", _JSON if data[:1] in b"{[" else _CSV)]


def _exchange(headers: list[tuple[bytes, bytes]], body: bytes) -> Exchange:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"",
             "headers": headers}  # fmt: skip
    return Exchange(scope, receive, variables={"model": "m"})


def _check_refusal(response: Any) -> None:
    told = json.loads(bytes(response.body))
    assert 400 <= response.status_code < 500, told
    assert told["reason"], told
    assert told.get("error") or told.get("message"), told


def _check_houses(request: PredictBatchRequest) -> None:
    for house in request.items:
        for field, value in house.ListFields():
            assert not math.isnan(value), field.name


def _rows_of(response: Any) -> int:
    size = int(response.headers.get(LENGTH, len(response.body)))
    told = json.loads(bytes(response.body)[:size])
    if "predictions" in told:
        return len(told["predictions"])
    return int(told["outputs"][0]["shape"][0])
