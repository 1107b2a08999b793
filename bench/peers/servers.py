"""The peers as sides of a contest; each has answered as the fitted pipeline does.

What a peer can be spared is: no access log, one process on one core, the event loop
rather than a pool of threads where that is faster.
"""

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import serving, sides
from bench.contest import Side
from bench.load import Target
from bench.peers import environment
from bench.peers.artefacts import Artefacts
from housing_grpc.bundle.schema import FEATURE_NAMES

_HERE = Path(__file__).parent
_CALL_SECONDS = 60

House = Mapping[str, float]


@contextmanager
def mlserver(
    made: Artefacts, house: House, runtime: str, *, batching: bool, http: bool = False
) -> Iterator[Side]:
    """MLServer.

    It predicts in its own process: on one core, another one for inference only costs more.

    Args:
        made: The model.
        house: A complete house.
        runtime: "sklearn" serves the whole pipeline, "xgboost" the trees alone, so that
            the row is scaled beforehand.
        batching: Whether calls are gathered into batches.
        http: Whether it is asked over HTTP, with JSON, and not over gRPC.
    """
    programs = environment.ensure("mlserver")
    name = f"mlserver {runtime}, batching {'on' if batching else 'off'}"
    folder = Path(tempfile.mkdtemp(dir=made.folder))
    grpc_port, http_port = serving.free_port(), serving.free_port()
    kind, model = (
        ("mlserver_sklearn.SKLearnModel", made.joblib)
        if runtime == "sklearn"
        else ("mlserver_xgboost.XGBoostModel", made.booster)
    )
    _configure(
        folder,
        {
            "host": "127.0.0.1", "grpc_port": grpc_port, "http_port": http_port,
            "metrics_port": serving.free_port(), "parallel_workers": 0,
        },
        {
            "name": "house", "implementation": kind, "parameters": {"uri": str(model)},
            **({"max_batch_size": 32, "max_batch_time": 0.002} if batching else {}),
        },
    )  # fmt: skip
    row = np.array([[house[each] for each in FEATURE_NAMES]])
    row = made.scaled(row) if runtime == "xgboost" else row
    with serving.launch(
        [str(programs / "mlserver"), "start", str(folder)],
        ready=lambda: serving.answers_http(f"http://127.0.0.1:{http_port}/v2/models/house/ready"),
        core=serving.SERVER_CORE,
        environment={"PATH": f"{programs}:/usr/bin:/bin"},
    ) as server:
        target = (
            json_target(
                f"http://127.0.0.1:{http_port}/v2/models/house/infer",
                tensors("predict", row),
                sides.answer(made.pipeline, house),
            )
            if http
            else infer_target(
                programs, grpc_port, ("house", "predict"), row, sides.answer(made.pipeline, house)
            )
        )
        yield Side(name=name, server=server, target=target)


@contextmanager
def fastapi(made: Artefacts, house: House) -> Iterator[Side]:
    """FastAPI, uvicorn, joblib and pandas."""
    programs, port = environment.ensure("fastapi"), serving.free_port()
    command = [str(programs / "uvicorn"), "fastapi_app:app", "--port", str(port)]
    with serving.launch(
        [*command, "--no-access-log"],
        ready=lambda: serving.answers_http(f"http://127.0.0.1:{port}/openapi.json"),
        core=serving.SERVER_CORE,
        environment={"PIPELINE": str(made.joblib)},
        folder=_HERE,
    ) as server:
        url = f"http://127.0.0.1:{port}/predict"
        target = json_target(url, dict(house), sides.answer(made.pipeline, house))
        yield Side(name="fastapi", server=server, target=target)


@contextmanager
def mlflow(made: Artefacts, house: House) -> Iterator[Side]:
    """`mlflow models serve`."""
    programs, port = environment.ensure("mlflow"), serving.free_port()
    command = [str(programs / "mlflow"), "models", "serve", "--model-uri", str(made.mlflow)]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    with serving.launch(
        [*command, "--workers", "1"],
        ready=lambda: serving.answers_http(f"http://127.0.0.1:{port}/ping"),
        core=serving.SERVER_CORE,
        environment={"PATH": f"{programs}:/usr/bin:/bin"},
    ) as server:
        body = {"dataframe_split": {"columns": list(house), "data": [list(house.values())]}}
        url = f"http://127.0.0.1:{port}/invocations"
        target = json_target(url, body, sides.answer(made.pipeline, house))
        yield Side(name="mlflow models serve", server=server, target=target)


@contextmanager
def triton(made: Artefacts, house: House) -> Iterator[Side]:
    """Triton with ONNX Runtime in its Python backend, over gRPC."""
    programs = environment.ensure("triton")
    ports = [serving.free_port() for _ in range(3)]
    with serving.launch(
        [str(programs / "python"), str(_HERE / "triton_server.py"), *map(str, ports),
         str(made.triton)],
        ready=lambda: serving.answers_http(f"http://127.0.0.1:{ports[1]}/v2/models/{made.name}/ready"),
        core=serving.SERVER_CORE,
    ) as server:  # fmt: skip
        row = np.array([[house[each] for each in FEATURE_NAMES]])
        target = infer_target(
            programs, ports[0], (made.name, "rows"), row, sides.answer(made.pipeline, house)
        )
        yield Side(name="triton", server=server, target=target)


def _configure(folder: Path, settings: dict[str, Any], model: dict[str, Any]) -> None:
    (folder / "settings.json").write_text(json.dumps({**settings, "debug": False}))
    (folder / "model-settings.json").write_text(json.dumps(model))


def infer_target(
    programs: Path,
    port: int,
    name: tuple[str, str],
    row: NDArray[np.float64],
    price: float,
) -> Target:
    """Returns ModelInfer as a target, after a client of the protocol has got the right price.

    Args:
        programs: Folder of an environment that has tritonclient.
        port: Of the server.
        name: Of the model, and of its input.
        row: To ask for, shape (1, features).
        price: The right one.

    Raises:
        RuntimeError: There is no answer.
        WrongAnswerError: It is another price.
    """
    asked = [str(port), *name, *map(repr, row[0].tolist())]
    until = time.monotonic() + _CALL_SECONDS
    while True:
        done = subprocess.run(
            [str(programs / "python"), str(_HERE / "ask.py"), *asked],
            capture_output=True, text=True, timeout=_CALL_SECONDS, check=False,
        )  # fmt: skip
        if not done.returncode:
            break
        if time.monotonic() > until:
            raise RuntimeError(f"no answer: {done.stderr[-500:]}")
    answer = json.loads(done.stdout)
    sides.check(answer["price"], price)
    request = bytes.fromhex(answer["request"])
    return Target(
        url=f"http://127.0.0.1:{port}/inference.GRPCInferenceService/ModelInfer",
        body=b"\0" + len(request).to_bytes(4, "big") + request,
        headers=("te: trailers", "content-type: application/grpc"),
        answer_bytes=5 + answer["answer_bytes"],
    )


def tensors(name: str, row: NDArray[np.float64]) -> dict[str, Any]:
    """Returns a request of the Open Inference Protocol in JSON."""
    tensor = {"name": name, "datatype": "FP64", "shape": [*row.shape], "data": row[0].tolist()}
    return {"inputs": [tensor]}


def json_target(url: str, body: Mapping[str, Any], price: float) -> Target:
    """Returns a call over HTTP as a target, after it has been answered with the right price.

    Args:
        url: To post to.
        body: Of the request.
        price: The right one.

    Raises:
        WrongAnswerError: The answer is another price.
    """
    data = json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - our own http address
        url, data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_CALL_SECONDS) as response:  # noqa: S310
        answer = response.read()
    sides.check(_price(json.loads(answer)), price)
    return Target(
        url=url,
        body=data,
        headers=("content-type: application/json",),
        answer_bytes=len(answer),
        http1=True,
    )


def _price(answer: dict[str, Any]) -> float:
    if "outputs" in answer:
        return float(answer["outputs"][0]["data"][0])
    return float(answer["predictions"][0] if "predictions" in answer else answer["prediction"])
