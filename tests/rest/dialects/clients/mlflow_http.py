"""MLflow's client of its scoring protocol.

`python mlflow_http.py PORT ROWS.npy`; prints what it was told, as JSON.
"""

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

FEATURES = "CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT".split()  # noqa: SIM905

# Its functions have no types.
_client: Any = ScoringServerClient


def main(port: str, file: str) -> None:
    """Sends what MLflow makes of frames and arrays."""
    rows = np.load(file)
    client: Any = _client("127.0.0.1", port)
    client.ping()
    whole = rows[~np.isnan(rows).any(axis=1)]
    frame = pd.DataFrame(rows, columns=FEATURES)
    params = {"on_error": "nan"}
    refusal = ""
    try:
        client.invoke(frame.rename(columns={"RM": "ROOMS"}))
    except Exception as error:  # noqa: BLE001 - MLflow raises nothing more special
        refusal = str(error)

    def invoke(data: Any) -> Any:
        answer = client.invoke(data, params)
        return answer.get_predictions("ndarray", np.float64).ravel().tolist()

    told = {
        "frame": invoke(frame),
        "array": invoke(whole),
        "refusal": refusal,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
