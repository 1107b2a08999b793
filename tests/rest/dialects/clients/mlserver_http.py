"""What MLServer ships for clients over HTTP, run by its own Python: types and codecs.

`python mlserver_http.py PORT MODEL ROWS.npy`; prints what it was told, as JSON.
"""

import json
import sys
import urllib.request
from typing import Any

import numpy as np
import pandas as pd
from mlserver import codecs, types  # type: ignore[import-not-found]

FEATURES = "CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT".split()  # noqa: SIM905


def main(port: str, model: str, file: str) -> None:
    """Makes the calls that MLServer's documentation shows."""
    rows = np.load(file)
    url = f"http://127.0.0.1:{port}/v2/models/{model}"

    def infer(request: Any) -> Any:
        request.parameters = request.parameters or types.Parameters()
        request.parameters.on_error = "nan"
        body = request.model_dump_json().encode()
        sent = urllib.request.Request(  # noqa: S310 - the test's own server
            f"{url}/infer", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(sent, timeout=600) as response:  # noqa: S310
            answer = types.InferenceResponse.model_validate_json(response.read())
        found = codecs.NumpyCodec.decode_output(answer.outputs[0]).ravel()
        return found.astype(float).tolist()

    frame = pd.DataFrame(rows, columns=FEATURES)
    with urllib.request.urlopen(url, timeout=600) as response:
        metadata = types.MetadataModelResponse.model_validate_json(response.read())
    matrix = codecs.NumpyCodec.encode_input("input", rows)
    told = {
        "name": metadata.name,
        "inputs": [each.name for each in metadata.inputs],
        "numpy": infer(types.InferenceRequest(inputs=[matrix])),
        "pandas": infer(codecs.PandasCodec.encode_request(frame)),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
