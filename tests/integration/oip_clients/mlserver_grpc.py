"""What MLServer ships for clients over gRPC, run by its own Python: codecs, converters, a stub.

`python mlserver_grpc.py PORT MODEL ROWS.npy`; prints what it was told, as JSON.
"""

import json
import sys
from typing import Any

import grpc
import numpy as np
import pandas as pd
from mlserver import codecs, types  # type: ignore[import-not-found]
from mlserver.grpc import converters  # type: ignore[import-not-found]
from mlserver.grpc import dataplane_pb2 as pb
from mlserver.grpc.dataplane_pb2_grpc import (  # type: ignore[import-not-found]
    GRPCInferenceServiceStub,
)

FEATURES = "CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT".split()  # noqa: SIM905


def main(port: str, model: str, file: str) -> None:
    """Makes the calls that MLServer's documentation shows."""
    rows = np.load(file)
    # Its codecs make null of NaN, which its own converter cannot send.
    rows = rows[~np.isnan(rows).any(axis=1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = GRPCInferenceServiceStub(channel)

        def infer(request: Any, *, raw: bool) -> Any:
            request.parameters = types.Parameters(on_error="nan")
            message = converters.ModelInferRequestConverter.from_types(
                request, model_name=model, model_version=None, use_raw=raw
            )
            answer = stub.ModelInfer(message)
            assert bool(answer.raw_output_contents) == raw
            found = converters.ModelInferResponseConverter.to_types(answer)
            return codecs.NumpyCodec.decode_output(found.outputs[0]).ravel().tolist()

        matrix = types.InferenceRequest(inputs=[codecs.NumpyCodec.encode_input("input", rows)])
        frame = codecs.PandasCodec.encode_request(pd.DataFrame(rows, columns=FEATURES))
        metadata = stub.ModelMetadata(pb.ModelMetadataRequest(name=model))
        told = {
            "live": [
                stub.ServerLive(pb.ServerLiveRequest()).live,
                stub.ServerReady(pb.ServerReadyRequest()).ready,
            ],
            "ready": stub.ModelReady(pb.ModelReadyRequest(name=model)).ready,
            "inputs": [each.name for each in metadata.inputs],
            "typed": infer(matrix, raw=False),
            "raw": infer(matrix, raw=True),
            "frame": infer(frame, raw=False),
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
