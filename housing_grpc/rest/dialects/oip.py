"""The Open Inference Protocol over HTTP: /v2, with tensors in JSON or as bytes behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.responses import Response

from housing_grpc.rest.dialects import objects, options, tensors
from housing_grpc.rest.dialects.answering import (
    FORM,
    JSON,
    NOT_STORED,
    check_no_query,
    printable,
    remarks,
    response,
    text_error,
)
from housing_grpc.rest.dialects.model_pages import ModelPages
from housing_grpc.rest.dialects.outputs import OUTPUTS, Value
from housing_grpc.rest.dialects.pricing import Answer, Asked, Pricing
from housing_grpc.rest.dialects.rows import Rows
from housing_grpc.rest.dialects.tensors import DATATYPE, SINGLE, Tensor
from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.router import Endpoint, Route
from housing_grpc.rest.json import scalars, strict, writer
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.intake import Intake

_BINARY = "application/octet-stream"
_LENGTH = "inference-header-content-length"
_MODEL = "/v2/models/{model}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_PRECISION = (
    "FP32 inputs: rounding to single precision can move a value across a split of a tree, and the "
    "price by thousands of dollars; send FP64"
)
_REFUSED = ("shared_memory_region", "classification")


def routes(pages: ModelPages, infer: "Infer") -> Iterator[Route]:
    """Gives the routes of the protocol."""
    found: list[tuple[str, str, Endpoint]] = [
        ("GET", "/v2", pages.server),
        ("GET", "/v2/health/live", pages.live),
        ("GET", "/v2/health/ready", pages.ready),
        ("POST", "/v2/repository/index", pages.index),
        ("POST", "/v2/repository/models/{model}/load", pages.not_offered),
        ("POST", "/v2/repository/models/{model}/unload", pages.not_offered),
    ]
    for model in (_MODEL, _VERSION):
        found += [
            ("GET", model, pages.model),
            ("GET", f"{model}/ready", pages.model_ready),
            ("GET", f"{model}/config", pages.config),
            ("POST", f"{model}/infer", infer),
        ]
    for verb, path, endpoint in found:
        yield Route(verb=verb, path=path, endpoint=endpoint, error_body=text_error)


@dataclass(frozen=True, kw_only=True)
class InferRequest:
    """What a request asks.

    Attributes:
        asked: The houses, and what is asked of them.
        id: Comes back in the answer; "" for none.
        binary: The outputs that are to be bytes.
        single: Whether values came in single precision.
    """

    asked: Asked
    id: str
    binary: frozenset[str]
    single: bool


class Infer:
    """Answers requests for prices.

    Args:
        pricing: Has houses priced.
        intake: Reads bodies.
        rows: Makes houses.
    """

    def __init__(self, pricing: Pricing, intake: Intake, rows: Rows) -> None:
        self._pricing = pricing
        self._intake = intake
        self._rows = rows

    async def __call__(self, exchange: Exchange) -> Response:
        """Answers one request."""
        request = await self._intake.read(exchange, partial(self.read, exchange))
        answer = await self._pricing(request.asked, exchange)
        return _response(exchange.variables["model"], request, answer)

    def read(self, exchange: Exchange, body: bytes) -> InferRequest:
        """Reads a request.

        Raises:
            RestError: It cannot be taken.
            FaultError: The same.
        """
        exchange.check_media_type((JSON, _BINARY, FORM), needed=False)
        check_no_query(exchange)
        text, behind = _parted(exchange.header(_LENGTH.encode()), body)
        tree = objects.read(strict.parse(text), _REQUEST)
        _check_name(tree.get("model_name", ""), exchange.variables.get("model", ""))
        parameters = tree.get("parameters", {})
        inputs = _inputs(tree.get("inputs", []), behind)
        outputs = tree.get("outputs", [])
        chosen = _options(parameters, outputs)
        return InferRequest(
            asked=Asked(
                houses=tensors.houses(inputs, self._rows),
                path=tensors.path(inputs),
                options=chosen,
            ),
            id=tree.get("id", ""),
            binary=_binary(parameters, outputs, chosen.outputs),
            single=any(tensor.datatype == SINGLE for tensor in inputs),
        )


def _parted(length: str, body: bytes) -> tuple[bytes, memoryview]:
    """Returns the JSON of a body, and what stands behind it."""
    if not length:
        return body, memoryview(b"")
    # Digits of another script are none; nor are more than a length here can have.
    if not (length.isascii() and length.isdigit() and len(length) < 20) or int(length) > len(body):
        text = f"must be the number of bytes of JSON that the body of {len(body)} bytes begins with"
        raise FaultError.at(Reason.INVALID_TENSOR, text, "Inference-Header-Content-Length")
    size = int(length)
    return body[:size], memoryview(body)[size:]


def _list_of(fields: dict[str, scalars.Read]) -> scalars.Read:
    def read(value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise scalars.wrong(value, "a list")
        found = []
        # More than there are names for are refused by their names; most of them, unread.
        for place, each in enumerate(value[:_MOST_TENSORS]):
            try:
                found.append(objects.read(each, fields))
            except FaultError as error:
                raise FaultError(error.under(f"[{place}]")) from None
        return found

    return read


def _shape(value: Any) -> list[int]:
    if not isinstance(value, list) or not all(type(each) is int and each >= 0 for each in value):
        raise FaultError.at(
            Reason.JSON_WRONG_TYPE,
            "is no list of whole numbers from 0 up; send [n, 13] for input, or [n]",
        )
    return value


def _data(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise scalars.wrong(value, "a list")
    return value


# One more than all features at once.
_MOST_TENSORS = 14
_INPUT: dict[str, scalars.Read] = {
    "name": scalars.text,
    "shape": _shape,
    "datatype": scalars.text,
    "parameters": objects.whole,
    "data": _data,
}
_OUTPUT: dict[str, scalars.Read] = {"name": scalars.text, "parameters": objects.whole}
_REQUEST: dict[str, scalars.Read] = {
    "id": scalars.text,
    # KServe's client repeats it.
    "model_name": scalars.text,
    "parameters": objects.whole,
    "inputs": _list_of(_INPUT),
    "outputs": _list_of(_OUTPUT),
}


def _check_name(name: str, path: str) -> None:
    if name not in ("", path):
        text = "is another one than in the path; leave it out"
        raise FaultError.at(Reason.INVALID_PARAMETER, text, "model_name")


def _inputs(trees: Sequence[dict[str, Any]], behind: memoryview) -> list[Tensor]:
    if not trees:
        text = "is empty; send one tensor 'input' of shape [n, 13], or one a feature"
        raise FaultError.at(Reason.INVALID_TENSOR, text, "inputs")
    found = []
    for place, tree in enumerate(trees):
        for key in ("name", "shape", "datatype"):
            if key not in tree:
                text = f"has no {key}; send name, shape and datatype"
                where = tree.get("name") or f"inputs[{place}]"
                raise tensors.refusal(Reason.INVALID_TENSOR, where, text)
        _check_parameters(tree)
        size = tree.get("parameters", {}).get("binary_data_size")
        raw = None if size is None else _taken(tree["name"], size, behind)
        behind = behind if raw is None else behind[len(raw) :]
        found.append(
            Tensor(
                name=tree["name"], shape=tree["shape"], datatype=tree["datatype"],
                data=tree.get("data"), raw=raw,
            )
        )  # fmt: skip
    # guard: bytes behind the tensors
    if behind:
        text = f"has {len(behind)} bytes behind what the tensors' binary_data_size name; name all"
        raise FaultError.at(Reason.SHAPE_MISMATCH, text, "body")
    return found


def _taken(name: str, size: Any, behind: memoryview) -> memoryview:
    if type(size) is not int or not 0 <= size <= len(behind):
        text = (
            f"binary_data_size must be a number of bytes, of which {len(behind)} are left behind "
            "the JSON; Inference-Header-Content-Length tells where that ends"
        )
        raise tensors.refusal(Reason.SHAPE_MISMATCH, name, text)
    return behind[:size]


def _check_parameters(tree: dict[str, Any]) -> None:
    for name in _REFUSED:
        if name in tree.get("parameters", {}):
            text = f"the parameter '{name}' is not offered; leave it out, and send values"
            raise tensors.refusal(Reason.INVALID_TENSOR, tree["name"], text)


def _options(parameters: dict[str, Any], outputs: Sequence[dict[str, Any]]) -> options.Options:
    names: list[str] = []
    for tree in outputs:
        names.append(options.output(tree.get("name", ""), names))
        _check_parameters(tree)
    # Outputs are named in a place of their own.
    known = {key: value for key, value in parameters.items() if key != "outputs"}
    return options.read(known, "parameters", names)


def _binary(
    parameters: dict[str, Any], outputs: Sequence[dict[str, Any]], names: Sequence[str]
) -> frozenset[str]:
    """Returns the outputs that are to be bytes."""
    usual = _flag(parameters.get("binary_data_output"), "parameters.binary_data_output")
    own = {
        tree["name"]: _flag(tree["parameters"]["binary_data"], f"{tree['name']}.binary_data")
        for tree in outputs
        if tree.get("parameters", {}).get("binary_data") is not None
    }
    return frozenset(name for name in names if own.get(name, usual))


def _flag(value: Any, path: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise FaultError(scalars.wrong(value, "true or false").under(path))
    return bool(value)


def _response(model: str, request: InferRequest, answer: Answer) -> Response:
    outputs, behind = [], []
    for name, values in answer.columns.items():
        flat = _flat(values)
        tree: dict[str, Any] = {
            "name": name, "datatype": DATATYPE, "shape": [len(values), *OUTPUTS[name].shape],
        }  # fmt: skip
        if name in request.binary:
            behind.append(tensors.to_bytes(flat))
            tree["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            tree["data"] = printable(flat)
        outputs.append(tree)
    told = {**({"warning": _PRECISION} if request.single else {}), **remarks(answer)}
    whole = {
        "model_name": model,
        "model_version": answer.version,
        **({"id": request.id} if request.id else {}),
        **({"parameters": told} if told else {}),
        "outputs": outputs,
    }
    if not behind:
        return response(whole)
    text = writer.encode(whole)
    return Response(
        b"".join((text, *behind)),
        media_type=_BINARY,
        headers={**NOT_STORED, _LENGTH: str(len(text))},
    )


def _flat(values: Sequence[Value]) -> list[float]:
    found: list[float] = []
    for value in values:
        if isinstance(value, list):
            found += value
        else:
            found.append(value)
    return found
