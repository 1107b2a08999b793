"""KServe's REST client in both of its protocols, run by its own Python.

`python kserve_http.py PORT MODEL ROWS.npy`; prints what it was told, as JSON.
"""

import asyncio
import json
import sys
from typing import Any

import httpx
import numpy as np
from kserve import (  # type: ignore[import-not-found]
    InferenceRESTClient,
    InferInput,
    InferRequest,
    RESTConfig,
)

FILLED = {"on_error": "nan"}


async def v2(url: str, model: str, rows: Any) -> dict[str, Any]:
    """Makes the calls of the Open Inference Protocol."""
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=600))

    async def infer(*, binary: bool) -> Any:
        tensor = InferInput("input", list(rows.shape), "FP64")
        tensor.set_data_from_numpy(rows, binary_data=binary)
        request = InferRequest(model, [tensor], parameters={**FILLED, "binary_data_output": binary})
        answer = await client.infer(url, request, model_name=model)
        return answer.outputs[0].as_numpy().astype(float).ravel().tolist()

    return {
        "live": [await client.is_server_live(url), await client.is_server_ready(url)],
        "ready": [await client.is_model_ready(url, each) for each in (model, "others")],
        "json": await infer(binary=False),
        "binary": await infer(binary=True),
    }


async def v1(url: str, model: str, rows: Any) -> dict[str, Any]:
    """Makes the calls of the V1 protocol."""
    client = InferenceRESTClient(RESTConfig(protocol="v1", timeout=600))
    listed = [[None if np.isnan(value) else value for value in row] for row in rows.tolist()]
    answer = await client.infer(url, {"instances": listed, "parameters": FILLED}, model_name=model)
    refusal = ""
    try:
        await client.infer(url, {"instances": [[1]]}, model_name=model)
    except httpx.HTTPStatusError as error:
        refusal = str(error)
    return {
        "live": await client.is_server_live(url),
        "ready": await client.is_model_ready(url, model),
        "predictions": answer["predictions"],
        "refusal": refusal,
    }


async def main(port: str, model: str, file: str) -> None:
    """Makes the calls that KServe's documentation shows."""
    url, rows = f"http://127.0.0.1:{port}", np.load(file)
    print(json.dumps({"v1": await v1(url, model, rows), "v2": await v2(url, model, rows)}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
