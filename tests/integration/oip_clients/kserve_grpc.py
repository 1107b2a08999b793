"""KServe's gRPC client, run by its own Python.

`python kserve_grpc.py PORT MODEL ROWS.npy`; prints what it was told, as JSON.
"""

import asyncio
import json
import sys
from typing import Any

import grpc
import numpy as np
from kserve import (  # type: ignore[import-not-found]
    InferenceGRPCClient,
    InferInput,
    InferRequest,
)


async def main(port: str, model: str, file: str) -> None:
    """Makes the calls that KServe's documentation shows."""
    rows = np.load(file)

    async def infer(values: Any) -> Any:
        tensor = InferInput("input", list(rows.shape), "FP64", values)
        request = InferRequest(model, [tensor], parameters={"on_error": "nan"})
        return (await client.infer(request)).outputs[0].as_numpy().ravel().tolist()

    async with InferenceGRPCClient(f"127.0.0.1:{port}") as client:
        told = {
            "live": [await client.is_server_live(), await client.is_server_ready()],
            "ready": await client.is_model_ready(model),
            "raw": await infer(rows),
            "typed": await infer(rows.ravel().tolist()),
            "unknown": "",
        }
        try:
            await client.is_model_ready("others")
        except grpc.RpcError as error:
            answered: Any = error
            told["unknown"] = answered.code().name
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
