"""The stream, which has no google.api.http option: its form over HTTP is lines of JSON."""

import json
from typing import Any

from housing.v1 import prediction_pb2 as pb

from housing_grpc.rest.stream import endpoint
from tools.openapi import error_examples, examples
from tools.openapi.comments import Comments
from tools.openapi.operations import query, refusals
from tools.openapi.schemas import Schemas

Tree = dict[str, Any]

_FORM = (
    "Over HTTP: a House on each line in, one line out for each, in order: `row`, counted from "
    "0, with what PredictResponse holds, or with the `error` of that house alone. It may be as "
    "long as it likes; who reads slowly is read slowly. If the stream itself fails after its "
    'first line, the last line is `{"error": ...}` without a `row`.'
)


def paths(schemas: Schemas, comments: Comments) -> Tree:
    """Returns the path of the stream."""
    chunk: Any = pb.PredictStreamRequest.DESCRIPTOR
    parameters: list[Tree] = []
    for name in endpoint.OPTIONS:
        parameters += query(chunk.fields_by_name[name], schemas, comments, chunk)
    method = endpoint.METHOD
    house: Any = pb.House.DESCRIPTOR
    houses = [examples.of(house.full_name), {"LSTA": 4.98}]
    refused = error_examples.of_misspelling(house, {"LSTAT": 4.98})
    prices = [{"row": 0, **examples.of("housing.v1.PredictResponse")}, {"row": 1, **refused}]
    return {
        endpoint.PATH: {
            "post": {
                "operationId": f"{method.containing_service.name}_{method.name}",
                "tags": [method.containing_service.name],
                "summary": comments.summary(method.full_name),
                "description": f"{_FORM}\n\n{comments.text(method.full_name)}",
                "parameters": parameters,
                "requestBody": {"content": {endpoint.MEDIA_TYPES[0]: _lines(houses)}},
                "responses": {
                    "200": {
                        "description": "OK",
                        "content": {endpoint.MEDIA_TYPES[0]: _lines(prices)},
                    },
                    **refusals(method.full_name, comments, body=True),
                },
            }
        }
    }


def _lines(trees: list[Any]) -> Tree:
    text = "".join(json.dumps(tree) + "\n" for tree in trees)
    return {"schema": {"type": "string", "description": "NDJSON"}, "example": text}
