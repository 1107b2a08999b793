"""The asyncio gRPC client of tritonclient, run by its own Python.

`python triton_aio.py PORT MODEL ROWS.npy`; prints what it was told, as JSON.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from tritonclient.grpc import InferInput, aio  # type: ignore[import-not-found]


def tensor(values: Any) -> Any:
    """Returns the input tensor of rows."""
    made = InferInput("input", list(values.shape), "FP64")
    made.set_data_from_numpy(values)
    return made


async def main(port: str, model: str, file: str) -> None:
    """Makes the calls that a user of the client makes."""
    rows = np.load(file)

    async def requests() -> AsyncIterator[dict[str, Any]]:
        for given in (rows[:2], rows[:, :12], rows[:1]):
            yield {"model_name": model, "inputs": [tensor(given)]}

    async with aio.InferenceServerClient(f"127.0.0.1:{port}") as client:
        found = await client.infer(model, [tensor(rows)], parameters={"on_error": "nan"})
        told = {
            "live": [await client.is_server_live(), await client.is_server_ready()],
            "ready": await client.is_model_ready(model),
            "predict": found.as_numpy("predict").tolist(),
            "stream": [
                error.message() if error else result.as_numpy("predict").tolist()
                async for result, error in client.stream_infer(requests())
            ],
        }
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
