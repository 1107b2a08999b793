"""tritonclient over HTTP, run by its own Python: its binary tensors, and JSON.

`python triton_http.py PORT MODEL ROWS.npy`; prints what it was told, as JSON.
"""

import json
import sys
from typing import Any

import numpy as np
from tritonclient.http import (  # type: ignore[import-not-found]
    InferenceServerClient,
    InferInput,
    InferRequestedOutput,
)
from tritonclient.utils import InferenceServerException  # type: ignore[import-not-found]

FEATURES = "CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT".split()  # noqa: SIM905
ALL = ("predict", "lower", "upper", "contributions", "base_value", "applicability")
FILLED = {"on_error": "nan"}


def tensor(name: str, values: Any, datatype: str = "FP64", *, binary: bool = True) -> Any:
    """Returns an input tensor."""
    made = InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def failures(client: Any, model: str, rows: Any) -> list[list[str]]:
    """Returns status and text of calls that fail."""
    calls: tuple[Any, ...] = (
        lambda: client.infer("others", [tensor("input", rows)]),
        lambda: client.infer(model, [tensor("rooms", rows[:, 0])]),
        lambda: client.infer(model, [tensor("input", rows)]),
        lambda: client.load_model(model),
    )
    found = []
    for call in calls:
        try:
            call()
        except InferenceServerException as error:
            found.append([error.status(), error.message()])
    return found


def main(port: str, model: str, file: str) -> None:
    """Makes the calls that tritonclient's examples show."""
    rows = np.load(file)
    with InferenceServerClient(f"127.0.0.1:{port}", network_timeout=600) as client:

        def infer(inputs: Any, names: Any = (), **more: Any) -> Any:
            wanted = [InferRequestedOutput(name, binary_data=name != "lower") for name in names]
            answer = client.infer(model, inputs, outputs=wanted or None, parameters=FILLED, **more)
            return {name: answer.as_numpy(name).tolist() for name in names or ("predict",)}, answer

        usual, first = infer([tensor("input", rows)], request_id="id-7")
        everything, _ = infer([tensor("input", rows)], ALL)
        version = first.get_response()["model_version"]
        whole = rows[~np.isnan(rows).any(axis=1)]
        columns = [tensor(name, values) for name, values in zip(FEATURES, rows.T, strict=True)]
        metadata, config = client.get_model_metadata(model), client.get_model_config(model)
        told = {
            "live": [client.is_server_live(), client.is_server_ready()],
            "ready": [client.is_model_ready(model), client.is_model_ready(model, version),
                      client.is_model_ready("others"), client.is_model_ready(model, "99")],
            "server": client.get_server_metadata()["name"],
            "inputs": [each["name"] for each in metadata["inputs"]],
            "config": config["max_batch_size"],
            "index": client.get_model_repository_index(),
            "version": version,
            "id": first.get_response()["id"],
            "predict": usual["predict"],
            "columns": infer(columns)[0]["predict"],
            "versioned": infer([tensor("input", rows)], model_version=version)[0]["predict"],
            "json": infer([tensor("input", whole, binary=False)])[0]["predict"],
            "all": everything,
            "single": infer([tensor("input", rows.astype(np.float32), "FP32")])[1].get_response(),
            "failures": failures(client, model, rows),
        }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
