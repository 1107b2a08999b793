"""The blocking gRPC client of tritonclient, run by its own Python.

`python triton_grpc.py PORT MODEL ROWS.npy`; prints what it was told, as JSON.
"""

import json
import queue
import sys
from typing import Any

import numpy as np
from tritonclient import grpc as triton  # type: ignore[import-not-found]
from tritonclient.utils import InferenceServerException  # type: ignore[import-not-found]

SECONDS = 60
OUTPUTS = ("predict", "lower", "upper", "contributions", "base_value", "applicability")
FEATURES = "CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT".split()  # noqa: SIM905


def tensor(name: str, values: Any, datatype: str = "FP64") -> Any:
    """Returns an input tensor."""
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values)
    return made


def main(port: str, model: str, file: str) -> None:
    """Makes every call that a user of the client makes."""
    rows = np.load(file)
    told: dict[str, Any] = {}
    with triton.InferenceServerClient(f"127.0.0.1:{port}") as client:
        told["live"] = client.is_server_live(), client.is_server_ready()
        told["ready"] = client.is_model_ready(model)
        told["server"] = client.get_server_metadata(as_json=True)["name"]
        metadata = client.get_model_metadata(model)
        told["inputs"] = [each.name for each in metadata.inputs]
        told["version"] = metadata.versions[0]
        told["config"] = client.get_model_config(model).config.max_batch_size
        index = client.get_model_repository_index()
        told["index"] = [(each.name, each.version, each.state) for each in index.models]
        fill = {"on_error": "nan", "level": 0.8}
        found = client.infer(model, [tensor("input", rows)], parameters=fill)
        told["predict"] = found.as_numpy("predict").tolist()
        asked = [triton.InferRequestedOutput(name) for name in OUTPUTS]
        found = client.infer(
            model, [tensor("input", rows)], told["version"], asked, "id-7", parameters=fill
        )
        told["all"] = {name: found.as_numpy(name).tolist() for name in OUTPUTS}
        told["id"] = found.get_response().id
        columns = [tensor(name, rows[:, [place]]) for place, name in enumerate(FEATURES)]
        found = client.infer(
            model, columns, parameters=fill, client_timeout=SECONDS, compression_algorithm="gzip"
        )
        told["columns"] = found.as_numpy("predict").tolist()
        single = client.infer(model, [tensor("input", rows[:1].astype(np.float32), "FP32")])
        told["single"] = single.get_response().parameters["warning"].string_param
        told["failures"] = failures(client, model, rows)
        told["stream"] = stream(client, model, rows)
    print(json.dumps(told))


def failures(client: Any, model: str, rows: Any) -> list[list[str]]:
    """Returns code and text of what is refused."""
    calls: tuple[Any, ...] = (
        lambda: client.infer("others", [tensor("input", rows)]),
        lambda: client.infer(model, [tensor("rooms", rows)]),
        lambda: client.infer(model, [tensor("input", rows)]),
        lambda: client.load_model(model),
        client.get_inference_statistics,
        client.get_system_shared_memory_status,
    )
    found = []
    for call in calls:
        try:
            call()
        except InferenceServerException as error:
            found.append([error.status(), error.message()])
    return found


def stream(client: Any, model: str, rows: Any) -> list[Any]:
    """Returns what a stream answers to good and bad requests."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for given in (rows[:2], rows[:, :12], rows[:1]):
        client.async_stream_infer(model, [tensor("input", given)])
    taken = [answers.get(timeout=SECONDS) for _ in range(3)]
    client.stop_stream()
    return [
        error.message() if error else result.as_numpy("predict").tolist() for result, error in taken
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
