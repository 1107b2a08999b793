"""Asks a server of the V2 inference protocol (MLServer, Triton) for one row, over gRPC.

Run by the peer's own Python. Prints the price, and the request and the answer in
hexadecimal, as JSON: what the load generator sends, and what it gets.

`python ask.py PORT MODEL INPUT VALUE ...`
"""

import json
import struct
import sys
from typing import Any

import grpc
from tritonclient.grpc import service_pb2  # type: ignore[import-not-found]

_DEADLINE_SECONDS = 30


def main(port: str, model: str, name: str, *values: str) -> None:
    """Makes one call."""
    row = [float(value) for value in values]
    tensor = service_pb2.ModelInferRequest.InferInputTensor(
        name=name,
        datatype="FP64",
        shape=[1, len(row)],
        contents=service_pb2.InferTensorContents(fp64_contents=row),
    )
    request = service_pb2.ModelInferRequest(model_name=model, inputs=[tensor])
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        infer: Any = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        answer = infer(request.SerializeToString(), timeout=_DEADLINE_SECONDS)
    response = service_pb2.ModelInferResponse.FromString(answer)
    print(
        json.dumps(
            {
                "price": _price(response),
                "request": request.SerializeToString().hex(),
                "answer_bytes": len(answer),
            }
        )
    )


def _price(response: service_pb2.ModelInferResponse) -> float:
    output = response.outputs[0]
    width, form = (4, "<f") if output.datatype == "FP32" else (8, "<d")
    if response.raw_output_contents:
        price: float = struct.unpack(form, response.raw_output_contents[0][:width])[0]
        return price
    contents = output.contents
    return float((contents.fp32_contents or contents.fp64_contents)[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
